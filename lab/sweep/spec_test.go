package sweep

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAxesAreReadFromTheCommandLine(t *testing.T) {
	for text, want := range map[string][]string{
		"loss=hinge,wgan":                 {`"hinge"`, `"wgan"`},
		"batch=8,16":                      {"8", "16"},
		`attributes=[],["eyes","length"]`: {"[]", `["eyes","length"]`},
		`weights={"a":1,"b":2},{"a":2}`:   {`{"a":1,"b":2}`, `{"a":2}`},
		`data="a,b",c`:                    {`"a,b"`, `"c"`},
		"data=":                           {`""`},
		"flip=true":                       {"true"},
		"path=a=b,c":                      {`"a=b"`, `"c"`},
	} {
		axis, err := ParseAxis(text)
		require.NoError(t, err)
		var got []string
		for _, value := range axis.Values {
			got = append(got, string(value))
		}
		assert.Equal(t, want, got, text)
	}
	for _, wrong := range []string{"loss", "=hinge"} {
		_, err := ParseAxis(wrong)
		assert.ErrorContains(t, err, "is not of the form setting=value,value")
	}
}

func TestCellsHaveNamesOfTheirOwn(t *testing.T) {
	long := strings.Repeat("long", 40)
	spec := Spec{
		Axes: []Axis{
			{Setting: "data", Values: values("a/b", "a b", "a?b", "../..", "a_b", long, long+"er")},
			{Setting: "flip", Values: values(true, false)},
		},
		Seeds: []uint64{1, 2},
	}
	cells := spec.Cells()
	require.Len(t, cells, 28)
	names := map[string]bool{}
	for _, cell := range cells {
		assert.True(t, filepath.IsLocal(cell.Name) && filepath.Base(cell.Name) == cell.Name, cell.Name)
		assert.LessOrEqual(t, len(cell.Name), 80)
		names[cell.Name] = true
	}
	assert.Len(t, names, len(cells))
	assert.True(t, names["data=a_b,flip=true,seed=2"], "what can be read stays as it is")
}

func TestSettingsOfACellAreThoseOfTheCommandLine(t *testing.T) {
	spec := rates(1, 5)
	spec.Set["classes"] = json.RawMessage(`["blue", "red"]`)
	spec.Set["name"] = json.RawMessage(`"7"`)
	s := &Sweep{dir: "ways", spec: spec}
	cell := spec.Cells()[3]
	commands, err := s.commands(cell)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"train", "test", "--preset", "smoke", "--set", `classes=["blue","red"]`, "--set", "mode=works", "--set", `name="7"`,
		"--set", "rate=1", "--set", "seed=5", "--run", "ways/cells/rate=1,seed=5",
	}, commands[0])
	assert.Equal(t, []string{"eval", "--run", s.CellDir(cell)}, commands[1])
}

func TestWrongSpecificationsAreSaid(t *testing.T) {
	number := 0.5
	for want, change := range map[string]func(s *Spec){
		`"train" is missing`:              func(s *Spec) { s.Train = "" },
		`a "notebook" goes with no "trai`: func(s *Spec) { s.Notebook = "x.ipynb" },
		"seeds are missing":               func(s *Spec) { s.Seeds = nil },
		"a seed is there twice":           func(s *Spec) { s.Seeds = []uint64{1, 1} },
		"rate has no values":              func(s *Spec) { s.Axes[0].Values = nil },
		"a value of rate is there twice":  func(s *Spec) { s.Axes[0].Values = values(json.RawMessage("1e-3"), 0.001) },
		"mode is set twice":               func(s *Spec) { s.Axes = append(s.Axes, axis("mode", "a", "b")) },
		`seeds belong into "seeds"`:       func(s *Spec) { s.Set["seed"] = json.RawMessage("1") },
		"seed is set twice":               func(s *Spec) { s.Axes = append(s.Axes, axis("seed", 1, 2)) },
		"names loss, which is no axis":    func(s *Spec) { s.Compare.Of = map[string]string{"loss": "hinge"} },
		"must be one of 0.5, 1":           func(s *Spec) { s.Compare.Of = map[string]string{"rate": "2"} },
		`"is" of "compare" is "better"`:   func(s *Spec) { s.Compare.Is = "better" },
		"names no measure":                func(s *Spec) { s.Compare.Measure = "" },
		"compares cells with themselves":  func(s *Spec) { s.Compare.Of = s.Compare.Than },
		`both "than" and "value"`:         func(s *Spec) { s.Compare.Value = &number },
		"cell rate=0.5,seed=1: no such":   func(s *Spec) { s.Set["wrong"] = json.RawMessage("1") },
		"1e+06 cells: more than 10000 ":   func(s *Spec) { s.Seeds = make([]uint64, 500_000) },
	} {
		spec := rates(1, 2)
		change(&spec)
		err := spec.Check(func(assignments []string) error {
			for _, assignment := range assignments {
				if assignment == "wrong=1" {
					return errors.New("no such setting")
				}
			}
			return nil
		})
		assert.ErrorContains(t, err, want)
	}
}

func TestSpecificationsInFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec.json")
	read := func(text string) (Spec, error) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return ReadSpec(path)
	}
	spec, err := read(`{"train": "gan", "axes": [{"setting": "loss", "values": ["hinge"]}], "seeds": [1]}`)
	require.NoError(t, err)
	assert.Equal(t, []json.RawMessage{json.RawMessage(`"hinge"`)}, spec.Axes[0].Values)
	for text, want := range map[string]string{
		`{"trains": "gan"}`: "trains", `{`: "the JSON breaks off", "": "it is empty", `{"seeds": "all"}`: `"seeds"`,
		`{"format": 2}`: "update moelab",
	} {
		_, err := read(text)
		assert.ErrorContains(t, err, path)
		assert.ErrorContains(t, err, want, text)
	}
}
