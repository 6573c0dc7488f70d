package jupyter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arguments are values as they stand in a command line.
type arguments map[string]string

func (a arguments) values() map[string]Value {
	values := map[string]Value{}
	for name, text := range a {
		values[name] = Argument(text)
	}
	return values
}

func replaceAll(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

const goCell = `%noautoget
// Steps of training.
var steps = 1_000
var (
	name string = "blue" // colour of the hair
	rate        = 1e-4
	quiet       bool
	small uint8 = 3
	wait        = 5 * time.Second
	list        = []int{1}
	wide, high  = 64, 32
	room        struct{ wide int }
)

const size = 2 * 32
const (
	one = 1
	two = 2
)
%%
var local = 3
`

func goNotebook() *Notebook {
	nb := notebook(KernelName, "import \"fmt\"", goCell,
		"%%\nfmt.Println(steps, name, rate, quiet, small, wait, size, wide)")
	nb.Cells[1].Metadata["tags"] = []any{"parameters"}
	return nb
}

// What a type has made of a value cannot be read back from the metadata.
func TestParametersStayWhereARunGoesOn(t *testing.T) {
	cell := "a = ''\nb: tuple[int, int] = (1, 2)\nn = 1"
	set := func(values map[string]Value) *Notebook {
		nb := notebook("python3", cell, "print(a)")
		nb.Cells[0].Metadata["tags"] = []any{parametersTag}
		require.NoError(t, nb.SetParameters(values))
		return nb
	}
	given := map[string]Value{"a": Argument("1.10"), "b": Argument("(3, 4)"), "other": Argument("007")}
	executed := set(given)
	source := "# Parameters\na = \"1.10\"\nb = (3, 4)\nother = 7"
	require.Equal(t, source, executed.Cells[1].Source)

	nb := set(nil)
	assert.Equal(t, []string{`a = "1.10"`, "b = (3, 4)", "other = 7"}, nb.KeepParameters(executed))
	assert.Equal(t, source, nb.Cells[1].Source)
	assert.Equal(t, executed.Metadata[recordKey], nb.Metadata[recordKey])

	nb = set(map[string]Value{"n": Argument("5"), "b": Argument("(5, 6)")})
	assert.Equal(t, []string{`a = "1.10"`, "other = 7"}, nb.KeepParameters(executed))
	assert.Equal(t, "# Parameters\na = \"1.10\"\nb = (5, 6)\nother = 7\nn = 5", nb.Cells[1].Source)
	nb = set(given)
	assert.Empty(t, nb.KeepParameters(executed))
	assert.Equal(t, source, nb.Cells[1].Source)
	assert.Empty(t, set(nil).KeepParameters(set(nil)))
}

func TestGoParametersAreFound(t *testing.T) {
	parameters, err := goNotebook().Parameters()
	require.NoError(t, err)
	var found []string
	for _, p := range parameters {
		found = append(found, p.Name+" "+p.Type+" "+p.Default+" "+p.Comment)
	}
	assert.Equal(t, []string{
		"steps int 1_000 Steps of training.", `name string "blue" colour of the hair`, "rate float64 1e-4 ", "quiet bool  ",
		"small uint8 3 ", "wait time.Duration 5 * time.Second ", "list []int []int{1} ", "wide int 64 ", "high int 32 ",
		"room struct{wide int}  ", "size int 2 * 32 ", "one int 1 ", "two int 2 ",
	}, found)
}

func TestGoParametersOverrideThoseOfTheCell(t *testing.T) {
	nb := goNotebook()
	require.NoError(t, nb.SetParameters(arguments{"steps": "0x10"}.values()))
	require.NoError(t, nb.SetParameters(arguments{
		"steps": "7", "name": "it's \"green\"\n", "rate": "3", "quiet": "true",
		"small": "255", "wait": "1m30s", "size": "128", "wide": "-1",
	}.values()))
	require.Len(t, nb.Cells, 4, "the injected cell is replaced, not doubled")
	injected := nb.Cells[2]
	assert.Equal(t, []string{"injected-parameters"}, injected.Tags())
	assert.Equal(t, `// Parameters
var steps int = 7
var name string = "it's \"green\"\n"
var rate float64 = 3.0
var quiet bool = true
var small uint8 = 255
var wait time.Duration = time.Duration(90000000000) // 1m30s
var wide int = -1
const size = 128`, injected.Source)

	nb.Cells[1].Source = replaceAll(nb.Cells[1].Source, "%noautoget\n", "", "%%\nvar local = 3\n", "")
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "7 it's \"green\"\n 3 true 255 1m30s 128 -1\n", printed(nb.Cells[3]))
	checkFormat(t, nb)
}

func TestPythonParametersOverrideThoseOfTheCell(t *testing.T) {
	cell := "steps = 3  # how many\nname: str = 'blue'\nrate=1e-3\nflag = False\nnone = None\nif steps == 4: pass"
	nb := notebook("python3", cell, "print(steps, name, rate, flag, none)")
	nb.Cells[0].Metadata["tags"] = []any{"parameters"}
	require.NoError(t, nb.SetParameters(arguments{
		"steps": "5", "name": "é\"'\n\u2028😀", "rate": "2", "flag": "true", "none": "x",
	}.values()))
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "5 é\"'\n\u2028😀 2.0 True x\n", printed(nb.Cells[2]))

	err := nb.SetParameters(arguments{"steps": "many"}.values())
	assert.ErrorContains(t, err, `steps=many: the parameter is of type int, and "many" is not`)
	err = nb.CheckNames(arguments{"stops": "1"}.values())
	assert.ErrorContains(t, err, "no parameter stops; it has: steps int, name str, rate float, flag bool, none any")
}

func TestBadParametersAreNamed(t *testing.T) {
	for _, test := range []struct{ name, value, message string }{
		{"steps", "many", `steps=many: the parameter is of type int, and "many" is not`},
		{"steps", "1.5", "of type int"},
		{"steps", "--5", "of type int"},
		{"steps", "", "of type int"},
		{"steps", "1+1", "of type int"},
		{"steps", "99999999999999999999", "of type int"},
		{"small", "256", "of type uint8"},
		{"small", "-1", "of type uint8"},
		{"rate", "fast", "of type float64"},
		{"rate", "1e999", "of type float64"},
		{"size", "0.5", "of type int"},
		{"list", "1", "of type []int"},
		{"list", "[1, a]", `of type []int, and "[1, a]" is not`},
		{"list", "[1", "cannot be read as a list"},
		{"no name", "1", "cannot be the name of a variable"},
		{"quiet", "1", "of type bool"},
		{"wait", "5", "of type time.Duration, such as 90s or 1h30m"},
		{"room", "1", "struct{wide int}, which cannot be set from outside"},
		{"one", "2", "group of constants"},
	} {
		nb := goNotebook()
		err := nb.SetParameters(arguments{"name": "red", test.name: test.value}.values())
		require.ErrorIs(t, err, ErrParameter, "%s=%s", test.name, test.value)
		assert.ErrorContains(t, err, test.message)
		assert.Len(t, nb.Cells, 3, "the notebook was changed")
	}

	err := goNotebook().CheckNames(arguments{"steps": "1", "stops": "1", "local": "1"}.values())
	assert.ErrorIs(t, err, ErrParameter)
	assert.ErrorContains(t, err, "the notebook has no parameter local, stops; it has: steps int, name string, rate")
	assert.NoError(t, goNotebook().CheckNames(arguments{"steps": "1"}.values()))

	err = notebook(KernelName, "var steps = 3").CheckNames(arguments{"steps": "4"}.values())
	assert.ErrorIs(t, err, ErrParameter)
	assert.ErrorContains(t, err, `no cell tagged "parameters"`)

	nb := goNotebook()
	nb.Cells[1].Source = "var = 3"
	assert.ErrorContains(t, nb.SetParameters(arguments{"steps": "4"}.values()), "parsing the cell tagged")
	assert.NoError(t, nb.SetParameters(nil))
}

func TestGoParametersKeepACommentOnTheFirstLine(t *testing.T) {
	nb := goNotebook()
	nb.Cells[1].Source = "// Steps of training.\nvar steps = 3"
	parameters, err := nb.Parameters()
	require.NoError(t, err)
	require.Len(t, parameters, 1)
	assert.Equal(t, "Steps of training.", parameters[0].Comment)
	assert.Equal(t, "3", parameters[0].Default)

	nb.Cells[1].Source = "// Steps of training.\nvar = 3"
	_, err = nb.Parameters()
	assert.ErrorContains(t, err, "cell:2:5: expected")
}

func TestPapermillsBannersOfAFailureAreRemoved(t *testing.T) {
	nb := notebook("python3", "banner", "x = 1", "banner", "1 / 0")
	for _, i := range []int{0, 2} {
		nb.Cells[i].Type, nb.Cells[i].Metadata["tags"] = "markdown", []any{"papermill-error-cell-tag"}
	}
	nb.RemoveErrorMarks()
	require.Len(t, nb.Cells, 2)
	assert.Equal(t, "x = 1", nb.Cells[0].Source)
	assert.Equal(t, "1 / 0", nb.Cells[1].Source)
}
