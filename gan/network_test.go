package gan

import (
	"fmt"
	"path"
	"slices"
	"strings"
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

// dims are the sizes of axes.
type dims = []int

// layer is a line of a network's table.
type layer struct {
	name string // The scope of its variables.
	// kernel is [size, size, inputs, outputs], or [inputs, outputs]; for a normalisation its scales, [channels] or
	// [classes, channels].
	kernel     dims
	output     dims // Of one picture. An embedding has none: it has no bias by which to find it.
	parameters int  // All trainable ones, including biases and offsets.
}

// repeated repeats lines, with the number of the repetition in their names.
func repeated(n int, lines ...layer) (all []layer) {
	for i := range n {
		for _, line := range lines {
			line.name = fmt.Sprintf(line.name, i+1)
			all = append(all, line)
		}
	}
	return all
}

// Miyato & Koyama 2018, table 3, with nine classes.
var (
	resblockGenerator = []layer{
		{"dense", dims{128, 16384}, dims{16384}, 2_113_536},
		{"up1/norm1", dims{9, 1024}, dims{4, 4, 1024}, 18_432},
		{"up1/conv1", dims{3, 3, 1024, 1024}, dims{8, 8, 1024}, 9_438_208},
		{"up1/norm2", dims{9, 1024}, dims{8, 8, 1024}, 18_432},
		{"up1/conv2", dims{3, 3, 1024, 1024}, dims{8, 8, 1024}, 9_438_208},
		{"up1/shortcut", dims{1, 1, 1024, 1024}, dims{4, 4, 1024}, 1_049_600}, // Before its upsampling.
		{"up2/norm1", dims{9, 1024}, dims{8, 8, 1024}, 18_432},
		{"up2/conv1", dims{3, 3, 1024, 512}, dims{16, 16, 512}, 4_719_104},
		{"up2/norm2", dims{9, 512}, dims{16, 16, 512}, 9_216},
		{"up2/conv2", dims{3, 3, 512, 512}, dims{16, 16, 512}, 2_359_808},
		{"up2/shortcut", dims{1, 1, 1024, 512}, dims{8, 8, 512}, 524_800},
		{"up3/norm1", dims{9, 512}, dims{16, 16, 512}, 9_216},
		{"up3/conv1", dims{3, 3, 512, 256}, dims{32, 32, 256}, 1_179_904},
		{"up3/norm2", dims{9, 256}, dims{32, 32, 256}, 4_608},
		{"up3/conv2", dims{3, 3, 256, 256}, dims{32, 32, 256}, 590_080},
		{"up3/shortcut", dims{1, 1, 512, 256}, dims{16, 16, 256}, 131_328},
		{"up4/norm1", dims{9, 256}, dims{32, 32, 256}, 4_608},
		{"up4/conv1", dims{3, 3, 256, 128}, dims{64, 64, 128}, 295_040},
		{"up4/norm2", dims{9, 128}, dims{64, 64, 128}, 2_304},
		{"up4/conv2", dims{3, 3, 128, 128}, dims{64, 64, 128}, 147_584},
		{"up4/shortcut", dims{1, 1, 256, 128}, dims{32, 32, 128}, 32_896},
		{"up5/norm1", dims{9, 128}, dims{64, 64, 128}, 2_304},
		{"up5/conv1", dims{3, 3, 128, 64}, dims{128, 128, 64}, 73_792},
		{"up5/norm2", dims{9, 64}, dims{128, 128, 64}, 1_152},
		{"up5/conv2", dims{3, 3, 64, 64}, dims{128, 128, 64}, 36_928},
		{"up5/shortcut", dims{1, 1, 128, 64}, dims{64, 64, 64}, 8_256},
		{"norm", dims{64}, dims{128, 128, 64}, 128},
		{"rgb", dims{3, 3, 64, 3}, dims{128, 128, 3}, 1_731},
	}
	resblockDiscriminator = []layer{
		{"down1/conv1", dims{3, 3, 3, 64}, dims{128, 128, 64}, 1_792},
		{"down1/conv2", dims{3, 3, 64, 64}, dims{64, 64, 64}, 36_928}, // With its pooling.
		{"down1/shortcut", dims{1, 1, 3, 64}, dims{64, 64, 64}, 256},
		{"down2/conv1", dims{3, 3, 64, 64}, dims{64, 64, 64}, 36_928},
		{"down2/conv2", dims{3, 3, 64, 128}, dims{32, 32, 128}, 73_856},
		{"down2/shortcut", dims{1, 1, 64, 128}, dims{32, 32, 128}, 8_320},
		{"down3/conv1", dims{3, 3, 128, 128}, dims{32, 32, 128}, 147_584},
		{"down3/conv2", dims{3, 3, 128, 256}, dims{16, 16, 256}, 295_168},
		{"down3/shortcut", dims{1, 1, 128, 256}, dims{16, 16, 256}, 33_024},
		{"down4/conv1", dims{3, 3, 256, 256}, dims{16, 16, 256}, 590_080},
		{"down4/conv2", dims{3, 3, 256, 512}, dims{8, 8, 512}, 1_180_160},
		{"down4/shortcut", dims{1, 1, 256, 512}, dims{8, 8, 512}, 131_584},
		{"down5/conv1", dims{3, 3, 512, 512}, dims{8, 8, 512}, 2_359_808},
		{"down5/conv2", dims{3, 3, 512, 1024}, dims{4, 4, 1024}, 4_719_616},
		{"down5/shortcut", dims{1, 1, 512, 1024}, dims{4, 4, 1024}, 525_312},
		{"last/conv1", dims{3, 3, 1024, 1024}, dims{4, 4, 1024}, 9_438_208},
		{"last/conv2", dims{3, 3, 1024, 1024}, dims{4, 4, 1024}, 9_438_208},
		{"score", dims{1024, 1}, dims{1}, 1_025},
		{"embedding", dims{9, 1024}, nil, 9_216},
	}
)

// Jin et al. 2017, figures 2 and 3, with nine classes and the projection.
var (
	srresnetGenerator = slices.Concat(
		[]layer{
			{"dense", dims{137, 16384}, dims{16384}, 2_260_992},
			{"norm1", dims{16384}, dims{16384}, 32_768},
		},
		repeated(16,
			layer{"block%d/conv1", dims{3, 3, 64, 64}, dims{16, 16, 64}, 36_928},
			layer{"block%d/norm1", dims{64}, dims{16, 16, 64}, 128},
			layer{"block%d/conv2", dims{3, 3, 64, 64}, dims{16, 16, 64}, 36_928},
			layer{"block%d/norm2", dims{64}, dims{16, 16, 64}, 128}),
		[]layer{
			{"norm2", dims{64}, dims{16, 16, 64}, 128},
			{"up1/conv", dims{3, 3, 64, 256}, dims{16, 16, 256}, 147_712},
			{"up1/norm", dims{64}, dims{32, 32, 64}, 128}, // After the pixel shuffle.
			{"up2/conv", dims{3, 3, 64, 256}, dims{32, 32, 256}, 147_712},
			{"up2/norm", dims{64}, dims{64, 64, 64}, 128},
			{"up3/conv", dims{3, 3, 64, 256}, dims{64, 64, 256}, 147_712},
			{"up3/norm", dims{64}, dims{128, 128, 64}, 128},
			{"rgb", dims{9, 9, 64, 3}, dims{128, 128, 3}, 15_555},
		})
	srresnetDiscriminator = slices.Concat(
		[]layer{{"down1", dims{4, 4, 3, 32}, dims{64, 64, 32}, 1_568}},
		repeated(2,
			layer{"block1_%d/conv1", dims{3, 3, 32, 32}, dims{64, 64, 32}, 9_248},
			layer{"block1_%d/conv2", dims{3, 3, 32, 32}, dims{64, 64, 32}, 9_248}),
		[]layer{{"down2", dims{4, 4, 32, 64}, dims{32, 32, 64}, 32_832}},
		repeated(2,
			layer{"block2_%d/conv1", dims{3, 3, 64, 64}, dims{32, 32, 64}, 36_928},
			layer{"block2_%d/conv2", dims{3, 3, 64, 64}, dims{32, 32, 64}, 36_928}),
		[]layer{{"down3", dims{4, 4, 64, 128}, dims{16, 16, 128}, 131_200}},
		repeated(2,
			layer{"block3_%d/conv1", dims{3, 3, 128, 128}, dims{16, 16, 128}, 147_584},
			layer{"block3_%d/conv2", dims{3, 3, 128, 128}, dims{16, 16, 128}, 147_584}),
		[]layer{{"down4", dims{3, 3, 128, 256}, dims{8, 8, 256}, 295_168}},
		repeated(2,
			layer{"block4_%d/conv1", dims{3, 3, 256, 256}, dims{8, 8, 256}, 590_080},
			layer{"block4_%d/conv2", dims{3, 3, 256, 256}, dims{8, 8, 256}, 590_080}),
		[]layer{{"down5", dims{3, 3, 256, 512}, dims{4, 4, 512}, 1_180_160}},
		repeated(2,
			layer{"block5_%d/conv1", dims{3, 3, 512, 512}, dims{4, 4, 512}, 2_359_808},
			layer{"block5_%d/conv2", dims{3, 3, 512, 512}, dims{4, 4, 512}, 2_359_808}),
		[]layer{
			{"down6", dims{3, 3, 512, 1024}, dims{2, 2, 1024}, 4_719_616},
			{"score", dims{4096, 1}, dims{1}, 4_097},
			{"embedding", dims{9, 4096}, nil, 36_864},
		})
)

func TestLayersAreThoseOfThePapers(t *testing.T) {
	tests := []struct {
		preset, network string
		spectral        bool
		layers          []layer
		sums            []dims // The outputs of the residual blocks.
		parameters      int
	}{
		{"article", "G", false, resblockGenerator,
			[]dims{{8, 8, 1024}, {16, 16, 512}, {32, 32, 256}, {64, 64, 128}, {128, 128, 64}}, 32_229_635},
		{"article", "D", true, resblockDiscriminator,
			[]dims{{64, 64, 64}, {32, 32, 128}, {16, 16, 256}, {8, 8, 512}, {4, 4, 1024}, {4, 4, 1024}}, 29_027_073},
		{"article-srresnet", "G", false, srresnetGenerator,
			slices.Repeat([]dims{{16, 16, 64}}, 16+1), 3_938_755}, // The last is the long skip's.
		{"article-srresnet", "D", false, srresnetDiscriminator,
			[]dims{
				{64, 64, 32},
				{64, 64, 32},
				{32, 32, 64},
				{32, 32, 64},
				{16, 16, 128},
				{16, 16, 128},
				{8, 8, 256},
				{8, 8, 256},
				{4, 4, 512},
				{4, 4, 512},
			}, 18_976_097},
	}
	for _, test := range tests {
		t.Run(test.preset+" "+test.network, func(t *testing.T) {
			got := built(t, test.preset, 128)[test.network]
			want, untrained, parameters := map[string]layer{}, map[string]dims{}, 0
			for _, l := range test.layers {
				want[l.name] = l
				parameters += l.parameters
				switch channels := l.kernel[len(l.kernel)-1]; {
				case strings.Contains(l.name, "norm"):
					untrained[l.name+"/mean"], untrained[l.name+"/variance"] = dims{channels}, dims{channels}
				case test.spectral:
					untrained[l.name+"/u"] = dims{1, channels}
				}
			}
			assert.Equal(t, want, got.layers)
			assert.Equal(t, untrained, got.untrained)
			assert.Equal(t, test.sums, got.sums)
			assert.Equal(t, test.parameters, parameters)
		})
	}
}

// A smaller picture has fewer blocks, a larger one more of the widest; in the SRResNet generator all are as wide.
func TestOtherSizesHaveFewerOrMoreBlocks(t *testing.T) {
	kernelsOf := map[string]func(widths dims) map[string]dims{
		"article G": func(widths dims) map[string]dims {
			kernels := map[string]dims{"dense": {128, 4 * 4 * widths[0]}, "norm": {64}, "rgb": {3, 3, 64, 3}}
			for i, out := range widths[1:] {
				in, up := widths[i], fmt.Sprintf("up%d/", i+1)
				kernels[up+"norm1"], kernels[up+"norm2"] = dims{9, in}, dims{9, out}
				kernels[up+"conv1"], kernels[up+"conv2"] = dims{3, 3, in, out}, dims{3, 3, out, out}
				kernels[up+"shortcut"] = dims{1, 1, in, out}
			}
			return kernels
		},
		"article D": func(widths dims) map[string]dims {
			last := widths[len(widths)-1]
			kernels := map[string]dims{
				"down1/conv1": {3, 3, 3, 64}, "down1/conv2": {3, 3, 64, 64}, "down1/shortcut": {1, 1, 3, 64},
				"last/conv1": {3, 3, last, last}, "last/conv2": {3, 3, last, last}, "score": {last, 1}, "embedding": {9, last},
			}
			for i, out := range widths[1:] {
				in, down := widths[i], fmt.Sprintf("down%d/", i+2)
				kernels[down+"conv1"], kernels[down+"conv2"] = dims{3, 3, in, in}, dims{3, 3, in, out}
				kernels[down+"shortcut"] = dims{1, 1, in, out}
			}
			return kernels
		},
		"article-srresnet G": func(widths dims) map[string]dims {
			kernels := map[string]dims{
				"dense": {128 + 9, 16 * 16 * 64},
				"norm1": {16 * 16 * 64},
				"norm2": {64},
				"rgb":   {9, 9, 64, 3},
			}
			for i := range 16 {
				block := fmt.Sprintf("block%d/", i+1)
				kernels[block+"conv1"], kernels[block+"norm1"] = dims{3, 3, 64, 64}, dims{64}
				kernels[block+"conv2"], kernels[block+"norm2"] = dims{3, 3, 64, 64}, dims{64}
			}
			for i, width := range widths {
				up := fmt.Sprintf("up%d/", i+1)
				kernels[up+"conv"], kernels[up+"norm"] = dims{3, 3, width, 4 * width}, dims{width}
			}
			return kernels
		},
		"article-srresnet D": func(widths dims) map[string]dims {
			kernels, in := map[string]dims{}, 3
			for i, out := range widths {
				size := 3
				if i < 3 {
					size = 4
				}
				kernels[fmt.Sprintf("down%d", i+1)] = dims{size, size, in, out}
				for block := 1; block <= 2 && i < len(widths)-1; block++ {
					for convolution := 1; convolution <= 2; convolution++ {
						kernels[fmt.Sprintf("block%d_%d/conv%d", i+1, block, convolution)] = dims{3, 3, out, out}
					}
				}
				in = out
			}
			kernels["score"], kernels["embedding"] = dims{2 * 2 * in, 1}, dims{9, 2 * 2 * in}
			return kernels
		},
	}
	tests := []struct {
		preset, network string
		size            int
		widths          dims
		parameters      int
	}{
		{"article", "G", 64, dims{1024, 512, 256, 128, 64}, 12_266_755},
		{"article", "G", 128, dims{1024, 1024, 512, 256, 128, 64}, 32_229_635}, // The papers'.
		{"article", "G", 256, dims{1024, 1024, 1024, 512, 256, 128, 64}, 52_192_515},
		{"article", "G", 512, dims{1024, 1024, 1024, 1024, 512, 256, 128, 64}, 72_155_395},
		{"article", "D", 64, dims{64, 128, 256, 512}, 7_260_417},
		{"article", "D", 128, dims{64, 128, 256, 512, 1024}, 29_027_073},
		{"article", "D", 256, dims{64, 128, 256, 512, 1024, 1024}, 48_953_089},
		{"article", "D", 512, dims{64, 128, 256, 512, 1024, 1024, 1024}, 68_879_105},
		{"article-srresnet", "G", 64, dims{64, 64}, 3_790_915},
		{"article-srresnet", "G", 128, dims{64, 64, 64}, 3_938_755},
		{"article-srresnet", "G", 256, dims{64, 64, 64, 64}, 4_086_595},
		{"article-srresnet", "G", 512, dims{64, 64, 64, 64, 64}, 4_234_435},
		{"article-srresnet", "D", 64, dims{32, 64, 128, 256, 512}, 4_796_769},
		{"article-srresnet", "D", 128, dims{32, 64, 128, 256, 512, 1024}, 18_976_097},
		{"article-srresnet", "D", 256, dims{32, 64, 128, 256, 512, 1024, 1024}, 66_167_137},
		{"article-srresnet", "D", 512, dims{32, 64, 128, 256, 512, 1024, 1024, 1024}, 113_358_177},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.preset, " ", test.network, " ", test.size), func(t *testing.T) {
			kernels, parameters := map[string]dims{}, 0
			for name, l := range built(t, test.preset, test.size)[test.network].layers {
				kernels[name] = l.kernel
				parameters += l.parameters
			}
			assert.Equal(t, kernelsOf[test.preset+" "+test.network](test.widths), kernels)
			assert.Equal(t, test.parameters, parameters)
		})
	}
}

// table summarises a network as its graph shows it.
type table struct {
	layers    map[string]layer
	untrained map[string]dims // Variables.
	sums      []dims          // The outputs of the residual blocks, for one picture.
}

// tableBatch is a number of pictures that differs from every kernel's size.
const tableBatch = 5

// built builds the graph of both networks, "G" and "D", and does not compile it: at these sizes that takes minutes.
func built(t *testing.T, name string, size int) map[string]table {
	t.Helper()
	config := preset(t, name, fmt.Sprint("size=", size))
	require.NoError(t, config.Validate())
	store, networks := model.NewStore(), Networks[config.Network]
	g := NewGraph(backendOf(t, openGo), t.Name())
	defer g.Finalize()
	oneHot := config.oneHot(Parameter(g, "labels", shapes.Make(dtypes.Int32, tableBatch, 1)), dtypes.Float32)
	scopeG, scopeD := store.RootScope().At("G"), store.RootScope().At("D")
	pictures := networks.Generator(
		scopeG, config, Parameter(g, "noise", shapes.Make(dtypes.Float32, tableBatch, config.Noise)), oneHot,
	)
	assert.Equal(t, dims{tableBatch, size, size, 3}, pictures.Shape().Dimensions)
	nodesOfG := len(g.Nodes())
	verdict := networks.Discriminator(scopeD, config, pictures, oneHot)
	assert.Equal(t, dims{tableBatch}, verdict.Score.Shape().Dimensions)
	assert.Nil(t, verdict.Classes)
	return map[string]table{"G": tableOf(t, scopeG, g.Nodes()[:nodesOfG]), "D": tableOf(t, scopeD, g.Nodes()[nodesOfG:])}
}

// tableOf summarises a network from some of a graph's nodes and the variables of a scope.
func tableOf(t *testing.T, scope *model.Scope, nodes []*Node) table {
	t.Helper()
	shown := table{layers: map[string]layer{}, untrained: map[string]dims{}}
	conditional := strings.NewReplacer("/scale/weights", "/scale", "/offset/weights", "/offset")
	for v := range scope.IterVariables() {
		below, shape := conditional.Replace(strings.TrimPrefix(v.Path(), scope.Scope()+"/")), v.Shape()
		if !v.Trainable {
			shown.untrained[below] = shape.Dimensions
			continue
		}
		name, variable := path.Split(below)
		l := shown.layers[path.Clean(name)]
		l.name = path.Clean(name)
		l.parameters += shape.Size()
		switch variable {
		case "weights", "scale":
			l.kernel = shape.Dimensions
		case "bias", "offset":
			l.output = added(t, v.NodeValue(nodes[0]), nodes).Shape().Dimensions[1:]
		default:
			assert.Fail(t, "a layer has a variable of its own", v.Path())
		}
		shown.layers[l.name] = l
	}
	for _, node := range nodes {
		// A sum of two pictures, not of a picture and a bias, or of kernels.
		if d := node.Shape().Dimensions; node.Type() == NodeTypeAdd && len(d) == 4 && d[0] == tableBatch &&
			slices.Equal(node.Inputs()[0].Shape().Dimensions, node.Inputs()[1].Shape().Dimensions) {
			shown.sums = append(shown.sums, d[1:])
		}
	}
	return shown
}

// added returns the node that adds a bias: the first sum on its way.
func added(t *testing.T, bias *Node, nodes []*Node) *Node {
	t.Helper()
	for _, node := range nodes {
		if slices.Contains(node.Inputs(), bias) {
			if node.Type() == NodeTypeAdd {
				return node
			}
			bias = node
		}
	}
	require.Fail(t, "a bias is not added", bias)
	return nil
}

// The parameters that each conditioning adds to networks of 64×64 pixels.
func TestConditioningsAddTheirWeights(t *testing.T) {
	count := func(settings ...string) (g, d int, verdict Verdict) {
		config := preset(
			t,
			"article",
			append([]string{"size=64", "generator_channels=16", "discriminator_channels=16"}, settings...)...)
		require.NoError(t, config.Validate())
		store, network := model.NewStore(), Networks[config.Network]
		graph := NewGraph(backendOf(t, openGo), "conditioning")
		oneHot := config.oneHot(Parameter(graph, "labels", shapes.Make(dtypes.Int32, 2, 1)), dtypes.Float32)
		pictures := network.Generator(
			store.RootScope().At("G"), config, Parameter(graph, "noise", shapes.Make(dtypes.Float32, 2, 128)), oneHot,
		)
		verdict = network.Discriminator(store.RootScope().At("D"), config, pictures, oneHot)
		return trainable(store.RootScope().At("G")), trainable(store.RootScope().At("D")), verdict
	}
	const classes = 9
	for _, network := range []struct {
		settings []string
		features int
		first    int // Kernel elements that see the picture, times the channels after them.
		hidden   int // The same for layers that see the embedding, which has 32 channels; 0: see below.
		dense    int // Outputs of G's first layer.
		blocks   int // Channels in G's blocks that are normalised.
		excited  []int
	}{
		{
			settings: []string{"network=resblock"},
			features: 128,
			first:    9*16 + 16,
			hidden:   0,
			dense:    4 * 4 * 256,
			blocks:   256 + 128 + 128 + 64 + 64 + 32 + 32 + 16,
			excited:  []int{128, 64, 32, 16},
		},
		{
			settings: []string{"network=srresnet", "generator_blocks=2"},
			features: 2 * 2 * 256,
			first:    16 * 16,
			hidden:   9 * 128,
			dense:    16 * 16 * 16,
			blocks:   2*2*16 + 16 + 2*16,
			excited:  []int{16, 16},
		},
	} {
		g, projection, verdict := count(network.settings...)
		assert.Nil(t, verdict.Classes)
		none := projection - classes*network.features // D without a condition.

		_, input, verdict := count(append(network.settings, "conditioning=input")...)
		assert.Nil(t, verdict.Classes)
		assert.Equal(t, none+classes*network.first, input, network.settings)

		_, hidden, verdict := count(append(network.settings, "conditioning=hidden")...)
		assert.Nil(t, verdict.Classes)
		// The ResBlock network's third block is followed by one whose first convolution keeps the number of channels.
		want := none + classes*32 + 32*network.hidden
		if network.hidden == 0 {
			wider := conv(3, 96, 96) + conv(3, 96, 128) + conv(1, 96, 128)
			want = none + classes*32 + wider - (conv(3, 64, 64) + conv(3, 64, 128) + conv(1, 64, 128))
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
			labels := BroadcastToDims(Const(x.Graph(), int32(class)), 2, 1)
			scores = append(scores, ResBlockDiscriminator(scope, config, x, config.oneHot(labels, x.DType())).Score)
		}
		// The features of the picture, with the same weights.
		h := config.lastBlock(scope.At("last"), config.firstBlock(scope.At("down1"), x, features))
		return []*Node{Stack(scores, 0), ReduceSum(nn.ReLU(h), 1, 2)}
	}, tensors.FromFlatDataAndDimensions(pictures, 2, 8, 8, 3))
	require.NoError(t, err)
	scores, phi := flat(t, outputs[0]), flat(t, outputs[1])
	l, embedding := normalised(t, store, "/score", features, 1), normalised(t, store, "/embedding", classes, features)
	bias := variable(t, store, "/score/bias")[0]
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

// normalised returns the weights of a layer, [inputs, outputs], divided by vᵀWu as spectral normalisation does when
// nothing is trained.
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

// OneHot is oneHot, for the tests outside of the package.
func (c Config) OneHot(labels *Node, as dtypes.DType) *Node { return c.oneHot(labels, as) }

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
