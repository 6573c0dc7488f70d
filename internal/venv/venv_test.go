package venv

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var packages = []string{"six==1.17.0"}

func sixVersion(t *testing.T, env *Env) string {
	t.Helper()
	out, err := exec.Command(env.Python(), "-c", "import six; print(six.__version__)").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

func TestTwoCallersGetOneEnvironmentWithThePinnedPackage(t *testing.T) {
	root := t.TempDir()
	var wg sync.WaitGroup
	envs := make([]*Env, 2)
	errs := make([]error, 2)
	logs := make([]strings.Builder, 2)
	for i := range envs {
		wg.Go(func() { envs[i], errs[i] = ensureIn(t.Context(), root, "test", packages, &logs[i]) })
	}
	wg.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	assert.Equal(t, envs[0].Dir(), envs[1].Dir())
	assert.Equal(t, "1.17.0", sixVersion(t, envs[0]))
	made := strings.Count(logs[0].String()+logs[1].String(), "making "+envs[0].Dir())
	assert.Equal(t, 1, made, "the environment was made more than once")
}

func TestInterruptedCreationIsRedone(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // Once the creation has begun.
		for ctx.Err() == nil {
			if begun, _ := filepath.Glob(filepath.Join(root, "test-*", "*")); len(begun) > 0 {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := ensureIn(ctx, root, "test", packages, nil)
	require.ErrorIs(t, err, context.Canceled)

	left, err := filepath.Glob(filepath.Join(root, "test-*", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, left, "the creation was undone")

	env, err := ensureIn(t.Context(), root, "test", packages, nil)
	require.NoError(t, err)
	assert.Equal(t, "1.17.0", sixVersion(t, env))
}

func TestBadPackagesAreNamed(t *testing.T) {
	_, err := ensureIn(t.Context(), t.TempDir(), "test", []string{"six"}, nil)
	assert.ErrorContains(t, err, `package "six" is not pinned`)

	_, err = ensureIn(t.Context(), t.TempDir(), "test", []string{"six==0.0.0.1"}, nil)
	assert.ErrorContains(t, err, "six==0.0.0.1")
}
