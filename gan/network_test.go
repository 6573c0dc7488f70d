package gan

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWidthsOfBlocks(t *testing.T) {
	tests := []struct {
		size                     int
		generator, discriminator []int // In multiples of the base.
	}{
		{8, []int{2, 1}, []int{1}},
		{16, []int{4, 2, 1}, []int{1, 2}},
		{32, []int{8, 4, 2, 1}, []int{1, 2, 4}},
		{64, []int{16, 8, 4, 2, 1}, []int{1, 2, 4, 8}},
		{128, []int{16, 16, 8, 4, 2, 1}, []int{1, 2, 4, 8, 16}}, // The paper's.
		{256, []int{16, 16, 16, 8, 4, 2, 1}, []int{1, 2, 4, 8, 16, 16}},
		{512, []int{16, 16, 16, 16, 8, 4, 2, 1}, []int{1, 2, 4, 8, 16, 16, 16}},
	}
	times := func(multiples []int, base int) []int {
		widths := make([]int, len(multiples))
		for i, m := range multiples {
			widths[i] = m * base
		}
		return widths
	}
	for _, test := range tests {
		config := preset(t, "article", fmt.Sprint("size=", test.size), "generator_channels=64", "discriminator_channels=3")
		assert.Equal(t, times(test.generator, 64), config.generatorWidths(), "size %d", test.size)
		assert.Equal(t, times(test.discriminator, 3), config.discriminatorWidths(), "size %d", test.size)
	}
}

// conv is the number of weights and biases of a convolution.
func conv(size, inputs, outputs int) int { return size*size*inputs*outputs + outputs }

// The graph is built, but not compiled: at this size that takes minutes.
func TestArticlePresetIsTheNetworkOfThePaper(t *testing.T) {
	config := preset(t, "article")
	classes := len(config.Classes)
	require.Equal(t, 9, classes)
	store := model.NewStore()
	g := NewGraph(backendOf(t, openGo), "article")
	defer g.Finalize()

	oneHot := config.oneHot(Parameter(g, "labels", shapes.Make(dtypes.Int32, 2)))
	pictures := Generator(store.RootScope().At("G"), config, Parameter(g, "noise", shapes.Make(dtypes.Float32, 2, 128)), oneHot)
	assert.Equal(t, []int{2, 128, 128, 3}, pictures.Shape().Dimensions)
	want := 128*4*4*1024 + 4*4*1024
	for _, block := range [][2]int{{1024, 1024}, {1024, 512}, {512, 256}, {256, 128}, {128, 64}} {
		in, out := block[0], block[1]
		want += 2*classes*in + conv(3, in, out) + 2*classes*out + conv(3, out, out) + conv(1, in, out)
	}
	want += 2*64 + conv(3, 64, 3)
	assert.Equal(t, want, trainable(store.RootScope().At("G")))

	scores := Discriminator(store.RootScope().At("D"), config, pictures, oneHot)
	assert.Equal(t, []int{2}, scores.Shape().Dimensions)
	want = conv(3, 3, 64) + conv(3, 64, 64) + conv(1, 3, 64)
	for _, block := range [][2]int{{64, 128}, {128, 256}, {256, 512}, {512, 1024}} {
		in, out := block[0], block[1]
		want += conv(3, in, in) + conv(3, in, out) + conv(1, in, out)
	}
	want += 2*conv(3, 1024, 1024) + 1024 + 1 + classes*1024
	assert.Equal(t, want, trainable(store.RootScope().At("D")))
}

// Equation 3 of Miyato & Koyama 2018, with weights that are spectrally normalised.
func TestDiscriminatorIsAProjection(t *testing.T) {
	config := preset(t, "smoke", "size=8", "batch=2")
	classes, features := len(config.Classes), config.DiscriminatorChannels
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(3))
	pictures := make([]float32, 2*8*8*3)
	for i, v := range gaussian(1, len(pictures)) {
		pictures[i] = float32(v)
	}
	outputs, err := model.CallOnceN(backendOf(t, openGo), store, func(scope *model.Scope, x *Node) []*Node {
		var scores []*Node
		for class := range classes {
			labels := BroadcastToDims(Const(x.Graph(), int32(class)), 2)
			scores = append(scores, Discriminator(scope, config, x, config.oneHot(labels)))
		}
		// What the blocks make of the picture, with the same weights.
		h := lastBlock(scope.At("last"), firstBlock(scope.At("down1"), x, features))
		return []*Node{Stack(scores, 0), ReduceSum(nn.ReLU(h), 1, 2)}
	}, tensors.FromFlatDataAndDimensions(pictures, 2, 8, 8, 3))
	require.NoError(t, err)
	scores, phi := flat(t, outputs[0]), flat(t, outputs[1])
	l, embedding, bias := normalised(t, store, "/score", features, 1), normalised(t, store, "/embedding", classes, features), variable(t, store, "/score/bias")[0]
	require.NotZero(t, norm(phi))

	for class := range classes {
		for i := range 2 {
			want := bias
			for j := range features {
				want += (l[j] + embedding[class*features+j]) * phi[i*features+j]
			}
			assert.InDelta(t, want, scores[2*class+i], 1e-4*max(1, norm(phi)), "class %d", class)
			if class > 0 {
				difference := 0.0
				for j := range features {
					difference += (embedding[class*features+j] - embedding[j]) * phi[i*features+j]
				}
				assert.InDelta(t, difference, scores[2*class+i]-scores[i], 1e-4*max(1, norm(phi)), "class %d", class)
				assert.NotZero(t, difference)
			}
		}
	}
}

// normalised returns the weights of a layer, [inputs, outputs], divided by vᵀWu as spectral normalisation does when nothing
// is trained.
func normalised(t *testing.T, store *model.Store, layer string, inputs, outputs int) []float64 {
	t.Helper()
	w, u := variable(t, store, layer+"/weights"), variable(t, store, layer+"/u")
	v, sigma := make([]float64, inputs), 0.0
	for i := range inputs {
		for j := range outputs {
			v[i] += w[i*outputs+j] * u[j]
		}
	}
	for i := range inputs {
		for j := range outputs {
			sigma += v[i] / norm(v) * w[i*outputs+j] * u[j] / norm(u)
		}
	}
	for i := range w {
		w[i] /= sigma
	}
	return w
}

// variable copies a variable of float32.
func variable(t *testing.T, store *model.Store, path string) []float64 {
	t.Helper()
	v := store.GetVariable(path)
	require.NotNil(t, v, path)
	value, err := v.Value()
	require.NoError(t, err)
	return flat(t, value)
}

// flat copies a tensor of float32.
func flat(t *testing.T, x *tensors.Tensor) []float64 {
	t.Helper()
	values, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}
