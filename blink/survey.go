package blink

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
	"github.com/moelab/moelab/plots"
)

// Survey compares networks, each trained with one or several seeds.
type Survey []SurveyRow

// SurveyRow is a network in a [Survey]. Its lists have an entry for each seed.
type SurveyRow struct {
	// Title is the network's, Runs are the run directories.
	Title string
	Runs  []string
	// Weights is the number of the generator's weights.
	Weights int
	// StepTime is the mean duration of a step, in seconds.
	StepTime []float64
	// Own is how the held-out portraits followed their own blinks; empty for a network that draws from noise alone.
	Own []Summary
	// Films compares its videos with real ones.
	Films []FilmScore
}

// NewSurvey measures runs on clips and on the films of real ones. Runs that differ in their seeds only are one row. The
// networks' own output is measured, without the portrait's own detail.
func NewSurvey(
	ctx context.Context, backend compute.Backend, runs []string, clips dataset.Clips, real *RealFilms,
	options lab.EvaluateOptions,
) (survey Survey, err error) {
	rows := map[Config]int{}
	for _, dir := range runs {
		config, err := Experiment.Read(dir)
		if err != nil {
			return nil, err
		}
		config.Seed = 0
		row, known := rows[config]
		if !known {
			row = len(survey)
			rows[config], survey = row, append(survey, SurveyRow{Title: titleOf(config)})
		}
		if err := survey[row].add(ctx, backend, dir, clips, real, options); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	return survey, nil
}

// add measures a run.
func (r *SurveyRow) add(
	ctx context.Context, backend compute.Backend, dir string, clips dataset.Clips, real *RealFilms,
	options lab.EvaluateOptions,
) error {
	config, weights, _, err := Experiment.OpenModel(dir)
	if err != nil {
		return err
	}
	status, err := lab.ReadStatus(dir)
	if err != nil {
		return err
	}
	r.Runs, r.Weights = append(r.Runs, dir), 0
	for _, value := range weights.Below(lab.DrawnScope(config.AverageDecay)) {
		r.Weights += value.Shape().Size()
	}
	r.StepTime = append(r.StepTime, status.Seconds/float64(max(status.Step, 1)))
	b, err := newBlinker(backend, config, weights)
	if err != nil {
		return err
	}
	defer b.Close()
	b.Detail = false
	if !config.Unconditional {
		evaluation, err := b.Evaluate(ctx, clips, options)
		if err != nil {
			return err
		}
		r.Own = append(r.Own, evaluation.Own)
	}
	films, err := b.FilmScore(ctx, real)
	r.Films = append(r.Films, films)
	return err
}

// titleOf returns the title of the preset that a configuration comes from, else the network's name.
func titleOf(config Config) string {
	title := config.Network
	for _, preset := range slices.Concat(Failures, Surveyed) {
		for _, resize := range sizes {
			made := with(with(article, preset.change), resize)
			made.Schedule = config.Schedule
			same := made
			same.Unconditional, same.Content = config.Unconditional, config.Content
			if made == config || config.Unconditional && same == config {
				title = preset.Title
			}
		}
	}
	if config.Unconditional {
		title += ", from noise"
	}
	return title
}

// surveyColumns are what a survey shows of a row, each with its values, one for each seed.
var surveyColumns = []struct {
	name string
	of   func(r SurveyRow) []float64
}{
	{"seconds a step", func(r SurveyRow) []float64 { return r.StepTime }},
	{"closes", func(r SurveyRow) []float64 { return r.ofOwn(func(s Summary) float64 { return s.Closes }) }},
	{"in time", func(r SurveyRow) []float64 { return r.ofOwn(func(s Summary) float64 { return s.InTime }) }},
	{"error / repeating", func(r SurveyRow) []float64 { return r.ofOwn(func(s Summary) float64 { return s.ErrorRatio }) }},
	{"video distance", func(r SurveyRow) []float64 {
		return r.ofFilms(func(s FilmScore) float64 { return s.Distance.Value })
	}},
	{"of real videos", func(r SurveyRow) []float64 {
		return r.ofFilms(func(s FilmScore) float64 { return s.Floor.Value })
	}},
	{"flicker / real", func(r SurveyRow) []float64 {
		return r.ofFilms(func(s FilmScore) float64 { return s.Flicker / max(s.RealFlicker, 1e-9) })
	}},
}

func (r SurveyRow) ofOwn(measure func(Summary) float64) (values []float64) {
	for _, own := range r.Own {
		values = append(values, measure(own))
	}
	return values
}

func (r SurveyRow) ofFilms(measure func(FilmScore) float64) (values []float64) {
	for _, films := range r.Films {
		values = append(values, measure(films))
	}
	return values
}

// String returns a table: a row for each network, with means and standard deviations over the seeds.
func (s Survey) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\tseeds\tweights\t")
	for _, column := range surveyColumns {
		fmt.Fprintf(table, "%s\t", column.name)
	}
	fmt.Fprintln(table)
	for _, row := range s {
		fmt.Fprintf(table, "%s\t%d\t%d\t", row.Title, len(row.Runs), row.Weights)
		for _, column := range surveyColumns {
			fmt.Fprintf(table, "%s\t", sweep.SpreadOf(column.of(row)))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // To a buffer, which never fails.
	return strings.TrimRight(text.String(), "\n")
}

// WriteCSV writes the survey as a table of comma-separated values, a line for each run.
func (s Survey) WriteCSV(w io.Writer) error {
	head := []string{"network", "run", "weights"}
	for _, column := range surveyColumns {
		head = append(head, column.name)
	}
	table := csv.NewWriter(w)
	if err := table.Write(head); err != nil {
		return err
	}
	for _, row := range s {
		for i, run := range row.Runs {
			line := []string{row.Title, run, strconv.Itoa(row.Weights)}
			for _, column := range surveyColumns {
				value := ""
				if values := column.of(row); i < len(values) {
					value = strconv.FormatFloat(values[i], 'g', -1, 64)
				}
				line = append(line, value)
			}
			if err := table.Write(line); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

// DistanceFigure shows the networks' video distances, a dot for each seed, above that of real videos.
func (s Survey) DistanceFigure() (*plots.Figure, error) {
	dots := plots.Dots{
		Title: "How far drawn videos are from real ones",
		X:     "kernel distance of 16 features of the looks and 16 of the motion",
	}
	var floor []float64
	for _, row := range s {
		floor = row.ofFilms(func(f FilmScore) float64 { return f.Floor.Value })[:1]
		dots.Names = append(dots.Names, row.Title)
		dots.Values = append(dots.Values, row.ofFilms(func(f FilmScore) float64 { return f.Distance.Value }))
	}
	dots.Names, dots.Values = append(dots.Names, "other real videos"), append(dots.Values, floor)
	return dots.Figure()
}
