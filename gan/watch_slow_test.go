//go:build slow

package gan

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hundred times the article's learning rate: G is lost within 300 steps, where D is small. With a twentieth of it nothing is said.
func TestWatchSeesARealTrainingGoWrong(t *testing.T) {
	for setting, says := range map[string]string{"learning_rate=2e-2": "G collapses", "learning_rate=1e-3": ""} {
		t.Run(setting, func(t *testing.T) {
			config := preset(t, "laptop", "size=32", "discriminator_channels=8", "batch=8", "steps=500", setting)
			var said error
			_, err := Train(t.Context(), t.TempDir(), config, TrainOptions{
				Backend: backendOf(t, openXLA), Warn: func(err error) { said = errors.Join(said, err) },
			})
			require.NoError(t, err)
			if says == "" {
				assert.NoError(t, said)
				return
			}
			require.ErrorContains(t, said, says)
			assert.LessOrEqual(t, strings.Count(said.Error(), "\n"), 3, said)
			t.Log(said)
		})
	}
}
