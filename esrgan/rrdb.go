package esrgan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/lab"
)

// rrdbLayers lists the convolutions of [RRDBNet] in order.
func rrdbLayers(config Config) []layer {
	channels, growth := config.Channels, config.Growth
	layers := []layer{{"first", 3, channels}}
	for block := range config.Blocks {
		for dense := range 3 {
			for conv := range 5 {
				outputs := growth
				if conv == 4 {
					outputs = channels
				}
				scope := fmt.Sprintf("rrdb%d/dense%d/conv%d", block+1, dense+1, conv+1)
				layers = append(layers, layer{scope, channels + conv*growth, outputs})
			}
		}
	}
	for _, scope := range []string{"trunk", "up1", "up2", "high"} {
		layers = append(layers, layer{scope, channels, channels})
	}
	return append(layers, layer{"rgb", channels, 3})
}

// fitRRDB finds the size of an RRDB net by its convolutions, which are all of them in order, and lays them out as the variables of [RRDBNet].
func fitRRDB(convolutions []convolution) (Config, map[string]*tensors.Tensor, error) {
	const outside = 6 // The convolutions that are in no block.
	if len(convolutions) < outside+15 || (len(convolutions)-outside)%15 != 0 {
		return Config{}, nil, fmt.Errorf("it has %d convolutions, which no RRDB net of factor 4 has: it is another network", len(convolutions))
	}
	config := with(article, func(c *Config) {
		c.Blocks = (len(convolutions) - outside) / 15
		c.Channels, c.Growth = len(convolutions[0].bias), len(convolutions[1].bias)
	})
	weights, err := fit(rrdbLayers(config), convolutions)
	if err != nil {
		return Config{}, nil, err
	}
	return config, weights, nil
}

// rrdbNaming says what a program calls the convolutions of an RRDB net: those outside of the blocks, and those in them as a format of
// block, from 0, dense block and convolution, from 1.
type rrdbNaming struct {
	first, conv, trunk, up1, up2, high, rgb string
}

// rrdbNamings are BasicSR's, ESRGAN's, and that of the first ESRGAN, which many models that people share have kept.
var rrdbNamings = []rrdbNaming{
	{"conv_first", "body.%d.rdb%d.conv%d", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"},
	{"conv_first", "RRDB_trunk.%d.RDB%d.conv%d", "trunk_conv", "upconv1", "upconv2", "HRconv", "conv_last"},
	{"model.0", "model.1.sub.%d.RDB%d.conv%d.0", "model.1.sub.%[1]d", "model.3", "model.6", "model.8", "model.10"},
}

// names lists the names of a net with a number of blocks, in the order of [rrdbLayers].
func (n rrdbNaming) names(blocks int) []string {
	names := []string{n.first}
	for block := range blocks {
		for dense := range 3 {
			for conv := range 5 {
				names = append(names, fmt.Sprintf(n.conv, block, dense+1, conv+1))
			}
		}
	}
	trunk := n.trunk
	if strings.Contains(trunk, "%") { // The first ESRGAN counted it as one more block.
		trunk = fmt.Sprintf(trunk, blocks)
	}
	return append(names, trunk, n.up1, n.up2, n.high, n.rgb)
}

// ReadRRDB reads the weights of an RRDB net of factor 4 from safetensors, with the names of BasicSR (body.0.rdb1.conv1.weight) or of ESRGAN
// (RRDB_trunk.0.RDB1.conv1.weight, model.1.sub.0.RDB1.conv1.0.weight). It returns the configuration, in which Blocks, Channels and Growth
// are the file's, and the variables of [RRDBNet].
func ReadRRDB(path string) (Config, map[string]*tensors.Tensor, error) {
	values, err := lab.ReadSafetensors(path)
	if err != nil {
		return Config{}, nil, err
	}
	convolutions, err := rrdbConvolutions(values)
	if err != nil {
		return Config{}, nil, fmt.Errorf("RRDB net in %s: %w", path, err)
	}
	config, weights, err := fitRRDB(convolutions)
	if err != nil {
		return Config{}, nil, fmt.Errorf("RRDB net in %s: %w", path, err)
	}
	return config, weights, nil
}

// rrdbConvolutions finds the convolutions among the tensors of a file, which must hold no others.
func rrdbConvolutions(values map[string]*tensors.Tensor) ([]convolution, error) {
	for _, naming := range rrdbNamings {
		blocks := 0
		for values[fmt.Sprintf(naming.conv, blocks, 1, 1)+".weight"] != nil {
			blocks++
		}
		if blocks == 0 {
			continue
		}
		names := naming.names(blocks)
		convolutions, err := byNames(values, names)
		if err != nil {
			return nil, err
		}
		if len(values) > 2*len(names) {
			return nil, fmt.Errorf("it is another network: an RRDB net of factor 4 has no tensor %s", surplus(values, names))
		}
		return convolutions, nil
	}
	return nil, fmt.Errorf("it is another network: it has no tensor %s.weight, and none of the other names of RRDB nets", fmt.Sprintf(rrdbNamings[0].conv, 0, 1, 1))
}

// surplus returns a tensor that belongs to none of the named convolutions.
func surplus(values map[string]*tensors.Tensor, names []string) string {
	rest := maps.Clone(values)
	for _, name := range names {
		delete(rest, name+".weight")
		delete(rest, name+".bias")
	}
	return slices.Sorted(maps.Keys(rest))[0]
}
