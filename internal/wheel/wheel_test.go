package wheel_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/wheel"
	"github.com/moelab/moelab/internal/wheel/wheeltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	requirement = "moelab-test-wheel==1.0"
	text        = "what stands for weights"
)

// childEnv makes the test binary a process that installs a wheel. Its value holds the wheel's checksum and the folder.
const childEnv = "MOELAB_WHEEL_TEST_CHILD"

func TestMain(m *testing.M) {
	if sum, dir, ok := strings.Cut(os.Getenv(childEnv), " "); ok {
		if err := small(sum).Ensure(context.Background(), dir, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child returns a command that installs the wheel.
func child(w wheel.Wheel, dir string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childEnv+"="+w.SHA256+" "+dir)
	return command
}

// small describes a wheel of two files, one of which is installed under another name.
func small(sum string) wheel.Wheel {
	return wheel.Wheel{Requirement: requirement, Size: "1 kB", SHA256: sum, Members: []wheel.Member{
		{Path: "package/a.bin", SHA256: wheeltest.Sum(text), InstallAs: "weights.bin"},
		{Path: "package/a.param", SHA256: wheeltest.Sum("parameters"), InstallAs: "a.param"},
	}}
}

func makeSmall(t *testing.T, tag string) wheel.Wheel {
	t.Helper()
	files := map[string]string{"package/a.bin": text, "package/a.param": "parameters", "package/__init__.py": ""}
	return small(wheeltest.Make(t, requirement, tag, files))
}

func TestEnsureInstallsOnce(t *testing.T) {
	w, dir := makeSmall(t, "py3-none-any"), filepath.Join(t.TempDir(), "a", "b")
	assert.False(t, w.Installed(dir))
	var log bytes.Buffer
	require.NoError(t, w.Ensure(t.Context(), dir, &log))
	assert.True(t, w.Installed(dir))
	wheeltest.RequireFiles(t, dir, "weights.bin", "a.param")
	data, err := os.ReadFile(filepath.Join(dir, "weights.bin"))
	require.NoError(t, err)
	assert.Equal(t, text, string(data))
	assert.Equal(t, "downloading moelab-test-wheel==1.0 through pip (1 kB)\n", log.String())

	t.Setenv("PATH", "") // Even without python3: everything is installed.
	require.NoError(t, w.Ensure(t.Context(), dir, nil))
	require.NoError(t, os.Remove(filepath.Join(dir, "a.param")))
	require.Error(t, w.Ensure(t.Context(), dir, nil), "a missing file is fetched again")
}

func TestWheelOfAnotherPythonAndPlatform(t *testing.T) {
	w, dir := makeSmall(t, "cp38-none-win_amd64"), t.TempDir()
	require.Error(t, w.Ensure(t.Context(), dir, nil))
	w.Python, w.Platform = "3.8", "win_amd64"
	require.NoError(t, w.Ensure(t.Context(), dir, nil))
	wheeltest.RequireFiles(t, dir, "weights.bin", "a.param")
}

func TestInstallationThatFails(t *testing.T) {
	good := makeSmall(t, "py3-none-any")
	noPip := t.TempDir()
	require.NoError(
		t,
		os.WriteFile(
			filepath.Join(noPip, "python3"),
			[]byte("#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n"),
			0o755,
		),
	)
	for _, test := range []struct {
		name, path, want string
		change           func(*wheel.Wheel)
	}{
		{
			"another wheel", "", "moelab_test_wheel-1.0-py3-none-any.whl: SHA-256 is " + good.SHA256,
			func(w *wheel.Wheel) { w.SHA256 = wheeltest.Sum("") },
		},
		{
			"another member", "", "package/a.param: SHA-256 is " + good.Members[1].SHA256,
			func(w *wheel.Wheel) { w.Members[1].SHA256 = wheeltest.Sum("") },
		},
		{"no such member", "", "package/none", func(w *wheel.Wheel) { w.Members[0].Path = "package/none" }},
		{
			"no such version", "", "pip download moelab-test-wheel==2.0",
			func(w *wheel.Wheel) { w.Requirement = "moelab-test-wheel==2.0" },
		},
		{"no python3", t.TempDir(), "python3 is not installed: install it, with pip", func(*wheel.Wheel) {}},
		{"no pip", noPip, "python3 has no pip: install it", func(*wheel.Wheel) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.path != "" {
				t.Setenv("PATH", test.path)
			}
			w, dir := small(good.SHA256), t.TempDir()
			test.change(&w)
			err := w.Ensure(t.Context(), dir, nil)
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "\n")
			wheeltest.RequireFiles(t, dir)
		})
	}
}

func TestTwoProcessesInstall(t *testing.T) {
	w, dir := makeSmall(t, "py3-none-any"), t.TempDir()
	var both sync.WaitGroup
	var logs [2]bytes.Buffer
	for i := range logs {
		both.Go(func() {
			command := child(w, dir)
			command.Stderr = &logs[i]
			assert.NoError(t, command.Run(), logs[i].String())
		})
	}
	both.Wait()
	assert.Equal(t, 1, strings.Count(logs[0].String()+logs[1].String(), "downloading"), "one downloads, the other waits")
	wheeltest.RequireFiles(t, dir, "weights.bin", "a.param")
}

func TestCancelledDownload(t *testing.T) {
	w, dir := makeSmall(t, "py3-none-any"), t.TempDir()
	asked := wheeltest.StalledIndex(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-asked
		cancel()
	}()
	start := time.Now()
	require.ErrorIs(t, w.Ensure(ctx, dir, nil), context.Canceled)
	assert.Less(t, time.Since(start), 20*time.Second)
	wheeltest.RequireFiles(t, dir)
}

func TestKilledDownloadLeavesNothingInTheWay(t *testing.T) {
	w, dir := makeSmall(t, "py3-none-any"), t.TempDir()
	links := os.Getenv("PIP_FIND_LINKS")
	asked := wheeltest.StalledIndex(t)
	command := child(w, dir)
	require.NoError(t, command.Start())
	<-asked
	require.NoError(t, command.Process.Kill())
	_ = command.Wait()
	assert.False(t, w.Installed(dir))

	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", links)
	require.NoError(t, w.Ensure(t.Context(), dir, nil))
	wheeltest.RequireFiles(t, dir, "weights.bin", "a.param")
}

func TestAChangedMemberIsNoticed(t *testing.T) {
	dir := t.TempDir()
	w := wheel.Wheel{Members: []wheel.Member{
		{SHA256: wheeltest.Sum("weights"), InstallAs: "w.bin"}, {SHA256: wheeltest.Sum("layers"), InstallAs: "w.param"},
	}}
	weights, layers := filepath.Join(dir, "w.bin"), filepath.Join(dir, "w.param")
	assert.ErrorIs(t, w.Check(dir), fs.ErrNotExist)
	require.NoError(t, os.WriteFile(weights, []byte("weights"), 0o644))
	require.NoError(t, os.WriteFile(layers, []byte("other"), 0o644))
	require.NoError(t, w.Check(dir, "w.bin"))
	require.ErrorContains(t, w.Check(dir), layers+" was changed after it was installed")
	require.NoError(t, os.WriteFile(layers, []byte("layers"), 0o644))
	require.NoError(t, w.Check(dir))

	require.NoError(t, os.WriteFile(weights, []byte("Weights"), 0o644)) // Of the same size.
	require.NoError(t, os.Chtimes(weights, time.Time{}, time.Now().Add(time.Second)))
	require.ErrorContains(t, w.Check(dir), weights+" was changed")

	// A file that was checked is not read again: it may be large.
	require.NoError(t, os.WriteFile(weights, []byte("weights"), 0o644))
	require.NoError(t, w.Check(dir))
	info, err := os.Stat(weights)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(weights, []byte("Weights"), 0o644))
	require.NoError(t, os.Chtimes(weights, time.Time{}, info.ModTime()))
	require.NoError(t, w.Check(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".checked.json"), []byte("{nonsense"), 0o644))
	require.ErrorContains(t, w.Check(dir), weights+" was changed", "a damaged memory is none")
}
