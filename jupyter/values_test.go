package jupyter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// injected returns what the value becomes in a notebook whose parameters cell is source, or the error.
func injected(kernel, source, name string, value Value) string {
	nb := notebook(kernel, source)
	nb.Cells[0].Metadata["tags"] = []any{parametersTag}
	if err := nb.SetParameters(map[string]Value{name: value}); err != nil {
		return err.Error()
	}
	_, literal, _ := strings.Cut(nb.Cells[1].Source, " = ")
	return literal
}

func TestPythonArgumentsAreReadByTheTypeOfTheParameter(t *testing.T) {
	for _, test := range []struct{ source, value, want string }{
		{"x: float = 1", "0.5", "0.5"},
		{"x: float = 1", "2", "2.0"},
		{"x: float = 1", "0x1p1", "refused"},
		{"x: float = 1", "nan", `float("nan")`},
		{"x: float = 1", "-Infinity", `float("-inf")`},
		{"x: float = 1", "1e999", `float("inf")`},
		{"x: float = 1", "1_000.5", "1000.5"},
		{"x: float = 1", "+.5", "0.5"},
		{"x: float = 1", "1e-4", "0.0001"},
		{"x: float = 1", "fast", "refused"},
		{"x: int = 1", "1e3", "1000"},
		{"x: int = 1", "2_000", "2000"},
		{"x: int = 1", "007", "7"},
		{"x: int = 1", "0x10", "16"},
		{"x: int = 1", "99999999999999999999999", "99999999999999999999999"},
		{"x: int = 1", "1e22", "10000000000000000000000"},
		{"x: int = 1", "None", "None"},
		{"x: int = 1", "1.5", "refused"},
		{"x: int = 1", "1__0", "refused"},
		{"x: int = 1", "", "refused"},
		{"x = 1", "0.5", "0.5"}, // A default is no promise.
		{"x = 1", "1e3", "1000"},
		{"x = 1", "many", "refused"},
		{"x = 0.5", "1e3", "1000.0"},
		{"x: str = 'a'", "None", "None"},
		{"x: str = 'a'", "12", `"12"`},
		{"x = 'a'", "[1, 2]", `"[1, 2]"`},
		{"x: Optional[str] = None", "12", `"12"`},
		{"x: 'Optional[str]' = None", "12", `"12"`},
		{"x: str | None = None", "12", `"12"`},
		{"x: typing.Union[str, int] = None", "12", "12"},
		{"x: typing.Union[str, int] = None", "a", `"a"`},
		{"x: Optional[int] = None", "a", "refused"},
		{"x: Path = None", "a", `"a"`},
		{"x = None", "12", "12"},
		{"x = None", "1e3", "1000.0"},
		{"x = None", "true", "True"},
		{"x = None", "a b", `"a b"`},
		{"x = None", "[1, 'a', \"b\", None, true, {c: 1.5}]", `[1, "a", "b", None, True, {"c": 1.5}]`},
		{"x = None", "[1", "refused"},
		{"x = None", "{1: a}", `{1: "a"}`},
		{"x = None", `{"a": [1.5, null, true]}`, `{"a": [1.5, None, True]}`},
		{"x = f(3)", "12", "12"},
		{"x = []", "[]", "[]"},
		{"x = [\n  1, # one\n  2]", "[3]", "[3]"},
		{"x = [1]", "3", "refused"},
		{"x: list[int] = []", "[1, 2.5]", "refused"},
		{"x: List[float] = []", "[1, 2.5]", "[1.0, 2.5]"},
		{"x: dict[str, int] = {}", "{1: 2}", `{"1": 2}`},
		{"x: dict = {}", "[1]", "refused"},
		{"x: tuple[int, ...] = ()", "(1, 2, 3)", "(1, 2, 3)"},
		{"x: tuple[int, str] = ()", "(1, 2)", `(1, "2")`},
		{"x = (1, 2)", "[3]", "(3,)"},
		{"x = ()", "(1,)", "(1,)"},
		{"x = ()", "(1, (2, 'a b'))", `(1, (2, "a b"))`},
		{"x = []", "[(1, 2), (3, 4)]", "[(1, 2), (3, 4)]"},
		{"x = {}", `{"a": (1, -2.5), 'b': {}}`, `{"a": (1, -2.5), "b": {}}`},
		{"x = []", `['a\nb', r'\d', "\u00e4"]`, `["a\nb", "\\d", "\u00e4"]`},
		{"x = []", "[b'x']", "refused"},
		{"x = []", "[f(x)]", "refused"},
		{"x = []", "[(1, a b)]", "refused"},
		{"x = []", "[runs/a, two words]", `["runs/a", "two words"]`},
		{"x = {1, 2}", "{3}", "{3}"},
		{"x = {1, 2}", "[3, 4]", "{3, 4}"},
		{"x = {1: 2}", "{3}", "refused"},
		{"x = None", "[{1, 2}]", "[{1, 2}]"},
		{"x = {}", "{'a': 1, 'a': 2}", "refused"},
		{"x: set = set()", "[1]", "{1}"},
		{"x = 1  # type: float", "2", "2.0"},
		{"x = None  # type: Optional[int]  # about it", "x", "refused"},
		{"x = 1  # type: ignore", "x", "refused"},
		{"x: Literal['a', 'b', 3] = 'a'", "b", `"b"`},
		{"x: Literal['a', 'b', 3] = 'a'", "3", "3"},
		{"x: Literal['a', 'b', 3] = 'a'", "c", "refused"},
		{"x: typing.Literal[True, -1] = True", "true", "True"},
		{"x: typing.Literal[True, -1] = True", "-1", "-1"},
		{"x: typing.Literal[True, -1] = True", "1", "refused"},
		{"x: Optional[Literal[\"a\"]] = None", "c", "refused"},
		{"x: bool = False", "TRUE", "True"},
		{"x: bool = False", "1", "refused"},
	} {
		got := injected("python3", test.source, "x", Argument(test.value))
		if test.want == "refused" {
			assert.Contains(t, got, ErrParameter.Error(), "%s with %s", test.source, test.value)
			continue
		}
		assert.Equal(t, test.want, got, "%s with %s", test.source, test.value)
	}
}

func TestGoArgumentsAreReadByTheTypeOfTheParameter(t *testing.T) {
	for _, test := range []struct{ source, value, want string }{
		{"var x = 1", "1e3", "1000"},
		{"var x = 1", "2_000", "2000"},
		{"var x = 1", "010", "10"},
		{"var x = 1", "+5", "5"},
		{"var x = 1", "0x10", "16"},
		{"var x = 1", "0.5", "refused"},
		{"var x = 1", "None", "refused"},
		{"var x = 1.0", "1", "1.0"},
		{"var x = 1.0", "NaN", "math.NaN()"},
		{"var x float32 = 1", "-inf", "float32(math.Inf(-1))"},
		{"const x = 1.0", "inf", "refused"},
		{"var x bool", "True", "true"},
		{"var x string", "[1]", `"[1]"`},
		{"var x []int", "[1, 2]", "[]int{1, 2}"},
		{"var x []int", "[1, 2.5]", "refused"},
		{"var x []int", "null", "nil"},
		{"var x [3]bool", "[true]", "[3]bool{true}"},
		{"var x [1]bool", "[true, true]", "refused"},
		{"var x map[string][]float64", "{a: [1], 'b': []}", `map[string][]float64{"a": []float64{1.0}, "b": []float64{}}`},
		{"var x [][]int", "[(1, 2), (3,)]", "[][]int{[]int{1, 2}, []int{3}}"},
		{"var x []time.Duration", "[90s]", "[]time.Duration{time.Duration(90000000000)}"},
		{"type Colour string\nvar x []Colour", "[red]", `[]Colour{"red"}`},
		{"var x any", "1e3", "1000.0"},
		{"var x any", "[1, 2.5]", "[]float64{1.0, 2.5}"},
		{"var x any", "[1, a]", `[]any{1, "a"}`},
		{"var x any", "{a: true}", `map[string]bool{"a": true}`},
		{"", "3", "3"},
		{"", "0.5", "0.5"},
		{"", "text", `"text"`},
		{"", "[]", "[]any{}"},
	} {
		value := Argument(test.value)
		if test.value == "null" {
			value = Value{}
		}
		got := injected(KernelName, test.source, "x", value)
		if test.want == "refused" {
			assert.Contains(t, got, ErrParameter.Error(), "%s with %s", test.source, test.value)
			continue
		}
		assert.Equal(t, test.want, got, "%s with %s", test.source, test.value)
	}
}

func TestOtherLanguagesHaveValuesOfTheirOwn(t *testing.T) {
	for value, want := range map[string][3]string{ // bash, R, Julia
		"3": {"x=3", "x=3", "x=3"}, "-1e-3": {"x=-0.001", "x=-0.001", "x=-0.001"},
		"true": {"x=true", "x=TRUE", "x=true"}, "None": {"x=''", "x=NULL", "x=nothing"},
		"-inf": {"x=-inf", "x=-Inf", "x=-Inf"}, "nan": {"x=nan", "x=NaN", "x=NaN"},
		"it's $5": {`x='it'"'"'s $5'`, `x="it's $5"`, `x="it's \$5"`},
		"[1, a]":  {"x='[1, a]'", `x=list(1, "a")`, `x=[1, "a"]`},
		"{a: 1}":  {"x='{a: 1}'", `x=list("a" = 1)`, `x=Dict("a" => 1)`},
	} {
		for i, language := range []string{"bash", "R", "julia"} {
			nb := notebook("other", "x=1")
			nb.Metadata["kernelspec"].(map[string]any)["language"] = language
			nb.Cells[0].Metadata["tags"] = []any{parametersTag}
			values := map[string]Value{"x": Argument(value)}
			require.NoError(t, nb.CheckNames(values))
			require.NoError(t, nb.SetParameters(values))
			assert.Equal(t, "# Parameters\n"+want[i], nb.Cells[1].Source, language)
		}
	}
}

func TestTextInQuotesStaysText(t *testing.T) {
	assert.Equal(t, `"3"`, injected("python3", "x = 1", "x", Text("3")), "a default is no promise")
	assert.Contains(t, injected("python3", "x: int = 1", "x", Text("3")), `of type int, and "3" is not`)
	assert.Equal(t, `"None"`, injected("python3", "x: str = 'a'", "x", Text("None")))
	assert.Contains(t, injected(KernelName, "var x = 1", "x", Text("3")), `of type int, and "3" is not`)
}

func TestValuesAreReadFromYAMLAndJSON(t *testing.T) {
	values, err := ParseValues([]byte(`
steps: 200
rate: 1e-3
name: "12"
date: 2026-01-02
flag: yes
none: ~
huge: .inf
list: [1, [two, "3"]]
shared: &s {a: 1}
again: *s
text: |
  two
  lines
tagged: !!str 5
merged: {<<: *s, a: 2, b: 3}
several: {c: 4, <<: [{a: 5, d: 6}, *s]}
`))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"steps": "200", "rate": "0.001", "name": `"12"`, "date": `"2026-01-02"`, "flag": "True", "none": "None",
		"huge": `float("inf")`, "list": `[1, ["two", "3"]]`, "again": `{"a": 1}`, "text": `"two\nlines\n"`,
		"tagged": `"5"`, "merged": `{"a": 2, "b": 3}`, "several": `{"c": 4, "a": 5, "d": 6}`,
	} {
		assert.Equal(t, want, pythonAny.source(values[name]), name)
	}
	values, err = ParseValues([]byte(`{"steps": 200, "name": "a\tb"}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]Value{"steps": Argument("200"), "name": Text("a\tb")}, values)
	values, err = ParseValues([]byte(" \n"))
	require.NoError(t, err)
	assert.Empty(t, values)
}

func TestBadYAMLIsOneClearError(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'h'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 10) + "]\n"
	}
	for source, message := range map[string]string{
		"[1, 2]":                  "not an object of names and values",
		"just text":               "not an object of names and values",
		"a: [1":                   "it is not YAML",
		"a: 1\n--- \nb: 1":        "it is not YAML",
		"a: 1\na: 2":              "is there twice",
		"a: !!python/object:os x": "the tag !!python/object:os is not supported",
		"a: {<<: 3}":              "<< merges dictionaries",
		"a: &a [*a]":              "",
		bomb:                      "more than 100000 values",
	} {
		_, err := ParseValues([]byte(source))
		require.ErrorIs(t, err, ErrParameter, source)
		assert.ErrorContains(t, err, message)
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestUnknownParametersAreInjectedAtTheTop(t *testing.T) {
	nb := notebook("python3", "print(name, sizes)")
	values := map[string]Value{"name": Argument("moe"), "sizes": Argument("[1, 2]")}
	assert.ErrorContains(t, nb.CheckNames(values), `no cell tagged "parameters"`)
	require.NoError(t, nb.SetParameters(values))
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "# Parameters\nname = \"moe\"\nsizes = [1, 2]", nb.Cells[0].Source)
	assert.Equal(t, "moe [1, 2]\n", printed(nb.Cells[1]))
	require.NoError(t, nb.SetParameters(arguments{"name": "eve"}.values()))
	assert.Equal(t, "# Parameters\nname = \"eve\"", nb.Cells[0].Source, "an injected cell alone is replaced")
	assert.Len(t, nb.Cells, 2)

	nb = notebook(KernelName, "%%\nfmt.Println(name, sizes, limit)")
	values["limit"] = Argument("inf")
	require.NoError(t, nb.SetParameters(values))
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "moe [1 2] +Inf\n", printed(nb.Cells[1]))
	for _, name := range []string{"a b", "1a", "lambda", "func", ""} {
		assert.ErrorContains(t, notebook("python3").SetParameters(arguments{name + "\n": "1"}.values()), "name of a variable")
	}
	assert.Error(t, notebook("python3").SetParameters(arguments{"lambda": "1"}.values()))
	assert.Error(t, notebook(KernelName).SetParameters(arguments{"func": "1"}.values()))
}

func TestPythonParametersAreFound(t *testing.T) {
	nb := notebook("python3", `"""x = 1"""
steps: int = 3  # how many
name = 'a#b'; rate=1e-3 # how fast
layers = [
    64,  # first
    128,
]
n=-1
long = \
    4
total += 1
a = b = 3
u, v = 1, 2
if steps == 4:
    inner = 1
print(end="")
best: Optional[str] = None`)
	nb.Cells[0].Metadata["tags"] = []any{parametersTag}
	parameters, err := nb.Parameters()
	require.NoError(t, err)
	var found []string
	for _, p := range parameters {
		found = append(found, strings.Join([]string{p.Name, p.Type, p.Default, p.Comment}, "|"))
	}
	assert.Equal(t, []string{
		"steps|int|3|how many", "name|str|'a#b'|", "rate|float|1e-3|how fast", "layers|list|[\n    64,  \n    128,\n]|",
		"n|int|-1|", "long|int|4|", "best|Optional[str]|None|",
	}, found)
}
