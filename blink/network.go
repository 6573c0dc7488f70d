package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Network is a generator of videos, and the discriminators that it is trained against.
type Network struct {
	// Generator draws videos from its inputs. mask is how much of a pixel it has drawn itself, [batch, frames, size, size,
	// 1] in [0, 1]; nil unless the network has one.
	Generator func(scope *model.Scope, config Config, given Given) (videos, mask *Node)
	// Pyramid, unless nil, draws what the network is trained with instead of whole videos, and makes the same of the real
	// ones.
	Pyramid func(scope *model.Scope, config Config, given Given, videos *Node) (fake, real *Node)
	// Masked is set if the generator has a mask.
	Masked bool
	// Reference is set if the generator follows the motion of a reference.
	Reference bool
	// Footage is set if it sees the frames of the reference.
	Footage bool
	// Painted is set if it follows how far the reference's eyes are open, and paints over the picture: see [Lids].
	Painted bool
	// Noise is the length of the vector of noise that the generator takes for each video; 0: none.
	Noise int
	// Free is the length of the further noise that can take the place of a picture's code; 0: it draws from pictures only.
	Free int
	// Discriminators are the networks that tell real videos from drawn ones. Their losses are summed.
	Discriminators []NamedDiscriminator
}

// NamedDiscriminator is a discriminator with the scope of its weights.
type NamedDiscriminator struct {
	Scope string
	// Score is large for a video that looks real.
	//
	//	seen: [batch, frames, size, size, 3] in [-1, 1], or what Sees makes of it → [batch], logits, or several for each
	Score func(scope *model.Scope, config Config, seen *Node) *Node
	// Sees, unless nil, prepares what it sees: of the videos, and of the inputs that they were drawn from.
	Sees func(videos *Node, given Given) *Node
}

// sees returns what the discriminator sees of videos.
func (d NamedDiscriminator) sees(videos *Node, given Given) *Node {
	if d.Sees == nil {
		return videos
	}
	return d.Sees(videos, given)
}

// Given is a generator's inputs.
type Given struct {
	// Picture is the first frame, [batch, size, size, 3] in [-1, 1]; nil if the network draws from noise alone. Content is
	// the noise that then takes the place of its code: N(0, 1), [batch, free].
	Picture, Content *Node
	// Motion is the flow of a reference, [batch, frames, size, size, 2] in pixels; nil unless the network has a Reference.
	Motion *Node
	// Noise is N(0, 1), [batch, noise]; nil unless the network takes it.
	Noise *Node
	// Reference is the reference, like Picture: [batch, frames, size, size, 3]. Instead, Openings may be how far its eyes
	// are open: see [Openings]. Both are nil unless the network sees Footage or is Painted.
	Reference, Openings *Node
	// Uniform are numbers in [0, 1), [batch, frames], for what else is random in a training; otherwise nil.
	Uniform *Node
}

// Networks are the networks that a [Config] can name. Add one of your own here, in every program that trains or uses
// it: config.json holds the name only.
var Networks = map[string]Network{
	// The network that worked in the article.
	"unet": {
		Generator: unmasked(UNets), Reference: true,
		Discriminators: []NamedDiscriminator{{Scope: lab.DiscriminatorScope, Score: Discriminator}},
	},
	// Baddar et al. 2018.
	"dynamics": {
		Generator: unmasked(DynamicsTransfer), Footage: true,
		Discriminators: []NamedDiscriminator{
			{Scope: "frame_discriminator", Score: FrameDiscriminator},
			{Scope: "dynamics_discriminator", Score: DynamicsDiscriminator},
		},
	},
	// The article's next attempt.
	"convlstm": {
		Generator: unmasked(RecurrentUNets), Footage: true,
		Discriminators: []NamedDiscriminator{{Scope: lab.DiscriminatorScope, Score: Discriminator}},
	},
	// Zhao et al. 2018.
	"forecast": {
		Generator: Forecast, Masked: true, Reference: true,
		Discriminators: []NamedDiscriminator{
			{Scope: "frame_discriminator", Score: ResidualDiscriminator, Sees: withMotion},
			{Scope: "video_discriminator", Score: ResidualDiscriminator, Sees: asChannels},
		},
	},
	// Saito et al. 2017.
	"tgan": {
		Generator: unmasked(TGAN), Noise: tganCode, Free: tganCode,
		Discriminators: []NamedDiscriminator{{Scope: lab.DiscriminatorScope, Score: TemporalDiscriminator}},
	},
	// Saito et al. 2020.
	"tganv2": {
		Generator: unmasked(TGANv2), Pyramid: Pyramid, Noise: tganv2Code, Free: tganv2Code,
		Discriminators: []NamedDiscriminator{{Scope: lab.DiscriminatorScope, Score: PyramidDiscriminator}},
	},
	// Tulyakov et al. 2018.
	"mocogan": {
		Generator: unmasked(MoCoGAN), Noise: mocoganNoise, Free: contentCode,
		Discriminators: []NamedDiscriminator{
			{Scope: "image_discriminator", Score: ImageDiscriminator},
			{Scope: "video_discriminator", Score: VideoDiscriminator},
		},
	},
	// moelab's own.
	"lids": {Generator: unmasked(Lids), Painted: true},
	// The article's first attempt (Vondrick et al. 2016).
	"videogan": {
		Generator: VideoGAN, Masked: true, Free: videoganCode,
		Discriminators: []NamedDiscriminator{{Scope: lab.DiscriminatorScope, Score: Discriminator}},
	},
}

// given returns a generator's inputs without those of a reference. noise is N(0, 1), as long as [Config.noise] says.
func (c Config) given(picture, noise *Node) (given Given) {
	network, free := Networks[c.Network], 0
	if c.Unconditional {
		free = network.Free
		given.Content = SliceAxis(noise, -1, AxisRange(0, free))
	} else {
		given.Picture = picture
	}
	if network.Noise > 0 {
		given.Noise = SliceAxis(noise, -1, AxisRange(free))
	}
	return given
}

// noise is the length of the noise for each video.
func (c Config) noise() int {
	network := Networks[c.Network]
	if c.Unconditional {
		return network.Free + network.Noise
	}
	return network.Noise
}

// contentOf is what a network knows of a picture: its code, or the noise in its place.
//
//	→ [batch, length]
func contentOf(scope *model.Scope, config Config, given Given, length int) *Node {
	if given.Content != nil {
		return given.Content
	}
	return nn.Dense(scope.At("content"), encoded(scope, config, given.Picture), length)
}

// unmasked makes a [Network.Generator] of a network without a mask.
func unmasked(
	draw func(scope *model.Scope, config Config, given Given) *Node,
) func(scope *model.Scope, config Config, given Given) (videos, mask *Node) {
	return func(scope *model.Scope, config Config, given Given) (videos, mask *Node) {
		return draw(scope, config, given), nil
	}
}

// video is [Network.Generator] without the mask.
func (n Network) video(scope *model.Scope, config Config, given Given) *Node {
	videos, _ := n.Generator(scope, config, given)
	return videos
}

// network returns the networks that the configuration names, with panics turned into errors: GoMLX catches no other
// panic, and hangs after one. The configuration must be valid.
func (c Config) network() Network {
	network := Networks[c.Network]
	generator := network.Generator
	network.Generator = func(scope *model.Scope, config Config, given Given) (videos, mask *Node) {
		defer nn.RaiseError(config.Network)
		return generator(scope, config, given)
	}
	return network
}

// Part is the part of a frame that a network sees.
type Part struct {
	// Whole is set if it sees the whole frame; otherwise it sees one eye at a time.
	Whole bool
	// Pasted is set if its output is pasted into the picture, with a hidden border and the picture's own detail.
	Pasted bool
	// Kept keeps the network's part of clips in memory, up to a number of bytes.
	Kept func(clips dataset.Clips, bytes int64) dataset.Clips
}

// Parts are the parts that a [Config] can name.
var Parts = map[string]Part{
	"eyes": {Pasted: true, Kept: dataset.KeptEyes},
	"face": {Whole: true, Kept: dataset.KeptClips},
}

// Pastes reports whether what the networks draw is pasted into the picture, so that its border has a seam.
func (c Config) Pastes() bool { return c.part().Pasted && !Networks[c.Network].Painted }

// part returns the part that the configuration names.
func (c Config) part() Part { return Parts[c.Part] }
