// Package bench times moelab against its peers: the same mathematics on the same machine, in turns. The peers are the
// Python programs in this folder; they are not part of the product.
package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute"
)

// Result is the measurement of one program in one case.
type Result struct {
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Median  time.Duration `json:"median"`
	Fastest time.Duration `json:"fastest"`
	// Losses are the results of the first run: the losses of an iteration, or the means of a picture's colours.
	Losses []float64 `json:"losses"`
	// Ratio is moelab's median divided by this one: below 1, moelab is faster.
	Ratio float64 `json:"ratio"`
	// LossDifference is the largest relative difference of a loss from moelab's.
	LossDifference float64 `json:"loss_difference"`
}

// stepper runs a program, one step at a time.
type stepper interface {
	step(ctx context.Context) (seconds float64, losses []float64, err error)
	close()
}

// Contest is a task at which moelab and its peers are timed.
type Contest interface {
	// start prepares moelab, and writes the peers' input file to dir.
	start(backend compute.Backend, dir string) (moelab stepper, file string, err error)
	// programs are the peers.
	programs() []peerProgram
}

// Run times moelab and its peers at a contest: after one run that compiles, a number of runs of each, in turn. It
// creates the peers' virtual environments, which take several gigabytes. The first result is moelab's.
func Run(
	ctx context.Context, backend compute.Backend, c Contest, runs int, log io.Writer,
) (results []Result, err error) {
	dir, err := os.MkdirTemp("", "moelab-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	ours, file, err := c.start(backend, dir)
	if err != nil {
		return nil, err
	}
	steppers := []stepper{ours}
	results = []Result{{Name: "moelab", Version: backend.Description()}}
	defer func() {
		for _, s := range steppers {
			s.close()
		}
	}()
	if err := writeScripts(dir); err != nil {
		return nil, err
	}
	for _, program := range c.programs() {
		peer, version, err := program.start(ctx, dir, file, log)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", program.name, err)
		}
		steppers = append(steppers, peer)
		results = append(results, Result{Name: program.name, Version: version})
	}
	return results, alternate(ctx, steppers, results, runs, log)
}

// alternate runs the programs in turn and fills the results.
func alternate(ctx context.Context, steppers []stepper, results []Result, runs int, log io.Writer) error {
	times := make([][]float64, len(steppers))
	for run := range runs + 1 {
		for i, s := range steppers {
			seconds, losses, err := s.step(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", results[i].Name, err)
			}
			if run == 0 { // It compiled. Only its losses are kept: all programs start from the same weights.
				results[i].Losses = losses
				continue
			}
			times[i] = append(times[i], seconds)
			fmt.Fprintf(log, "run %d of %d: %-24s %7.3f s\n", run, runs, results[i].Name, seconds)
		}
	}
	for i := range results {
		slices.Sort(times[i])
		results[i].Median = toDuration(median(times[i]))
		results[i].Fastest = toDuration(times[i][0])
		results[i].Ratio = results[0].Median.Seconds() / results[i].Median.Seconds()
		for j, loss := range results[i].Losses {
			want := results[0].Losses[j]
			if loss != want { // Also if both are 0.
				results[i].LossDifference = max(results[i].LossDifference, math.Abs(loss-want)/math.Abs(want))
			}
		}
	}
	return nil
}

// median returns the median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func toDuration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
