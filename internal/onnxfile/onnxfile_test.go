package onnxfile_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	. "github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/nn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layer is a network of one input and one output.
type layer = func(scope *model.Scope, x *Node) *Node

// variables returns random weights for all variables of a network; variances are positive.
func variables(t *testing.T, build layer, x *tensors.Tensor) map[string]*tensors.Tensor {
	t.Helper()
	store := model.NewStore()
	ours(t, store, build, x)
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		path := strings.TrimPrefix(v.Path(), model.RootScopePath)
		values[path] = onnxfiletest.Random(v.Shape().Dimensions...)
		if v.Name() == "variance" {
			values[path] = tensors.FromScalarAndDimensions(float32(0.5), v.Shape().Dimensions...)
		}
	}
	delete(values, strings.TrimPrefix(model.RNGStateVariableName, model.RootScopePath))
	return values
}

// ours runs a network by GoMLX.
func ours(t *testing.T, store *model.Store, build layer, x *tensors.Tensor) []float32 {
	t.Helper()
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	exec, err := model.NewExec(backend, store, build)
	require.NoError(t, err)
	defer exec.Finalize()
	y, err := exec.Call1(x)
	require.NoError(t, err)
	return onnxfiletest.Floats(t, y)
}

// loader gives a store its variables.
type loader map[string]*tensors.Tensor

func (l loader) LoadVariable(_ *model.Store, path string) (*tensors.Tensor, bool) {
	value, ok := l[strings.TrimPrefix(path, model.RootScopePath)]
	return value, ok
}

func (loader) DeleteVariable(*model.Store, string) error { return nil }

// picture is an input of any size.
var picture = Input{
	Name: "picture", Axes: []Axis{Any("batch"), MultipleOf("height", 4), MultipleOf("width", 4), Exactly(4)},
}

// network is a network of one input and one output.
func network(input Input, build layer) Network {
	return Network{
		Name: "test", Inputs: []Input{input}, Outputs: []string{"result"},
		Build: func(scope *model.Scope, inputs []*Node) []*Node { return []*Node{build(scope, inputs[0])} },
	}
}

func TestLayersReadBackAreTheSameAtAnyLength(t *testing.T) {
	layers := map[string]layer{
		"convolution": func(s *model.Scope, x *Node) *Node { return nn.Conv(s, x, 3, 3) },
		"two convolutions": func(s *model.Scope, x *Node) *Node {
			return nn.Conv(s.At("b"), nn.Conv(s.At("a"), x, 3, 5, nn.NoBias), 2, 3)
		},
		"1×1 convolution":     func(s *model.Scope, x *Node) *Node { return nn.Conv(s, x, 3, 1) },
		"strided convolution": func(s *model.Scope, x *Node) *Node { return nn.StridedConv(s, x, 3, 4) },
		"pooling convolution": func(s *model.Scope, x *Node) *Node { return nn.ConvPool(s, x, 3) },
		"doubling convolution": func(s *model.Scope, x *Node) *Node {
			return nn.UpConv(s.At("b"), nn.LeakyReLU(nn.UpConv(s.At("a"), x, 3), 0.2), 2)
		},
		"spectral normalisation": func(s *model.Scope, x *Node) *Node { return nn.Conv(s, x, 3, 3, nn.Spectral) },
		"doubling":               func(_ *model.Scope, x *Node) *Node { return nn.Upsample(x) },
		"halving":                func(_ *model.Scope, x *Node) *Node { return nn.Downsample(x) },
		"halving by the largest": func(_ *model.Scope, x *Node) *Node { return nn.DownsampleMax(x) },
		"pixel shuffle":          func(_ *model.Scope, x *Node) *Node { return nn.PixelShuffle(x) },
		"space to depth":         func(_ *model.Scope, x *Node) *Node { return nn.SpaceToDepth(x) },
		"batch normalisation":    nn.BatchNorm,
		"ReLU":                   func(_ *model.Scope, x *Node) *Node { return nn.ReLU(x) },
		"PReLU":                  nn.PReLU,
		"channels first":         func(_ *model.Scope, x *Node) *Node { return Tanh(nn.ChannelsFirst(x)) },
		"many functions": func(_ *model.Scope, x *Node) *Node {
			y := Add(Sqrt(Exp(Neg(Abs(x)))), Sigmoid(Sin(x)))
			y = Sub(Mul(y, Cos(x)), Log(AddScalar(Square(x), 1)))
			return Max(MinScalar(y, 0.5), ClipScalar(Div(x, AddScalar(Abs(x), 1)), -0.3, 0.4))
		},
		"a vector for each pixel": func(_ *model.Scope, x *Node) *Node {
			d := x.Shape().Dimensions
			vector := BroadcastToDims(Const(x.Graph(), [][][][]float32{{{{1, 2}}}}), d[0], d[1], d[2], 2)
			return Concatenate([]*Node{x, vector}, -1)
		},
		"largest, smallest and sum": func(_ *model.Scope, x *Node) *Node {
			return Add(Sub(ReduceMax(x, -1), ReduceMin(x, -1)), ReduceSum(x, -1))
		},
		"product of vectors": func(_ *model.Scope, x *Node) *Node { return Einsum("bhwi,bhwj->bhij", x, x) },
	}
	for name, layer := range layers {
		t.Run(name, func(t *testing.T) {
			n := network(picture, layer)
			n.Weights = variables(t, layer, onnxfiletest.Random(1, 4, 4, 4))
			path := filepath.Join(t.TempDir(), "network.onnx")
			var file bytes.Buffer
			require.NoError(t, Write(&file, n))
			require.NoError(t, os.WriteFile(path, file.Bytes(), 0o644))
			for _, dims := range [][]int{{1, 4, 4, 4}, {3, 8, 12, 4}} {
				x := onnxfiletest.Random(dims...)
				store := model.NewStore()
				store.SetLoader(loader(n.Weights))
				want := ours(t, store, layer, x)
				got := onnxfiletest.Floats(t, onnxfiletest.Run(t, path, map[string]*tensors.Tensor{"picture": x}))
				assert.InDeltaSlice(t, want, got, 1e-4, "%v", dims)
			}
		})
	}
}

func TestVideosReadBackAreTheSame(t *testing.T) {
	layers := map[string]layer{
		"doubling":   func(s *model.Scope, x *Node) *Node { return nn.UpConv3D(s, x, 2) },
		"transposed": func(s *model.Scope, x *Node) *Node { return nn.Deconv3D(s, x, 2) },
	}
	video := Input{Name: "video", Axes: []Axis{
		Any("batch"), Exactly(2), MultipleOf("height", 2), MultipleOf("width", 2), Exactly(3),
	}}
	for name, layer := range layers {
		t.Run(name, func(t *testing.T) {
			n := network(video, layer)
			n.Weights = variables(t, layer, onnxfiletest.Random(1, 2, 2, 2, 3))
			path := filepath.Join(t.TempDir(), "network.onnx")
			var file bytes.Buffer
			require.NoError(t, Write(&file, n))
			require.NoError(t, os.WriteFile(path, file.Bytes(), 0o644))
			x := onnxfiletest.Random(2, 2, 4, 6, 3)
			store := model.NewStore()
			store.SetLoader(loader(n.Weights))
			want := ours(t, store, layer, x)
			got := onnxfiletest.Floats(t, onnxfiletest.Run(t, path, map[string]*tensors.Tensor{"video": x}))
			assert.InDeltaSlice(t, want, got, 1e-4)
		})
	}
}

func TestNetworksThatCannotBeWrittenSayWhy(t *testing.T) {
	mean := func(_ *model.Scope, x *Node) *Node { return ReduceMean(x, 1, 2) }
	flat := func(_ *model.Scope, x *Node) *Node { return Reshape(x, -1, 4) }
	sorted := func(_ *model.Scope, x *Node) *Node { return Round(x) }
	most := func(_ *model.Scope, x *Node) *Node {
		return Slice(x, AxisRange(), AxisRange(0, min(x.Shape().Dim(1), 12)))
	}
	dense := func(scope *model.Scope, x *Node) *Node { return nn.Conv(scope, x, 2, 3) }
	for name, c := range map[string]struct {
		build   layer
		weights map[string]*tensors.Tensor
		want    error
	}{
		"the number of pixels":   {mean, nil, ErrLength},
		"all pixels in a row":    {flat, nil, ErrLength},
		"at most twelve rows":    {most, nil, ErrLength},
		"an unknown operation":   {sorted, nil, ErrOperation},
		"no weights":             {dense, nil, ErrWeights},
		"weights of other shape": {dense, map[string]*tensors.Tensor{"weights": onnxfiletest.Random(3, 3, 4, 5)}, ErrWeights},
	} {
		t.Run(name, func(t *testing.T) {
			n := network(picture, c.build)
			n.Weights = c.weights
			var file bytes.Buffer
			err := Write(&file, n)
			require.ErrorIs(t, err, c.want)
			assert.Zero(t, file.Len())
		})
	}
}

func TestFixedLengthsNeedNoArithmetic(t *testing.T) {
	mean := func(_ *model.Scope, x *Node) *Node { return ReduceMean(x, 1, 2) }
	var file bytes.Buffer
	require.NoError(t, Write(&file, network(Input{
		Name: "picture", Axes: []Axis{Any("batch"), Exactly(4), Exactly(4), Exactly(2)},
	}, mean)))
	path := filepath.Join(t.TempDir(), "network.onnx")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o644))
	x := tensors.FromScalarAndDimensions(float32(math.Pi), 5, 4, 4, 2)
	got := onnxfiletest.Run(t, path, map[string]*tensors.Tensor{"picture": x})
	assert.Equal(t, []int{5, 2}, got.Shape().Dimensions)
	assert.InDelta(t, math.Pi, onnxfiletest.Floats(t, got)[7], 1e-5)
}
