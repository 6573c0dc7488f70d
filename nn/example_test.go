package nn_test

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
)

// Layers keep their weights in a scope: the same scope gives the same weights. [nn.ConvPool] equals a convolution and
// then the mean of 2×2 pixels.
func ExampleConvPool() {
	backend, err := xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	store := model.NewStore()
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x *Node) (pooled, difference *Node) {
		pooled = nn.ConvPool(scope.At("layer"), x, 3)
		long := nn.Downsample(nn.Conv(scope.At("layer"), x, 3, 3))
		return pooled, ReduceAllMax(Abs(Sub(pooled, long)))
	})
	if err != nil {
		log.Fatal(err)
	}
	defer exec.Finalize()
	picture := [][][][]float32{{ // [batch, height, width, channels]
		{{1}, {2}, {3}, {4}},
		{{5}, {6}, {7}, {8}},
	}}
	outputs, err := exec.Exec(picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outputs[0].Shape())
	fmt.Println("equal:", outputs[1].Value().(float32) < 1e-4)
	// Output:
	// (Float32)[1, 1, 2, 3]
	// equal: true
}

// D tells most real pictures from generated ones: 8 of 9 pairs are ranked right.
func ExampleRanking() {
	backend, err := xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	real, fake := []float32{0.5, 2, 3}, []float32{-1, 0, 1} // D's scores.
	share, err := CallOnce(backend, nn.Ranking, real, fake)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", share.Value())
	// Output: 0.89
}
