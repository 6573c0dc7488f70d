//go:build slow && linux

package reliability

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var endurance = flag.Duration("endurance", 5*time.Minute, "how long each training of TestLongTrainingsStayFlat lasts")

// TestLongTrainingsStayFlat trains each part with its laptop preset. After a tenth of the time, memory, file handles
// and the processor time of a step stay within 5 %. So does the rate on an idle machine, which is only logged here.
func TestLongTrainingsStayFlat(t *testing.T) {
	program := build(t)
	for _, kind := range []string{"gan", "sr", "blink"} {
		t.Run(kind, func(t *testing.T) {
			samples := follow(t, program, kind, filepath.Join(t.TempDir(), "run"), *endurance)
			warm := samples[len(samples)/10:]
			require.GreaterOrEqual(t, len(warm), 9, "too short a time: see -endurance")
			first, last := warm[:len(warm)/3], warm[len(warm)-len(warm)/3:]
			memory := [2]float64{median(first, sample.memory), median(last, sample.memory)}
			handles := [2]float64{median(first, sample.handles), median(last, sample.handles)}
			work := [2]float64{perStep(first, sample.processor), perStep(last, sample.processor)}
			rate := [2]float64{1 / perStep(first, sample.clock), 1 / perStep(last, sample.clock)}
			t.Logf("%s, %d steps: memory %.0f → %.0f MiB, processor %.3f → %.3f s a step, handles %.0f → %.0f, "+
				"%.3f → %.3f steps/s", kind, samples[len(samples)-1].step, memory[0], memory[1], work[0], work[1],
				handles[0], handles[1], rate[0], rate[1])
			assert.InEpsilon(t, memory[0], memory[1], 0.05, "memory")
			assert.InEpsilon(t, work[0], work[1], 0.05, "processor time of a step")
			assert.InDelta(t, handles[0], handles[1], 0.05*handles[0], "file handles")
		})
	}
}

// sample is the state of a process at a moment.
type sample struct {
	time    time.Time
	step    int64
	bytes   int64
	cpu     time.Duration
	handle  int
	started time.Time
}

func (s sample) memory() float64    { return float64(s.bytes) / (1 << 20) }
func (s sample) handles() float64   { return float64(s.handle) }
func (s sample) processor() float64 { return s.cpu.Seconds() }
func (s sample) clock() float64     { return s.time.Sub(s.started).Seconds() }

func median(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// perStep returns by how much something grows in a step.
func perStep(samples []sample, of func(sample) float64) float64 {
	a, b := samples[0], samples[len(samples)-1]
	return (of(b) - of(a)) / float64(b.step-a.step)
}

// follow trains for a while and samples the process a hundred times or more. The training is stopped as by Ctrl-C.
func follow(t *testing.T, program, kind, dir string, while time.Duration) (samples []sample) {
	t.Helper()
	command := exec.Command(program, "train", kind, "--preset", "laptop", "--steps", "1000000000", "--run", dir)
	var said bytes.Buffer
	command.Stderr = &said
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	defer command.Process.Kill()

	started := time.Now()
	tick := time.NewTicker(max(while/200, time.Second))
	defer tick.Stop()
	for time.Since(started) < while {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v: %s", err, said.String())
		case <-tick.C:
		}
		s := sample{time: time.Now(), started: started}
		err := s.read(command.Process.Pid, dir)
		require.NoError(t, err)
		if s.step > 0 {
			samples = append(samples, s)
		}
	}
	require.NoError(t, command.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, <-ended, &exit)
	assert.Equal(t, 130, exit.ExitCode(), said.String())
	assert.Contains(t, said.String(), ", saved: ")
	return samples
}

// read reads what the kernel says of a process, and the step from the metrics of its run.
func (s *sample) read(pid int, run string) error {
	process := filepath.Join("/proc", strconv.Itoa(pid))
	sizes, err := os.ReadFile(filepath.Join(process, "statm"))
	if err != nil {
		return err
	}
	var pages, resident int64
	if _, err := fmt.Sscan(string(sizes), &pages, &resident); err != nil {
		return err
	}
	s.bytes = resident * int64(os.Getpagesize())

	stat, err := os.ReadFile(filepath.Join(process, "stat"))
	if err != nil {
		return err
	}
	// The name, in brackets, may hold anything. After it, utime and stime are the 12th and 13th fields, in hundredths.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, errUser := strconv.ParseInt(fields[11], 10, 64)
	system, errSystem := strconv.ParseInt(fields[12], 10, 64)
	s.cpu = time.Duration(user+system) * 10 * time.Millisecond

	handles, errHandles := os.ReadDir(filepath.Join(process, "fd"))
	s.handle = len(handles)

	status, err := lab.ReadStatus(run)
	if errors.Is(err, lab.ErrNotARun) { // Not yet.
		err = nil
	}
	s.step = status.Step
	return errors.Join(errUser, errSystem, errHandles, err)
}
