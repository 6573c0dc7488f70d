package gan

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// progressSeed is the seed of the noise whose pictures a run keeps over time.
const progressSeed = 1

// recorder draws the same noise vectors, one for each class, again and again during a training.
type recorder struct {
	backend compute.Backend
	config  Config
	dir     string
	sampler *Sampler // Made on first use.
}

// record draws the portraits side by side into figures/progress/step-N.png.
func (r *recorder) record(ctx context.Context, store *model.Store, step int64) error {
	if r.sampler == nil {
		if err := r.prepare(store); err != nil {
			return err
		}
	}
	labels := make([]int, len(r.config.Classes))
	for i := range labels {
		labels[i] = i
	}
	pictures, err := r.sampler.Sample(ctx, r.config.DrawNoise(progressSeed, len(labels)), labels)
	if err != nil {
		return err
	}
	return lab.SaveStrip(r.dir, step, pictures)
}

// prepare compiles the program that draws with the training's weights.
func (r *recorder) prepare(store *model.Store) error {
	network, err := r.config.network()
	if err != nil {
		return err
	}
	exec, err := model.NewExec(r.backend, store, network.generator(r.config, lab.DrawnScope(r.config.AverageDecay)))
	if err != nil {
		return fmt.Errorf("prepare the generator: %w", err)
	}
	r.sampler = &Sampler{Config: r.config, exec: exec}
	return nil
}

// close frees the compiled program.
func (r *recorder) close() {
	if r.sampler != nil {
		r.sampler.Close()
	}
}

// ProgressFigure draws the pictures of the same noise over a training with SampleEvery: a row for each recorded step.
func ProgressFigure(dir string) (*plots.Figure, error) {
	config, err := Experiment.Read(dir)
	if err != nil {
		return nil, err
	}
	steps, strips, err := lab.ReadStrips(dir)
	if err != nil {
		return nil, err
	}
	return plots.Grid{
		Pictures: strips, RowLabels: steps, ColumnLabels: config.Classes, ColumnColours: swatches(config.Classes),
	}.Figure()
}

// filmRate is a film's number of recorded steps per second, and filmHold how many such frames the last one is held.
const filmRate, filmHold = 4, 8

// FilmFigure is [ProgressFigure] as a film: a clip per class.
func FilmFigure(dir string) (*plots.Figure, error) {
	config, err := Experiment.Read(dir)
	if err != nil {
		return nil, err
	}
	_, strips, err := lab.ReadStrips(dir)
	if err != nil {
		return nil, err
	}
	strips = append(strips, slices.Repeat(strips[len(strips)-1:], filmHold)...)
	film := plots.Film{Labels: config.Classes, Clips: make([][]image.Image, len(config.Classes)), Rate: filmRate}
	for _, strip := range strips {
		if len(strip) != len(config.Classes) {
			return nil, fmt.Errorf("draw the film of %s: %d pictures of %d classes", dir, len(strip), len(config.Classes))
		}
		for i, picture := range strip {
			film.Clips[i] = append(film.Clips[i], picture)
		}
	}
	return film.Figure()
}
