package flow_test

import (
	"context"
	"fmt"
	"image"
	"log"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/flow"
	"github.com/moelab/moelab/xla"
)

// The flow of a picture that moves two pixels to the right and one up. xla.Options{} opens a faster backend.
func ExampleEstimator() {
	ctx := context.Background()
	backend, err := xla.Open(ctx, xla.Options{Backend: "go:ops_sequential"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	estimator, err := flow.NewEstimator(backend, flow.Default())
	if err != nil {
		log.Fatal(err)
	}
	defer estimator.Close()

	const size = 64
	waves := func(dx, dy int) *image.Gray {
		frame := image.NewGray(image.Rect(0, 0, size, size))
		for i := range frame.Pix {
			x, y := float64(i%size-dx), float64(i/size-dy)
			frame.Pix[i] = uint8(128 + 60*math.Sin(x/5)*math.Cos(y/6) + 40*math.Sin((x+2*y)/11))
		}
		return frame
	}
	flows, err := estimator.Estimate(ctx, waves(0, 0), waves(2, -1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(flows[0].Shape().Dimensions)

	vectors, err := tensors.CopyFlatData[float32](flows[0])
	if err != nil {
		log.Fatal(err)
	}
	var right, down float64
	for i := 0; i < len(vectors); i += 2 {
		right += float64(vectors[i]) / (size * size)
		down += float64(vectors[i+1]) / (size * size)
	}
	fmt.Printf("on average %.0f to the right, %.0f down\n", right, down)
	// Output:
	// [64 64 2]
	// on average 2 to the right, -1 down
}
