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

// Adam returns an optimiser that keeps its moments under its own name, with the prefix "adam_": a GAN has an optimiser
// for each of its networks.
func Adam(network string, learningRate, beta1, beta2 float64) optimizer.Interface {
	return optimizer.Adam().Scope(adamScope+network).LearningRate(learningRate).Betas(beta1, beta2).Done()
}

// adamScope is the prefix of the names of [Adam]'s scopes.
const adamScope = "adam_"

// IsWeight reports whether a variable, given by its path below the network's scope, is a weight or a statistic of the
// network. The learning rates and step counts that [Adam] and [Average] keep there are not.
func IsWeight(below string) bool {
	return !strings.HasPrefix(below, optimizer.Scope+"/") && !strings.HasPrefix(below, adamScope) && below != averageSteps
}

// Freeze hides the weights of a scope from gradients that are taken afterwards. Otherwise the gradient of G's loss
// would flow through D's own updates, which are part of the same program.
func Freeze(scope *model.Scope, g *Graph) {
	for v := range scope.IterVariables() {
		if v.InUseByGraph(g) {
			v.SetNodeValue(StopGradient(v.NodeValue(g)))
		}
	}
}

// ClipWeights clips the trainable weights of a scope to [−limit, limit], as WGAN (Arjovsky et al. 2017) does after each
// step of D. It has no effect on gradients.
func ClipWeights(scope *model.Scope, g *Graph, limit float64) {
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			v.SetNodeValue(ClipScalar(v.NodeValue(g), -limit, limit))
		}
	}
}

// ClipGradients returns an optimiser that clips each element of the gradient to [−limit, limit] before its step.
func ClipGradients(by optimizer.Interface, limit float64) optimizer.Interface {
	return given{by, func(gradients []*Node) {
		for i, gradient := range gradients {
			gradients[i] = ClipScalar(gradient, -limit, limit)
		}
	}}
}

// ObserveGradient returns an optimiser that passes the norm of the whole gradient it receives, a scalar, to observe.
func ObserveGradient(by optimizer.Interface, observe func(length *Node)) optimizer.Interface {
	return given{by, func(gradients []*Node) {
		var sum *Node
		for _, gradient := range gradients {
			if square := ReduceAllSum(Square(gradient)); sum == nil {
				sum = square
			} else {
				sum = Add(sum, square)
			}
		}
		observe(Sqrt(sum))
	}}
}

// given is an optimiser that first passes its gradients through a function, which may replace elements of the slice.
type given struct {
	optimizer.Interface
	through func(gradients []*Node)
}

// UpdateGraph takes a step.
func (o given) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	o.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients takes a step with given gradients.
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

// RaiseError, when deferred, turns a panic's value into an error that names the network. GoMLX catches only panics with
// errors, and hangs after any other.
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
