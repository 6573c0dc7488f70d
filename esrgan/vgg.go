package esrgan

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// vggGroups are the channels and the convolutions of VGG16's five groups (Simonyan & Zisserman 2015, configuration D).
var vggGroups = []struct{ channels, convolutions int }{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}

// VGGLayers are the layers that the perceptual loss looks at, the last convolution of each group.
var VGGLayers = []string{"conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"}

// VGG16 returns the features of pictures in the first layers of [VGGLayers], as many as are asked for, before or after their ReLU. ESRGAN
// takes them before it: there they are dense, and keep the sign (Wang et al. 2018, section 3.3).
//
//	x: [batch, height, width, 3], normalised as the weights want it (see [VGG.Features]);
//	→ [batch, height, width, 64], [batch, height/2, width/2, 128], …, [batch, height/16, width/16, 512]
func VGG16(scope *model.Scope, x *Node, layers int, beforeReLU bool) []*Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	var features []*Node
	for g, group := range vggGroups[:layers] {
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

// VGGStyle says what pictures the weights of a VGG16 want.
type VGGStyle string

const (
	// Caffe's take BGR from 0 to 255, minus the mean of ImageNet.
	Caffe VGGStyle = "Caffe"
	// Torchvision's take RGB from 0 to 1, minus the mean and divided by the deviation of ImageNet.
	Torchvision VGGStyle = "torchvision"
	// Random ones were never trained; they take what torchvision's take.
	Random VGGStyle = "random"
)

// VGG is the convolutions of a VGG16 with weights.
type VGG struct {
	Style VGGStyle
	// Weights are the variables below the scope, "conv1_1/weights" [3, 3, inputs, channels], "conv1_1/bias" [channels] and so on. They are nil
	// where Style is Random.
	Weights map[string]*tensors.Tensor
}

// caffeScale is how many times larger Caffe's inputs are than torchvision's, and so, as convolutions and ReLU keep a factor, its features.
const caffeScale = 255 * 0.226

// Features returns those of [VGG16] of pictures in [0, 1], those of Caffe's weights divided by what their inputs are larger: the article's weights of the
// losses then mean the same with all weights. The weights are not trained.
//
//	x: [batch, height, width, 3] in [0, 1] → a node per layer
func (v *VGG) Features(scope *model.Scope, x *Node, layers int, beforeReLU bool) []*Node {
	features := VGG16(scope, v.normalise(x), layers, beforeReLU)
	for variable := range scope.IterVariables() {
		variable.SetTrainable(false)
	}
	if v.Style == Caffe {
		for i := range features {
			features[i] = MulScalar(features[i], 1/caffeScale)
		}
	}
	return features
}

// normalise turns pictures in [0, 1] into what the weights want.
func (v *VGG) normalise(x *Node) *Node {
	row := func(values ...float64) *Node { return ExpandLeftToRank(ConstAsDType(x.Graph(), x.DType(), values), 4) }
	if v.Style == Caffe {
		return Sub(MulScalar(Reverse(x, -1), 255), row(103.939, 116.779, 123.68))
	}
	return Div(Sub(x, row(0.485, 0.456, 0.406)), row(0.229, 0.224, 0.225))
}

// variables are the weights of the first layers as variables of a training, by their paths. Random ones are drawn with the run's seed, and
// saved with it.
func (v *VGG) variables(layers int) map[string]*tensors.Tensor {
	if v.Style == Random {
		return nil
	}
	variables := map[string]*tensors.Tensor{}
	for _, name := range vggNames(layers) {
		for _, kind := range []string{"/weights", "/bias"} {
			variables[vggScope+"/"+name+kind] = v.Weights[name+kind]
		}
	}
	return variables
}

// vggNames lists the scopes of the convolutions up to a number of layers, in order.
func vggNames(layers int) (names []string) {
	for g, group := range vggGroups[:layers] {
		for c := range group.convolutions {
			names = append(names, fmt.Sprintf("conv%d_%d", g+1, c+1))
		}
	}
	return names
}
