package upscale

import (
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
)

// rrdbNet is [esrgan.RRDBNet] of a configuration.
func rrdbNet(config esrgan.Config) generator {
	return func(scope *model.Scope, x *Node) *Node { return esrgan.RRDBNet(scope, config, x) }
}

// fitRRDB determines the size of an RRDB net from its convolutions, given in order, and arranges them as the variables
// of [esrgan.RRDBNet]. Blocks, Channels and Growth of the configuration are the net's.
func fitRRDB(convolutions []weights.Convolution) (esrgan.Config, map[string]*tensors.Tensor, error) {
	const ofBlock, outside = 15, 6 // Convolutions per block, and outside blocks.
	if len(convolutions) < outside+ofBlock || (len(convolutions)-outside)%ofBlock != 0 {
		return esrgan.Config{}, nil, fmt.Errorf("it has %d convolutions, unlike any RRDB net of factor 4: "+
			"it is another network", len(convolutions))
	}
	config, err := esrgan.Experiment.Preset("article")
	if err != nil {
		return esrgan.Config{}, nil, err
	}
	config.Blocks = (len(convolutions) - outside) / ofBlock
	config.Channels, config.Growth = len(convolutions[0].Bias), len(convolutions[1].Bias)
	variables, err := weights.Fit(esrgan.RRDBLayers(config), convolutions)
	if err != nil {
		return esrgan.Config{}, nil, err
	}
	return config, variables, nil
}

// readRRDB reads an RRDB net of factor 4 from safetensors.
func readRRDB(path string) (esrgan.Config, map[string]*tensors.Tensor, error) {
	convolutions, err := weights.ReadRRDB(path)
	if err != nil {
		return esrgan.Config{}, nil, err
	}
	config, variables, err := fitRRDB(convolutions)
	if err != nil {
		return esrgan.Config{}, nil, fmt.Errorf("RRDB net in %s: %w", path, err)
	}
	return config, variables, nil
}

// openRRDB opens a network that [readRRDB] reads.
func openRRDB(backend compute.Backend, path string) (*esrgan.Upscaler, error) {
	config, variables, err := readRRDB(path)
	if err != nil {
		return nil, wrongFile(err)
	}
	upscaler, err := esrgan.NewUpscaler(backend, filepath.Base(path), esrgan.Scale, rrdbNet(config), variables)
	if err != nil {
		return nil, err
	}
	upscaler.Overlap = esrgan.RRDBOverlap(config.Blocks)
	return upscaler, nil
}
