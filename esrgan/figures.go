package esrgan

import (
	"context"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// figures are the figures of a run.
func figures(_ context.Context, dir string, _ lab.Model, _ lab.FigureOptions) []lab.Drawing {
	return []lab.Drawing{{Name: "progress", Draw: func() (*plots.Figure, error) { return ProgressFigure(dir) }}}
}
