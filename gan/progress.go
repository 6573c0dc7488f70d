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

// progressSeed decides the noise whose pictures a run keeps over time.
const progressSeed = 1

// recorder draws the same noise vectors, one for each class, again and again while a run is trained.
type recorder struct {
	backend compute.Backend
	config  Config
	dir     string
	sampler *Sampler // Made when it is first needed.
}

// record draws the portraits side by side into figures/progress/step-N.png.
func (r *recorder) record(ctx context.Context, store *model.Store, step int64) (err error) {
	if r.sampler == nil {
		if r.sampler, err = newSampler(r.backend, r.config, store, r.config.drawnWith()); err != nil {
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

// close frees the compiled program.
func (r *recorder) close() {
	if r.sampler != nil {
		r.sampler.Close()
	}
}

// ProgressFigure draws how the same noise came to look during a training that was given SampleEvery: a row for each time.
func ProgressFigure(dir string) (*plots.Figure, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	steps, strips, err := lab.ReadStrips(dir)
	if err != nil {
		return nil, err
	}
	return plots.Grid{Pictures: strips, RowLabels: steps, ColumnLabels: config.Classes, ColumnColours: swatches(config.Classes)}.Figure()
}

// filmRate is the times a second that a film of a training shows, and filmHold how many of them it shows the last one for.
const filmRate, filmHold = 4, 8

// FilmFigure is what [ProgressFigure] draws as a film: a clip per class.
func FilmFigure(dir string) (*plots.Figure, error) {
	config, err := ReadConfig(dir)
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
