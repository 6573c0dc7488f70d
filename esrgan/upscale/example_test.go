package upscale_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/esrgan/upscale"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
)

// Enlarge a file three times. A network that repeats each pixel stands in for [upscale.Open](backend, "anime"), whose
// weights [upscale.Install] fetches. xla.Options{} opens a faster backend.
func ExampleEnlarger() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "enlarge-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "small.png"), filepath.Join(dir, "large.png")
	small := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	small.Set(5, 5, color.NRGBA{R: 255, A: 128}) // Translucent red; the rest is transparent.
	file, err := os.Create(in)
	if err != nil {
		log.Fatal(err)
	}
	if err := png.Encode(file, small); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}

	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	repeat := func(_ *model.Scope, x *graph.Node) *graph.Node { return nn.Upsample(nn.Upsample(x)) }
	network, err := esrgan.NewUpscaler(backend, "nearest", 4, repeat, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	enlarger, err := upscale.NewEnlarger(network, upscale.Options{Scale: 3})
	if err != nil {
		log.Fatal(err)
	}
	size, err := enlarger.File(ctx, in, out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(size)

	large, err := enlarger.Image(ctx, small) // The same in memory.
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(large.Bounds().Size(), "opaque:", large.Opaque())
	// Output:
	// (60,30)
	// (60,30) opaque: false
}

// Find the pictures in folders. [upscale.Enlarger.Do] does each job.
func ExamplePlan() {
	dir, err := os.MkdirTemp("", "enlarge-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o755); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"a.jpg", "b.png", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, "in", name), nil, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	jobs, err := upscale.Plan(context.Background(), []string{filepath.Join(dir, "in")}, filepath.Join(dir, "out"), "webp")
	if err != nil {
		log.Fatal(err)
	}
	for _, job := range jobs {
		fmt.Println(filepath.Base(job.In), "→", filepath.Base(job.Out))
	}
	// Output:
	// a.jpg → a.webp
	// b.png → b.webp
}
