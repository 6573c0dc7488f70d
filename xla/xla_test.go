package xla

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/wheel/wheeltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// emptyMachine makes the test believe that no plugin is installed and none is named.
func emptyMachine(t *testing.T) (libraries string) {
	t.Helper()
	t.Setenv(BackendEnv, "")
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", "")
	t.Setenv("HOME", t.TempDir())
	if matches, _ := filepath.Glob("/usr/local/lib/go-xla/pjrt*"); len(matches) > 0 {
		t.Skip("plugins are installed for all users of this machine")
	}
	libraries, err := LibraryDir()
	require.NoError(t, err)
	return libraries
}

// touch creates empty files.
func touch(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
}

// requireLine checks that an error is a single line that contains all of the parts.
func requireLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	for _, part := range parts {
		require.ErrorContains(t, err, part)
	}
}

func TestOpenComputes(t *testing.T) {
	backend, err := Open(t.Context(), Options{Backend: "cpu", Log: os.Stderr})
	require.NoError(t, err)
	defer backend.Finalize()
	assert.Equal(t, "CPU", Platform(backend))
	devices := Devices(backend)
	require.NotEmpty(t, devices)
	assert.Equal(t, "cpu:0", devices[0])
	version, err := PluginVersion(CPUPlugin())
	require.NoError(t, err)
	assert.Regexp(t, `^v0\.\d+$`, version)
	sum, err := graph.CallOnce(
		backend, func(x *graph.Node) *graph.Node { return graph.ReduceAllSum(x) }, []float32{1, 2, 3},
	)
	require.NoError(t, err)
	assert.EqualValues(t, 6, tensors.ToScalar[float32](sum))
}

// go-xla shares buffers by default only with a plugin called "cpu"; ours is called by its path.
func TestInstalledPluginSharesBuffers(t *testing.T) {
	backend, err := Open(t.Context(), Options{Backend: "cpu"})
	require.NoError(t, err)
	defer backend.Finalize()
	assert.True(t, backend.HasSharedBuffers())
}

func TestPureGoOnlyWhereAskedFor(t *testing.T) {
	emptyMachine(t)
	backend, err := Open(t.Context(), Options{Backend: "go", NoInstall: true})
	require.NoError(t, err)
	defer backend.Finalize()
	assert.Equal(t, "pure Go", Platform(backend))
	assert.Len(t, Devices(backend), 1)

	_, err = Open(t.Context(), Options{NoInstall: true})
	require.ErrorIs(t, err, ErrNoPlugin)
	requireLine(t, err, "run 'moelab setup'")
	_, err = Open(t.Context(), Options{NoInstall: true, Backend: "cpu"})
	require.ErrorIs(t, err, ErrNoPlugin)
}

func TestOrderOfLookUp(t *testing.T) {
	libraries := emptyMachine(t)
	choose := func(options Options) (string, string) {
		t.Helper()
		options.NoInstall = true
		config, source, err := Choose(t.Context(), options)
		require.NoError(t, err)
		return config, source
	}
	touch(t, libraries, "pjrt_c_api_cpu_v0.114.0_plugin.so")
	ours := "xla:" + filepath.Join(libraries, "pjrt_c_api_cpu_v0.114.0_plugin.so") + ",shared_buffers=true"
	config, source := choose(Options{})
	assert.Equal(t, ours, config)
	assert.Equal(t, "installed plugin", source)

	elsewhere := t.TempDir()
	touch(t, elsewhere, "pjrt_c_api_cpu_plugin.so")
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir()+":"+elsewhere)
	config, _ = choose(Options{})
	assert.Equal(t, "xla:"+filepath.Join(elsewhere, "pjrt_c_api_cpu_plugin.so")+",shared_buffers=true", config)

	cudaDir := t.TempDir()
	touch(t, cudaDir, "pjrt_c_api_cpu_plugin.so", "nvidia/pjrt_c_api_cuda_plugin.so")
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", cudaDir)
	config, source = choose(Options{})
	if HasCUDA() {
		assert.Equal(t, "xla:cuda", config)
		assert.Equal(t, "CUDA device", source)
	} else {
		assert.Contains(t, config, "cpu", "a CUDA plugin without a device")
	}

	t.Setenv(BackendEnv, "xla:/some/plugin.so")
	config, source = choose(Options{})
	assert.Equal(t, "xla:/some/plugin.so", config)
	assert.Equal(t, BackendEnv, source)

	for name, want := range map[string]string{
		"go":        "go",
		"cuda":      "xla:cuda",
		"xla:/a.so": "xla:/a.so",
		"cpu":       "xla:" + filepath.Join(cudaDir, "pjrt_c_api_cpu_plugin.so") + ",shared_buffers=true",
	} {
		config, source = choose(Options{Backend: name})
		assert.Equal(t, want, config)
		assert.Equal(t, "asked for", source)
	}
}

func TestNewestPluginIsTaken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the file is not named like a plugin")
	}
	libraries := emptyMachine(t)
	assert.Empty(t, CPUPlugin())
	assert.Empty(t, CUDAPlugin())
	touch(
		t,
		libraries,
		"pjrt_c_api_cpu_v0.200.0_plugin.so.lock",
		".install-1/pjrt_c_api_cpu_v9.0.0_plugin.so",
		"pjrt_c_api_cpu_v0.115.0_plugin.so.tmp",
	)
	assert.Empty(t, CPUPlugin(), "go-xla's lock is no plugin")
	touch(
		t,
		libraries,
		"pjrt_c_api_cpu_v0.99.0_plugin.so",
		"pjrt_c_api_cpu_v0.115.0_plugin.so",
		"pjrt_c_api_cpu_v0.115.0_plugin.so.lock",
	)
	assert.Equal(t, filepath.Join(libraries, "pjrt_c_api_cpu_v0.115.0_plugin.so"), CPUPlugin())
	touch(t, libraries, "nvidia/pjrt_c_api_cuda_plugin.so")
	assert.Equal(t, filepath.Join(libraries, "nvidia", "pjrt_c_api_cuda_plugin.so"), CUDAPlugin())
}

func TestBackendsThatCannotBeOpened(t *testing.T) {
	libraries := emptyMachine(t)
	for _, test := range []struct{ name, want string }{
		{"nonsense", `open backend "nonsense" (asked for): unknown backend "nonsense"; known are cpu, cuda, and GoMLX's go,`},
		{"xla:/nowhere.so", "no such file"},
		{"xla:" + os.Args[0] + "/x.so", "not a directory"},
		{"xla:nonsense", `"nonsense"`},
		{"cuda", "run 'moelab setup --cuda'"},
	} {
		_, err := Open(t.Context(), Options{Backend: test.name, NoInstall: true})
		requireLine(t, err, test.want)
	}
	t.Setenv(BackendEnv, "xla2:cpu")
	_, err := Open(t.Context(), Options{})
	requireLine(t, err, BackendEnv, `unknown backend "xla2"`)
	t.Setenv(BackendEnv, "")

	touch(t, libraries, "pjrt_c_api_cpu_v0.115.0_plugin.so") // Empty.
	_, err = Open(t.Context(), Options{})
	requireLine(t, err, "pjrt_c_api_cpu_v0.115.0_plugin.so", "installed plugin", "remove it and run 'moelab setup'")
	_, err = PluginVersion(CPUPlugin())
	requireLine(t, err, "load plugin")
}

func TestCancelledInstallation(t *testing.T) {
	libraries := emptyMachine(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := InstallCPU(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	wheeltest.RequireFiles(t, libraries)
}

// GoMLX's own default hangs on two cores: all workers wait for more workers.
func TestPureGoDoesNotHangOnTwoCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	backend, err := Open(t.Context(), Options{Backend: "go"})
	require.NoError(t, err)
	defer backend.Finalize()
	exec, err := graph.NewExec(backend, func(x, kernel *graph.Node) *graph.Node {
		var sum *graph.Node
		for i := range 32 { // Independent of one another.
			y := graph.Convolve(graph.AddScalar(x, float64(i)), kernel).PadSame().Done()
			if sum == nil {
				sum = y
			} else {
				sum = graph.Add(sum, y)
			}
		}
		return graph.ReduceAllSum(sum)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	done := make(chan error, 1)
	go func() {
		for range 6 {
			x := tensors.FromShape(shapes.Make(dtypes.Float32, 8, 32, 32, 8))
			kernel := tensors.FromShape(shapes.Make(dtypes.Float32, 3, 3, 8, 8))
			if _, err := exec.Call(x, kernel); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
}

// With too little memory XLA aborts the process: there is no error then, only lines of its own.
func TestALimitOnMemoryIsSaid(t *testing.T) {
	var old syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_AS, &old))
	low := old
	low.Cur = 3 << 30
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_AS, &low))
	_, err := Open(t.Context(), Options{Backend: "xla:cpu"})
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_AS, &old))
	requireLine(t, err, "the address space is limited to 3.0 GiB (ulimit -v), and XLA needs 4 GiB")
}
