package esrgan

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
	// Generator enlarges pictures four times.
	//
	//	x: [batch, height, width, 3] in [0, 1] → [batch, 4·height, 4·width, 3], about [0, 1]
	Generator func(scope *model.Scope, config Config, x *Node) *Node
	// Discriminator scores pictures: high if they look real.
	//
	//	x: [batch, size, size, 3] in [0, 1] → [batch], logits
	Discriminator func(scope *model.Scope, config Config, x *Node) *Node
	// Sight returns how far the generator sees, in pixels of x, by which tiles overlap. Nil: [DefaultOverlap].
	Sight func(config Config) int
}

// networkESRGAN is the network of ESRGAN.
const networkESRGAN = "esrgan"

// Networks are the networks that a [Config] can name. Add one of your own here, in every program that trains or uses
// it: config.json holds the name only.
var Networks = map[string]Network{
	networkESRGAN: {
		Generator: RRDBNet, Discriminator: ESRGANDiscriminator,
		Sight: func(config Config) int { return RRDBOverlap(config.Blocks) },
	},
	"srgan": {Generator: SRResNet, Discriminator: SRGANDiscriminator},
}

// catchable returns the networks with panics turned into errors: GoMLX catches no other panic, and hangs after one.
func (n Network) catchable() Network {
	catch := func(build func(*model.Scope, Config, *Node) *Node) func(*model.Scope, Config, *Node) *Node {
		return func(scope *model.Scope, config Config, x *Node) *Node {
			defer nn.RaiseError(config.Network)
			return build(scope, config, x)
		}
	}
	n.Generator, n.Discriminator = catch(n.Generator), catch(n.Discriminator)
	return n
}

// network returns the networks of the configuration.
func (c Config) network() (Network, error) {
	network, ok := Networks[c.Network]
	if !ok {
		names := slices.Sorted(maps.Keys(Networks))
		return Network{}, fmt.Errorf("there is no network %q; there are %s "+
			"(one of your own must be added to esrgan.Networks first)", c.Network, strings.Join(names, ", "))
	}
	return network.catchable(), nil
}
