//go:build slow

package jupyter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJupyterLabSeesTheKernel(t *testing.T) {
	module, err := FindModule(".")
	require.NoError(t, err)
	ports, err := freePorts(1)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		port := fmt.Sprintf("--port=%d", ports[0])
		ended <- Lab(ctx, module, t.TempDir(), "--no-browser", "--allow-root", "--IdentityProvider.token=", port)
	}()
	var answer string
	assert.Eventually(t, func() bool {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/kernelspecs", ports[0]))
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		answer = string(body)
		return err == nil && response.StatusCode == http.StatusOK
	}, 9*time.Minute, 500*time.Millisecond)
	assert.Contains(t, answer, "Go (moelab)")

	cancel()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(20 * time.Second):
		t.Fatal("JupyterLab does not end")
	}
}
