package esrgan

import (
	"context"
	"fmt"
	"image"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// recorder restores the same crops again and again during a training.
type recorder struct {
	trainer
	dir  string
	exec *model.Exec     // Made on first use,
	low  *tensors.Tensor // like the crops.
}

// record saves the restored crops side by side.
func (r *recorder) record(ctx context.Context, store *model.Store, step int64) error {
	if err := r.prepare(ctx, store); err != nil {
		return err
	}
	outputs, err := r.exec.Call(r.low)
	if err != nil {
		return fmt.Errorf("restore crops: %w", err)
	}
	values, err := tensors.CopyFlatData[float32](outputs[0])
	if err != nil {
		return err
	}
	pictures := make([]*image.RGBA, r.config.Batch)
	for i := range pictures {
		each := len(values) / len(pictures)
		opaque := Pixels{r.config.Crop, r.config.Crop, values[i*each : (i+1)*each]}.Image()
		pictures[i] = &image.RGBA{
			Pix:    opaque.Pix,
			Stride: opaque.Stride,
			Rect:   opaque.Rect,
		} // Identical for opaque pictures.
	}
	return lab.SaveStrip(r.dir, step, pictures)
}

// prepare compiles the program and reads the crops, which differ from the first of the training.
func (r *recorder) prepare(ctx context.Context, store *model.Store) (err error) {
	if r.exec != nil {
		return nil
	}
	other := r.config
	other.Seed++
	source, err := other.Batches(r.pictures, 0, r.options.Warn)
	if err != nil {
		return err
	}
	defer source.Close()
	crops, err := source.Next(ctx)
	if err != nil {
		return err
	}
	r.low = crops[0]
	r.exec, err = model.NewExec(r.options.Backend, store, func(root *model.Scope, x *Node) *Node {
		return r.network.Generator(root.At("%s", lab.DrawnScope(r.config.AverageDecay)), r.config, x)
	})
	return err
}

// close frees the compiled program.
func (r *recorder) close() {
	if r.exec != nil {
		r.exec.Finalize()
	}
}

// ProgressFigure draws the same crops as restored over a training with SampleEvery: a row for each recorded step. dir
// may also be the folder of the pretraining.
func ProgressFigure(dir string) (*plots.Figure, error) {
	steps, strips, err := lab.ReadStrips(dir)
	if err != nil {
		return nil, err
	}
	return plots.Grid{Pictures: strips, RowLabels: steps}.Figure()
}
