package esrgan

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// exported returns the generator that [Open] opens, for other programs.
//
//	picture: [batch, 3, height, width] in [0, 1] → [batch, 3, 4·height, 4·width], about [0, 1]
func exported(dir string) (lab.Network, error) {
	t, err := readTrained(dir)
	if err != nil {
		return lab.Network{}, err
	}
	network := lab.Network{
		Inputs: []onnxfile.Input{{
			Name: "picture",
			Axes: []onnxfile.Axis{
				onnxfile.Any("batch"), onnxfile.Exactly(3), onnxfile.Any("height"), onnxfile.Any("width"),
			},
			About: "red, green and blue in [0, 1]",
		}},
		Output: "larger", OutputAbout: "red, green and blue, about [0, 1]: values beyond are to be clipped",
		Build: func(scope *model.Scope, inputs []*Node) *Node {
			return nn.ChannelsFirst(t.build(scope, nn.ChannelsLast(inputs[0])))
		},
		Weights: t.weights, Step: t.step,
		Facts: map[string]string{"scale": fmt.Sprint(Scale), "network": t.config.networkName()},
	}
	if t.config.Network == networkESRGAN {
		network.BasicSR = func() (map[string]*tensors.Tensor, error) {
			return t.basicSR()
		}
	}
	return network, nil
}

// sharedGrowth is the growth of RRDB nets in the programs that take them from others: they do not look for another one
// in the file.
const sharedGrowth = 32

// basicSR returns the weights of an RRDB net under the names of BasicSR. A net of less growth becomes an equal one of
// [sharedGrowth], with channels whose weights are 0.
func (t trained) basicSR() (map[string]*tensors.Tensor, error) {
	if t.config.Growth > sharedGrowth {
		return nil, fmt.Errorf("%w: the growth is %d, and programs that take BasicSR's names expect %d; "+
			"export it to a file that ends in .onnx", lab.ErrNotOffered, t.config.Growth, sharedGrowth)
	}
	wide := t.config
	wide.Growth = sharedGrowth
	layers, variables := RRDBLayers(wide), map[string]*tensors.Tensor{}
	for i, from := range RRDBLayers(t.config) {
		to := layers[i]
		kernel, err := floats(t.weights, t.scope+"/"+from.Scope+"/weights")
		if err != nil {
			return nil, err
		}
		bias, err := floats(t.weights, t.scope+"/"+from.Scope+"/bias")
		if err != nil {
			return nil, err
		}
		widened := make([]float32, 9*to.Inputs*to.Outputs)
		for tap := range 9 {
			for input := range from.Inputs {
				at := input
				if grown := input - wide.Channels; to.Inputs > from.Inputs && grown >= 0 {
					at = wide.Channels + grown/t.config.Growth*sharedGrowth + grown%t.config.Growth
				}
				copy(widened[(tap*to.Inputs+at)*to.Outputs:], kernel[(tap*from.Inputs+input)*from.Outputs:][:from.Outputs])
			}
		}
		bias = append(bias, make([]float32, to.Outputs-from.Outputs)...)
		variables[to.Scope+"/weights"] = tensors.FromFlatDataAndDimensions(widened, 3, 3, to.Inputs, to.Outputs)
		variables[to.Scope+"/bias"] = tensors.FromFlatDataAndDimensions(bias, to.Outputs)
	}
	return weights.BasicSR(layers, variables)
}

// floats copies the values of a variable.
func floats(from lab.Weights, path string) ([]float32, error) {
	if from[path] == nil {
		return nil, fmt.Errorf("%w: there are no weights for the variable %s", lab.ErrOtherExperiment, path)
	}
	return tensors.CopyFlatData[float32](from[path])
}

// RRDBLayers lists the convolutions of [RRDBNet] in order.
func RRDBLayers(config Config) []weights.Layer {
	channels, growth := config.Channels, config.Growth
	layers := []weights.Layer{{Scope: "first", Inputs: 3, Outputs: channels}}
	for block := range config.Blocks {
		for dense := range 3 {
			for conv := range 5 {
				outputs := growth
				if conv == 4 {
					outputs = channels
				}
				scope := fmt.Sprintf("rrdb%d/dense%d/conv%d", block+1, dense+1, conv+1)
				layers = append(layers, weights.Layer{Scope: scope, Inputs: channels + conv*growth, Outputs: outputs})
			}
		}
	}
	for _, scope := range []string{"trunk", "up1", "up2", "high"} {
		layers = append(layers, weights.Layer{Scope: scope, Inputs: channels, Outputs: channels})
	}
	return append(layers, weights.Layer{Scope: "rgb", Inputs: channels, Outputs: 3})
}
