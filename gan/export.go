package gan

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// exported returns the generator that [Open] opens, for other programs. It takes the noise, and a vector for each
// label: the colour, and the attributes.
//
//	noise: [batch, noise], a label: [batch, classes] → [batch, 3, size, size] in [-1, 1]
func exported(dir string) (lab.Network, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return lab.Network{}, err
	}
	network, err := config.network()
	if err != nil {
		return lab.Network{}, err
	}
	batch := onnxfile.Any("batch")
	inputs := []onnxfile.Input{{
		Name: "noise", Axes: []onnxfile.Axis{batch, onnxfile.Exactly(config.Noise)}, About: "from N(0, 1)",
	}}
	facts := map[string]string{}
	for _, label := range config.labels() {
		classes := strings.Join(label.Classes, ", ")
		facts["classes of "+label.Name] = classes
		inputs = append(inputs, onnxfile.Input{
			Name: label.Name, Axes: []onnxfile.Axis{batch, onnxfile.Exactly(len(label.Classes))},
			About: fmt.Sprintf("1 at the class to draw, 0 elsewhere; the classes are %s", classes),
		})
	}
	generator := network.generator(config, lab.DrawnScope(config.AverageDecay))
	return lab.Network{
		Inputs: inputs,
		Output: "picture", OutputAbout: "red, green and blue in [-1, 1]",
		Build: func(scope *model.Scope, inputs []*Node) *Node {
			return nn.ChannelsFirst(generator(scope, inputs[0], Concatenate(inputs[1:], -1)))
		},
		Weights: weights, Step: state.Step, Facts: facts,
	}, nil
}

// exportedJudge returns a judge's network, for other programs.
//
//	picture: [batch, 3, size, size] in [-1, 1] → logits [batch, classes]
func exportedJudge(dir string) (lab.Network, error) {
	config, weights, state, err := JudgeExperiment.OpenModel(dir)
	if err != nil {
		return lab.Network{}, err
	}
	size := onnxfile.Exactly(config.Size)
	return lab.Network{
		Inputs: []onnxfile.Input{{
			Name: "picture", Axes: []onnxfile.Axis{onnxfile.Any("batch"), onnxfile.Exactly(3), size, size},
			About: "red, green and blue in [-1, 1]",
		}},
		Output: "logits", OutputAbout: "one for each class; the largest is that of the class seen",
		Build: func(scope *model.Scope, inputs []*Node) *Node {
			logits, _ := config.logits(scope, nn.ChannelsLast(inputs[0]))
			return logits
		},
		Weights: weights, Step: state.Step, Facts: map[string]string{"classes": strings.Join(config.Classes, ", ")},
	}, nil
}
