package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/moelab/moelab/lab"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Comparison is the rule that decides an expectation: a measure of some cells is higher or lower than that of others,
// or than a number, or equal to it. It is decided by Welch's interval of the difference of the means.
type Comparison struct {
	// Measure is the name of a measure of the evaluation.
	Measure string `json:"measure"`
	// Of selects cells by values of axes, as in {"loss": "hinge"}; those of axes that it does not name all count.
	Of Values `json:"of,omitempty"`
	// Is is "higher", "lower" or "equal".
	Is string `json:"is"`
	// Than selects the other cells, unless Value is set; all that are not of Of if it is empty.
	Than  Values   `json:"than,omitempty"`
	Value *float64 `json:"value,omitempty"`
	// By is the least difference that counts; for "equal" it is the largest that does not.
	By float64 `json:"by,omitempty"`
}

// Values are values of axes, by setting, as they are written in an assignment.
type Values map[string]string

// UnmarshalJSON implements [json.Unmarshaler]: values need no quotes.
func (v *Values) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*v = nil
	if len(raw) > 0 {
		*v = Values{}
	}
	for name, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = plain(value)
		}
		(*v)[name] = text
	}
	return nil
}

// fit reports whether a result has these values.
func (v Values) fit(result Result) bool {
	for name, value := range v {
		if result.Values[name] != value {
			return false
		}
	}
	return true
}

// relations are the values of [Comparison.Is]: whether the interval from low to high of the difference is right, or
// wrong, as a whole.
var relations = map[string]func(low, high, by float64) (right, wrong bool){
	"higher": func(low, high, by float64) (right, wrong bool) { return low > by, high <= by },
	"lower":  func(low, high, by float64) (right, wrong bool) { return high < -by, low >= -by },
	"equal": func(low, high, by float64) (right, wrong bool) {
		return low >= -by && high <= by, low > by || high < -by
	},
}

// check notes what is wrong with the rule of a specification.
func (c *Comparison) check(checks *lab.Checks, s Spec) {
	checks.That(c.Measure != "", `"compare" names no measure`)
	lab.Choice(checks, `"is" of "compare"`, c.Is, relations)
	checks.That(finite(c.By) && c.By >= 0, `"by" of "compare" is %g: it must not be negative`, c.By)
	checks.That(c.Value == nil || len(c.Than) == 0, `"compare" has both "than" and "value"`)
	checks.That(c.Value != nil || !maps.Equal(c.Of, c.Than),
		`"compare" compares cells with themselves: see "of" and "than"`)
	for _, cells := range []map[string]string{c.Of, c.Than} {
		for _, name := range slices.Sorted(maps.Keys(cells)) {
			at := slices.IndexFunc(s.Axes, func(a Axis) bool { return a.Setting == name })
			if at < 0 {
				checks.That(false, `"compare" names %s, which is no axis`, name)
				continue
			}
			var values []string
			for _, value := range s.Axes[at].Values {
				values = append(values, s.key(plain(value)))
			}
			checks.OneOf(fmt.Sprintf(`%s in "compare"`, name), s.key(cells[name]), values...)
		}
	}
}

// spelled returns the rule with values as the axes spell them; nil for none.
func (c *Comparison) spelled(s Spec) *Comparison {
	if c == nil {
		return nil
	}
	rule := *c
	rule.Of, rule.Than = maps.Clone(c.Of), maps.Clone(c.Than)
	for _, axis := range s.Axes {
		for _, value := range axis.Values {
			for _, cells := range []Values{rule.Of, rule.Than} {
				if text, ok := cells[axis.Setting]; ok && s.key(text) == s.key(plain(value)) {
					cells[axis.Setting] = plain(value)
				}
			}
		}
	}
	return &rule
}

// Verdict is what became of an expectation.
type Verdict string

// The verdicts.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not reproduced"
	Undecided     Verdict = "undecided"
)

// Decision is a rule applied to results.
type Decision struct {
	Verdict Verdict
	// Measured is false if there are too few values for a difference.
	Measured bool
	// Difference is that of the means, and Low and High are its 95 % interval.
	Difference, Low, High float64
	// Of and Than are the numbers of values on both sides; Than is 0 if that is a number.
	Of, Than int
	// Why says why it is undecided.
	Why string
}

// String is as in "reproduced, difference 0.5, 95 % interval 0.4 to 0.6, 3 and 3 values".
func (d Decision) String() string {
	text := string(d.Verdict)
	if d.Measured {
		text += fmt.Sprintf(", difference %.4g, 95 %% interval %.4g to %.4g, %d", d.Difference, d.Low, d.High, d.Of)
		if d.Than > 0 {
			text += fmt.Sprintf(" and %d", d.Than)
		}
		text += " values"
	}
	if d.Why != "" {
		text += " (" + d.Why + ")"
	}
	return text
}

// Decide applies the rule to results.
func (c *Comparison) Decide(results []Result) Decision {
	a := c.measured(results, c.Of.fit)
	b := c.measured(results, func(r Result) bool { return c.Than.fit(r) && (len(c.Than) > 0 || !c.Of.fit(r)) })
	d := Decision{Verdict: Undecided, Of: len(a), Than: len(b)}
	few := len(a) < 2 || len(b) < 2
	why := fmt.Sprintf("it takes two values at least on each side, and there are %d and %d", len(a), len(b))
	if c.Value != nil {
		b, d.Than, few = []float64{*c.Value}, 0, len(a) < 2
		why = fmt.Sprintf("it takes two values at least, and there are %d", len(a))
	}
	if names := MeasureNames(results); len(names) > 0 && !slices.Contains(names, c.Measure) {
		few, why = true, fmt.Sprintf("there is no measure %q, but %s", c.Measure, strings.Join(names, ", "))
	}
	if few {
		d.Why = why
		return d
	}
	d.Measured = true
	d.Difference, d.Low, d.High = interval(a, b)
	right, wrong := relations[c.Is](d.Low, d.High, c.By)
	switch {
	case d.Low == d.High:
		d.Why = "there is no spread to judge by: the values of each side are all the same"
	case right:
		d.Verdict = Reproduced
	case wrong:
		d.Verdict = NotReproduced
	default:
		d.Why = "the interval holds both: more seeds would narrow it"
	}
	return d
}

// measured returns the measure of the results that fit.
func (c *Comparison) measured(results []Result, fits func(Result) bool) (values []float64) {
	for _, result := range results {
		if value, ok := result.Measures[c.Measure]; ok && fits(result) {
			values = append(values, value)
		}
	}
	return values
}

// interval returns the difference of two means and its 95 % interval by Welch's approximation (Welch 1947). A single
// value on the second side is a number without spread; on the first there are two at least.
func interval(a, b []float64) (difference, low, high float64) {
	variance := func(values []float64) float64 { // Of the mean.
		if len(values) < 2 {
			return 0
		}
		return stat.Variance(values, nil) / float64(len(values))
	}
	va, vb := variance(a), variance(b)
	difference = stat.Mean(a, nil) - stat.Mean(b, nil)
	if va+vb == 0 {
		return difference, difference, difference
	}
	freedom := (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(max(len(b)-1, 1)))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(0.975)
	half := t * math.Sqrt(va+vb)
	return difference, difference - half, difference + half
}

// String puts the rule in words, as in "FID of loss=hinge is lower than that of loss=wgan".
func (c *Comparison) String() string {
	text := c.Measure
	if len(c.Of) > 0 {
		text += " of " + valuesText(c.Of)
	}
	text += " is " + c.Is
	if c.Is == "equal" {
		text += " to"
	} else {
		text += " than"
	}
	switch {
	case c.Value != nil:
		text += fmt.Sprintf(" %g", *c.Value)
	case len(c.Than) > 0:
		text += " that of " + valuesText(c.Than)
	default:
		text += " that of the others"
	}
	if c.By > 0 {
		text += fmt.Sprintf(", by %g", c.By)
	}
	return text
}

// valuesText lists values of axes on a line.
func valuesText(values map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+"="+values[name])
	}
	return strings.Join(parts, ", ")
}
