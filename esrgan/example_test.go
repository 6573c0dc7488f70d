package esrgan_test

import (
	"context"
	"fmt"
	"image"
	"log"
	"os"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
)

// Configure an experiment, train it, and enlarge a picture by the run. A useful training has the preset "laptop", and
// xla.Options{} opens a faster backend.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "sr-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()

	withoutVGG := func(c *esrgan.Config) { c.UseVGG("none") }
	config, err := esrgan.Experiment.Configure(dir, "smoke", withoutVGG, "pretrain_steps=1", "steps=1", "batch=1")
	if err != nil {
		log.Fatal(err)
	}
	summary, err := esrgan.Train(ctx, dir, config, lab.TrainOptions{Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("steps:", summary.Step)

	upscaler, err := esrgan.Open(backend, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer upscaler.Close()
	small := image.NewNRGBA(image.Rect(0, 0, 12, 8))
	large, err := upscaler.Upscale(ctx, esrgan.PixelsOf(small), esrgan.TileOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(large.Image().Bounds().Size())
	// Output:
	// steps: 1
	// (48,32)
}

// Shrink a picture to a quarter and compare what restores it: interpolation, and a network without weights that repeats
// each pixel. A trained network is a restorer, too.
func ExampleCompare() {
	ctx := context.Background()
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	repeat := func(_ *model.Scope, x *graph.Node) *graph.Node { return nn.Upsample(nn.Upsample(x)) }
	upscaler, err := esrgan.NewUpscaler(backend, "nearest", esrgan.Scale, repeat, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer upscaler.Close()

	picture, err := dataset.Illustrations(1, 1).Whole(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}
	comparison, err := esrgan.Compare(ctx, picture, esrgan.Bicubic(), upscaler.Restorer(esrgan.TileOptions{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(comparison.Small.Bounds().Size(), "→", comparison.Truth.Bounds().Size())
	bicubic := measure.PSNR(comparison.Truth, comparison.Restored[0])
	nearest := measure.PSNR(comparison.Truth, comparison.Restored[1])
	fmt.Printf("%s is better than %s: %t\n", comparison.Names[0], comparison.Names[1], bicubic > nearest)
	// Output:
	// (128,128) → (512,512)
	// bicubic is better than nearest: true
}
