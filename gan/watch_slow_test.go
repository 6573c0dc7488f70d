//go:build slow

package gan

import (
	"errors"
	"strings"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With D unbounded, at five hundred times the article's learning rate, G is lost before the watch begins. With the
// unchanged preset the watch reports nothing.
func TestWatchSeesARealTrainingGoWrong(t *testing.T) {
	for _, test := range []struct {
		settings []string
		says     string
	}{
		{[]string{"penalty=none", "spectral_norm=false", "learning_rate=0.1"}, "G collapses"},
		{nil, ""},
	} {
		t.Run(strings.Join(test.settings, " "), func(t *testing.T) {
			config := preset(t, "laptop", append([]string{"size=32", "steps=500", "seed=3"}, test.settings...)...)
			var said error
			_, err := Train(t.Context(), t.TempDir(), config, lab.TrainOptions{
				Backend: backendOf(t, openXLA), Warn: func(err error) { said = errors.Join(said, err) },
			})
			require.NoError(t, err)
			if test.says == "" {
				assert.NoError(t, said)
				return
			}
			require.ErrorContains(t, said, test.says)
			assert.LessOrEqual(t, strings.Count(said.Error(), "\n"), 3, said)
			t.Log(said)
		})
	}
}
