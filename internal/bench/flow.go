package bench

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/flow"
)

// Flow is the optical flow of a number of drawn blinks of 16 frames, from the first frame to each, at Side×Side pixels. Its "losses" are the means of its
// components' absolute values.
type Flow struct{ Videos, Side int }

// opencvPackages are what the peer in OpenCV runs on.
var opencvPackages = environment{"opencv", []string{"opencv-python-headless==5.0.0.93", "numpy==2.2.6", "safetensors==0.6.2"}}

// programs are the peers.
func (f Flow) programs() []peerProgram {
	return []peerProgram{{"OpenCV", "flow_opencv.py", nil, opencvPackages}}
}

// estimating is moelab's way.
type estimating struct {
	exec        *model.Exec
	first, then *tensors.Tensor
}

// start draws the blinks and compiles the program.
func (f Flow) start(backend compute.Backend, dir string) (_ stepper, file string, err error) {
	const frames = 16
	clips := dataset.DrawnBlinks(1, f.Videos, f.Side)
	var first, then []float32
	for i := range f.Videos {
		clip, err := clips.Clip(context.Background(), i)
		if err != nil {
			return nil, "", err
		}
		for k, frame := range clip.Frames {
			gray := image.NewGray(frame.Rect)
			draw.Draw(gray, gray.Rect, frame, image.Point{}, draw.Src)
			values := make([]float32, len(gray.Pix))
			for p, v := range gray.Pix {
				values[p] = float32(v)
			}
			if k == 0 {
				first = append(first, values...)
			}
			then = append(then, values...)
		}
	}
	n := f.Videos * frames
	e := &estimating{
		first: tensors.FromFlatDataAndDimensions(first, f.Videos, f.Side, f.Side),
		then:  tensors.FromFlatDataAndDimensions(then, n, f.Side, f.Side),
	}
	e.exec, err = model.NewExec(backend, model.NewStore(), func(_ *model.Scope, first, then *graph.Node) *graph.Node {
		return flow.Farneback(first, then, nil, flow.Default())
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := e.exec.Compile(e.first.Shape(), e.then.Shape()); err != nil {
		return nil, "", fmt.Errorf("compile the flow: %w", err)
	}
	file = filepath.Join(dir, "case.safetensors")
	return e, file, writeCase(file, map[string]*tensors.Tensor{"inputs/first": e.first, "inputs/then": e.then}, f)
}

func (e *estimating) step(context.Context) (float64, []float64, error) {
	start := time.Now()
	output, err := e.exec.Call1(e.first, e.then)
	if err != nil {
		return 0, nil, err
	}
	vectors, err := tensors.CopyFlatData[float32](output)
	if err != nil {
		return 0, nil, err
	}
	seconds := time.Since(start).Seconds()
	means := make([]float64, 2)
	for i, v := range vectors {
		means[i%2] += max(float64(v), -float64(v)) / float64(len(vectors)/2)
	}
	return seconds, means, output.FinalizeAll()
}

func (e *estimating) close() { e.exec.Finalize() }
