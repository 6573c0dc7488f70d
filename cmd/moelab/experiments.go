package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/blink/border"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
)

// experiments lists all kinds of experiments. Commands that work on runs of any kind use this list.
var experiments = []lab.AnyKind{
	gan.Experiment, esrgan.Experiment, blink.Experiment, eyes.Experiment, border.Experiment, gan.JudgeExperiment,
}

// experimentOf returns the kind of a run.
func experimentOf(dir string) (lab.AnyKind, error) {
	run, err := lab.Open(dir)
	if err != nil {
		return nil, wrongInput(err)
	}
	name, err := run.Name()
	if err != nil {
		return nil, wrongInput(err)
	}
	i := slices.IndexFunc(experiments, func(kind lab.AnyKind) bool { return kind.IsOf(name) })
	if i < 0 {
		var names []string
		for _, kind := range experiments {
			name, _ := kind.About()
			names = append(names, fmt.Sprintf("%q", name))
		}
		return nil, usage("%s is a run of %q, which is unknown; known are %s", dir, name, strings.Join(names, ", "))
	}
	return experiments[i], nil
}

// names joins the names of a table's entries.
func names[V any](table map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(table)), ", ")
}
