package bench

import (
	"context"
	"image"
	"image/draw"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/flow"
)

// Flow is the optical flow of a number of drawn blinks of 16 frames, from the first frame to each, at Side×Side pixels.
// Its "losses" are the means of its components' absolute values.
type Flow struct{ Videos, Side int }

// opencvPackages are the packages of the peer in OpenCV.
var opencvPackages = environment{
	"opencv",
	[]string{"opencv-python-headless==5.0.0.93", "numpy==2.2.6", "safetensors==0.6.2"},
}

// programs are the peers.
func (f Flow) programs() []peerProgram {
	return []peerProgram{{"OpenCV", "flow_opencv.py", nil, opencvPackages}}
}

// estimating is moelab's implementation.
type estimating struct {
	estimator *flow.Estimator
	videos    [][]*image.Gray
}

// start draws the blinks. The program is compiled by the first step, which is not timed.
func (f Flow) start(backend compute.Backend, dir string) (_ stepper, file string, err error) {
	clips := dataset.DrawnBlinks(1, f.Videos, f.Side)
	var e estimating
	var first, then []float32
	for i := range f.Videos {
		clip, err := clips.Clip(context.Background(), i)
		if err != nil {
			return nil, "", err
		}
		var video []*image.Gray
		for k, frame := range clip.Frames {
			gray := image.NewGray(frame.Rect)
			draw.Draw(gray, gray.Rect, frame, image.Point{}, draw.Src)
			video = append(video, gray)
			for _, v := range gray.Pix {
				then = append(then, float32(v))
				if k == 0 {
					first = append(first, float32(v))
				}
			}
		}
		e.videos = append(e.videos, video)
	}
	if e.estimator, err = flow.NewEstimator(backend, flow.Default()); err != nil {
		return nil, "", err
	}
	planes := func(values []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(values, len(values)/(f.Side*f.Side), f.Side, f.Side)
	}
	file = filepath.Join(dir, "case.safetensors")
	return &e, file, writeCase(
		file, map[string]*tensors.Tensor{"inputs/first": planes(first), "inputs/then": planes(then)}, f,
	)
}

func (e *estimating) step(ctx context.Context) (float64, []float64, error) {
	start := time.Now()
	var flows []*tensors.Tensor
	for _, video := range e.videos {
		some, err := e.estimator.Estimate(ctx, video[0], video...)
		if err != nil {
			return 0, nil, err
		}
		flows = append(flows, some...)
	}
	seconds := time.Since(start).Seconds()
	means := make([]float64, 2)
	for _, f := range flows {
		vectors, err := tensors.CopyFlatData[float32](f)
		if err != nil {
			return 0, nil, err
		}
		for i, v := range vectors {
			means[i%2] += max(float64(v), -float64(v)) / float64(len(vectors)/2*len(flows))
		}
	}
	return seconds, means, nil
}

func (e *estimating) close() { e.estimator.Close() }
