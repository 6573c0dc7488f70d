// Command weights trains the network of package eyes as moelab ships it, and measures it on blinks that it has not
// seen:
//
//	nice go run ./eyes/weights runs/eyes eyes/weights/eyes.safetensors
//
// The first argument is the run directory, the second the file of the weights. Ctrl-C saves; the same command goes on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: go run ./eyes/weights RUN FILE")
	}
	config, err := eyes.Experiment.Preset("shipped")
	if err != nil {
		return err
	}
	backend, err := xla.Open(ctx, xla.Options{Log: os.Stderr})
	if err != nil {
		return err
	}
	summary, err := eyes.Train(ctx, arguments[0], config, lab.TrainOptions{
		Backend: backend, SaveEvery: 250, Progress: lab.NewProgress(os.Stderr),
	})
	if err != nil {
		return err
	}
	fmt.Println(summary)
	finder, err := eyes.Open(backend, arguments[0])
	if err != nil {
		return err
	}
	defer finder.Close()
	const unseen = 1 << 40 // A seed that is no training's.
	scores, err := finder.Evaluate(ctx, dataset.DrawnBlinks(unseen, 30, 256), 3)
	if err != nil {
		return err
	}
	fmt.Println(scores)
	return eyes.Ship(arguments[0], arguments[1])
}
