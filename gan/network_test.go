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

// The graphs are built, but not compiled: at these sizes that takes minutes.
func TestNetworksAreThoseOfThePapers(t *testing.T) {
	const classes, noise = 9, 128
	resblockG := func(widths ...int) (n int) {
		n = noise*4*4*widths[0] + 4*4*widths[0]
		for i, in := range widths[:len(widths)-1] {
			out := widths[i+1]
			n += 2*classes*in + conv(3, in, out) + 2*classes*out + conv(3, out, out) + conv(1, in, out)
		}
		last := widths[len(widths)-1]
		return n + 2*last + conv(3, last, 3)
	}
	resblockD := func(widths ...int) (n int) {
		n = conv(3, 3, widths[0]) + conv(3, widths[0], widths[0]) + conv(1, 3, widths[0])
		for i, in := range widths[:len(widths)-1] {
			out := widths[i+1]
			n += conv(3, in, in) + conv(3, in, out) + conv(1, in, out)
		}
		last := widths[len(widths)-1]
		return n + 2*conv(3, last, last) + last + 1 + classes*last
	}
	srresnetG := func(doublings int) int {
		n := (noise+classes)*64*16*16 + 3*64*16*16 // Biases, scales and offsets.
		n += 16 * 2 * (conv(3, 64, 64) + 2*64)
		return n + 2*64 + doublings*(conv(3, 64, 256)+2*64) + conv(9, 64, 3)
	}
	srresnetD := func(widths ...int) (n int) {
		in := 3
		for i, out := range widths {
			kernel := 3
			if i < 3 {
				kernel = 4
			}
			n += conv(kernel, in, out)
			if i < len(widths)-1 {
				n += 2 * 2 * conv(3, out, out)
			}
			in = out
		}
		return n + (1+classes)*2*2*in + 1
	}
	tests := []struct {
		preset string
		size   int
		g, d   int
	}{
		{"article", 64, resblockG(1024, 512, 256, 128, 64), resblockD(64, 128, 256, 512)},
		{"article", 128, resblockG(1024, 1024, 512, 256, 128, 64), resblockD(64, 128, 256, 512, 1024)}, // The papers'.
		{"article", 256, resblockG(1024, 1024, 1024, 512, 256, 128, 64), resblockD(64, 128, 256, 512, 1024, 1024)},
		{"article", 512, resblockG(1024, 1024, 1024, 1024, 512, 256, 128, 64), resblockD(64, 128, 256, 512, 1024, 1024, 1024)},
		{"article-srresnet", 64, srresnetG(2), srresnetD(32, 64, 128, 256, 512)},
		{"article-srresnet", 128, srresnetG(3), srresnetD(32, 64, 128, 256, 512, 1024)},
		{"article-srresnet", 256, srresnetG(4), srresnetD(32, 64, 128, 256, 512, 1024, 1024)},
		{"article-srresnet", 512, srresnetG(5), srresnetD(32, 64, 128, 256, 512, 1024, 1024, 1024)},
	}
	for _, test := range tests {
		name := fmt.Sprint(test.preset, " ", test.size)
		config := preset(t, test.preset, fmt.Sprint("size=", test.size))
		require.NoError(t, config.Validate(), name)
		store, network := model.NewStore(), Networks[config.Network]
		g := NewGraph(backendOf(t, openGo), name)
		oneHot := config.oneHot(Parameter(g, "labels", shapes.Make(dtypes.Int32, 2)), dtypes.Float32)
		pictures := network.Generator(store.RootScope().At("G"), config, Parameter(g, "noise", shapes.Make(dtypes.Float32, 2, noise)), oneHot)
		assert.Equal(t, []int{2, test.size, test.size, 3}, pictures.Shape().Dimensions, name)
		assert.Equal(t, test.g, trainable(store.RootScope().At("G")), name)
		verdict := network.Discriminator(store.RootScope().At("D"), config, pictures, oneHot)
		assert.Equal(t, []int{2}, verdict.Score.Shape().Dimensions, name)
		assert.Nil(t, verdict.Classes, name)
		assert.Equal(t, test.d, trainable(store.RootScope().At("D")), name)
		g.Finalize()
	}
}

// What each way of telling the class adds to networks of 64×64 pixels.
func TestConditioningsAddTheirWeights(t *testing.T) {
	count := func(settings ...string) (g, d int, verdict Verdict) {
		config := preset(t, "article", append([]string{"size=64", "generator_channels=16", "discriminator_channels=16"}, settings...)...)
		require.NoError(t, config.Validate())
		store, network := model.NewStore(), Networks[config.Network]
		graph := NewGraph(backendOf(t, openGo), "conditioning")
		oneHot := config.oneHot(Parameter(graph, "labels", shapes.Make(dtypes.Int32, 2)), dtypes.Float32)
		pictures := network.Generator(store.RootScope().At("G"), config, Parameter(graph, "noise", shapes.Make(dtypes.Float32, 2, 128)), oneHot)
		verdict = network.Discriminator(store.RootScope().At("D"), config, pictures, oneHot)
		return trainable(store.RootScope().At("G")), trainable(store.RootScope().At("D")), verdict
	}
	const classes = 9
	for _, network := range []struct {
		settings []string
		features int
		first    int // Kernel elements that see the picture, times the channels after them.
		hidden   int // As before, of what sees the embedding, which has 32 channels; 0: see below.
		dense    int // Outputs of G's first layer.
		blocks   int // Channels in G's blocks that are normalised.
		excited  []int
	}{
		{[]string{"network=resblock"}, 128, 9*16 + 16, 0, 4 * 4 * 256, 256 + 128 + 128 + 64 + 64 + 32 + 32 + 16, []int{128, 64, 32, 16}},
		{[]string{"network=srresnet", "generator_blocks=2"}, 2 * 2 * 256, 16 * 16, 9 * 128, 16 * 16 * 16, 2*2*16 + 16 + 2*16, []int{16, 16}},
	} {
		g, projection, verdict := count(network.settings...)
		assert.Nil(t, verdict.Classes)
		none := projection - classes*network.features // D without a condition.

		_, input, verdict := count(append(network.settings, "conditioning=input")...)
		assert.Nil(t, verdict.Classes)
		assert.Equal(t, none+classes*network.first, input, network.settings)

		_, hidden, verdict := count(append(network.settings, "conditioning=hidden")...)
		assert.Nil(t, verdict.Classes)
		// The ResBlock network's third block is followed by one whose first convolution keeps its inputs' number.
		want := none + classes*32 + 32*network.hidden
		if network.hidden == 0 {
			want = none + classes*32 + conv(3, 96, 96) + conv(3, 96, 128) + conv(1, 96, 128) - conv(3, 64, 64) - conv(3, 64, 128) - conv(1, 64, 128)
		}
		assert.Equal(t, want, hidden, network.settings)

		_, auxiliary, verdict := count(append(network.settings, "conditioning=ac-gan")...)
		assert.Equal(t, []int{2, classes}, verdict.Classes.Shape().Dimensions)
		assert.Equal(t, none+classes*network.features+classes, auxiliary, network.settings)

		plain, _, _ := count(append(network.settings, "generator_norm=plain")...)
		assert.Equal(t, g+classes*network.dense-2*(classes-1)*network.blocks, plain, network.settings)

		excited, _, _ := count(append(network.settings, "squeeze_excitation=true")...)
		extra := 0
		for _, channels := range network.excited {
			narrow := max(channels/16, 1)
			extra += conv(1, channels, narrow) + conv(1, narrow, channels)
		}
		assert.Equal(t, g+extra, excited, network.settings)
	}
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
			scores = append(scores, ResBlockDiscriminator(scope, config, x, config.oneHot(labels, x.DType())).Score)
		}
		// What the blocks make of the picture, with the same weights.
		h := config.lastBlock(scope.At("last"), config.firstBlock(scope.At("down1"), x, features))
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
