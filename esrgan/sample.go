package esrgan

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
)

// OpenRun opens the generator of a run's newest checkpoint: the average of its weights, where there is one. Where nothing but the pretraining was
// trained yet, it is that one's; RUN/pretrain is a run too.
func OpenRun(backend compute.Backend, dir string) (*Upscaler, error) {
	run, config, err := openRun(dir)
	if err != nil {
		return nil, err
	}
	weights, state, err := run.Weights(nil)
	if errors.Is(err, lab.ErrNoCheckpoint) && filepath.Base(dir) != pretrainDir {
		if pretrained, pretrainErr := OpenRun(backend, filepath.Join(dir, pretrainDir)); pretrainErr == nil {
			return pretrained, nil
		}
	}
	if err != nil {
		return nil, err
	}
	network, err := config.network()
	if err != nil {
		return nil, err
	}
	scope := config.sampledScope()
	name := fmt.Sprintf("%s of step %d", dir, state.Step)
	upscaler, err := NewUpscaler(backend, name, Scale, func(root *model.Scope, x *Node) *Node {
		return network.Generator(root.At("%s", scope), config, x)
	}, onlyBelow(weights, scope))
	if err == nil && config.Network == "esrgan" {
		upscaler.Overlap = RRDBOverlap(config.Blocks)
	}
	return upscaler, err
}

// sampledScope is where the weights lie that pictures are restored with.
func (c Config) sampledScope() string {
	if c.AverageDecay > 0 {
		return averageScope
	}
	return generatorScope
}

// openRun opens a run of this package, or the pretraining of one.
func openRun(dir string) (run *lab.Run, config Config, err error) {
	run, err = lab.OpenExperiment(dir, &config, experimentName, pretrainName)
	return run, config, err
}

// ReadConfig returns the configuration of a run. The error wraps [lab.ErrNotARun] or [lab.ErrOtherExperiment] where it is none of this package.
func ReadConfig(dir string) (Config, error) {
	_, config, err := openRun(dir)
	return config, err
}
