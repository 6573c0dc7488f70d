package nn

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Adam returns an optimiser that keeps its moments under a name of its own, which begins with "adam_": a GAN has one for each of its networks.
func Adam(network string, learningRate, beta1, beta2 float64) optimizer.Interface {
	return optimizer.Adam().Scope(adamScope+network).LearningRate(learningRate).Betas(beta1, beta2).Done()
}

// adamScope begins the names of the scopes of [Adam].
const adamScope = "adam_"

// IsWeight says whether a variable is a weight or a statistic of a network, by its path below the network's scope, and not what [Adam] and
// [Average] keep there for themselves: a learning rate and numbers of steps.
func IsWeight(below string) bool {
	return !strings.HasPrefix(below, optimizer.Scope+"/") && !strings.HasPrefix(below, adamScope) && below != averageSteps
}

// Freeze hides the weights of a scope from the gradients that are taken afterwards. Without it the gradient of G's loss would
// be followed through D's own updates, which are part of the same program.
func Freeze(scope *model.Scope, g *Graph) {
	for v := range scope.IterVariables() {
		if v.InUseByGraph(g) {
			v.SetNodeValue(StopGradient(v.NodeValue(g)))
		}
	}
}

// ClipWeights brings the weights of a scope that are trained into [−limit, limit], as WGAN (Arjovsky et al. 2017) does after each step of D. It has no effect on gradients.
func ClipWeights(scope *model.Scope, g *Graph, limit float64) {
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			v.SetNodeValue(ClipScalar(v.NodeValue(g), -limit, limit))
		}
	}
}

// ClipGradients returns an optimiser that is given each element of the gradient brought into [−limit, limit].
func ClipGradients(by optimizer.Interface, limit float64) optimizer.Interface {
	return given{by, func(gradients []*Node) {
		for i, gradient := range gradients {
			gradients[i] = ClipScalar(gradient, -limit, limit)
		}
	}}
}

// TellGradient returns an optimiser that tells the length of the whole gradient that it is given, a scalar.
func TellGradient(by optimizer.Interface, tell func(length *Node)) optimizer.Interface {
	return given{by, func(gradients []*Node) {
		var sum *Node
		for _, gradient := range gradients {
			if square := ReduceAllSum(Square(gradient)); sum == nil {
				sum = square
			} else {
				sum = Add(sum, square)
			}
		}
		tell(Sqrt(sum))
	}}
}

// given is an optimiser whose gradients go through a function, which may change the elements of the slice.
type given struct {
	optimizer.Interface
	through func(gradients []*Node)
}

// UpdateGraph takes a step.
func (o given) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	o.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients takes a step by gradients that are known.
func (o given) UpdateGraphWithGradients(scope *model.Scope, gradients []*Node, lossType dtypes.DType) {
	by, ok := o.Interface.(interface {
		UpdateGraphWithGradients(scope *model.Scope, gradients []*Node, lossType dtypes.DType)
	})
	if !ok {
		exceptions.Panicf("%T cannot be given gradients", o.Interface)
	}
	o.through(gradients)
	by.UpdateGraphWithGradients(scope, gradients, lossType)
}

// RaiseError makes the panic of a function that defers it one with an error, which names the network: GoMLX catches no others, and hangs
// after one.
func RaiseError(network string) {
	r := recover()
	if r == nil {
		return
	}
	if _, ok := r.(error); !ok {
		r = fmt.Errorf("network %q: %v", network, r)
	}
	panic(r)
}
