package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

func newDiffCommand() *cobra.Command {
	var out string
	var seed uint64
	var n int
	command := &cobra.Command{
		Use:   "diff A B…",
		Short: "Compare runs: settings, numbers, curves, pictures",
		Long: `Print the settings in which runs differ, and their numbers side by side: the last metrics, and the measures of
the last "moelab eval --run". With -o, and runs of one kind, it also draws:

  NAME.png, .csv   each metric that the runs have in common, their curves laid on each other
  pictures.png     what each run makes of the same noise or the same inputs, a row for each run`,
		Example: `  moelab diff runs/hair runs/wgan
  moelab diff sweeps/ways/cells/*,seed=1 -o compared`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage("name two runs at least (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "folder for figures (default: none are drawn)")
	flags.Uint64Var(&seed, "seed", 1, "seed of the pictures")
	flags.IntVarP(&n, "number", "n", 6, "pictures of each run")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, dirs []string) error {
		if n < 1 || n > 100 {
			return usage("-n is %d: it must be from 1 to 100", n)
		}
		d := comparison{dirs: dirs, names: lab.ShortNames(dirs)}
		if err := d.read(); err != nil {
			return wrongInput(err)
		}
		if err := d.print(command.OutOrStdout()); err != nil || out == "" {
			return err
		}
		if d.kind == nil {
			return usage("figures compare runs of one kind, and these are of %s", strings.Join(d.kinds, ", "))
		}
		if err := d.drawCurves(command, out); err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		pictures, err := d.drawPictures(command.Context(), backend, seed, n)
		if errors.Is(err, lab.ErrNotOffered) {
			return nil
		}
		return saveFigure(command, out, "pictures", pictures, err)
	}
	return command
}

// comparison compares runs.
type comparison struct {
	dirs, names []string
	kinds       []string    // Of all runs, each once.
	kind        lab.AnyKind // The one of all runs; nil if there are several.
	differences []lab.Difference
	rows        []runRow
}

func (c *comparison) read() (err error) {
	for _, dir := range c.dirs {
		kind, err := experimentOf(dir)
		if err != nil {
			return err
		}
		c.kind = kind
		if name, _ := kind.About(); !slices.Contains(c.kinds, name) {
			c.kinds = append(c.kinds, name)
		}
		row, err := lookAtRun(dir)
		if err != nil {
			return err
		}
		if row.State == lab.Damaged {
			slog.Warn(fmt.Sprintf("%s is damaged: %s", dir, row.Fault))
		}
		c.rows = append(c.rows, row)
	}
	if len(c.kinds) > 1 {
		c.kind = nil
	}
	c.differences, err = lab.Differences(c.dirs)
	return err
}

// print prints a table: what differs, and the numbers.
func (c *comparison) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name string, value func(i int) string) {
		fmt.Fprint(table, name)
		for i := range c.dirs {
			text := value(i)
			if text == "" {
				text = "–"
			}
			fmt.Fprintf(table, "\t%s", text)
		}
		fmt.Fprintln(table)
	}
	line("", func(i int) string { return c.names[i] })
	line("kind", func(i int) string { return c.rows[i].Kind })
	line("state", func(i int) string { return string(c.rows[i].State) })
	for _, d := range c.differences {
		line(d.Setting, func(i int) string { return d.Values[i] })
	}
	line("step", func(i int) string { return fmt.Sprint(c.rows[i].Step) })
	for _, numbers := range []func(r runRow) map[string]float64{
		func(r runRow) map[string]float64 { return r.Metrics }, func(r runRow) map[string]float64 { return r.Measures },
	} {
		var all []map[string]float64
		for _, row := range c.rows {
			all = append(all, numbers(row))
		}
		for _, name := range namesIn(all...) {
			line(name, func(i int) string {
				if value, ok := numbers(c.rows[i])[name]; ok {
					return fmt.Sprintf("%.4g", value)
				}
				return ""
			})
		}
	}
	return table.Flush()
}

// drawCurves draws the metrics that all runs have, on the axes of their kind's own curves.
func (c *comparison) drawCurves(command *cobra.Command, out string) error {
	var curves []lab.Curve
	for _, dir := range c.dirs {
		drawn, err := c.kind.CurvesOf(dir)
		if err != nil {
			return err
		}
		curves = append(curves, drawn...)
	}
	for _, name := range namesIn(c.rows[0].Metrics) {
		lacks := func(r runRow) bool { _, has := r.Metrics[name]; return !has }
		if slices.ContainsFunc(c.rows, lacks) {
			continue
		}
		figure, err := lab.MetricFigure(name, lab.DrawnLog(name, curves), c.dirs, c.names)
		if err := saveFigure(command, out, fileName(name), figure, err); err != nil {
			return err
		}
	}
	return nil
}

// fileName is the name of a metric without what a path must not hold.
func fileName(metric string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\: `, r) {
			return '_'
		}
		return r
	}, metric)
}

// drawPictures draws the same subjects by each run.
func (c *comparison) drawPictures(
	ctx context.Context, backend compute.Backend, seed uint64, n int,
) (*plots.Figure, error) {
	grid := plots.Grid{RowLabels: c.names}
	for _, dir := range c.dirs {
		pictures, err := drawWith(ctx, c.kind, backend, dir, seed, n)
		if err != nil {
			return nil, err
		}
		grid.Pictures = append(grid.Pictures, pictures)
	}
	return grid.Figure()
}

// drawWith draws with the model of a run.
func drawWith(
	ctx context.Context, kind lab.AnyKind, backend compute.Backend, dir string, seed uint64, n int,
) ([]image.Image, error) {
	model, err := kind.OpenAny(backend, dir)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return model.Draw(ctx, seed, n)
}
