package gan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// iterate runs some iterations of a configuration, all with the same inputs, and returns the metrics of each, and the
// variables.
func iterate(t *testing.T, config Config, iterations int) (metrics [][]float64, store *model.Store) {
	t.Helper()
	require.NoError(t, config.Validate())
	store = model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	exec, err := model.NewExec(backendOf(t, openGo), store, func(scope *model.Scope, pictures, labels *Node) []*Node {
		return Iteration(scope, config, Networks[config.Network].catchable(), DrawInputs(scope, config, pictures, labels))
	})
	require.NoError(t, err)
	defer exec.Finalize()
	shape := shapes.Make(dtypes.Float32, config.DiscriminatorSteps, config.Batch, config.Size, config.Size, 3)
	pictures := make([]float32, shape.Size())
	for i, v := range gaussian(4, len(pictures)) {
		pictures[i] = float32(min(max(v/3, -1), 1))
	}
	labels := make([]int32, config.DiscriminatorSteps*config.Batch)
	for i := range labels {
		labels[i] = int32(i % len(config.Classes))
	}
	for range iterations {
		outputs, err := exec.Call(
			tensors.FromFlatDataAndDimensions(pictures, shape.Dimensions...),
			tensors.FromFlatDataAndDimensions(labels, config.DiscriminatorSteps, config.Batch, 1),
		)
		require.NoError(t, err)
		require.Len(t, outputs, len(config.Metrics()))
		var values []float64
		for _, output := range outputs {
			values = append(values, float64(tensors.ToScalar[float32](output)))
		}
		metrics = append(metrics, values)
	}
	return metrics, store
}

func TestEveryCombinationThatMakesSenseTakesSteps(t *testing.T) {
	type way struct{ setting, value string }
	ways := [][]way{
		{
			{"conditioning", ConditionProjection},
			{"conditioning", ConditionInput},
			{"conditioning", ConditionHidden},
			{"conditioning", ConditionACGAN},
		},
		{{"loss", lossHinge}, {"loss", lossNonSaturating}, {"loss", lossWasserstein}},
		{{"penalty", penaltyDRAGAN}, {"penalty", penaltyWGANGP}, {"penalty", penaltyR1}, {"penalty", PenaltyNone}},
		{{"clip", clipNone}, {"clip", clipWeights}, {"clip", clipGradients}},
		{{"spectral_norm", "true"}, {"spectral_norm", "false"}},
		{{"discriminator_noise", "0"}, {"discriminator_noise", "0.1"}},
		{{"squeeze_excitation", "true"}, {"squeeze_excitation", "false"}},
		{{"generator_norm", normConditional}, {"generator_norm", normPlain}},
	}
	for _, name := range []string{"smoke", "smoke-srresnet"} {
		// Each value of each setting, alone and with the next value of every other: not all of the thousand products.
		seen := map[string]bool{}
		for offset := range 8 {
			var settings []string
			for i, values := range ways {
				v := values[(offset*(i+1)+offset/len(values))%len(values)]
				settings = append(settings, v.setting+"="+v.value)
				seen[v.setting+"="+v.value] = true
			}
			if slices.Contains(settings, "clip=weights") {
				settings = append(settings, "spectral_norm=false")
			}
			if config := preset(t, name, settings...); config.Validate() != nil {
				settings = append(settings, "penalty="+penaltyR1)
			}
			config := preset(
				t,
				name,
				append(settings, "generator_channels=2", "discriminator_channels=2", "batch=2", "discriminator_steps=1")...)
			t.Run(fmt.Sprint(name, " ", settings), func(t *testing.T) {
				metrics, store := iterate(t, config, 2)
				for i, name := range config.Losses() {
					assert.NotEqual(t, metrics[0][i], metrics[1][i], "%s stays", name)
					assert.Less(t, metrics[1][i]*metrics[1][i], 1e8, name)
				}
				if config.Clip == clipWeights {
					for v := range store.RootScope().At(lab.DiscriminatorScope).IterVariables() {
						if v.Trainable {
							value, err := v.Value()
							require.NoError(t, err)
							for _, w := range flat(t, value) {
								require.LessOrEqual(t, w*w, 1.001*config.ClipLimit*config.ClipLimit, v.Path())
							}
						}
					}
				}
			})
		}
		for _, values := range ways {
			for _, v := range values {
				assert.True(t, seen[v.setting+"="+v.value], "%s=%s was not tried", v.setting, v.value)
			}
		}
	}
}
