package gan

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/nn"
)

// How D learns the requested hair colour: the four schemes of Miyato & Koyama 2018, figure 1.
const (
	ConditionInput      = "input"
	ConditionHidden     = "hidden"
	ConditionACGAN      = "ac-gan"
	ConditionProjection = "projection"
)

// Conditioning is a way for D to learn the class. Each part may be nil.
type Conditioning struct {
	// Input returns the input of D's first layer.
	//
	//	x: [batch, height, width, 3], oneHot: [batch, classes] → [batch, height, width, 3 or more]
	Input func(x, oneHot *Node) *Node
	// Block returns the output that D passes on after a block in the middle.
	//
	//	x: [batch, height, width, channels], oneHot: [batch, classes] → [batch, height, width, channels or more]
	Block func(scope *model.Scope, x, oneHot *Node, options ...nn.Option) *Node
	// Verdict adds to D's verdict.
	//
	//	phi: the features φ(x), [batch, features]; oneHot: [batch, classes]
	Verdict func(scope *model.Scope, verdict *Verdict, phi, oneHot *Node, options ...nn.Option)
}

// Conditionings are the schemes that a [Config] can name.
var Conditionings = map[string]Conditioning{
	// (a) appends the class to the colours of each pixel.
	ConditionInput: {Input: concatenate},
	// (b) appends an embedding of the class to the channels of a block. It has half as many channels: 128 in the paper.
	ConditionHidden: {Block: func(scope *model.Scope, x, oneHot *Node, options ...nn.Option) *Node {
		channels := max(x.Shape().Dim(-1)/2, 1)
		return concatenate(x, nn.Embed(scope.At("embedding"), oneHot, channels, options...))
	}},
	// (c) hides the class from D, which has to predict it in a second head (Odena et al. 2017).
	ConditionACGAN: {Verdict: func(scope *model.Scope, verdict *Verdict, phi, oneHot *Node, options ...nn.Option) {
		verdict.Classes = nn.Dense(scope.At("classes"), phi, oneHot.Shape().Dim(-1), options...)
	}},
	// (d) adds the product of the features with an embedding of the class to the score (equation 3).
	ConditionProjection: {Verdict: func(scope *model.Scope, verdict *Verdict, phi, oneHot *Node, options ...nn.Option) {
		embedding := nn.Embed(scope.At("embedding"), oneHot, phi.Shape().Dim(1), options...)
		verdict.Score = Add(verdict.Score, ReduceSum(Mul(embedding, phi), 1))
	}},
}

// How G learns the class.
const (
	// normConditional gives the normalisation in every layer a scale and an offset per class (Dumoulin et al. 2017).
	normConditional = "conditional"
	// normPlain is ordinary batch normalisation: the class comes with the noise.
	normPlain = "plain"
)

// Verdict is D's output for a batch of pictures.
type Verdict struct {
	// Score is large for a picture that looks real, and of its class if D knows that: [batch], unbounded.
	Score *Node
	// Classes are the logits of each picture's class, [batch, classes], if D has to predict it; else nil.
	Classes *Node
}

// halves splits the verdict on real and generated pictures in one batch.
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

// labels are the conditions that G and D see: the hair colour, and each attribute.
func (c Config) labels() []dataset.Attribute {
	attributes, err := dataset.FindAttributes(c.Attributes)
	if err != nil {
		exceptions.Panicf("gan: %v", err) // Config.Validate has ruled it out.
	}
	return append([]dataset.Attribute{{Name: dataset.Colour, Classes: c.Classes}}, attributes...)
}

// conditionWidth is the length of the condition vector that G and D see.
func (c Config) conditionWidth() (width int) {
	for _, label := range c.labels() {
		width += len(label.Classes)
	}
	return width
}

// oneHot turns labels into the condition vector: a one-hot vector for each label, concatenated, zero for an unknown
// one. An embedding of the whole is the sum of the labels' embeddings, which is the projection for independent labels
// (Miyato & Koyama 2018, section 3).
//
//	labels: [batch, 1 + attributes] → [batch, classes of all]
func (c Config) oneHot(labels *Node, as dtypes.DType) *Node {
	var parts []*Node
	for i, label := range c.labels() {
		parts = append(parts, OneHot(Squeeze(Slice(labels, AxisRange(), AxisElem(i)), 1), len(label.Classes), as))
	}
	return Concatenate(parts, -1)
}

// latent is G's input: the noise, and the class unless the normalisations have it.
//
//	noise: [batch, noise], oneHot: [batch, classes] → [batch, noise] or [batch, noise + classes]
func (c Config) latent(noise, oneHot *Node) *Node {
	if c.GeneratorNorm == normConditional {
		return noise
	}
	return Concatenate([]*Node{noise, oneHot}, -1)
}

// normalise is the batch normalisation in G's blocks.
//
//	x: [batch, height, width, channels] → the same
func (c Config) normalise(scope *model.Scope, x, oneHot *Node) *Node {
	if c.GeneratorNorm == normConditional {
		return nn.ConditionalBatchNorm(scope, x, oneHot, len(c.labels()))
	}
	return nn.BatchNorm(scope, x)
}

// excite ends the residual of G's blocks, by squeeze-and-excitation if the configuration has it.
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

// hiddenBlock is the number of the block after which [ConditionHidden] gives D the class: at 16×16 of 128×128 pixels,
// as in the authors' code.
const hiddenBlock = 3

// atInput returns the input of D's first layer; see [Conditioning.Input].
func (c Config) atInput(x, oneHot *Node) *Node {
	if input := Conditionings[c.Conditioning].Input; input != nil {
		return input(x, oneHot)
	}
	return x
}

// atBlock returns the output that D passes on after a block, counted from 1; see [Conditioning.Block].
func (c Config) atBlock(scope *model.Scope, number, blocks int, x, oneHot *Node) *Node {
	if block := Conditionings[c.Conditioning].Block; block != nil && number == min(hiddenBlock, blocks) {
		return block(scope, x, oneHot, c.spectral()...)
	}
	return x
}

// concatenate appends a vector to each pixel.
//
//	x: [batch, height, width, channels], vector: [batch, n] → [batch, height, width, channels + n]
func concatenate(x, vector *Node) *Node {
	batch, height, width, n := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2), vector.Shape().Dim(1)
	everywhere := BroadcastToDims(Reshape(vector, batch, 1, 1, n), batch, height, width, n)
	return Concatenate([]*Node{x, everywhere}, -1)
}

// verdict is the end of D: ⟨l, φ⟩ + b, plus the conditioning's term.
//
//	phi: the features φ(x), [batch, features]; oneHot: [batch, classes]
func (c Config) verdict(scope *model.Scope, phi, oneHot *Node) Verdict {
	options := c.spectral()
	verdict := Verdict{Score: Squeeze(nn.Dense(scope.At("score"), phi, 1, options...), 1)}
	if add := Conditionings[c.Conditioning].Verdict; add != nil {
		add(scope, &verdict, phi, oneHot, options...)
	}
	return verdict
}
