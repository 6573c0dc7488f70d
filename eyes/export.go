package eyes

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// exported returns the network that [Open] opens, for other programs.
//
//	picture: [batch, 3, height, width] in [-1, 1] → [batch, outputs, height/4, width/4]
func exported(dir string) (lab.Network, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return lab.Network{}, err
	}
	const coarsest = 16 // The size in pixels of the network's coarsest cells.
	return lab.Network{
		Inputs: []onnxfile.Input{{
			Name: "picture",
			Axes: []onnxfile.Axis{
				onnxfile.Any("batch"), onnxfile.Exactly(3),
				onnxfile.MultipleOf("height", coarsest), onnxfile.MultipleOf("width", coarsest),
			},
			About: "red, green and blue in [-1, 1]; height and width are multiples of 16",
		}},
		Output: "cells",
		OutputAbout: "for each cell of 4×4 pixels: logit of an eye's centre there, logit of its being open, " +
			"its box's centre right of and below the cell's in cells, log of the box's width and height over those of an eye " +
			"of the usual size, 0.16 of the width, midpoint of the face's eyes right of and below the box's in its widths",
		Build: func(scope *model.Scope, inputs []*Node) *Node {
			nn.Plainly(inputs[0].Graph())
			return nn.ChannelsFirst(Network(scope, config, nn.ChannelsLast(inputs[0])))
		},
		Weights: weights.Below(lab.AverageScope), Step: state.Step,
	}, nil
}
