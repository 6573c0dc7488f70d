package bench

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset/illustration"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/esrgan/upscale"
)

// Upscaling is enlarging a drawn illustration of Side×Side pixels four times by Real-ESRGAN's network for anime, whose
// weights must be installed. Its "losses" are the means of the colours of the result.
type Upscaling struct{ Side int }

// ncnnPackages are the packages of the peer in ncnn.
var ncnnPackages = environment{"ncnn", []string{"ncnn==1.0.20261020", "numpy==2.2.6", "safetensors==0.6.2"}}

// programs are the peers.
func (u Upscaling) programs() []peerProgram {
	const script = "upscale_torch.py"
	net := filepath.Join(upscale.Installed(), "realesrgan-x4plus-anime")
	return []peerProgram{
		{"ncnn", "upscale_ncnn.py", []string{net}, ncnnPackages},
		{"PyTorch", script, nil, peerPackages},
		{"PyTorch, channels last", script, []string{"channels_last"}, peerPackages},
	}
}

// upscaling is moelab's implementation.
type upscaling struct {
	upscaler *esrgan.Upscaler
	picture  esrgan.Pixels
}

// start opens the network and writes its weights and the picture to a file in dir.
func (u Upscaling) start(backend compute.Backend, dir string) (_ stepper, file string, err error) {
	upscaler, err := upscale.OpenPretrained(backend, "anime")
	if err != nil {
		return nil, "", err
	}
	upscaler.Often = true // As for an animation or a large picture.
	weights, err := upscaler.Weights()
	if err != nil {
		return nil, "", err
	}
	values := map[string]*tensors.Tensor{}
	for name, value := range weights {
		values["generator/"+name] = value
	}
	drawn := illustration.Draw(1, 0, u.Side) // It is opaque, so that both types of alpha are the same.
	picture := esrgan.PixelsOf(&image.NRGBA{Pix: drawn.Pix, Stride: drawn.Stride, Rect: drawn.Rect})
	values["inputs/low"] = tensors.FromFlatDataAndDimensions(picture.RGB, 1, u.Side, u.Side, 3)
	const blocks = 6
	file = filepath.Join(dir, "case.safetensors")
	return &upscaling{upscaler, picture}, file, writeCase(file, values, map[string]int{"blocks": blocks})
}

func (u *upscaling) step(ctx context.Context) (float64, []float64, error) {
	start := time.Now()
	large, err := u.upscaler.Upscale(ctx, u.picture, esrgan.TileOptions{})
	if err != nil {
		return 0, nil, fmt.Errorf("enlarge: %w", err)
	}
	seconds := time.Since(start).Seconds()
	means := make([]float64, 3)
	for i, v := range large.RGB {
		means[i%3] += float64(v) / float64(len(large.RGB)/3)
	}
	return seconds, means, nil
}

func (u *upscaling) close() { u.upscaler.Close() }
