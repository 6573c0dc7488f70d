package serve

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/moelab/moelab/lab"
)

// index is the page of all runs.
type index struct {
	Runs   []run
	All    int
	Sweeps []sweepLine
	// Find, State and Sort are what the address asks for.
	Find, State, Sort string
	States            []lab.Condition
	Sorts             []string
}

// orders are what runs can be sorted by. Of equal ones the order by name stays.
var orders = map[string]func(a, b run) int{
	"name":    func(a, b run) int { return cmp.Compare(a.Key, b.Key) },
	"kind":    func(a, b run) int { return cmp.Compare(a.Name, b.Name) },
	"state":   func(a, b run) int { return cmp.Compare(a.Condition, b.Condition) },
	"step":    func(a, b run) int { return cmp.Compare(b.Step, a.Step) },
	"size":    func(a, b run) int { return cmp.Compare(b.Bytes, a.Bytes) },
	"changed": func(a, b run) int { return b.Changed.Compare(a.Changed) },
}

func (s *Server) indexPage(r *http.Request) (string, any, error) {
	all, err := s.listing.all(r.Context())
	if err != nil {
		return "", nil, err
	}
	query := r.URL.Query()
	page := index{
		All: len(all), Find: query.Get("find"), State: query.Get("state"), Sort: cmp.Or(query.Get("sort"), "name"),
		States: []lab.Condition{lab.InTraining, lab.Stopped, lab.Finished, lab.Damaged},
		Sorts:  slices.Sorted(maps.Keys(orders)),
	}
	order, ok := orders[page.Sort]
	if !ok {
		return "", nil, requestError("runs are sorted by " + strings.Join(page.Sorts, ", "))
	}
	find := strings.ToLower(page.Find)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		run := all[key]
		text := strings.ToLower(run.Key + " " + run.Name)
		if strings.Contains(text, find) && (page.State == "" || page.State == string(run.Condition)) {
			page.Runs = append(page.Runs, run)
		}
	}
	slices.SortStableFunc(page.Runs, order)
	sweeps, err := s.listing.sweeps(r.Context())
	if err != nil {
		return "", nil, err
	}
	for _, key := range sweeps {
		page.Sweeps = append(page.Sweeps, countCells(key, all))
	}
	return "Runs", page, nil
}
