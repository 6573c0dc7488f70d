package gan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Network is a pair of networks that are trained against each other.
type Network struct {
	// Generator draws portraits.
	//
	//	noise: [batch, noise], oneHot: [batch, classes] → [batch, size, size, 3] in [-1, 1]
	Generator func(scope *model.Scope, config Config, noise, oneHot *Node) *Node
	// Discriminator scores portraits: high if they look real, and of their class.
	//
	//	x: [batch, size, size, 3] in [-1, 1], oneHot: [batch, classes]
	Discriminator func(scope *model.Scope, config Config, x, oneHot *Node) Verdict
	// Check notes the settings that the networks do not support; nil: any will do.
	Check func(config Config, checks *lab.Checks)
}

// The networks of the article.
const (
	networkResBlock = "resblock"
	networkSRResNet = "srresnet"
)

// Networks are the networks that a [Config] can name. Add one of your own here, in every program that trains or samples
// it: config.json holds the name only.
var Networks = map[string]Network{
	networkResBlock: {
		Generator: ResBlockGenerator, Discriminator: ResBlockDiscriminator,
		Check: func(c Config, checks *lab.Checks) {
			checks.That(c.GeneratorBlocks == 0,
				"generator_blocks is %d: the resblock generator has as many as its size needs; set 0", c.GeneratorBlocks)
		},
	},
	networkSRResNet: {
		Generator: SRResNetGenerator, Discriminator: SRResNetDiscriminator,
		Check: func(c Config, checks *lab.Checks) {
			checks.That(c.GeneratorBlocks >= 1 && c.GeneratorBlocks <= 128,
				"generator_blocks is %d: the srresnet generator needs at least 1, and at most 128", c.GeneratorBlocks)
			checks.That(c.Size >= firstSize,
				"size is %d: the srresnet generator begins at %d×%[2]d", c.Size, firstSize)
		},
	},
}

// catchable returns the networks with panics turned into errors: GoMLX catches no other panic, and hangs after one.
func (n Network) catchable() Network {
	return Network{
		Generator: func(scope *model.Scope, config Config, noise, oneHot *Node) *Node {
			defer nn.RaiseError(config.Network)
			return n.Generator(scope, config, noise, oneHot)
		},
		Discriminator: func(scope *model.Scope, config Config, x, oneHot *Node) Verdict {
			defer nn.RaiseError(config.Network)
			return n.Discriminator(scope, config, x, oneHot)
		},
	}
}

// network returns the networks that the configuration names.
func (c Config) network() (Network, error) {
	network, ok := Networks[c.Network]
	if !ok {
		names := slices.Sorted(maps.Keys(Networks))
		return Network{}, fmt.Errorf(
			"there is no network %q; there are %s (one of your own must be added to gan.Networks first)", c.Network,
			strings.Join(names, ", "),
		)
	}
	return network.catchable(), nil
}
