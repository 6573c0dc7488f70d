// Package vgg computes features of pictures by VGG16 (Simonyan & Zisserman 2015), a network trained to classify
// pictures. They serve for perceptual losses, an LPIPS-like distance of two pictures and an FID of two sets of them:
//
//	path, err := vgg.Install(ctx, os.Stderr)
//	network, err := vgg.Read(path)
//	distance, err := vgg.NewDistance(backend, network)
//	distances, err := distance.Of(ctx, truth, restored)
//
// [Features] is the graph for losses of your own.
package vgg

import (
	"context"
	"fmt"
	"image"
	"maps"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// groups are the channels and the convolutions of VGG16's five groups (Simonyan & Zisserman 2015, configuration D).
var groups = []struct{ channels, convolutions int }{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}

// Layers are the layers whose features are returned, the last convolution of each group.
var Layers = []string{"conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"}

// Features returns the features of pictures in the first layers of [Layers], before or after their ReLU. ESRGAN takes
// them before it: there they are dense, and keep the sign (Wang et al. 2018, section 3.3).
//
//	x: [batch, height, width, 3], normalised for the weights (see [Network.Features]);
//	→ [batch, height, width, 64], [batch, height/2, width/2, 128], …, [batch, height/16, width/16, 512]
func Features(scope *model.Scope, x *Node, layers int, beforeReLU bool) []*Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	var features []*Node
	for g, group := range groups[:layers] {
		if g > 0 {
			x = nn.DownsampleMax(x)
		}
		for c := range group.convolutions {
			x = nn.Conv(scope.At("conv%d_%d", g+1, c+1), x, group.channels, 3)
			if c == group.convolutions-1 && beforeReLU {
				features = append(features, x)
			}
			x = nn.ReLU(x)
		}
		if !beforeReLU {
			features = append(features, x)
		}
	}
	return features
}

// Style is the form of input that the weights of a VGG16 expect.
type Style string

const (
	// Caffe weights take BGR from 0 to 255, minus the mean of ImageNet.
	Caffe Style = "Caffe"
	// Torchvision weights take RGB from 0 to 1, minus the mean of ImageNet and divided by its deviation.
	Torchvision Style = "torchvision"
	// Random weights were never trained; they take the same pictures as torchvision's.
	Random Style = "random"
)

// Network is the convolutions of a VGG16 with weights.
type Network struct {
	Style Style
	// Weights are the variables below the scope: "conv1_1/weights" [3, 3, inputs, channels], "conv1_1/bias" [channels]
	// and so on. They are nil if Style is Random.
	Weights map[string]*tensors.Tensor
}

// caffeScale is the ratio of Caffe's inputs to torchvision's, and so, as convolutions and ReLU preserve a factor, of
// its features.
const caffeScale = 255 * 0.226

// Features returns the features of pictures in [0, 1]; see the function [Features]. Those of Caffe's weights are
// divided by the ratio of the inputs, so that a loss weight means the same for all styles. The network is not trained.
//
//	x: [batch, height, width, 3] in [0, 1] → a node per layer
func (n *Network) Features(scope *model.Scope, x *Node, layers int, beforeReLU bool) []*Node {
	features := Features(scope, n.normalise(x), layers, beforeReLU)
	for variable := range scope.IterVariables() {
		variable.SetTrainable(false)
	}
	if n.Style == Caffe {
		for i := range features {
			features[i] = MulScalar(features[i], 1/caffeScale)
		}
	}
	return features
}

// normalise turns pictures in [0, 1] into the network's inputs.
func (n *Network) normalise(x *Node) *Node {
	row := func(values ...float64) *Node {
		return ExpandLeftToRank(ConstAsDType(x.Graph(), x.DType(), values), 4)
	}
	if n.Style == Caffe {
		return Sub(MulScalar(Reverse(x, -1), 255), row(103.939, 116.779, 123.68))
	}
	return Div(Sub(x, row(0.485, 0.456, 0.406)), row(0.229, 0.224, 0.225))
}

// Variables returns the weights of the first layers as variables in a scope, by path without the leading slash. They
// are nil if the weights are random: a training draws those with its own seed, and saves them.
func (n *Network) Variables(scope string, layers int) map[string]*tensors.Tensor {
	if n.Style == Random {
		return nil
	}
	variables := map[string]*tensors.Tensor{}
	for _, name := range scopes(layers) {
		for _, kind := range []string{"/weights", "/bias"} {
			variables[scope+"/"+name+kind] = n.Weights[name+kind]
		}
	}
	return variables
}

// scopes lists the scopes of the convolutions up to a number of layers, in order.
func scopes(layers int) (names []string) {
	for g, group := range groups[:layers] {
		for c := range group.convolutions {
			names = append(names, fmt.Sprintf("conv%d_%d", g+1, c+1))
		}
	}
	return names
}

// exec prepares a function of pictures that uses the network in the scope that it gets.
func (n *Network) exec(backend compute.Backend, f func(scope *model.Scope, x *Node) *Node) (*model.Exec, error) {
	store := model.NewStore()
	if n.Weights == nil {
		if err := store.SetRNGStateFromSeed(1); err != nil {
			return nil, fmt.Errorf("prepare VGG16: %w", err)
		}
	}
	maps.Clone(lab.Weights(n.Weights)).Into(store)
	exec, err := model.NewExec(backend, store, f)
	if err != nil {
		return nil, fmt.Errorf("prepare VGG16: %w", err)
	}
	return exec, nil
}

// Maps returns the features of a picture in a layer of [Layers] before its ReLU: [height, width] of each channel. Alpha
// is ignored.
func (n *Network) Maps(
	ctx context.Context, backend compute.Backend, picture *image.NRGBA, layer string,
) ([][]float32, error) {
	index := slices.Index(Layers, layer)
	if index < 0 {
		return nil, fmt.Errorf("there is no layer %q; there are %v", layer, Layers)
	}
	if size := picture.Rect.Size(); min(size.X, size.Y) < 1<<index {
		return nil, fmt.Errorf("a picture of %d×%d pixels has none in %s", size.X, size.Y, layer)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	exec, err := n.exec(backend, func(scope *model.Scope, x *Node) *Node {
		return TransposeAllDims(n.Features(scope, x, index+1, true)[index], 0, 3, 1, 2)
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	output, err := exec.Call(tensors.FromFlatDataAndDimensions(unit(picture), 1, picture.Rect.Dy(), picture.Rect.Dx(), 3))
	if err != nil {
		return nil, err
	}
	values, err := tensors.CopyFlatData[float32](output[0])
	if err != nil {
		return nil, err
	}
	shape := output[0].Shape()
	return slices.Collect(slices.Chunk(values, shape.Dim(2)*shape.Dim(3))), nil
}

// unit returns the colours of a picture, [height, width, 3] in [0, 1], not multiplied by alpha.
func unit(picture *image.NRGBA) []float32 {
	values := make([]float32, picture.Rect.Dx()*picture.Rect.Dy()*3)
	imaging.Unit.Put(values, (*image.RGBA)(picture), false) // The bytes are taken as they are.
	return values
}
