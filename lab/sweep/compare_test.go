package sweep

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testdata/make_welch.py makes the intervals with SciPy.
func TestIntervalsMatchSciPy(t *testing.T) {
	text, err := os.ReadFile("testdata/welch.json")
	require.NoError(t, err)
	var cases []struct {
		A, B      []float64
		Low, High float64
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		_, low, high := interval(c.A, c.B)
		assert.InDelta(t, c.Low, low, 1e-6, "%v %v", c.A, c.B)
		assert.InDelta(t, c.High, high, 1e-6, "%v %v", c.A, c.B)
	}
}

func TestADecisionHasItsNumbers(t *testing.T) {
	for want, decision := range map[string]Decision{
		"reproduced, difference -0.2, 95 % interval -0.25 to -0.15, 3 and 4 values": {
			Verdict: Reproduced, Measured: true, Difference: -0.2, Low: -0.25, High: -0.15, Of: 3, Than: 4,
		},
		"undecided, difference 0.1, 95 % interval -0.1 to 0.3, 2 values (more would narrow it)": {
			Verdict: Undecided, Measured: true, Difference: 0.1, Low: -0.1, High: 0.3, Of: 2, Why: "more would narrow it",
		},
		"undecided (it takes two)": {Verdict: Undecided, Of: 1, Than: 3, Why: "it takes two"},
	} {
		assert.Equal(t, want, decision.String())
	}
}

func TestVerdicts(t *testing.T) {
	results := func(a, b []float64) (all []Result) {
		for i, values := range [][]float64{a, b} {
			for seed, value := range values {
				cell := Cell{Values: map[string]string{"loss": string(rune('a' + i))}, Seed: uint64(seed)}
				all = append(all, Result{Cell: cell, Measures: map[string]float64{"FID": value}})
			}
		}
		return append(all, Result{Cell: Cell{Values: map[string]string{"loss": "a"}}, Failed: "NaN"})
	}
	half := 0.5
	low, high := []float64{0.30, 0.31, 0.32}, []float64{0.50, 0.51, 0.52}
	for name, test := range map[string]struct {
		a, b []float64
		rule Comparison
		want Verdict
	}{
		"lower":                {low, high, Comparison{Is: "lower"}, Reproduced},
		"not higher":           {low, high, Comparison{Is: "higher"}, NotReproduced},
		"not lower by as much": {low, high, Comparison{Is: "lower", By: 0.5}, NotReproduced},
		"lower by something":   {low, high, Comparison{Is: "lower", By: 0.2}, Undecided},
		"spread":               {[]float64{0.1, 0.9}, high, Comparison{Is: "lower"}, Undecided},
		"one seed":             {low[:1], high, Comparison{Is: "lower"}, Undecided},
		"equal":                {low, low, Comparison{Is: "equal", By: 0.1}, Reproduced},
		"not equal":            {low, high, Comparison{Is: "equal", By: 0.1}, NotReproduced},
		"than a number":        {low, nil, Comparison{Is: "lower", Value: &half}, Reproduced},
		"not than a number":    {high, nil, Comparison{Is: "lower", Value: &half}, Undecided},
		"always the same":      {[]float64{1, 1}, []float64{2, 2}, Comparison{Is: "lower"}, Undecided},
		"one always the same":  {[]float64{1, 1}, []float64{2, 2.1}, Comparison{Is: "lower"}, Reproduced},
	} {
		t.Run(name, func(t *testing.T) {
			test.rule.Measure, test.rule.Of = "FID", map[string]string{"loss": "a"}
			if test.rule.Value == nil {
				test.rule.Than = map[string]string{"loss": "b"}
			}
			decision := test.rule.Decide(results(test.a, test.b))
			assert.Equal(t, test.want, decision.Verdict, "%+v", decision)
			assert.Equal(t, test.want == Undecided, decision.Why != "")
			if test.rule.Value == nil {
				test.rule.Than = nil
				assert.Equal(t, decision, test.rule.Decide(results(test.a, test.b)), "the others")
			}
			test.rule.Measure = "FDI"
			assert.Equal(t, `there is no measure "FDI", but FID`, test.rule.Decide(results(test.a, test.b)).Why)
			assert.Equal(t, len(test.a) > 1, strings.Contains(decision.String(), ", difference "), decision)
		})
	}
}

func TestValuesOfARuleAreThoseOfTheAxes(t *testing.T) {
	var rule Comparison
	text := `{"of": {"rate": 1e-3, "loss": "hinge", "flip": true}, "than": {"rate": "0.0010"}}`
	require.NoError(t, json.Unmarshal([]byte(text), &rule))
	assert.Equal(t, Values{"rate": "1e-3", "loss": "hinge", "flip": "true"}, rule.Of)
	spec := Spec{Axes: []Axis{{Setting: "rate", Values: []json.RawMessage{json.RawMessage("1e-3"), json.RawMessage("2")}}}}
	assert.Equal(t, Values{"rate": "1e-3"}, rule.spelled(spec).Than)
	assert.Equal(t, Values{"rate": "0.0010"}, rule.Than, "the rule itself stays")
	spec.Notebook = "x.ipynb"
	assert.Equal(t, Values{"rate": "0.0010"}, rule.spelled(spec).Than, "it may be text")
}

func TestSmallSpreadsCanBeSeen(t *testing.T) {
	assert.Equal(t, "0.00031 ± 2e-05", SpreadOf([]float64{0.00033, 0.00031, 0.00029}).String())
	assert.Equal(t, "0.500 ± 0.000", SpreadOf([]float64{0.5, 0.5}).String())
}
