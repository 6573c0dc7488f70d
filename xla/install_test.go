package xla

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childEnv tells the test binary to be a child process that installs a plugin: the real one, or a small one whose checksums follow.
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
			path, err = install(context.Background(), os.Stderr, dir, outOfReach, smallWheel(args[0], args[1]))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(path)
	return 0
}

// childCommand makes a command that installs.
func childCommand(arguments string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childEnv+"="+arguments)
	return command
}

// outOfReach stands for go-xla's release where there is no way to GitHub.
func outOfReach(context.Context, string) error { return errors.New("no way to GitHub\nstack trace") }

const pluginText = "what stands for a plugin"

// smallWheel describes a wheel like the plugin's.
func smallWheel(wheelSum, soSum string) *wheel {
	return &wheel{
		requirement: "moelab-test-plugin==1.0", wheelSHA256: wheelSum,
		member: "plugin/p.so", soSHA256: soSum, installAs: "pjrt_c_api_cpu_v0.115.0_plugin.so",
	}
}

// makeWheel writes the small wheel into a folder in which pip, and nowhere else, looks for it.
func makeWheel(t *testing.T) *wheel {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, text := range map[string]string{
		"plugin/p.so": pluginText,
		"moelab_test_plugin-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: moelab-test-plugin\nVersion: 1.0\n",
		"moelab_test_plugin-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"moelab_test_plugin-1.0.dist-info/RECORD":   "",
	} {
		file, err := writer.Create(name)
		require.NoError(t, err)
		_, err = file.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "moelab_test_plugin-1.0-py3-none-any.whl"), archive.Bytes(), 0o644))
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", dir)
	return smallWheel(sum(archive.Bytes()), sum([]byte(pluginText)))
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// requireNoLeftovers checks that a folder of plugins holds these, and what nobody takes for one.
func requireNoLeftovers(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	names := []string{}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasSuffix(name, ".lock") {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, want, names)
}

func TestInstallWheel(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	var log bytes.Buffer
	path, err := install(t.Context(), &log, dir, outOfReach, w)
	require.NoError(t, err)
	assert.Equal(t, CPUPlugin(), path)
	requireNoLeftovers(t, dir, w.installAs)
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
	dir, good := emptyMachine(t), makeWheel(t)
	noPip := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(noPip, "python3"), []byte("#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n"), 0o755))
	for _, test := range []struct {
		name, path, want string
		w                wheel
	}{
		{"another wheel", "", "SHA-256 is " + good.wheelSHA256, wheel{good.requirement, sum(nil), good.member, good.soSHA256, good.installAs}},
		{"another plugin", "", "SHA-256 is " + good.soSHA256, wheel{good.requirement, good.wheelSHA256, good.member, sum(nil), good.installAs}},
		{"no plugin inside", "", "no.so", wheel{good.requirement, good.wheelSHA256, "no.so", good.soSHA256, good.installAs}},
		{"no such version", "", "pip download moelab-test-plugin==2.0", wheel{"moelab-test-plugin==2.0", good.wheelSHA256, good.member, good.soSHA256, good.installAs}},
		{"no python3", t.TempDir(), "python3 is not installed: install it, with pip", *good},
		{"no pip", noPip, "python3 has no pip: install it", *good},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.path != "" {
				t.Setenv("PATH", test.path)
			}
			_, err := install(t.Context(), nil, dir, outOfReach, &test.w)
			require.ErrorIs(t, err, ErrNoPlugin)
			requireLine(t, err, "go-xla's installer: no way to GitHub; then pip: ", test.want)
			requireNoLeftovers(t, dir)
		})
	}
	_, err := install(t.Context(), nil, dir, outOfReach, nil)
	require.ErrorIs(t, err, ErrNoPlugin)
	requireLine(t, err, "no way to GitHub")

	file := filepath.Join(t.TempDir(), "file")
	touch(t, filepath.Dir(file), "file")
	_, err = install(t.Context(), nil, file, outOfReach, good)
	requireLine(t, err, "install the XLA plugin", file)
}

func TestTwoProcessesInstall(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	path := installTwice(t, w.wheelSHA256+" "+w.soSHA256)
	assert.Equal(t, filepath.Join(dir, w.installAs), path)
	requireNoLeftovers(t, dir, w.installAs)
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

// stalledIndex makes pip ask a server that never answers, and returns what is closed when pip does.
func stalledIndex(t *testing.T) (asked chan struct{}) {
	t.Helper()
	asked = make(chan struct{})
	over := make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(asked) })
		<-over
	}))
	t.Cleanup(func() {
		close(over) // The pip of a process that was killed waits still.
		server.Close()
	})
	t.Setenv("PIP_RETRIES", "0")
	t.Setenv("PIP_NO_INDEX", "0")
	t.Setenv("PIP_FIND_LINKS", "")
	t.Setenv("PIP_INDEX_URL", server.URL+"/simple")
	t.Setenv("PIP_EXTRA_INDEX_URL", "")
	t.Setenv("NO_PROXY", "127.0.0.1")
	t.Setenv("no_proxy", "127.0.0.1")
	return asked
}

func TestCancelledDownload(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	asked := stalledIndex(t)
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
	requireNoLeftovers(t, dir)
}

func TestKilledDownload(t *testing.T) {
	dir, w := emptyMachine(t), makeWheel(t)
	links := os.Getenv("PIP_FIND_LINKS")
	asked := stalledIndex(t)
	command := childCommand(w.wheelSHA256 + " " + w.soSHA256)
	require.NoError(t, command.Start())
	<-asked
	require.NoError(t, command.Process.Kill())
	_ = command.Wait()
	assert.Empty(t, CPUPlugin())

	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", links)
	_, err := install(t.Context(), nil, dir, outOfReach, w)
	require.NoError(t, err)
	requireNoLeftovers(t, dir, w.installAs)
}
