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
			return weights.BasicSR(RRDBLayers(t.config), t.weights.Below(t.scope))
		}
	}
	return network, nil
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
