package flow

import (
	"context"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// estimate runs the algorithm on frames, [batch, height, width].
func estimate(t *testing.T, options Options, inputs ...any) [][][][]float32 {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	return estimateOn(t, backend, options, inputs...)
}

func estimateOn(t *testing.T, backend compute.Backend, options Options, inputs ...any) [][][][]float32 {
	t.Helper()
	exec, err := model.NewExec(backend, model.NewStore(), func(_ *model.Scope, inputs []*Node) *Node {
		var initial *Node
		if len(inputs) == 3 {
			initial = inputs[2]
		}
		return Farneback(inputs[0], inputs[1], initial, options)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	outputs, err := exec.Call(inputs...)
	require.NoError(t, err)
	return outputs[0].Value().([][][][]float32)
}

func TestFarnebackEqualsOpenCV(t *testing.T) {
	golden, err := safetensors.Read("testdata/golden.safetensors")
	require.NoError(t, err)
	batch := func(name string) *tensors.Tensor {
		values, err := tensors.CopyFlatData[float32](golden[name])
		require.NoError(t, err)
		return tensors.FromFlatDataAndDimensions(values, append([]int{1}, golden[name].Shape().Dimensions...)...)
	}
	// The same arguments as in make_golden.py.
	for name, options := range map[string]Options{
		"tutorial": Default(),
		"gaussian": {
			PyramidScale: 0.7, Levels: 4, Window: 13, Iterations: 2, PolyRadius: 7, PolySigma: 1.5, Gaussian: true,
		},
		"even_window": {PyramidScale: 0.5, Levels: 0, Window: 10, Iterations: 5, PolyRadius: 5, PolySigma: 1.1},
		"initial":     {PyramidScale: 0.8, Levels: 2, Window: 9, Iterations: 1, PolyRadius: 3, PolySigma: 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, options.Validate())
			inputs := []any{batch("first"), batch("second")}
			if name == "initial" {
				inputs = append(inputs, batch("initial"))
			}
			flow := estimate(t, options, inputs...)[0]
			want := golden["flow/"+name].Value().([][][]float32)
			var distances []float64
			sum := 0.0
			for y, row := range want {
				for x, v := range row {
					distance := math.Hypot(float64(flow[y][x][0]-v[0]), float64(flow[y][x][1]-v[1]))
					distances, sum = append(distances, distance), sum+distance
				}
			}
			slices.Sort(distances)
			mean, high := sum/float64(len(distances)), distances[len(distances)*99/100]
			t.Logf("mean %.2g, 99th percentile %.2g, largest %.2g pixels", mean, high, distances[len(distances)-1])
			assert.Less(t, mean, 1e-3)
			assert.Less(t, high, 1e-2)
		})
	}
}

// waves is a texture shifted to the right and down.
func waves(height, width int, right, down float64) [][]float32 {
	frame := make([][]float32, height)
	for y := range frame {
		frame[y] = make([]float32, width)
		for x := range frame[y] {
			fx, fy := float64(x)-right, float64(y)-down
			frame[y][x] = float32(
				128 + 40*math.Sin(0.31*fx+0.1*fy) + 40*math.Cos(0.23*fy-0.12*fx) + 20*math.Sin(0.17*fx+0.29*fy),
			)
		}
	}
	return frame
}

func TestFarnebackFindsShifts(t *testing.T) {
	const height, width = 72, 90
	first := waves(height, width, 0, 0)
	shifts := [][2]float64{{0, 0}, {1.5, -0.75}, {-3, 2}, {0.1, 3}}
	var to [][][]float32
	for _, shift := range shifts {
		to = append(to, waves(height, width, shift[0], shift[1]))
	}
	flows := estimate(t, Default(), [][][]float32{first}, to)
	require.Len(t, flows, len(shifts))
	for i, shift := range shifts {
		for y := 20; y < height-20; y++ {
			for x := 20; x < width-20; x++ {
				require.InDelta(t, shift[0], flows[i][y][x][0], 0.15, "to the right by %v at %d, %d", shift, x, y)
				require.InDelta(t, shift[1], flows[i][y][x][1], 0.15, "down by %v at %d, %d", shift, x, y)
			}
		}
	}

	// A first frame shared by several pairs gives the same as one copy for each.
	apart := estimate(t, Default(), [][][]float32{first, first, first, first}, to)
	halves := estimate(t, Default(), [][][]float32{first, to[2]}, to)
	assert.InDelta(t, apart[1][30][40][0], halves[1][30][40][0], 1e-4)
	assert.InDelta(t, 0, halves[2][30][40][0], 1e-4, "the second half's first frame is the third")
	for i := range shifts {
		assert.InDelta(t, apart[i][30][40][0], flows[i][30][40][0], 1e-4)
		assert.InDelta(t, apart[i][30][40][1], flows[i][30][40][1], 1e-4)
	}
}

func TestEstimatorWorksInParts(t *testing.T) {
	const height, width = 256, 340 // Three at once.
	backend, err := xla.Open(t.Context(), xla.Options{})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	gray := func(right float64) *image.Gray {
		picture := image.NewGray(image.Rect(0, 0, width, height))
		for y, row := range waves(height, width, right, 0) {
			for x, v := range row {
				picture.SetGray(x, y, color.Gray{Y: uint8(v + 0.5)})
			}
		}
		return picture
	}
	estimator, err := NewEstimator(
		backend, Options{PyramidScale: 0.5, Window: 15, Iterations: 2, PolyRadius: 3, PolySigma: 1},
	)
	require.NoError(t, err)
	defer estimator.Close()
	var frames []*image.Gray
	for i := range 5 {
		frames = append(frames, gray(0.5*float64(i)))
	}
	flows, err := estimator.Estimate(t.Context(), frames[0], frames...)
	require.NoError(t, err)
	require.Len(t, flows, 5)
	for i, f := range flows {
		assert.InDelta(t, 0.5*float64(i), f.Value().([][][]float32)[128][170][0], 0.1, "frame %d", i)
	}
	none, err := estimator.Estimate(t.Context(), frames[0])
	require.NoError(t, err)
	assert.Empty(t, none)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = estimator.Estimate(ctx, frames[0], frames...)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestArgumentsThatCannotBeAreNamed(t *testing.T) {
	require.NoError(t, Default().Validate())
	err := Options{PyramidScale: 1, Levels: -1}.Validate()
	for _, says := range []string{
		"scale is 1", "levels are -1", "window is 0", "iterations are 0", "radius is 0", "sigma is 0",
	} {
		assert.ErrorContains(t, err, says)
	}
	err = Options{PyramidScale: 0.5, Levels: 1e9, Window: 1e9, Iterations: 1e9, PolyRadius: 1e9, PolySigma: 1e9}.Validate()
	for _, says := range []string{"levels are 1000000000", "window is", "iterations are", "radius is", "sigma is"} {
		assert.ErrorContains(t, err, says)
	}
}
