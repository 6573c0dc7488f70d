package xla

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/wheel"
	"github.com/moelab/moelab/internal/wheel/wheeltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childEnv makes the test binary a child process that installs a plugin: the real one, or the one in a small wheel,
// whose checksum is the value.
const childEnv = "MOELAB_XLA_TEST_CHILD"

func TestMain(m *testing.M) {
	if args := strings.Fields(os.Getenv(childEnv)); len(args) > 0 {
		os.Exit(child(args))
	}
	os.Exit(m.Run())
}

func child(args []string) int {
	var path string
	var err error
	if args[0] == "real" {
		path, err = InstallCPU(context.Background(), os.Stderr)
	} else {
		var dir string
		if dir, err = LibraryDir(); err == nil {
			path, err = install(context.Background(), os.Stderr, dir, outOfReach, smallWheel(args[0]))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(path)
	return 0
}

// childCommand returns a command that installs a plugin.
func childCommand(arguments string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childEnv+"="+arguments)
	return command
}

// outOfReach stands in for go-xla's release when GitHub is unreachable.
func outOfReach(context.Context, string) error { return errors.New("no way to GitHub\nstack trace") }

const pluginText = "what stands for a plugin"

// smallWheel describes a small wheel like the plugin's.
func smallWheel(sum string) *wheel.Wheel {
	return &wheel.Wheel{
		Requirement: "moelab-test-plugin==1.0", Size: "1 kB", SHA256: sum,
		Members: []wheel.Member{
			{Path: "plugin/p.so", SHA256: wheeltest.Sum(pluginText), InstallAs: "pjrt_c_api_cpu_v0.115.0_plugin.so"},
		},
	}
}

// makeWheel writes the small wheel into a folder, and lets pip look for wheels only there.
func makeWheel(t *testing.T) *wheel.Wheel {
	t.Helper()
	return smallWheel(
		wheeltest.Make(t, "moelab-test-plugin==1.0", "py3-none-any", map[string]string{"plugin/p.so": pluginText}),
	)
}

func TestInstallWheel(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	var log bytes.Buffer
	path, err := install(t.Context(), &log, dir, outOfReach, w)
	require.NoError(t, err)
	assert.Equal(t, CPUPlugin(), path)
	wheeltest.RequireFiles(t, dir, w.Members[0].InstallAs)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, pluginText, string(data))
	assert.Contains(t, log.String(), "xla: installed "+path)

	again, err := install(t.Context(), nil, dir, func(context.Context, string) error { panic("it is there") }, w)
	require.NoError(t, err)
	assert.Equal(t, path, again)
}

func TestReleaseComesFirst(t *testing.T) {
	dir := emptyMachine(t)
	path, err := install(t.Context(), nil, dir, func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "pjrt_c_api_cpu_v0.114.0_plugin.so"), nil, 0o644)
	}, nil)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "pjrt_c_api_cpu_v0.114.0_plugin.so"), path)
}

func TestInstallationThatFails(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	w.SHA256 = wheeltest.Sum("another wheel")
	_, err := install(t.Context(), nil, dir, outOfReach, w)
	require.ErrorIs(t, err, ErrNoPlugin)
	requireLine(
		t, err, "go-xla's installer: no way to GitHub; then pip: moelab_test_plugin-1.0-py3-none-any.whl: SHA-256 is ",
	)
	wheeltest.RequireFiles(t, dir)

	_, err = install(t.Context(), nil, dir, outOfReach, nil)
	require.ErrorIs(t, err, ErrNoPlugin)
	requireLine(t, err, "no way to GitHub")

	file := filepath.Join(t.TempDir(), "file")
	touch(t, filepath.Dir(file), "file")
	_, err = install(t.Context(), nil, file, outOfReach, w)
	requireLine(t, err, "install the XLA plugin", file,
		"set HOME to a folder that can be written to, PJRT_PLUGIN_LIBRARY_PATH to one that holds the plugin, or use")
}

func TestTwoProcessesInstall(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	path := installTwice(t, w.SHA256)
	assert.Equal(t, filepath.Join(dir, w.Members[0].InstallAs), path)
	wheeltest.RequireFiles(t, dir, w.Members[0].InstallAs)
}

// installTwice starts two processes that install, and checks that both find a plugin at one path, which it returns.
func installTwice(t *testing.T, arguments string) (path string) {
	t.Helper()
	var both sync.WaitGroup
	var paths [2]string
	for i := range paths {
		both.Go(func() {
			command := childCommand(arguments)
			var log bytes.Buffer
			command.Stderr = &log
			out, err := command.Output()
			assert.NoError(t, err, log.String())
			paths[i] = string(bytes.TrimSpace(out))
		})
	}
	both.Wait()
	require.Equal(t, paths[0], paths[1])
	return paths[0]
}

func TestCancelledDownload(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	asked := wheeltest.StalledIndex(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-asked
		cancel()
	}()
	start := time.Now()
	_, err := install(ctx, nil, dir, outOfReach, w)
	require.ErrorIs(t, err, context.Canceled)
	requireLine(t, err, "install the XLA plugin")
	assert.Less(t, time.Since(start), 20*time.Second)
	wheeltest.RequireFiles(t, dir)
}

func TestCUDAPluginLiesWhereGoXLALooksForIt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is none for this system")
	}
	dir := emptyMachine(t)
	sum := wheeltest.Make(t, "jax-cuda13-pjrt==1.0", "py3-none-any", map[string]string{
		"jax_plugins/xla_cuda13/xla_cuda_plugin.so": "the plugin", "nvidia/cu13/bin/ptxas": "an assembler",
		"nvidia/cudnn/lib/libcudnn.so.9": "a library",
	})
	set := func(sum string) wheel.Set {
		return wheel.Set{Requirements: []byte("jax-cuda13-pjrt==1.0 --hash=sha256:" + sum + "\n"), Size: "1 kB"}
	}
	touch(t, dir, "nvidia/old.so")
	var log bytes.Buffer
	err := installCUDA(t.Context(), &log, dir, set(wheeltest.Sum("another")))
	require.ErrorContains(t, err, "unpack the wheels (1 kB): pip install")
	assert.FileExists(t, filepath.Join(dir, "nvidia", "old.so"), "what was there stays")
	wheeltest.RequireFiles(t, dir, "nvidia")

	for range 2 {
		require.NoError(t, installCUDA(t.Context(), &log, dir, set(sum)))
	}
	assert.Equal(t, filepath.Join(dir, "nvidia", "pjrt_c_api_cuda_plugin.so"), CUDAPlugin())
	assert.FileExists(t, filepath.Join(dir, "nvidia", "cudnn", "lib", "libcudnn.so.9"))
	info, err := os.Stat(filepath.Join(dir, "nvidia", "cu13", "bin", "ptxas"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
	assert.NoFileExists(t, filepath.Join(dir, "nvidia", "old.so"))
	wheeltest.RequireFiles(t, dir, "nvidia")
	assert.Equal(t, 2, strings.Count(log.String(), "installing the CUDA plugin"), "the second time it is there")
}
