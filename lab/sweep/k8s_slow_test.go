//go:build slow

package sweep

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The schemas are those that Kubernetes publishes.
func TestAKubernetesJobSuitsThePublishedSchemas(t *testing.T) {
	env, err := venv.Ensure(t.Context(), "kubernetes", []string{"kubernetes-validate==1.37.0"}, os.Stderr)
	require.NoError(t, err)
	s := shared(t, filepath.Join(t.TempDir(), "ways"), rates(1, 2, 3))
	text, err := s.Script(Kubernetes, Tasks{AtOnce: 2, Arguments: []string{"--backend", "go"}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "job.yaml")
	validate := func(text []byte, version string) (string, error) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, text, 0o644))
		out, err := exec.Command(env.Bin("kubernetes-validate"), "-k", version, "--strict", path).CombinedOutput()
		return string(out), err
	}
	for _, version := range []string{"1.29", "1.33", "1.37"} { // 1.29 is the first with backoffLimitPerIndex by default.
		out, err := validate([]byte(text), version)
		assert.NoError(t, err, out)
		out, err = validate(bytes.Replace([]byte(text), []byte("completions:"), []byte("completion:"), 1), version)
		assert.Error(t, err, out)
	}
}
