package esrgan

import (
	"encoding/json"
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
	scope := generatorScope
	if config.AverageDecay > 0 {
		scope = averageScope
	}
	name := fmt.Sprintf("%s of step %d", dir, state.Step)
	upscaler, err := NewUpscaler(backend, name, Scale, func(root *model.Scope, x *Node) *Node {
		return network.Generator(root.At("%s", scope), config, x)
	}, onlyBelow(weights, scope))
	if err == nil && config.Network == "esrgan" {
		upscaler.Overlap = RRDBOverlap(config.Blocks)
	}
	return upscaler, err
}

// openRun opens a run of this package, or the pretraining of one.
func openRun(dir string) (run *lab.Run, config Config, err error) {
	if run, err = lab.Open(dir); err != nil {
		return nil, config, err
	}
	var text json.RawMessage // What another package's configuration holds does not fit ours.
	name, _, err := run.Experiment(&text)
	if err != nil {
		return nil, config, err
	}
	if name != experimentName && name != pretrainName {
		return nil, config, fmt.Errorf("%w: %s is a run of %q, not of %q", lab.ErrOtherExperiment, dir, name, experimentName)
	}
	_, _, err = run.Experiment(&config)
	return run, config, err
}

// ReadConfig returns the configuration of a run. The error wraps [lab.ErrNotARun] or [lab.ErrOtherExperiment] where it is none of this package.
func ReadConfig(dir string) (Config, error) {
	_, config, err := openRun(dir)
	return config, err
}
