package jupyter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectionFileIsGoneWhenTheKernelIs(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	spec := &KernelSpec{Name: "brief", Argv: []string{"sh", "-c", "exit 1"}}
	for range 20 {
		_, err := startKernel(t.Context(), spec, Options{})
		require.ErrorAs(t, err, new(*KernelDiedError))
		left, err := filepath.Glob(filepath.Join(tmp, "moelab-kernel-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestChildrenInSessionsOfTheirOwnEndWithTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the environment of processes")
	}
	nb := notebook("python3", `import subprocess
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
orphan = subprocess.check_output(["setsid", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], text=True)
print(child.pid, orphan)`)
	require.NoError(t, Run(t.Context(), nb, Options{}))
	pids := strings.Fields(printed(nb.Cells[0]))
	require.Len(t, pids, 2)
	for _, field := range pids {
		pid, err := strconv.Atoi(field)
		require.NoError(t, err)
		assert.Eventually(t, func() bool { return ended(pid) }, 5*time.Second, 10*time.Millisecond, "process %d is left", pid)
	}
}

// The folder holds the key of the connection, and the processes of a killed notebook may compute for ever.
func TestWhatAKilledProcessLeftEndsWithTheNextKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the environment of processes")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	inSession := func(f *kernelFolder) int {
		child := exec.Command("sleep", "600")
		child.Env = append(os.Environ(), f.mark())
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		require.NoError(t, child.Start())
		go child.Wait()
		t.Cleanup(func() { _ = child.Process.Kill() })
		return child.Process.Pid
	}
	lives, err := newKernelFolder(connection{})
	require.NoError(t, err)
	killed, err := newKernelFolder(connection{})
	require.NoError(t, err)
	liveChild, leftChild := inSession(lives), inSession(killed)
	require.NoError(t, killed.lock.Unlock()) // As the system does when its process ends.

	_, err = startKernel(t.Context(), &KernelSpec{Name: "brief", Argv: []string{"sh", "-c", "exit 1"}}, Options{})
	require.ErrorAs(t, err, new(*KernelDiedError))
	assert.Eventually(t, func() bool { return ended(leftChild) }, 5*time.Second, 10*time.Millisecond)
	assert.False(t, ended(liveChild))
	left, err := filepath.Glob(filepath.Join(tmp, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{lives.path}, left)
}

func TestTimesForStartAndShutdownCanBeSet(t *testing.T) {
	spec := &KernelSpec{Name: "deaf", Argv: []string{"sleep", "60"}}
	_, err := startKernel(t.Context(), spec, Options{StartTimeout: 200 * time.Millisecond})
	assert.ErrorContains(t, err, "it did not answer within 200ms")

	for _, test := range []struct {
		timeout time.Duration
		cut     bool
	}{{time.Second, true}, {time.Minute, false}} {
		path := filepath.Join(t.TempDir(), "done")
		nb := notebook("python3", fmt.Sprintf(
			"import atexit, pathlib, time\n@atexit.register\ndef end():\n    time.sleep(3)\n    pathlib.Path(%q).touch()", path))
		require.NoError(t, Run(t.Context(), nb, Options{ShutdownTimeout: test.timeout}))
		_, err := os.Stat(path)
		assert.Equal(t, test.cut, os.IsNotExist(err), "%s", test.timeout)
	}
}

func TestCellsStayOutOfTheUsersHistory(t *testing.T) {
	dir := t.TempDir()
	nb := notebook("python3", "1 + 1", "print(get_ipython().history_manager.hist_file)")
	require.NoError(t, Run(t.Context(), nb, Options{Env: []string{"IPYTHONDIR=" + dir}}))
	assert.Equal(t, ":memory:\n", printed(nb.Cells[1]))
	assert.DirExists(t, filepath.Join(dir, "profile_default"))
	assert.NoFileExists(t, filepath.Join(dir, "profile_default", "history.sqlite"))
}

func TestPythonIsThatOfTheKernelspecsPrefix(t *testing.T) {
	prefix, other := t.TempDir(), t.TempDir()
	for _, path := range []string{prefix + "/bin/python", other + "/python", other + "/python3", other + "/tool"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
	}
	environ := []string{"PATH=/nonexistent", "PATH=" + other}
	inPrefix := &KernelSpec{Dir: prefix + "/share/jupyter/kernels/python3"}
	assert.Equal(t, prefix+"/bin/python", inPrefix.program("python", environ))
	assert.Equal(t, other+"/python3", inPrefix.program("python3", environ), "there is none in the prefix")
	assert.Equal(t, other+"/tool", inPrefix.program("tool", environ))
	assert.Equal(t, "/usr/bin/python", inPrefix.program("/usr/bin/python", environ))

	ofUser := &KernelSpec{Dir: "/home/somebody/.local/share/jupyter/kernels/python3"}
	assert.Equal(t, other+"/python", ofUser.program("python", environ))
}

func TestKernelThatPipInstalledRunsInItsEnvironment(t *testing.T) {
	prefix := filepath.Dir(filepath.Dir(oracle.Python()))
	t.Setenv("JUPYTER_PATH", filepath.Join(prefix, "share", "jupyter"))
	spec, err := FindKernel("python3")
	require.NoError(t, err)
	require.Equal(t, "python", spec.Argv[0], "this test shows nothing")
	nb := notebook("python3", "import sys; print(sys.prefix)")
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, prefix+"\n", printed(nb.Cells[0]))
}

func TestNotebookWithoutAKernelGetsOneForItsLanguage(t *testing.T) {
	nb := &Notebook{}
	assert.Equal(t, "python3", nb.KernelName(), "as in nbclient")
	nb.SetKernel("moelab")
	assert.Equal(t, "moelab", nb.KernelName())
	nb.SetKernel("python3")
	assert.Equal(t, "moelab", nb.KernelName(), "a kernel that the notebook names stays")

	nb = &Notebook{Metadata: map[string]any{"language_info": map[string]any{"name": "go"}}}
	assert.Equal(t, KernelName, nb.KernelName())

	nb = notebook("", "n = 1", "print(n)")
	delete(nb.Metadata, "kernelspec")
	nb.Cells[0].Metadata["tags"] = []any{parametersTag}
	nb.SetKernel("python3")
	parameters, err := nb.Parameters()
	require.NoError(t, err)
	require.Len(t, parameters, 1)
	assert.Equal(t, "int", parameters[0].Type, "parameters are in the kernel's language")
}
