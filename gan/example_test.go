package gan_test

import (
	"context"
	"fmt"
	"log"
	"os"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
)

// Configure an experiment, train it, and draw portraits from the run. A useful training has the preset "laptop", and
// xla.Options{} opens a faster backend.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "hair-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()

	config, err := gan.Experiment.Preset("smoke")
	if err != nil {
		log.Fatal(err)
	}
	for _, setting := range []string{"size=8", "generator_channels=2", "discriminator_channels=2", "batch=2", "steps=1"} {
		if config, err = lab.Assign(config, setting); err != nil {
			log.Fatal(err)
		}
	}
	summary, err := gan.Train(ctx, dir, config, lab.TrainOptions{Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("steps:", summary.Step)

	sampler, err := gan.Open(backend, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sampler.Close()
	blue, err := config.Label("blue")
	if err != nil {
		log.Fatal(err)
	}
	labels := []int{blue, blue, blue}
	portraits, err := sampler.Sample(ctx, config.DrawNoise(1, len(labels)), labels)
	if err != nil {
		log.Fatal(err)
	}
	for _, portrait := range portraits {
		fmt.Println(portrait.Bounds().Size())
	}
	// Output:
	// steps: 1
	// (8,8)
	// (8,8)
	// (8,8)
}

// A loss added to [gan.Losses] can be named in a configuration: here the least squares of Mao et al. 2017, whose D
// tends to 1 on real pictures and to 0 on generated ones.
func ExampleLoss() {
	ctx := context.Background()
	gan.Losses["least-squares"] = gan.Loss{
		Discriminator: func(real, fake *Node) *Node {
			return Add(ReduceAllMean(Square(OneMinus(real))), ReduceAllMean(Square(fake)))
		},
		Generator: func(_, fake *Node) *Node { return ReduceAllMean(Square(OneMinus(fake))) },
	}
	defer delete(gan.Losses, "least-squares")

	dir, err := os.MkdirTemp("", "hair-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	config, err := gan.Experiment.Configure(dir, "smoke", nil, "loss=least-squares", "size=8", "batch=2", "steps=1")
	if err != nil {
		log.Fatal(err)
	}
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	summary, err := gan.Train(ctx, dir, config, lab.TrainOptions{Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.Loss, "after step", summary.Step)
	fmt.Println("losses of D and G are positive:", summary.Values["D"] > 0 && summary.Values["G"] > 0)
	// Output:
	// least-squares after step 1
	// losses of D and G are positive: true
}
