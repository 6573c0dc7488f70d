package gan

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/xla"
)

func TestSpeed(t *testing.T) {
	env := func(name string, d int) int {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return v
		}
		return d
	}
	b, err := xla.Open(context.Background(), xla.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Size: env("SIZE", 64), Classes: make([]string, 9), Noise: 128, GeneratorChannels: env("GCH", 32), DiscriminatorChannels: env("DCH", 32), Batch: env("BATCH", 16), DiscriminatorSteps: 2, LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999, PenaltyWeight: 0.5}
	store := model.NewStore()
	store.SetRNGStateFromSeed(1)
	exec := model.MustNewExec(b, store, func(scope *model.Scope, p, l *graph.Node) []*graph.Node { return Iteration(scope, c, p, l) })
	pics := make([]float32, 2*c.Batch*c.Size*c.Size*3)
	for i := range pics {
		pics[i] = float32(i%17)/8.5 - 1
	}
	labels := make([]int32, 2*c.Batch)
	for i := range labels {
		labels[i] = int32(i % 9)
	}
	for i := range env("N", 6) {
		t0 := time.Now()
		out := exec.MustCall(tensors.FromFlatDataAndDimensions(pics, 2, c.Batch, c.Size, c.Size, 3), tensors.FromFlatDataAndDimensions(labels, 2, c.Batch))
		fmt.Println(i, time.Since(t0), out[0].Value(), out[1].Value(), out[2].Value(), store.NumParameters())
	}
}
