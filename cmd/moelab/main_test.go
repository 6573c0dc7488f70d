package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCommand makes this test's program the command itself, for tests that send it signals.
const asCommand = "MOELAB_TEST_AS_COMMAND"

// stuck is the value of asCommand for a command that does not end when it is interrupted.
const stuck = "stuck"

// TestMain gives the tests a data directory for Jupyter of their own, and puts the kernel there.
func TestMain(m *testing.M) {
	switch os.Getenv(asCommand) {
	case "":
	case stuck:
		ctx := interruptible()
		fmt.Println("working")
		<-ctx.Done()
		fmt.Println("interrupted")
		select {}
	default:
		main()
	}
	os.Exit(func() int {
		data, err := os.MkdirTemp("", "moelab-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(data)
		os.Setenv("JUPYTER_DATA_DIR", data)
		if os.Getenv("XLA_FLAGS") == "" { // Most of the time goes into compiling programs that run a few times.
			os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
		}
		if status := run(context.Background(), []string{"kernel", "install"}, os.Stderr, os.Stderr); status != 0 {
			return status
		}
		return m.Run()
	}())
}

// moelab runs a command line in this process.
func moelab(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// succeed runs a command line that must work, and returns what it prints.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := moelab(t, args...)
	require.Zero(t, status, "%v\n%s%s", args, stdout, stderr)
	return stdout
}

// process is the command in a process group of its own, as a shell starts it.
type process struct {
	*exec.Cmd
	output string // The file that it writes to.
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startAs(t, "1", args...)
}

// startAs is start with a value of asCommand.
func startAs(t *testing.T, as string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	require.NoError(t, err)
	defer output.Close()
	p := &process{Cmd: exec.Command(program, args...), output: output.Name()}
	p.Env = append(os.Environ(), asCommand+"="+as)
	p.Stdout, p.Stderr = output, output
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// says returns the output of the command so far.
func (p *process) says(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(p.output)
	require.NoError(t, err)
	return string(data)
}

// signal sends a signal to the whole group, as a terminal does, and returns the exit status and the output.
func (p *process) signal(t *testing.T, signal syscall.Signal) (status int, output string) {
	t.Helper()
	require.NoError(t, syscall.Kill(-p.Process.Pid, signal))
	done := make(chan error, 1)
	go func() { done <- p.Wait() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the command did not end within a minute of the signal")
	}
	return p.ProcessState.ExitCode(), p.says(t)
}

func TestEveryCommandExplainsItself(t *testing.T) {
	forEachCommand(newCommand(), func(command *cobra.Command) {
		t.Run(command.CommandPath(), func(t *testing.T) {
			assert.NotEmpty(t, command.Short)
			if !command.HasSubCommands() {
				assert.Contains(t, command.Example, command.CommandPath())
			}
			command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
				assert.NotEmpty(t, flag.Usage, "--%s", flag.Name)
			})
			args := append(strings.Fields(command.CommandPath())[1:], "-h")
			help := succeed(t, args...)
			assert.Contains(t, help, "Usage:")
			if command.HasExample() {
				assert.Contains(t, help, command.Example)
			}
		})
	})
}

func TestAWrongCallIsOneLineAndStatus2(t *testing.T) {
	none := t.TempDir() // No run directory.
	train := func(more ...string) []string {
		return append([]string{"train", "gan", "--preset", "smoke", "--run", none + "/run"}, more...)
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{`unknown command "bogus"`, []string{"bogus"}},
		{`unknown command "bogus"`, []string{"train", "bogus"}},
		{"unknown flag: --bogus", []string{"--bogus"}},
		{"unknown flag: --bogus", train("--bogus", "3")},
		{`unexpected argument "extra"`, train("extra")},
		{"--run is missing", []string{"train", "gan"}},
		{"--run is empty: name the run directory (see moelab sample -h)", []string{"sample", "--run", "", "-o", none}},
		{"--run is empty", []string{"figures", "gan", "--run", ""}},
		{"--run is empty", []string{"blink", "a.png", "-o", "b.gif", "--run="}},
		{
			"--run is given twice, and this command takes one run (see moelab figures -h)",
			[]string{"figures", "--run", "a", "--run", "b"},
		},
		{
			`no preset "nope"; there are article, article-srresnet, laptop, laptop-attributes, laptop-srresnet, ` +
				`shipped, smoke, smoke-srresnet`,
			train("--preset", "nope"),
		},
		{`--steps is "abc": it must be a whole number`, train("--steps", "abc")},
		{"steps is -3", train("--steps", "-3")},
		{"--save-every is 0", train("--save-every", "0")},
		{`no setting "nosuch"; there are attributes, average_decay, batch`, train("--set", "nosuch=3")},
		{"not of the form key=value", train("--set", "batch")},
		{`setting batch cannot be "abc"`, train("--set", "batch=abc")},
		{"batch is 0", train("--set", "batch=0")},
		{`backend "nosuch"`, train("--backend", "nosuch")},
		{"no such file", train("--data", none+"/none")},
		{"not a directory", []string{"train", "gan", "--run", "main.go"}},
		{"--raw needs --run", []string{"sample", "--raw", "-o", none}},
		{"-o is empty", []string{"sample", "--run", none, "-o", ""}},
		{"trained with hair colours alone", []string{"sample", "--attribute", "eyes=red", "-o", none}},
		{"must be formatted as key=value", []string{"sample", "--attribute", "eyes", "-o", none}},
		{`no attribute "shoes"; there are eyes, length, style`, train("--set", `attributes=["shoes"]`)},
		{"-n is 0", []string{"sample", "--run", none, "-o", none, "-n", "0"}},
		{"-n is 100000000000: it must be from 1 to 100000", []string{"sample", "-o", none, "-n", "100000000000"}},
		{"-n is 100000000000", []string{"eval", "gan", "--run", none, "-n", "100000000000"}},
		{"-n is 100000000000", []string{"eval", "--run", none, "-n", "100000000000"}},
		{"-n is 100000000000", []string{"eval", "blink", "-n", "100000000000"}},
		{"-n is 100000000000", []string{"eval", "sr", "-n", "100000000000"}},
		{"-n is 100000000000", []string{"data", "draw", "--out", none, "-n", "100000000000"}},
		{"-n is 100000000000", []string{"figures", "blink", "--run", none, "-n", "100000000000"}},
		{"-n is 100000000000", []string{"figures", "sr", "--run", none, "-n", "100000000000"}},
		{"batch is 1000000000000: it must be from 1 to 4096", train("--set", "batch=1000000000000")},
		{"not a run directory", []string{"sample", "--run", none + "/none", "-o", none}},
		{"--run is missing", []string{"eval", "gan"}},
		{"-n is 0", []string{"eval", "gan", "--run", none, "-n", "0"}},
		{`--features is "eyes"`, []string{"eval", "gan", "--run", none, "--features", "eyes"}},
		{
			`--features-input is "rgb": there are caffe, imagenet, levels, signed, unit`,
			[]string{"eval", "gan", "--run", none, "--features", "a.onnx", "--features-input", "rgb"},
		},
		{"are for an ONNX file", []string{"eval", "gan", "--run", none, "--features-output", "pool"}},
		{"not a run directory", []string{"eval", "gan", "--run", none}},
		{`--by has "tagger", but --tagger is missing`, []string{"data", "tag", none, "--by", "tagger"}},
		{"--tagger has no effect", []string{"data", "tag", none, "--by", "look", "--tagger", "a.onnx"}},
		{"--out is missing", []string{"data", "draw"}},
		{"-n is 0", []string{"data", "draw", "-n", "0", "--out", none}},
		{"--size is 7", []string{"data", "draw", "--size", "7", "--out", none}},
		{"not a directory", []string{"data", "draw", "-n", "1", "--size", "16", "--out", "main.go/pictures"}},
		{"name the folder", []string{"data", "check"}},
		{"no such file", []string{"data", "check", none + "/none"}},
		{"there are no pictures in it", []string{"data", "check", none}},
		{"name the notebook", []string{"run"}},
		{"a.ipynb: no such file", []string{"run", "a.ipynb", "b.ipynb"}},
		{"no such file", []string{"run", none + "/none.ipynb"}},
		{"there is none in the folder", []string{"run", none}},
		{"not a notebook", []string{"run", "main.go"}},
		{`--timeout is "abc": it must be a duration`, []string{"run", "a.ipynb", "--timeout", "abc"}},
		{"--timeout is -1s", []string{"run", "a.ipynb", "--timeout", "-1s"}},
		{"--runs is 0", []string{"bench", "train", "--runs", "0"}},
		{"size is 7", []string{"bench", "train", "--size", "7"}},
		{`--preset is "laptop": it must be article or article-srresnet`, []string{"bench", "train", "--preset", "laptop"}},
		{"nothing bounds D", []string{
			"train", "gan", "--run", "there",
			"--set", "loss=wgan", "--set", "penalty=none", "--set", "spectral_norm=false",
		}},
		{"3 folders are too many", []string{"lab", "a", "b", "c"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			status, stdout, stderr := moelab(t, c.args...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.True(t, strings.HasPrefix(stderr, "moelab: "), stderr)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.Contains(t, stderr, c.says)
		})
	}
	assert.NoDirExists(t, none+"/run", "a rejected call leaves nothing behind")
}

func TestEveryWrongSettingIsNamed(t *testing.T) {
	status, _, stderr := moelab(
		t, "train", "gan", "--preset", "smoke", "--run", t.TempDir(), "--set", "batch=0", "--set", "size=7", "--steps", "-1",
	)
	assert.Equal(t, statusUsage, status)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	require.Len(t, lines, 3)
	for i, says := range []string{"moelab: size is 7", "moelab: batch is 0", "moelab: steps is -1"} {
		assert.True(t, strings.HasPrefix(lines[i], says), lines[i])
	}
}

func TestErrorsAreLinesWithoutStackTraces(t *testing.T) {
	traced := errors.New("it broke\ngoroutine 1 [running]:\nmain.main()")
	died := &jupyter.KernelDiedError{Kernel: "k", Status: "exit status 1", Stderr: "first\nsecond"}
	for _, c := range []struct {
		err   error
		lines []string
	}{
		{traced, []string{"it broke"}},
		{fmt.Errorf("step 3: %w", traced), []string{"step 3: it broke"}},
		{errors.Join(traced, usageError{io.EOF}), []string{"it broke", "EOF"}},
		{
			usageError{errors.Join(traced, errors.Join(io.EOF, io.ErrNoProgress))},
			[]string{"it broke", "EOF", io.ErrNoProgress.Error()},
		},
		{fmt.Errorf("%w: %w", io.EOF, traced), []string{"EOF: it broke"}},
		{died, []string{"the kernel k died (exit status 1); its last words: | first | second"}},
	} {
		assert.Equal(t, c.lines, errorLines(c.err))
	}
}

func TestExitStatusesDistinguishErrors(t *testing.T) {
	_, missing := os.Open("no such file")
	notStarted := exec.Command("/no/such/program").Run()
	require.Error(t, notStarted)
	for _, c := range []struct {
		err    error
		status int
	}{
		{io.EOF, statusFailed},
		{&jupyter.CellError{Cell: 1}, statusFailed},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, statusFailed},
		{wrongInput(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), statusFailed},
		{notStarted, statusFailed},
		{missing, statusUsage},
		{wrongInput(io.EOF), statusUsage},
		{&os.PathError{Op: "mkdir", Path: "x", Err: syscall.EROFS}, statusUsage},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, statusUsage},
		{fmt.Errorf("run: %w", jupyter.ErrNoKernel), statusUsage},
		{fmt.Errorf("stopped: %w", context.Canceled), statusInterrupted},
		{usageError{context.Canceled}, statusInterrupted},
	} {
		assert.Equal(t, c.status, status(c.err), "%v", c.err)
	}
}

func TestDoctorGivesARemedyForEachMissingThing(t *testing.T) {
	require.Zero(t, run(t.Context(), []string{"setup"}, io.Discard, os.Stderr))
	lines := strings.Split(strings.TrimSpace(succeed(t, "doctor")), "\n")
	for _, line := range lines[:len(lines)-1] {
		assert.True(t, strings.HasPrefix(line, "✓ "), line)
	}
	assert.Equal(t, fmt.Sprintf("all %d checks passed", len(checks)), lines[len(lines)-1])

	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(home, "jupyter"))
	t.Setenv("GOMLX_BACKEND", "")
	status, stdout, stderr := moelab(t, "doctor")
	assert.Equal(t, statusFailed, status)
	assert.Empty(t, stderr)
	assert.Regexp(t, `\n2 of \d+ checks failed\n$`, stdout, "the verdict stands below the checks")
	assert.Regexp(t, `✗ XLA .*\n  → moelab setup\n`, stdout)
	assert.Regexp(t, `✗ kernel .*\n  → moelab kernel install\n`, stdout)
	for _, place := range []string{".cache", ".local", "jupyter"} {
		assert.NoDirExists(t, filepath.Join(home, place), "the doctor installs nothing")
	}
}

func TestASecondInterruptEndsTheProcess(t *testing.T) {
	p := startAs(t, stuck)
	says := func(text string) func() bool {
		return func() bool { return strings.Contains(p.says(t), text) }
	}
	require.Eventually(t, says("working"), time.Minute, 10*time.Millisecond)
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	require.Eventually(t, says("interrupted"), time.Minute, 10*time.Millisecond)
	require.NoError(t, p.Process.Signal(syscall.SIGHUP), "as from a terminal that closes: no reason to end at once")
	require.NoError(t, p.Process.Signal(syscall.SIGTERM), "as of a sweep that Slurm has signalled too: still the first")
	time.Sleep(burst / 2)
	assert.FileExists(t, filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "status"))
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	require.Eventually(t, func() bool {
		_ = p.Process.Signal(syscall.SIGINT)
		return len(ended) > 0
	}, time.Minute, 100*time.Millisecond)
	assert.NoFileExists(t, filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "status"))
}

func TestWhatCannotBePrintedIsAFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	for _, args := range [][]string{{"data", "draw", "-h"}, {"sample", "--run", t.TempDir(), "-h"}} {
		var said bytes.Buffer
		assert.Equal(t, statusFailed, run(t.Context(), args, full, &said))
		assert.Equal(t, "moelab: write standard output: no space left on device\n", said.String())
	}
	var said bytes.Buffer
	sample := []string{"sample", "-n", "1", "--colour", "pink", "--backend", "go", "-o", "-"}
	assert.Equal(t, statusFailed, run(t.Context(), sample, full, &said))
	assert.Equal(t, "moelab: write standard output: no space left on device\n", said.String())
	said.Reset()
	assert.Equal(t, statusUsage, run(t.Context(), []string{"bogus"}, full, &said), "nothing was printed there")
	assert.Equal(t, 1, strings.Count(said.String(), "\n"))
}

// As in moelab … | head -1.
func TestAClosedPipeEndsNoWork(t *testing.T) {
	closedPipe := func() *os.File {
		read, write, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, read.Close())
		return write
	}
	program, err := os.Executable()
	require.NoError(t, err)
	do := func(args ...string) int {
		command := exec.Command(program, args...)
		command.Env = append(os.Environ(), asCommand+"=1")
		closed := closedPipe()
		defer closed.Close()
		command.Stdout, command.Stderr = closed, closed
		_ = command.Run() // The status says it.
		return command.ProcessState.ExitCode()
	}
	assert.Equal(t, statusFailed, do("-h"))
	assert.Equal(t, statusUsage, do("bogus"))
	out := filepath.Join(t.TempDir(), "drawn")
	assert.Equal(t, statusFailed, do("data", "draw", "-n", "3", "--size", "16", "--out", out))
	assert.FileExists(t, filepath.Join(out, "labels.csv"), "the work is done")

	var said bytes.Buffer
	closed := closedPipe()
	defer closed.Close()
	assert.Equal(t, statusFailed, run(t.Context(), []string{"-h"}, closed, &said))
	assert.Empty(t, said.String())
}

// One step of VGG16 takes minutes on the pure-Go backend.
func TestACommandWithNothingToSaveDoesNotWaitForItsComputation(t *testing.T) {
	for _, stops := range []time.Duration{patience - time.Second, patience + time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			exited, ended := false, make(chan struct{})
			exitAfter(ctx, ended, func() { exited = true })
			time.Sleep(time.Hour)
			synctest.Wait()
			assert.False(t, exited, "nobody has interrupted it")
			interrupt()
			time.Sleep(stops)
			close(ended)
			synctest.Wait()
			assert.Equal(t, stops > patience, exited)
		})
	}
}

// A training saves when its terminal is closed, unless nohup started it.
func TestATrainingSavesWhenTheTerminalCloses(t *testing.T) {
	hangUps := make(chan os.Signal, 1) // Under nohup the tests ignore them, and so would the command, as it should.
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	dir := filepath.Join(t.TempDir(), "run")
	p := start(t, "train", "gan", "--preset", "smoke", "--run", dir, "--steps", "1000000", "--set", "size=8",
		"--backend", "go", "--tensorboard", "--sample-every", "1")
	require.Eventually(t, func() bool {
		metrics, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		return err == nil && bytes.Count(metrics, []byte("\n")) >= 2
	}, 3*time.Minute, 20*time.Millisecond, p.says(t))
	status, output := p.signal(t, syscall.SIGHUP)
	assert.Equal(t, statusInterrupted, status)
	assert.Regexp(t, `stopped after step \d+ of 1000000, saved`, output)
	events, err := filepath.Glob(filepath.Join(dir, "tensorboard", "events.out.tfevents.*.moelab"))
	require.NoError(t, err)
	assert.Len(t, events, 1)

	// The newest checkpoint is damaged: whoever opens the run says so, once, and takes the one before.
	succeed(t, "train", "gan", "--run", dir, "--backend", "go", "--steps", stepsAfter(t, dir, 1))
	checkpoints, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*"))
	require.NoError(t, err)
	require.Len(t, checkpoints, 2)
	require.NoError(t, os.Truncate(filepath.Join(checkpoints[1], "weights.safetensors"), 100))
	for _, args := range [][]string{
		{"sample", "-n", "1", "-o", t.TempDir()}, {"figures", "-o", t.TempDir()}, {"figures", "gan", "-o", t.TempDir()},
	} {
		status, _, stderr := moelab(t, append(args, "--run", dir, "--backend", "go")...)
		assert.Zero(t, status, stderr)
		assert.Regexp(t, `^moelab: warning: checkpoint .* is damaged: .*: step \d+ is used instead\n$`, stderr)
	}
}

// stepsAfter returns a number of steps after the newest one of a run.
func stepsAfter(t *testing.T, dir string, more int64) string {
	t.Helper()
	run, err := lab.Open(dir)
	require.NoError(t, err)
	_, state, err := run.Weights(nil)
	require.NoError(t, err)
	return strconv.FormatInt(state.Step+more, 10)
}
