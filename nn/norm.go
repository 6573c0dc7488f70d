package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/support/exceptions"
)

// SpectralNorm divides weights by an estimate of their largest singular value (Miyato et al. 2018, algorithm 1). All
// axes but the last are taken as the matrix's columns, as in the paper. The variable "u" of the scope remembers the
// left singular vector; while training (see [model.Scope.IsTraining]) each call takes one step of the power iteration.
//
//	w: [..., outputs] → [..., outputs]
func SpectralNorm(scope *model.Scope, w *Node) *Node {
	outputs := w.Shape().Dim(-1)
	matrix := Reshape(w, -1, outputs) // [inputs, outputs]
	uVar := scope.WithInitializer(Normal(scope.Store(), 1)).
		VariableWithShape("u", shapes.Make(w.DType(), 1, outputs)).SetTrainable(false)
	u := uVar.NodeValue(w.Graph())

	// Gradients do not flow through the power iteration.
	v := StopGradient(unit(Dot(u, Transpose(matrix, 0, 1)).Product())) // [1, inputs]
	if scope.IsTraining(w.Graph()) {
		u = StopGradient(unit(Dot(v, matrix).Product()))
		uVar.SetNodeValue(u)
	} else {
		u = unit(u)
	}
	sigma := ReduceAllSum(Mul(Dot(v, matrix).Product(), u))
	return Div(w, sigma)
}

// unit scales a vector to length 1.
func unit(x *Node) *Node {
	return Div(x, AddScalar(Sqrt(ReduceAllSum(Square(x))), 1e-12))
}

const (
	// batchNormEpsilon is added to the variance.
	batchNormEpsilon = 1e-5
	// batchNormMomentum is the weight of the past in the running averages.
	batchNormMomentum = 0.9
)

// Normalise gives each channel mean 0 and variance 1 over the batch and the pixels: batch normalisation (Ioffe &
// Szegedy 2015) without scale and offset. While training it uses the statistics of the batch and updates running
// averages, the variables "mean" and "variance"; otherwise it uses the averages. The variance is divided by n, not by
// n−1 as in PyTorch's running average. GoMLX's BatchNorm either stops the gradient at the statistics or needs an
// operation that has no second gradient.
//
//	x: [..., channels] → [..., channels]
func Normalise(scope *model.Scope, x *Node) *Node {
	if x.Rank() < 2 {
		exceptions.Panicf(
			"nn.Normalise at %s: there must be a batch, [batch, ..., channels], got %s", scope.Scope(), x.Shape(),
		)
	}
	g, shape := x.Graph(), shapes.Make(x.DType(), x.Shape().Dim(-1))
	meanVar := scope.WithInitializer(initializer.Zero).VariableWithShape("mean", shape).SetTrainable(false)
	varianceVar := scope.WithInitializer(initializer.One).VariableWithShape("variance", shape).SetTrainable(false)
	mean, variance := meanVar.NodeValue(g), varianceVar.NodeValue(g)
	if scope.IsTraining(g) {
		axes := make([]int, x.Rank()-1)
		for i := range axes {
			axes[i] = i
		}
		mean = ReduceMean(x, axes...)
		// In one pass, as in Flax: accurate unless the mean is hundreds of standard deviations away from 0.
		variance = Sub(ReduceMean(Square(x), axes...), Square(mean))
		variance = Where(IsNegative(variance), ZerosLike(variance), variance) // Rounding.
		meanVar.SetNodeValue(runningAverage(meanVar.NodeValue(g), mean))
		varianceVar.SetNodeValue(runningAverage(varianceVar.NodeValue(g), variance))
	}
	scale := Reciprocal(Sqrt(AddScalar(variance, batchNormEpsilon)))
	return Mul(Sub(x, ExpandLeftToRank(mean, x.Rank())), ExpandLeftToRank(scale, x.Rank()))
}

// runningAverage updates a running average with a new value.
func runningAverage(old, new *Node) *Node {
	return StopGradient(Add(MulScalar(old, batchNormMomentum), MulScalar(new, 1-batchNormMomentum)))
}

// BatchNorm is [Normalise] followed by a scale and an offset per channel.
//
//	x: [..., channels] → [..., channels]
func BatchNorm(scope *model.Scope, x *Node) *Node {
	g, shape := x.Graph(), shapes.Make(x.DType(), x.Shape().Dim(-1))
	x = Normalise(scope, x)
	scale := scope.WithInitializer(initializer.One).VariableWithShape("scale", shape).NodeValue(g)
	offset := scope.WithInitializer(initializer.Zero).VariableWithShape("offset", shape).NodeValue(g)
	return Add(Mul(x, ExpandLeftToRank(scale, x.Rank())), ExpandLeftToRank(offset, x.Rank()))
}

// ConditionalBatchNorm is [Normalise] followed by a scale and an offset per class and channel (Dumoulin et al. 2017).
// With several conditions, each with its own classes, their scales and offsets are added up. The scales start at one
// over the number of conditions, so that the output is normalised at first.
//
//	x: [batch, height, width, channels], oneHot: [batch, classes of all conditions] → [batch, height, width, channels]
func ConditionalBatchNorm(scope *model.Scope, x, oneHot *Node, conditions int) *Node {
	batch, _, _, channels := dims4("ConditionalBatchNorm", x)
	if oneHot.Rank() != 2 || oneHot.Shape().Dim(0) != batch {
		exceptions.Panicf("nn.ConditionalBatchNorm at %s: classes must be [%d, classes] for pictures of %s, got %s",
			scope.Scope(), batch, x.Shape(), oneHot.Shape())
	}
	x = Normalise(scope, x)
	perClass := func(name string, init model.VariableInitializer) *Node {
		return Reshape(Embed(scope.At("%s", name).WithInitializer(init), oneHot, channels), batch, 1, 1, channels)
	}
	share := func(g *Graph, shape shapes.Shape) *Node { return DivScalar(Ones(g, shape), conditions) }
	return Add(Mul(x, perClass("scale", share)), perClass("offset", initializer.Zero))
}

// squeezed is the reduction ratio of [SqueezeExcitation], "r" in the paper.
const squeezed = 16

// SqueezeExcitation weights each channel by a function of the means of all channels (Hu et al. 2018, equations 2 to 4):
// mean over the pixels, dense to a 16th of the channels, ReLU, dense, sigmoid.
//
//	x: [batch, height, width, channels] → [batch, height, width, channels]
func SqueezeExcitation(scope *model.Scope, x *Node) *Node {
	batch, _, _, channels := dims4("SqueezeExcitation", x)
	h := ReduceMean(x, 1, 2)
	h = ReLU(Dense(scope.At("squeeze"), h, max(channels/squeezed, 1)))
	h = Sigmoid(Dense(scope.At("excite"), h, channels))
	return Mul(x, Reshape(h, batch, 1, 1, channels))
}
