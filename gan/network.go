package gan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Network is a pair of networks that are trained against each other.
type Network struct {
	// Generator draws portraits.
	//
	//	noise: [batch, noise], oneHot: [batch, classes] → [batch, size, size, 3] in [-1, 1]
	Generator func(scope *model.Scope, config Config, noise, oneHot *Node) *Node
	// Discriminator says whether portraits look real, and of their class.
	//
	//	x: [batch, size, size, 3] in [-1, 1], oneHot: [batch, classes]
	Discriminator func(scope *model.Scope, config Config, x, oneHot *Node) Verdict
}

// The networks of the article.
const (
	NetworkResBlock = "resblock"
	NetworkSRResNet = "srresnet"
)

// Networks are the networks that a [Config] can name. A reader who has one of his own adds it here, in every program that
// trains or samples it: config.json holds the name only.
var Networks = map[string]Network{
	NetworkResBlock: {Generator: ResBlockGenerator, Discriminator: ResBlockDiscriminator},
	NetworkSRResNet: {Generator: SRResNetGenerator, Discriminator: SRResNetDiscriminator},
}

// catchable returns the networks with their panics made errors: GoMLX catches no others, and hangs after one.
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
		return Network{}, fmt.Errorf("there is no network %q; there are %s (one of your own must be added to gan.Networks first)", c.Network, strings.Join(names, ", "))
	}
	return network.catchable(), nil
}
