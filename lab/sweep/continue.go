package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Replaced is what was expected before, and the number of cells that had ended when it was given up.
type Replaced struct {
	Expectation string      `json:"expectation,omitempty"`
	Compare     *Comparison `json:"compare,omitempty"`
	Cells       int         `json:"cells"`
}

// continued returns the specification with which a sweep goes on after another one, of which some cells have ended.
// Axes and seeds may be others, and a setting that all cells shared may become an axis: the cells of before keep their
// names. The error says what else differs. An expectation and a rule stay unless there are new ones.
func (s Spec) continued(before Spec, ended int) (Spec, error) {
	s.Set, s.Axes = maps.Clone(s.Set), slices.Clone(s.Axes)
	for _, axis := range before.Axes { // One of several values is left.
		if value, ok := s.Set[axis.Setting]; ok {
			s.Axes = append(s.Axes, Axis{Setting: axis.Setting, Values: []json.RawMessage{value}})
			delete(s.Set, axis.Setting)
		}
	}
	shared := maps.Clone(before.Set)
	for i := range s.Axes {
		axis := &s.Axes[i]
		if value, ok := before.Set[axis.Setting]; ok && axis.has(plain(value)) {
			axis.Before = value
		}
		if at := before.axis(axis.Setting); at >= 0 {
			axis.Before = before.Axes[at].Before
		}
		delete(shared, axis.Setting)
	}
	place := func(axis Axis) int { // The order of before is that of a cell's name; new axes come last.
		if at := before.axis(axis.Setting); at >= 0 {
			return at
		}
		return len(before.Axes)
	}
	slices.SortStableFunc(s.Axes, func(a, b Axis) int { return place(a) - place(b) })
	if differences := s.differences(before, shared); len(differences) > 0 {
		return s, fmt.Errorf("%s: axes and seeds may change, what all cells share may not", strings.Join(differences, "; "))
	}
	if s.Expectation == "" {
		s.Expectation = before.Expectation
	}
	if s.Compare == nil {
		s.Compare = before.Compare
	}
	s.Replaced = before.Replaced
	given := before.Expectation != "" || before.Compare != nil
	if given && ended > 0 && (s.Expectation != before.Expectation || !reflect.DeepEqual(s.Compare, before.Compare)) {
		s.Replaced = append(slices.Clone(s.Replaced), Replaced{before.Expectation, before.Compare, ended})
	}
	return s, nil
}

// axis returns the index of a setting's axis, -1 if there is none.
func (s Spec) axis(setting string) int {
	return slices.IndexFunc(s.Axes, func(a Axis) bool { return a.Setting == setting })
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
		if then, now := text(then, was), text(now, is); then != now {
			all = append(all, fmt.Sprintf("%s was %s and is %s now", name, then, now))
		}
	}
	for _, axis := range before.Axes { // Its cells would have the names of others.
		if axis.Before != nil && s.axis(axis.Setting) < 0 {
			all = append(all, fmt.Sprintf("%s was %s at first and is not given now", axis.Setting, plain(axis.Before)))
		}
	}
	return all
}
