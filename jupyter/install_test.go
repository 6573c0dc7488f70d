package jupyter

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstallingTwiceChangesNothing(t *testing.T) {
	module, err := FindModule(".")
	require.NoError(t, err)
	dir := t.TempDir()
	install := func(env map[string]string) *KernelSpec {
		spec, err := installKernel(dir, module, "/tools", env)
		require.NoError(t, err)
		return spec
	}
	spec := install(map[string]string{"A": "1"})
	first, err := os.Stat(filepath.Join(dir, "kernel.json"))
	require.NoError(t, err)
	install(map[string]string{"A": "1"})
	second, err := os.Stat(filepath.Join(dir, "kernel.json"))
	require.NoError(t, err)
	assert.True(t, os.SameFile(first, second), "the file was written again")

	read, err := readKernelSpec(dir)
	require.NoError(t, err)
	assert.Equal(t, spec.Argv, read.Argv)
	assert.Equal(t, "1", read.Env["A"])
	assert.Equal(t, "Go (moelab)", read.DisplayName)

	assert.Equal(t, "2", install(map[string]string{"A": "2"}).Env["A"])

	_, err = installKernel(dir, t.TempDir(), "/tools", nil)
	assert.ErrorContains(t, err, "is not a checkout of")
}

func TestTwoProcessesBuildTheToolsOnce(t *testing.T) {
	t.Setenv("GOCACHE", goEnv(t, "GOCACHE")) // The programs are linked anew, not compiled.
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	module, err := FindModule(".")
	require.NoError(t, err)
	var wg sync.WaitGroup
	dirs, errs := make([]string, 2), make([]error, 2)
	for i := range dirs {
		wg.Go(func() { dirs[i], errs[i] = EnsureTools(t.Context(), module, nil) })
	}
	wg.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	assert.Equal(t, dirs[0], dirs[1])
	assert.FileExists(t, filepath.Join(dirs[0], "gonb"))
	assert.FileExists(t, filepath.Join(dirs[0], "goimports"))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dirs[0]), "*"))
	require.NoError(t, err)
	assert.Len(t, left, 2, "the folder and its lock: %v", left)
}

func TestGoWrapperPassesOnWhatIsNotItsBusiness(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here")
	require.NoError(t, os.Mkdir(dir, 0o755))
	real, wrapper := filepath.Join(dir, "real"), filepath.Join(dir, "go")
	require.NoError(t, os.WriteFile(real, []byte("#!/bin/sh\nprintf '[%s]' \"$@\"\nexit 3\n"), 0o755))
	require.NoError(t, os.WriteFile(wrapper, []byte(goWrapper(real)), 0o755))
	for _, test := range []struct {
		args   []string
		want   string
		status int
	}{
		{[]string{"get"}, "", 0},
		{[]string{"get", "-t"}, "", 0},
		{[]string{"get", "example.com/a"}, "[get][example.com/a]", 3},
		{[]string{"build", "-o", "a b", "-ldflags=-s"}, "[build][-ldflags=-w][-o][a b][-ldflags=-s]", 3},
		{[]string{"mod", "init", "x y"}, "[mod][init][x y]", 3},
	} {
		cmd := exec.Command(wrapper, test.args...)
		out, _ := cmd.CombinedOutput()
		assert.Equal(t, test.want, string(out))
		assert.Equal(t, test.status, cmd.ProcessState.ExitCode())
	}
}

func TestKernelsAreFoundInJupytersFolders(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	t.Setenv("JUPYTER_PATH", first+":"+second)
	write := func(dir, name, contents string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "kernels", name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "kernels", name, "kernel.json"), []byte(contents), 0o644))
	}
	write(first, "Mine", `{"argv": ["first"], "display_name": "Mine", "language": "x"}`)
	write(second, "mine", `{"argv": ["second"]}`)
	write(second, "broken", `{"argv": [`)
	write(second, "empty", `{"argv": []}`)
	spec, err := FindKernel("MINE")
	require.NoError(t, err)
	assert.Equal(t, []string{"first"}, spec.Argv)
	_, err = FindKernel("broken")
	require.ErrorIs(t, err, ErrNoKernel)
	assert.ErrorContains(t, err, "these are: mine, moelab, python3")
}
