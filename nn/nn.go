// Package nn holds the layers that moelab's models need and GoMLX lacks: convolutions, pooling and upsampling that can
// be differentiated twice, as gradient penalties require, and spectral normalisation.
//
// Layers are functions of a scope, which keeps their weights, and of a node. Pictures are laid out as [batch, height,
// width, channels]. Like all of GoMLX's graph building functions, layers panic if shapes do not match; packages that
// build graphs turn the panic into an error before it leaves them.
//
//	x = nn.Conv(scope.At("conv1"), x, 64, 3)                // 3×3, stride 1, same size
//	x = nn.Conv(scope.At("conv2"), x, 64, 3, nn.Spectral)   // with spectral normalisation
package nn

import (
	"math"
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ReLU returns max(x, 0). Its gradient at 0 is 0. NaN stays NaN, so that it reaches the loss.
func ReLU(x *Node) *Node {
	return Where(LessOrEqual(x, ScalarZero(x.Graph(), x.DType())), ZerosLike(x), x)
}

// LeakyReLU returns x where x > 0 and slope·x elsewhere. Its gradient at 0 is slope.
func LeakyReLU(x *Node, slope float64) *Node {
	return Where(GreaterThan(x, ScalarZero(x.Graph(), x.DType())), x, MulScalar(x, slope))
}

// PReLU returns x where x > 0 and slope·x elsewhere. Each channel learns its slope, the variable "slope", which starts
// at 0.25 (He et al. 2015).
//
//	x: [..., channels] → [..., channels]
func PReLU(scope *model.Scope, x *Node) *Node {
	shape := shapes.Make(x.DType(), x.Shape().Dim(-1))
	quarter := func(g *Graph, shape shapes.Shape) *Node { return AddScalar(Zeros(g, shape), 0.25) }
	slope := scope.WithInitializer(quarter).VariableWithShape("slope", shape).NodeValue(x.Graph())
	return Where(GreaterThan(x, ScalarZero(x.Graph(), x.DType())), x, Mul(x, ExpandLeftToRank(slope, x.Rank())))
}

// Kaiming returns an initializer that draws weights from N(0, gain²·2 / fan in) and sets biases to zero (He et al.
// 2015). The shape's last two axes are inputs and outputs.
func Kaiming(store *model.Store, gain float64) model.VariableInitializer {
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() <= 1 {
			return Zeros(g, shape)
		}
		fanIn := shape.Size() / shape.Dimensions[shape.Rank()-1]
		return MulScalar(store.RandomNormal(g, shape), gain*math.Sqrt(2/float64(fanIn)))
	}
}

// Glorot returns an initializer that draws weights uniformly from ±gain·√(6 / (fan in + fan out)) and sets biases
// (variables of rank 1 or less) to zero (Glorot & Bengio 2010). The shape's last two axes are inputs and outputs.
func Glorot(store *model.Store, gain float64) model.VariableInitializer {
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() <= 1 {
			return Zeros(g, shape)
		}
		inputs, outputs := shape.Dimensions[shape.Rank()-2], shape.Dimensions[shape.Rank()-1]
		taps := shape.Size() / (inputs * outputs)
		limit := gain * math.Sqrt(6/float64(taps*(inputs+outputs)))
		uniform := store.RandomUniform(g, shape)
		return AddScalar(MulScalar(uniform, 2*limit), -limit)
	}
}

// Normal returns an initializer that draws weights from N(0, deviation²) and sets biases to zero.
func Normal(store *model.Store, deviation float64) model.VariableInitializer {
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() <= 1 {
			return Zeros(g, shape)
		}
		return MulScalar(store.RandomNormal(g, shape), deviation)
	}
}

// Option changes how a layer reads its weights.
type Option int

const (
	// Spectral divides the weights by their largest singular value: see [SpectralNorm].
	Spectral Option = iota
	// NoBias leaves the bias out.
	NoBias
)

// weights returns the variable "weights" of a scope, normalised if the options say so.
func weights(scope *model.Scope, g *Graph, shape shapes.Shape, options []Option) *Node {
	w := scope.VariableWithShape("weights", shape).NodeValue(g)
	if slices.Contains(options, Spectral) {
		w = SpectralNorm(scope, w)
	}
	return w
}

// addBias adds the variable "bias" of a scope to the last axis of x, unless the options leave it out.
func addBias(scope *model.Scope, x *Node, options []Option) *Node {
	if slices.Contains(options, NoBias) {
		return x
	}
	channels := x.Shape().Dim(-1)
	bias := scope.VariableWithShape("bias", shapes.Make(x.DType(), channels)).NodeValue(x.Graph())
	return Add(x, ExpandLeftToRank(bias, x.Rank()))
}

// Dense returns x·W + b.
//
//	x: [batch, inputs] → [batch, outputs]
func Dense(scope *model.Scope, x *Node, outputs int, options ...Option) *Node {
	if x.Rank() != 2 || outputs < 1 {
		exceptions.Panicf(
			"nn.Dense at %s: cannot make %d outputs of %s, which must be [batch, inputs]", scope.Scope(), outputs, x.Shape(),
		)
	}
	w := weights(scope, x.Graph(), shapes.Make(x.DType(), x.Shape().Dim(-1), outputs), options)
	return addBias(scope, Dot(x, w).Product(), options)
}

// Embed returns a row of weights per label; it has no bias.
//
//	oneHot: [batch, classes] → [batch, outputs]
func Embed(scope *model.Scope, oneHot *Node, outputs int, options ...Option) *Node {
	return Dense(scope, oneHot, outputs, append(slices.Clone(options), NoBias)...)
}
