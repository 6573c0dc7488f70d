package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

func newFiguresCommand() *cobra.Command {
	var dir, out string
	var seed uint64
	command := &cobra.Command{
		Use:   "figures",
		Short: "Draw the article's figures from runs",
		Long: `Draw the figures of a run of any kind into a folder, with the data behind them. The commands below draw
several runs and compare them.`,
		Example: `  moelab figures --run runs/hair
  moelab figures gan --run runs/projection --run runs/ac-gan -o figures`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (required)")
	flags.Uint64Var(&seed, "seed", 1, "seed of the drawn pictures")
	flags.StringVarP(&out, "out", "o", "", "folder for the figures (default: the run's figures)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if dir == "" {
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		}
		kind, err := experimentOf(dir)
		if err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		model, err := kind.OpenAny(backend, dir)
		switch {
		case errors.Is(err, lab.ErrNotOffered): // It has curves all the same.
		case err != nil:
			return wrongInput(err)
		default:
			defer model.Close()
		}
		if out, err = figuresFolder(out, dir); err != nil {
			return err
		}
		return drawRun(command, kind, dir, model, lab.FigureOptions{Backend: backend, Seed: seed}, out, "")
	}
	command.AddCommand(newFiguresGANCommand(), newFiguresSRCommand(), newFiguresBlinkCommand(), newFiguresMotionCommand())
	return command
}

// figuresFolder returns the folder for figures: the one that -o names, or that of the first run.
func figuresFolder(out string, runs ...string) (string, error) {
	if out != "" {
		return out, nil
	}
	if _, err := lab.Open(runs[0]); err != nil {
		return "", wrongInput(err)
	}
	if err := lab.CheckLinks(runs[0]); err != nil {
		return "", wrongInput(err)
	}
	return filepath.Join(runs[0], "figures"), nil
}

// drawRun draws the figures of an opened run, with a suffix to their names.
func drawRun(
	command *cobra.Command, kind lab.AnyKind, dir string, model lab.Model, options lab.FigureOptions, out, suffix string,
) error {
	drawings, err := kind.Drawings(command.Context(), dir, model, options)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, drawing := range drawings {
		figure, err := drawing.Draw()
		if errors.Is(err, lab.ErrLacks) {
			continue
		}
		if err := saveFigure(command, out, drawing.Name+suffix, figure, err); err != nil {
			return err
		}
	}
	return nil
}

// saveFigure saves a figure in a folder, with the data behind it if any, and prints the path. If drawing failed with
// err, it only wraps that.
func saveFigure(command *cobra.Command, dir, name string, figure *plots.Figure, err error) error {
	if err != nil {
		return fmt.Errorf("draw %s: %w", name, err)
	}
	path := filepath.Join(dir, name+".png")
	if err := figure.Save(path); err != nil {
		return err
	}
	if err := figure.SaveCSV(filepath.Join(dir, name+".csv")); err != nil && !errors.Is(err, plots.ErrNoNumbers) {
		return err
	}
	fmt.Fprintln(command.OutOrStdout(), path)
	return nil
}
