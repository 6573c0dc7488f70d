package gan

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/nn"
)

// How D learns which hair colour is asked for: the four schemes of Miyato & Koyama 2018, figure 1.
const (
	// ConditionInput (a) lays the class beside the colours of each pixel.
	ConditionInput = "input"
	// ConditionHidden (b) lays an embedding of the class beside what a block in the middle gives.
	ConditionHidden = "hidden"
	// ConditionACGAN (c) does not tell D: D has to tell, in a second head (Odena et al. 2017).
	ConditionACGAN = "ac-gan"
	// ConditionProjection (d) adds the product of the features with an embedding of the class to the score (equation 3).
	ConditionProjection = "projection"
)

// How G learns it.
const (
	// NormConditional scales and moves what is normalised as the class wants it, in each layer (Dumoulin et al. 2017).
	NormConditional = "conditional"
	// NormPlain is ordinary batch normalisation: the class comes with the noise.
	NormPlain = "plain"
)

// Verdict is what D says about pictures.
type Verdict struct {
	// Score is large where a picture looks real, and of its class where D was told that: [batch], without bounds.
	Score *Node
	// Classes are the logits of which class a picture shows, [batch, classes], where D has to tell; else nil.
	Classes *Node
}

// halves parts what was said about real and generated pictures in one batch.
func (v Verdict) halves() (real, fake Verdict) {
	half := func(x *Node) (first, second *Node) {
		if x == nil {
			return nil, nil
		}
		parts := Split(x, 0, 2)
		return parts[0], parts[1]
	}
	real.Score, fake.Score = half(v.Score)
	real.Classes, fake.Classes = half(v.Classes)
	return real, fake
}

// conditions are the numbers of classes of all that G is told: of the hair colour, and of each attribute.
func (c Config) conditions() []int {
	all := []int{len(c.Classes)}
	attributes, err := dataset.FindAttributes(c.Attributes)
	if err != nil {
		exceptions.Panicf("gan: %v", err) // Config.Validate finds it before.
	}
	for _, attribute := range attributes {
		all = append(all, len(attribute.Classes))
	}
	return all
}

// conditionWidth is the length of the vector that tells G and D what is asked for.
func (c Config) conditionWidth() (width int) {
	for _, classes := range c.conditions() {
		width += classes
	}
	return width
}

// oneHot turns labels into what G and D are told: a one-hot vector of the class, and behind it one of each attribute, which is zero where it is not known. An
// embedding of the whole is the sum of embeddings of each, which is what independent labels come to in the projection (Miyato & Koyama 2018, section 3).
//
//	labels: [batch], or [batch, 1 + attributes] → [batch, classes of all]
func (c Config) oneHot(labels *Node, as dtypes.DType) *Node {
	if len(c.Attributes) == 0 {
		return OneHot(labels, len(c.Classes), as)
	}
	var parts []*Node
	for i, classes := range c.conditions() {
		parts = append(parts, OneHot(Squeeze(Slice(labels, AxisRange(), AxisElem(i)), 1), classes, as))
	}
	return Concatenate(parts, -1)
}

// latent is what G begins with: the noise, and beside it the class where no normalisation tells it.
//
//	noise: [batch, noise], oneHot: [batch, classes] → [batch, noise] or [batch, noise + classes]
func (c Config) latent(noise, oneHot *Node) *Node {
	if c.GeneratorNorm == NormConditional {
		return noise
	}
	return Concatenate([]*Node{noise, oneHot}, -1)
}

// normalise is G's batch normalisation inside of its blocks.
//
//	x: [batch, height, width, channels] → the same
func (c Config) normalise(scope *model.Scope, x, oneHot *Node) *Node {
	if c.GeneratorNorm == NormConditional {
		return nn.ConditionalBatchNorm(scope, x, oneHot, len(c.conditions()))
	}
	return nn.BatchNorm(scope, x)
}

// excite ends the residual of G's blocks: by squeeze-and-excitation, where that is asked for.
//
//	x: [batch, height, width, channels] → the same
func (c Config) excite(scope *model.Scope, x *Node) *Node {
	if !c.SqueezeExcitation {
		return x
	}
	return nn.SqueezeExcitation(scope, x)
}

// spectral are the options of D's layers.
func (c Config) spectral() []nn.Option {
	if !c.SpectralNorm {
		return nil
	}
	return []nn.Option{nn.Spectral}
}

// hiddenBlock is the number of the block after which [ConditionHidden] tells D the class: at 16×16 of 128×128 pixels, as in the authors' code.
const hiddenBlock = 3

// atInput is what D's first layer sees.
//
//	x: [batch, height, width, 3], oneHot: [batch, classes] → [batch, height, width, 3 or 3 + classes]
func (c Config) atInput(x, oneHot *Node) *Node {
	if c.Conditioning != ConditionInput {
		return x
	}
	return beside(x, oneHot)
}

// atBlock is what D hands on after a block, of which the first one has number 1 and the last one the number of blocks. The embedding has half as many
// channels as the block: 128 in the paper.
//
//	x: [batch, height, width, channels] → [batch, height, width, channels or channels·3/2]
func (c Config) atBlock(scope *model.Scope, number, blocks int, x, oneHot *Node) *Node {
	if c.Conditioning != ConditionHidden || number != min(hiddenBlock, blocks) {
		return x
	}
	channels := max(x.Shape().Dim(-1)/2, 1)
	return beside(x, nn.Embed(scope.At("embedding"), oneHot, channels, c.spectral()...))
}

// beside lays a vector beside each pixel.
//
//	x: [batch, height, width, channels], vector: [batch, n] → [batch, height, width, channels + n]
func beside(x, vector *Node) *Node {
	batch, height, width, n := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2), vector.Shape().Dim(1)
	everywhere := BroadcastToDims(Reshape(vector, batch, 1, 1, n), batch, height, width, n)
	return Concatenate([]*Node{x, everywhere}, -1)
}

// verdict is the end of D: ⟨l, φ⟩ + b, and what the conditioning adds.
//
//	phi: the features φ(x), [batch, features]; oneHot: [batch, classes]
func (c Config) verdict(scope *model.Scope, phi, oneHot *Node) Verdict {
	options := c.spectral()
	verdict := Verdict{Score: Squeeze(nn.Dense(scope.At("score"), phi, 1, options...), 1)}
	switch c.Conditioning {
	case ConditionProjection:
		embedding := nn.Embed(scope.At("embedding"), oneHot, phi.Shape().Dim(1), options...)
		verdict.Score = Add(verdict.Score, ReduceSum(Mul(embedding, phi), 1))
	case ConditionACGAN:
		verdict.Classes = nn.Dense(scope.At("classes"), phi, c.conditionWidth(), options...)
	}
	return verdict
}
