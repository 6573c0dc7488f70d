package serve

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
)

// sweepLine is a sweep in the list.
type sweepLine struct {
	Key                            string
	Runs, Finished, Going, Damaged int
}

// Shown is the key as it may be shown.
func (s sweepLine) Shown() string { return textfile.Shown(s.Key) }

// countCells counts the runs of a sweep.
func countCells(key string, all map[string]run) sweepLine {
	line := sweepLine{Key: key}
	for _, run := range all {
		if path.Dir(run.Key) != path.Join(key, "cells") {
			continue
		}
		line.Runs++
		switch run.Condition {
		case lab.Finished:
			line.Finished++
		case lab.InTraining:
			line.Going++
		case lab.Damaged:
			line.Damaged++
		}
	}
	return line
}

// sweepView is the page of a sweep.
type sweepView struct {
	sweepLine
	sweep.Outcome
	Keys []string // Of its runs.
}

// sweepOf opens the sweep that an address names.
func (s *Server) sweepOf(r *http.Request) (*sweep.Sweep, error) {
	sweeps, err := s.listing.sweeps(r.Context())
	if err != nil {
		return nil, err
	}
	key := r.URL.Query().Get("sweep")
	if !slices.Contains(sweeps, key) {
		return nil, errNotFound
	}
	dir := filepath.Join(s.listing.dir, filepath.FromSlash(key))
	if err := lab.CheckLinks(dir); err != nil { // Package sweep would follow them.
		return nil, fmt.Errorf("%s is not shown: %w", textfile.Shown(key), err)
	}
	return sweep.Open(dir)
}

func (s *Server) sweepPage(r *http.Request) (string, any, error) {
	opened, err := s.sweepOf(r)
	if err != nil {
		return "", nil, err
	}
	all, err := s.listing.all(r.Context())
	if err != nil {
		return "", nil, err
	}
	page := sweepView{sweepLine: countCells(r.URL.Query().Get("sweep"), all)}
	if page.Outcome, err = opened.Outcome(); err != nil {
		return "", nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if path.Dir(key) == path.Join(page.Key, "cells") {
			page.Keys = append(page.Keys, key)
		}
	}
	return page.Shown(), page, nil
}

// Dots is the address of the figure of a measure, which changes when there is more to draw.
func (v sweepView) Dots(measure string) string {
	return "dots.svg?" + url.Values{
		"sweep": {v.Key}, "measure": {measure}, "done": {strconv.Itoa(v.Done)},
	}.Encode()
}
