package blink_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
)

// Configure an experiment, train it, make a portrait blink as a reference does, and save the film. A useful training
// has the preset "laptop"; [blink.OpenShipped] opens a trained network. xla.Options{} opens a faster backend.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "blink-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()

	config, err := blink.Experiment.Configure(
		dir, "smoke", nil, "size=16", "drawn=1", "drawn_size=32", "batch=1", "steps=1",
	)
	if err != nil {
		log.Fatal(err)
	}
	summary, err := blink.Train(ctx, dir, config, lab.TrainOptions{Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("steps:", summary.Step)
	blinker, err := blink.Open(backend, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer blinker.Close()

	reference, err := blink.OpenReference(ctx, "quick")
	if err != nil {
		log.Fatal(err)
	}
	drawn, err := dataset.DrawnBlinks(1, 1, 128).Clip(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, drawn.Frames[0]); err != nil {
		log.Fatal(err)
	}
	portrait, err := blink.ReadPortrait(&file)
	if err != nil {
		log.Fatal(err)
	}
	eyes := [][]image.Rectangle{drawn.Eyes} // Of one face. Package eyes finds those of your own portraits.
	patches, err := blinker.Patches(ctx, portrait.Colours(), eyes, reference)
	if err != nil {
		log.Fatal(err)
	}
	film := blink.Film{Portrait: portrait, Patches: patches, Loop: true}
	if err := film.Save(filepath.Join(dir, "portrait.gif")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(patches), "eyes in", len(patches[0].Frames), "frames of", portrait.Bounds().Size())
	// Output:
	// steps: 1
	// 2 eyes in 16 frames of (128,128)
}

// Look at a reference: a blink for portraits to follow.
func ExampleOpenReference() {
	reference, err := blink.OpenReference(context.Background(), "quick")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(reference.Frames), "frames,", len(reference.Eyes), "eyes")
	fmt.Println("shut in frame", blink.Closed(reference))

	// Every fourth frame, side by side. In a notebook, figure.Show() shows them under the cell.
	figure, err := blink.StripFigure(4, blink.StripOf("quick", reference, image.Rect(0, 0, 64, 64)))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "blink-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := figure.Save(filepath.Join(dir, "quick.png")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 16 frames, 2 eyes
	// shut in frame 6
}
