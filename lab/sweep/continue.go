package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/moelab/moelab/lab"
)

// Replaced is what was expected before, and the number of cells that had ended when it was given up.
type Replaced struct {
	Expectation string      `json:"expectation,omitempty"`
	Compare     *Comparison `json:"compare,omitempty"`
	Cells       int         `json:"cells"`
}

// String is as in "until 2 cells had ended: expected: hinge is better; rule: FID of loss=hinge is lower than …".
func (r Replaced) String() string {
	text := fmt.Sprintf("until %d cells had ended: ", r.Cells)
	if r.Cells == 1 {
		text = "until a cell had ended: "
	}
	var parts []string
	if r.Expectation != "" {
		parts = append(parts, "expected: "+r.Expectation)
	}
	if r.Compare != nil {
		parts = append(parts, "rule: "+r.Compare.String())
	}
	return text + strings.Join(parts, "; ")
}

// continued returns the specification with which a sweep goes on after another one, of which some cells have ended.
// Axes and seeds may be others, and a setting that all cells shared may become an axis: the cells of before keep their
// names. The error says what else differs. An expectation and a rule stay unless there are new ones.
func (s Spec) continued(before Spec, ended int) (Spec, error) {
	s.Set, s.Axes = maps.Clone(s.Set), slices.Clone(s.Axes)
	s.History = slices.Clone(before.History)
	if s.History == nil {
		s.History = slices.Clone(before.Axes)
	}
	for _, axis := range s.History { // One of several values is left.
		if value, ok := s.Set[axis.Setting]; ok {
			s.Axes = append(s.Axes, Axis{Setting: axis.Setting, Values: []json.RawMessage{value}})
			delete(s.Set, axis.Setting)
		}
	}
	shared := maps.Clone(before.Set)
	for i := range s.Axes {
		axis := &s.Axes[i]
		axis.Values = slices.Clone(axis.Values)
		at := indexOf(s.History, axis.Setting)
		if at < 0 {
			at = len(s.History)
			s.History = append(s.History, Axis{Setting: axis.Setting, Before: before.Set[axis.Setting]})
		}
		past := &s.History[at]
		axis.Before = past.Before
		past.Values = slices.Clip(past.Values)
		for j, value := range axis.Values {
			same := func(b json.RawMessage) bool { return s.key(plain(b)) == s.key(plain(value)) }
			if known := slices.IndexFunc(past.Values, same); known >= 0 {
				axis.Values[j] = past.Values[known]
			} else {
				past.Values = append(past.Values, value)
			}
		}
		delete(shared, axis.Setting)
	}
	slices.SortFunc(s.Axes, func(a, b Axis) int {
		return indexOf(s.History, a.Setting) - indexOf(s.History, b.Setting)
	})
	if differences := s.differences(before, shared); len(differences) > 0 {
		return s, fmt.Errorf("%s: axes and seeds may change, what all cells share may not", strings.Join(differences, "; "))
	}
	if s.Expectation == "" {
		s.Expectation = before.Expectation
	}
	if s.Compare = s.Compare.spelled(s); s.Compare == nil {
		s.Compare = before.Compare
	}
	if s.Compare != nil {
		var checks lab.Checks
		if s.Compare.check(&checks, s); checks.Err() != nil { // The one of before, for axes that are others now.
			s.Expectation, s.Compare = "", nil
		}
	}
	s.Replaced = before.Replaced
	given := before.Expectation != "" || before.Compare != nil
	if given && ended > 0 && (s.Expectation != before.Expectation || !reflect.DeepEqual(s.Compare, before.Compare)) {
		s.Replaced = append(slices.Clone(s.Replaced), Replaced{before.Expectation, before.Compare, ended})
	}
	return s, nil
}

// fresh returns the specification for a new folder, without what the sweep.json of another one says of its past.
func (s Spec) fresh() Spec {
	s.Replaced, s.History, s.Axes, s.Compare = nil, nil, slices.Clone(s.Axes), s.Compare.spelled(s)
	for i := range s.Axes {
		s.Axes[i].Before = nil
	}
	return s
}

// indexOf returns the index of a setting's axis, -1 if there is none.
func indexOf(axes []Axis, setting string) int {
	return slices.IndexFunc(axes, func(a Axis) bool { return a.Setting == setting })
}

// differences says what a specification would change for all cells. shared are the settings of before that are no axis
// now.
func (s Spec) differences(before Spec, shared map[string]json.RawMessage) (all []string) {
	if then, now := before.Title(), s.Title(); then != now {
		all = append(all, fmt.Sprintf("it was a sweep of %s and is one of %s now", then, now))
	}
	if s.Code != before.Code {
		all = append(all, "the notebook's cells were others")
	}
	text := func(value json.RawMessage, ok bool) string {
		if !ok {
			return "not given"
		}
		return plain(value)
	}
	names := slices.Concat(slices.Collect(maps.Keys(shared)), slices.Collect(maps.Keys(s.Set)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		then, was := shared[name]
		now, is := s.Set[name]
		if name == "steps" && s.Notebook == "" { // A training goes on with more steps.
			var a, b int64
			if json.Unmarshal(then, &a) != nil || json.Unmarshal(now, &b) != nil || a <= b {
				continue
			}
		}
		if then, now := text(then, was), text(now, is); s.key(then) != s.key(now) {
			all = append(all, fmt.Sprintf("%s was %s and is %s now", name, then, now))
		}
	}
	for _, axis := range s.History { // Its cells would have the names of others.
		if axis.Before != nil && indexOf(s.Axes, axis.Setting) < 0 {
			all = append(all, fmt.Sprintf("%s was %s at first and is not given now", axis.Setting, plain(axis.Before)))
		}
	}
	return all
}
