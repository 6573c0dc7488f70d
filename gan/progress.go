package gan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/plots"
)

// progressDir is where a run keeps pictures of the same noise over time.
const progressDir = "figures/progress"

// progressSeed decides that noise.
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
		if r.sampler, err = newSampler(r.backend, r.config, store); err != nil {
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
	size := r.config.Size
	strip := image.NewRGBA(image.Rect(0, 0, size*len(pictures), size))
	for i, picture := range pictures {
		draw.Draw(strip, image.Rect(i*size, 0, (i+1)*size, size), picture, image.Point{}, draw.Src)
	}
	dir := filepath.Join(r.dir, progressDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return dataset.SavePNG(filepath.Join(dir, fmt.Sprintf("step-%08d.png", step)), strip)
}

// close frees the compiled program.
func (r *recorder) close() {
	if r.sampler != nil {
		r.sampler.Close()
	}
}

// ProgressFigure draws how the same noise came to look during a training that was given SampleEvery: a row for each time.
func ProgressFigure(dir string) (*plots.Figure, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	paths, _ := filepath.Glob(filepath.Join(dir, progressDir, "step-*.png")) // Only a malformed pattern is an error.
	if len(paths) == 0 {
		return nil, fmt.Errorf("draw the progress of %s: nothing was recorded; train it with samples", dir)
	}
	slices.Sort(paths)
	var rows [][]image.Image
	var labels []string
	for _, path := range paths {
		var step int64
		if _, err := fmt.Sscanf(filepath.Base(path), "step-%d.png", &step); err != nil {
			return nil, fmt.Errorf("draw the progress of %s: %s is no picture of a step", dir, path)
		}
		row, err := readStrip(path, config.Size)
		if err != nil {
			return nil, err
		}
		rows, labels = append(rows, row), append(labels, fmt.Sprint(step))
	}
	return plots.Grid{Pictures: rows, RowLabels: labels, ColumnLabels: config.Classes, ColumnColours: swatches(config.Classes)}.Figure()
}

// readStrip cuts a strip into its square pictures.
func readStrip(path string, size int) ([]image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	strip, err := png.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	part, ok := strip.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok || strip.Bounds().Dy() != size {
		return nil, fmt.Errorf("read %s: %w", path, errors.New("it is not a strip of this run's pictures"))
	}
	var pictures []image.Image
	for x := 0; x < strip.Bounds().Dx(); x += size {
		pictures = append(pictures, part.SubImage(image.Rect(x, 0, x+size, size)))
	}
	return pictures, nil
}
