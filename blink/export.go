package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// exported returns the generator that [Open] opens, for other programs. It has the inputs that the network takes.
//
//	picture: [batch, 3, size, size] in [-1, 1], motion: [batch, frames, 2, size, size] in pixels, reference:
//	[batch, frames, 3, size, size] in [-1, 1], openings: [batch, frames] in [0, 1], noise: [batch, noise]
//	→ [batch, frames, 3, size, size] in [-1, 1]
func exported(dir string) (lab.Network, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return lab.Network{}, err
	}
	network := config.network()
	batch, size := onnxfile.Any("batch"), onnxfile.Exactly(config.Size)
	var inputs []onnxfile.Input
	if !config.Unconditional {
		inputs = append(inputs, onnxfile.Input{
			Name: "picture", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(3), size, size},
			About: "the first frame: red, green and blue in [-1, 1]",
		})
	}
	if network.Reference {
		inputs = append(inputs, onnxfile.Input{
			Name: "motion", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(Frames), onnxfile.Exactly(2), size, size},
			About: "optical flow (Farnebäck's, as of moelab flow) of another blink from its first frame to each: " +
				"to the right and down, in pixels",
		})
	}
	if network.Footage {
		inputs = append(inputs, onnxfile.Input{
			Name: "reference", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(Frames), onnxfile.Exactly(3), size, size},
			About: "another blink: red, green and blue in [-1, 1]",
		})
	}
	if network.Painted {
		inputs = append(inputs, onnxfile.Input{
			Name: "openings", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(Frames)},
			About: "how far the eyes shall be open in each frame: from 0, shut, to 1, as in the picture",
		})
	}
	if n := config.noise(); n > 0 {
		inputs = append(inputs, onnxfile.Input{
			Name: "noise", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(n)}, About: "from N(0, 1)",
		})
	}
	return lab.Network{
		Inputs: inputs,
		Output: "frames", OutputAbout: "red, green and blue in [-1, 1]",
		Build: func(scope *model.Scope, inputs []*Node) *Node {
			nn.Plainly(inputs[0].Graph())
			var picture *Node
			if !config.Unconditional {
				picture = nn.ChannelsLast(inputs[0])
			}
			given := config.given(picture, inputs[len(inputs)-1])
			if network.Reference {
				given.Motion = nn.ChannelsLast(inputs[1])
			}
			if network.Footage {
				given.Reference = nn.ChannelsLast(inputs[1])
			}
			if network.Painted {
				given.Openings = inputs[1]
			}
			scope = scope.At("%s", lab.DrawnScope(config.AverageDecay))
			return nn.ChannelsFirst(network.video(scope, config, given))
		},
		Weights: weights, Step: state.Step,
	}, nil
}
