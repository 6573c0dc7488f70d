package upscale

import (
	"errors"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
)

// generator is the graph of a network that enlarges pictures.
type generator func(scope *model.Scope, x *Node) *Node

// fromNCNN identifies a network by the kinds of its layers.
func fromNCNN(layers []weights.NCNNLayer, scale int) (generator, map[string]*tensors.Tensor, error) {
	var convolutions []weights.Convolution
	var slopes [][]float32
	var kinds []string
	for _, l := range layers {
		kind := l.Kind
		switch l.Kind {
		case "Convolution":
			convolutions = append(convolutions, l.Convolution)
			if l.LeakyReLU {
				kind = "Convolution+LReLU"
			}
		case "PReLU":
			slopes = append(slopes, l.Slopes)
		case "Split": // ncnn inserts one wherever a value is used twice.
			continue
		}
		kinds = append(kinds, kind)
	}
	if slices.Equal(kinds, compactKinds(len(slopes), scale)) {
		channels, variables, err := fitCompact(convolutions, slopes)
		network := func(scope *model.Scope, x *Node) *Node {
			return CompactNet(scope, x, channels, len(convolutions), scale)
		}
		return network, variables, err
	}
	config, variables, err := fitRRDB(convolutions)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(kinds, rrdbKinds(config.Blocks)) {
		return nil, nil, errors.New("its layers are not those of an RRDB net: it is another network")
	}
	return rrdbNet(config), variables, nil
}

// compactKinds lists ncnn's layers of [CompactNet].
func compactKinds(slopes, scale int) []string {
	kinds := []string{"Input"}
	for range slopes {
		kinds = append(kinds, "Convolution", "PReLU")
	}
	kinds = append(kinds, "Convolution", "PixelShuffle", "Interp", "BinaryOp")
	if scale != esrgan.Scale {
		kinds = append(kinds, "Interp")
	}
	return kinds
}

// rrdbKinds lists ncnn's layers of [esrgan.RRDBNet].
func rrdbKinds(blocks int) []string {
	kinds := []string{"Input", "Convolution"}
	for range blocks {
		for range 3 {
			for range 4 {
				kinds = append(kinds, "Convolution+LReLU", "Concat")
			}
			kinds = append(kinds, "Convolution", "Eltwise")
		}
		kinds = append(kinds, "Eltwise")
	}
	return append(kinds, "Convolution", "BinaryOp", "Interp", "Convolution+LReLU", "Interp",
		"Convolution+LReLU", "Convolution+LReLU", "Convolution")
}
