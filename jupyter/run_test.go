package jupyter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// changing matches the differences between runs: times, names of temporary folders, addresses in stack traces, and line
// numbers that GoNB adds to a stack trace only if the trace arrives in the right pieces.
var changing = regexp.MustCompile(` \\u001b\[7m\[\[ Cell \[\d+\] Line \d+ \]\]\\u001b\[0m |` +
	`gonb_[0-9a-f]{8}|ipykernel_\d+|\+0x[0-9a-f]+|0x[0-9a-f]{6,}|\d{4}-\d\d-\d\dT[\d:.]+Z`)

// removeRecord removes what papermill notes in a notebook and nbclient does not.
func removeRecord(nb *Notebook) {
	delete(nb.Metadata, recordKey)
	for _, c := range nb.Cells {
		delete(c.Metadata, recordKey)
	}
}

func TestOutputsEqualNbclients(t *testing.T) {
	for _, test := range []struct{ file, kernel string }{
		{"go.ipynb", KernelName},
		{"python.ipynb", "python3"},
	} {
		t.Run(test.file, func(t *testing.T) {
			dir := t.TempDir()
			source := filepath.Join("testdata", test.file)
			theirs, ours := filepath.Join(dir, "theirs.ipynb"), filepath.Join(dir, "ours.ipynb")
			ask(t, "run", source, theirs, test.kernel, dir)

			nb, err := Read(source)
			require.NoError(t, err)
			require.NoError(t, Run(t.Context(), nb, Options{Dir: dir}))
			removeRecord(nb)
			require.NoError(t, nb.Write(ours))

			ask(t, "validate", ours)
			want := changing.ReplaceAllString(readFile(t, theirs), "")
			got := changing.ReplaceAllString(readFile(t, ours), "")
			// Python writes U+2028 as it is, Go escapes it.
			assert.Equal(t, strings.ReplaceAll(want, "\u2028", `\u2028`), got)
			assert.Greater(t, len(got), 2000, "the notebook has hardly any output, so this test shows nothing")
		})
	}
}

func TestFailingCellEndsTheRunAndKeepsItsTraceback(t *testing.T) {
	for _, test := range []struct{ kernel, bad, want string }{
		{"python3", "raise ValueError('so bad')", "cell 2 failed: ValueError: so bad"},
		{KernelName, "%%\nfmt.Println(1 + \"text\")", "cell 2 failed: ./main.go:11:13: invalid operation"},
		{KernelName, "%%\nos.Exit(3)", "cell 2 failed: exit status 3"},
	} {
		t.Run(test.kernel, func(t *testing.T) {
			nb := notebook(test.kernel, "", test.bad, "this is never run")
			nb.Cells[0] = &Cell{Type: MarkdownCell, ID: "text", Source: "# Text", Metadata: map[string]any{}}
			err := Run(t.Context(), nb, Options{})
			var failed *CellError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 2, failed.Cell)
			assert.ErrorContains(t, err, test.want)
			outputs := nb.Cells[1].Outputs
			require.NotEmpty(t, outputs)
			last := outputs[len(outputs)-1]
			assert.Equal(t, ErrorOutput, last.Type)
			assert.NotEmpty(t, last.Traceback)
			assert.Empty(t, nb.Cells[2].Outputs)
			checkFormat(t, nb)
		})
	}
}

func TestCellsTaggedSkipExecutionStayAsTheyAre(t *testing.T) {
	nb := notebook("python3", "print(1)", "print(2)")
	nb.Cells[0].Metadata["tags"] = []any{"skip-execution"}
	nb.Cells[0].Outputs = []*Output{{Type: StreamOutput, Name: "stdout", Text: "earlier\n"}}
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "earlier\n", printed(nb.Cells[0]))
	assert.Equal(t, "2\n", printed(nb.Cells[1]))
	assert.Equal(t, 1, *nb.Cells[1].ExecutionCount)
}

func TestAllowedErrorsDoNotEndTheRun(t *testing.T) {
	nb := notebook("python3", "1/0", "print('after')")
	require.NoError(t, Run(t.Context(), nb, Options{AllowErrors: true}))
	assert.Equal(t, "after\n", printed(nb.Cells[1]))
}

func TestKernelThatDiesIsReportedAtOnce(t *testing.T) {
	for _, test := range []struct{ name, kernel, cell, status string }{
		{"exits", "python3", "import os, sys\nprint('before', flush=True)\nsys.__stderr__.write('last words')\n" +
			"sys.__stderr__.flush()\nos._exit(7)", "exit status 7"},
		{"killed", KernelName, "%%\nfmt.Println(\"before\")\ntime.Sleep(100*time.Millisecond)\n" +
			"syscall.Kill(os.Getppid(), syscall.SIGKILL)\ntime.Sleep(time.Minute)", "signal: killed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nb := notebook(test.kernel, test.cell, "never")
			start := time.Now()
			err := Run(t.Context(), nb, Options{})
			var died *KernelDiedError
			require.ErrorAs(t, err, &died)
			assert.ErrorContains(t, err, "cell 1: ")
			assert.Equal(t, test.status, died.Status)
			assert.NotContains(t, died.Stderr, "Kernel is running over TCP", "a line of its start")
			assert.Less(t, time.Since(start), 20*time.Second)
			outputs := nb.Cells[0].Outputs
			require.NotEmpty(t, outputs)
			assert.Contains(t, outputs[len(outputs)-1].ErrorValue, "died")
			if test.name == "killed" { // ipykernel sends output from a thread that dies with it.
				assert.Equal(t, "before\n", printed(nb.Cells[0]))
			}
			checkFormat(t, nb)
		})
	}
}

func TestKernelThatDoesNotStartIsReported(t *testing.T) {
	spec := &KernelSpec{Name: "broken", Argv: []string{"sh", "-c", "echo no such module >&2; exit 1"}}
	_, err := startKernel(t.Context(), spec, Options{})
	assert.ErrorContains(t, err, "the kernel broken died (exit status 1); its last words:\nno such module")

	spec.Argv = []string{"/nonexistent/program"}
	_, err = startKernel(t.Context(), spec, Options{})
	assert.ErrorContains(t, err, "starting the kernel broken")

	// It lives but never listens.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	spec.Argv = []string{"sleep", "60"}
	_, err = startKernel(ctx, spec, Options{})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestTimeoutInterruptsTheCell(t *testing.T) {
	for _, test := range []struct{ kernel, cell string }{
		{"python3", "print('before', flush=True)\nimport time\ntime.sleep(60)"},
		{KernelName, "%%\nfmt.Println(\"before\")\ntime.Sleep(time.Minute)"},
	} {
		t.Run(test.kernel, func(t *testing.T) {
			nb := notebook(test.kernel, test.cell)
			start := time.Now()
			err := Run(t.Context(), nb, Options{Timeout: 3 * time.Second})
			var timeout *TimeoutError
			require.ErrorAs(t, err, &timeout)
			assert.ErrorContains(t, err, "cell 1 was stopped: it ran longer than 3s")
			assert.Less(t, time.Since(start), 15*time.Second)
			assert.Equal(t, "before\n", printed(nb.Cells[0]))
			checkFormat(t, nb)
		})
	}
}

// onStream calls a function with the text of each stream event.
type onStream struct {
	silent
	call func(text string)
}

func (h onStream) Stream(_, text string) { h.call(text) }

func TestCancellingLetsTheCellSaveAndLeavesNoProcess(t *testing.T) {
	cell := `import ("os/signal"; "syscall")
%%
signals := make(chan os.Signal, 1)
signal.Notify(signals, os.Interrupt)
fmt.Println("started", os.Getpid(), os.Getppid())
<-signals
fmt.Println("saved")`
	nb := notebook(KernelName, cell)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped by the user")
	err := Run(ctx, nb, Options{Handler: onStream{call: func(text string) {
		if strings.HasPrefix(text, "started") {
			cancel(why)
		}
	}}})
	require.ErrorIs(t, err, why)
	out := printed(nb.Cells[0])
	assert.Contains(t, out, "saved")
	for _, field := range strings.Fields(strings.SplitN(out, "\n", 2)[0])[1:] {
		pid, err := strconv.Atoi(field)
		require.NoError(t, err)
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d is left", pid)
	}
	checkFormat(t, nb)
}

func TestCancellingEndsAStubbornCell(t *testing.T) {
	nb := notebook("python3", "import time, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"+
		"print('started', flush=True)\ntime.sleep(600)")
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	err := Run(ctx, nb, Options{Handler: onStream{call: func(string) { cancel() }}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(start), 30*time.Second)
}

// TestKernelEndsWithItsRunner kills a process that runs a notebook, which then cannot clean up.
func TestKernelEndsWithItsRunner(t *testing.T) {
	if os.Getenv("MOELAB_TEST_RUNNER") != "" {
		nb := notebook(KernelName, "%%\nfmt.Println(\"pid\", os.Getppid())\ntime.Sleep(10*time.Minute)")
		_ = Run(t.Context(), nb, Options{Handler: onStream{call: func(text string) { fmt.Fprint(os.Stderr, text) }}})
		return
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux ends a process with its parent")
	}
	runner := exec.Command(os.Args[0], "-test.run=^TestKernelEndsWithItsRunner$")
	runner.Env = append(os.Environ(), "MOELAB_TEST_RUNNER=1")
	stderr, err := runner.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, runner.Start())
	line, err := bufio.NewReader(stderr).ReadString('\n')
	require.NoError(t, err, line)
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "pid ")))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, 0))
	require.NoError(t, runner.Process.Kill())
	_ = runner.Wait()
	assert.Eventually(t, func() bool { return ended(pid) }, 10*time.Second, 50*time.Millisecond)
}

// ended reports whether a process is gone, or a zombie as in a container without an init.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestCellThatAsksForInputFails(t *testing.T) {
	nb := notebook("python3", "input('name? ')")
	err := Run(t.Context(), nb, Options{})
	assert.ErrorContains(t, err, "input")

	nb = notebook(KernelName, "%with_inputs\n!cat")
	err = Run(t.Context(), nb, Options{})
	assert.ErrorIs(t, err, ErrInput)
}

func TestMuchOutputArrivesWhole(t *testing.T) {
	nb := notebook("python3", "for i in range(3000):\n    print(i, flush=True)", "print('after')")
	require.NoError(t, Run(t.Context(), nb, Options{}))
	lines := strings.Split(strings.TrimSpace(printed(nb.Cells[0])), "\n")
	assert.Equal(t, 3000, len(lines))
	assert.Equal(t, "2999", lines[len(lines)-1])
	assert.Equal(t, "after\n", printed(nb.Cells[1]))
}

func TestExitWithStatus0EndsTheRunWithoutAnError(t *testing.T) {
	for _, test := range []struct{ cell, fails string }{
		{"import sys; sys.exit()", ""},
		{"raise SystemExit(0)", ""},
		{"import sys; sys.exit(1)", "cell 1 failed: SystemExit: 1"},
	} {
		nb := notebook("python3", test.cell, "print('never')")
		r := &recorder{}
		err := Run(t.Context(), nb, Options{Handler: r})
		if test.fails != "" {
			assert.ErrorContains(t, err, test.fails)
		} else {
			assert.NoError(t, err, test.cell)
			assert.Equal(t, "finish 1/2 true <nil>", r.heard[len(r.heard)-1])
			assert.Equal(t, 1, nb.NotRun())
		}
		assert.Empty(t, nb.Cells[1].Outputs)
	}
}

func TestMessagesThatAreNotOursDoNotEndTheRun(t *testing.T) {
	nb := notebook("python3", `kernel = get_ipython().kernel
for kind, content in [
    ("comm_open", {"comm_id": 3, "data": [1], "target_name": None}),
    ("comm_msg", {"comm_id": "x", "data": "state"}),
    ("comm_msg", {"comm_id": "x", "data": {"state": [1], "buffer_paths": [[{}], 2]}}),
    ("comm_msg", {"comm_id": "x", "data": {"state": {"a": 1}, "buffer_paths": [[{}], [{}]]}}),
    ("custom", {"name": 3, "data": {"text": ["odd"]}}),
    ("status", {"execution_state": {}}),
    ("display_data", {"data": [1], "metadata": "none", "transient": None}),
    ("error", {"ename": "E", "evalue": 3, "traceback": "none"}),
    ("clear_output", {"wait": "later"}),
]:
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent(), buffers=[b"1", b"2"])
print("after")`, "print('next')")
	require.NoError(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "after\n", printed(nb.Cells[0]))
	assert.Equal(t, "next\n", printed(nb.Cells[1]))
	checkFormat(t, nb)
}

func TestNotebookIsSavedWhileItRuns(t *testing.T) {
	nb := notebook("python3", "print('first')",
		"import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.1)")
	var saved []string
	start := time.Now()
	require.NoError(t, Run(t.Context(), nb, Options{Save: func() { saved = append(saved, string(encoded(t, nb))) }}))
	took := time.Since(start)
	require.GreaterOrEqual(t, len(saved), 2)
	assert.LessOrEqual(t, len(saved), 1+int(took/time.Second), "at most once a second")
	last := saved[len(saved)-1]
	assert.Contains(t, last, `"first\n"`)
	assert.Contains(t, last, `"10\n"`, "the running cell's output is saved too")
	assert.NotContains(t, saved[0], `"29\n"`)
}

func TestMissingKernelIsAnErrorThatListsTheInstalled(t *testing.T) {
	err := Run(t.Context(), notebook("nosuch", "1"), Options{})
	require.ErrorIs(t, err, ErrNoKernel)
	assert.ErrorContains(t, err, `"nosuch" is not installed for Jupyter; these are: moelab, python3`)
}

func TestKernelSeesThisModuleItsDependenciesAndItsEnvironment(t *testing.T) {
	// Without a proxy, all imports must come from go.work and the module cache.
	nb := notebook(KernelName, `import (
	"bufio"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/moelab/moelab/jupyter"
	"gonum.org/v1/plot"
)

var _ = graph.Add

%%
fmt.Println(jupyter.KernelName, plot.New().Title.Text == "", os.Getenv("MOELAB_TEST"), os.Getenv("MORE"))`)
	require.NoError(t, Run(t.Context(), nb, Options{Env: []string{"GOPROXY=off", "MORE=more"}}))
	assert.Equal(t, "moelab true kernel "+os.Getenv("HOME")+" more\n", printed(nb.Cells[0]))
}

// recorder records the events of a run.
type recorder struct{ heard []string }

func (r *recorder) note(format string, args ...any) {
	r.heard = append(r.heard, fmt.Sprintf(format, args...))
}

func (r *recorder) CellStarted(i, n int, c *Cell) {
	r.note("start %d/%d %s", i, n, firstLine(c.Source))
}
func (r *recorder) Stream(name, text string) { r.note("%s %q", name, text) }
func (r *recorder) Display(o *Output)        { r.note("display %v", o.Data["text/plain"]) }
func (r *recorder) CellFinished(i, n int, _ *Cell, took time.Duration, err error) {
	r.note("finish %d/%d %v %v", i, n, took > 0, err)
}

func TestHandlerHearsEverythingInOrder(t *testing.T) {
	nb := notebook("python3", "print('hi')", "  ", "1 + 1")
	r := &recorder{}
	require.NoError(t, Run(t.Context(), nb, Options{Handler: r}))
	assert.Equal(t, []string{
		"start 1/2 print('hi')", `stdout "hi\n"`, "finish 1/2 true <nil>",
		"start 2/2 1 + 1", "display 2", "finish 2/2 true <nil>",
	}, r.heard)
}

func TestConnectionFileIsPrivateAndForgedMessagesAreRefused(t *testing.T) {
	spec := &KernelSpec{Name: "looks", Argv: []string{"sh", "-c", `ls -l "$1" >&2; exit 1`, "sh", "{connection_file}"}}
	_, err := startKernel(t.Context(), spec, Options{})
	assert.ErrorContains(t, err, "-rw------- ")

	m, err := newRequest("session", "kernel_info_request", struct{}{})
	require.NoError(t, err)
	frames, err := m.encode([]byte("key"))
	require.NoError(t, err)
	got, err := decode([]byte("key"), append([][]byte{[]byte("identity")}, frames...))
	require.NoError(t, err)
	assert.Equal(t, m.Header, got.Header)
	frames[5] = json.RawMessage(`{"x":1}`)
	_, err = decode([]byte("key"), frames)
	assert.ErrorContains(t, err, "wrong signature")
}
