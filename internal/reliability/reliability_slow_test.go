//go:build slow && linux

package reliability

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	trials = flag.Int("trials", 5, "trials of each fault with each command")
	seed   = flag.Uint64("seed", 1, "seed of the moments, sizes and bits")
)

// longest is the time after which a command that has not ended is a failure. An undisturbed one takes some seconds.
const longest = 2 * time.Minute

// faults are what is done to a command. Each returns in a word what came of it, or the error that should not be.
var faults = []struct {
	name string
	try  func(trial) (outcome string, err error)
	disk bool // It needs a file system of its own.
}{
	{"killed", killed, false},
	{"disk full", diskFull, true},
	{"read-only", readOnly, true},
	{"flipped bit", flippedBit, false},
}

// TestNothingIsLost does to each command what a machine may do to it, and runs it again: the end must be that of an
// undisturbed one, or the fault must be said.
func TestNothingIsLost(t *testing.T) {
	program, inputs := build(t), t.TempDir()
	var table sync.Map
	t.Run("all", func(t *testing.T) {
		for _, work := range works(t, program, inputs) {
			t.Run(work.name, func(t *testing.T) {
				t.Parallel()
				undisturbed := measure(t, program, work)
				for _, fault := range faults {
					t.Run(fault.name, func(t *testing.T) {
						counts := map[string]int{}
						for n := range *trials {
							source := rand.New(rand.NewPCG(*seed, uint64(n)))
							outcome, err := undisturbed.in(t, fault.disk, source, fault.try)
							if err != nil {
								t.Errorf("trial %d: %v", n, err)
								outcome = "FAILED"
							}
							counts[outcome]++
						}
						table.Store(work.name+" | "+fault.name, counts)
					})
				}
			})
		}
	})
	lines := "\n| command | fault | trials | outcomes |\n|---|---|---|---|\n"
	for _, work := range works(t, program, t.TempDir()) {
		for _, fault := range faults {
			value, ok := table.Load(work.name + " | " + fault.name)
			if !ok {
				continue
			}
			counts := value.(map[string]int)
			total, outcomes := 0, []string{}
			for _, outcome := range slices.Sorted(maps.Keys(counts)) {
				total += counts[outcome]
				outcomes = append(outcomes, fmt.Sprintf("%s: %d", outcome, counts[outcome]))
			}
			lines += fmt.Sprintf("| %s | %s | %d | %s |\n", work.name, fault.name, total, strings.Join(outcomes, ", "))
		}
	}
	t.Log(lines)
}

// undisturbed is a command that nothing was done to.
type undisturbed struct {
	work
	program  string
	state    map[string]string
	duration time.Duration
	bytes    int64
}

// measure runs a command twice, undisturbed, which must give the same.
func measure(t *testing.T, program string, work work) undisturbed {
	t.Helper()
	u := undisturbed{work: work, program: program}
	for range 2 {
		dir := t.TempDir()
		start := time.Now()
		done := run(t.Context(), program, dir, work.args)
		require.Zero(t, done.status, done.said)
		u.duration = time.Since(start)
		before := u.state
		var err error
		u.state, err = work.state(filepath.Join(dir, "out"))
		require.NoError(t, err)
		require.NotEmpty(t, u.state)
		if before != nil {
			require.Equal(t, before, u.state, "two undisturbed attempts differ")
		}
		u.bytes = 0
		require.NoError(t, eachFile(dir, func(name string) error {
			info, err := os.Stat(filepath.Join(dir, name))
			if err == nil {
				u.bytes += (info.Size() + 4095) &^ 4095
			}
			return err
		}))
	}
	return u
}

// trial is one attempt in a folder of its own.
type trial struct {
	undisturbed
	ctx  context.Context
	dir  string
	rand *rand.Rand
}

// in runs a trial in a new folder, which is a file system of its own if disk is set.
func (u undisturbed) in(
	t *testing.T, disk bool, source *rand.Rand, try func(trial) (string, error),
) (outcome string, err error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "moelab-reliability-*")
	require.NoError(t, err)
	if disk {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256m"); errors.Is(err, syscall.EPERM) {
			os.RemoveAll(dir)
			t.Skip("a file system of its own needs the right to mount one: run this as root, or under unshare -rm")
		} else {
			require.NoError(t, err)
		}
	}
	outcome, err = try(trial{u, t.Context(), dir, source})
	if err != nil {
		kept, _ := contents(filepath.Join(dir, "out"))
		err = fmt.Errorf("%w\nfiles: %v", err, slices.Sorted(maps.Keys(kept)))
	}
	if disk {
		require.NoError(t, syscall.Unmount(dir, 0))
	}
	require.NoError(t, os.RemoveAll(dir))
	return outcome, err
}

func (u trial) out(names ...string) string {
	return filepath.Join(append([]string{u.dir, "out"}, names...)...)
}

// attempt runs the command to its end. However it ends, it says so in plain lines.
func (u trial) attempt() (result, error) {
	done := runFor(u.ctx, u.program, u.dir, u.args, longest)
	switch {
	case done.status < 0:
		return done, fmt.Errorf("it hangs or was ended by a signal: %s", done.said)
	case strings.Contains(done.said, "goroutine ") || strings.Contains(done.said, "panic"):
		return done, fmt.Errorf("it crashes: %s", done.said)
	case done.status > 0 && !strings.HasPrefix(lastLine(done.said), "moelab: "):
		return done, fmt.Errorf("status %d without a reason: %s", done.status, done.said)
	}
	return done, nil
}

func lastLine(text string) string {
	text = strings.TrimSuffix(text, "\n")
	return text[strings.LastIndexAny(text, "\n\r")+1:]
}

// differences lists how the folder differs from the undisturbed one.
func (u trial) differences() ([]string, error) {
	state, err := u.work.state(u.out())
	return differing(u.state, state), err
}

// finish runs the command to its end, which must be that of the undisturbed one.
func (u trial) finish() error {
	done, err := u.attempt()
	if err != nil {
		return err
	}
	if done.status != 0 {
		return fmt.Errorf("it does not go on: %s", done.said)
	}
	different, err := u.differences()
	if err == nil && len(different) > 0 {
		err = fmt.Errorf("it ends otherwise: %v", different)
	}
	return err
}

// kill runs the command and kills it at a random moment of its life.
func (u trial) kill() {
	while := time.Duration(u.rand.Float64() * 1.1 * float64(u.duration))
	runFor(u.ctx, u.program, u.dir, u.args, while)
}

func killed(u trial) (string, error) {
	for range 1 + u.rand.IntN(3) {
		u.kill()
	}
	return "went on to the same end", u.finish()
}

func diskFull(u trial) (string, error) {
	size := 4096 * int64(1+u.rand.Float64()*1.2*float64(u.bytes)/4096)
	if err := u.remount(0, fmt.Sprintf("size=%d", size)); err != nil {
		return "", err
	}
	outcome := "said, then went on to the same end"
	done, err := u.attempt()
	switch {
	case err != nil:
		return "", err
	case done.status == 0:
		outcome = "had room"
	case !strings.Contains(done.said, syscall.ENOSPC.Error()):
		return "", fmt.Errorf("with %d bytes it does not say that the disk is full: %s", size, done.said)
	}
	if err := u.remount(0, "size=256m"); err != nil {
		return "", err
	}
	return outcome, u.finish()
}

// remount changes the file system of the trial's folder, once the processes of a killed sweep have saved.
func (u trial) remount(flags uintptr, options string) error {
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := syscall.Mount("tmpfs", u.dir, "tmpfs", syscall.MS_REMOUNT|flags, options)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EBUSY) || time.Since(start) > longest:
			return fmt.Errorf("mount it again with %q: %w", options, err)
		}
	}
}

func readOnly(u trial) (string, error) {
	u.kill()
	if err := u.remount(syscall.MS_RDONLY, "size=256m"); err != nil {
		return "", err
	}
	before, err := contents(u.dir)
	if err != nil {
		return "", err
	}
	outcome := "said, then went on to the same end"
	done, err := u.attempt()
	if err != nil {
		return "", err
	}
	after, err := contents(u.dir)
	switch {
	case err != nil:
		return "", err
	case !maps.Equal(before, after):
		return "", errors.New("it changes files on a read-only disk")
	case done.status == 0:
		outcome = "had nothing left to do"
	case !strings.Contains(done.said, syscall.EROFS.Error()):
		return "", fmt.Errorf("it does not say that the disk is read-only: %s", done.said)
	}
	if err := u.remount(0, "size=256m"); err != nil {
		return "", err
	}
	return outcome, u.finish()
}

func flippedBit(u trial) (string, error) {
	u.kill()
	names, err := filesOf(u.out())
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "no file yet", u.finish()
	}
	name := names[u.rand.IntN(len(names))]
	flip, ok, err := flipper(u.out(name), u.rand)
	if err != nil {
		return "", err
	}
	if !ok {
		return "the file is empty", u.finish()
	}
	if err := flip(); err != nil {
		return "", err
	}
	done, err := u.attempt()
	if err != nil {
		return "", fmt.Errorf("a bit of %s: %w", name, err)
	}
	named := strings.Contains(done.said, filepath.Join("out", name)) ||
		strings.Contains(done.said, filepath.Dir(name)+" ") ||
		u.sweep && strings.Contains(done.said, filepath.Join("out", runOf(name))+" ") // All checkpoints of a cell.
	if done.status != 0 {
		if !named {
			return "", fmt.Errorf("a bit of %s is not said: %s", name, done.said)
		}
		if err := flip(); err != nil {
			return "", err
		}
		if u.sweep { // The cell has failed, which is an end.
			u.args = append(slices.Clone(u.args), "--retry")
		}
		return "said; restored, it went on to the same end", u.finish()
	}
	different, err := u.differences()
	switch {
	case err != nil:
		return "", fmt.Errorf("a bit of %s: %w", name, err)
	case len(different) == 0:
		return "mended, or without effect", nil
	case named:
		return "said, the rest is the same", u.only(name, different)
	case strings.HasSuffix(name, ".png"):
		return "a finished picture, which its reader refuses", errors.Join(u.only(name, different), u.unreadable(name))
	}
	return "not read again; said once it is", errors.Join(u.only(name, different), u.saidOnceRead(name))
}

// flipper returns a function that flips a bit of a file, and flips it back. ok is false if the file has none.
func flipper(path string, source *rand.Rand) (flip func() error, ok bool, err error) {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return nil, false, err
	}
	index, bit := source.IntN(len(data)), byte(1)<<source.IntN(8)
	return func() error {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		var b [1]byte
		if _, err := file.ReadAt(b[:], int64(index)); err != nil {
			return err
		}
		b[0] ^= bit
		_, err = file.WriteAt(b[:], int64(index))
		return err
	}, true, nil
}

// only returns an error unless the damaged file is all that differs.
func (u trial) only(name string, different []string) error {
	if u.portraits { // The portrait that should be there and the one that is.
		if len(different) == 2 {
			return nil
		}
	} else if len(different) == 1 && different[0] == name {
		return nil
	}
	return fmt.Errorf("after a bit of %s these differ: %v", name, different)
}

// unreadable returns an error if a picture can be read.
func (u trial) unreadable(name string) error {
	file, err := os.Open(u.out(name))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := png.Decode(file); err == nil {
		return fmt.Errorf("%s was changed, and can be read", name)
	}
	return nil
}

// runOf returns the run directory that a file of a run is in.
func runOf(name string) string {
	if run, _, inCheckpoint := strings.Cut(name, "checkpoints"+string(filepath.Separator)); inCheckpoint {
		return filepath.Clean(run)
	}
	return filepath.Dir(name)
}

// saidOnceRead returns an error unless moelab names a damaged file when it needs it: an older checkpoint when the newer
// ones are gone, the one of a stage when those of the next are, metrics when they are drawn, measures when runs are
// listed.
func (u trial) saidOnceRead(name string) error {
	run := runOf(name)
	inCheckpoint := run != filepath.Dir(name)
	args := u.args
	switch base := filepath.Base(name); {
	case base == "metrics.jsonl":
		args = []string{"figures", "--run", filepath.Join("out", run), "-o", "drawn", "--backend", "go"}
	case base == "measures.json":
		args = []string{"diff", filepath.Join("out", run), filepath.Join("out", run)}
	case u.sweep: // A cell that has ended is left alone.
		args = []string{"eval", "--run", filepath.Join("out", run), "--backend", "go"}
	}
	if inCheckpoint {
		name = filepath.Dir(name) // Which of its two files is damaged is not known.
		newer, err := filepath.Glob(u.out(run, "checkpoints", "*"))
		next, nextErr := filepath.Glob(u.out("checkpoints", "*")) // Those of the next stage, if run is a pretraining.
		if err := errors.Join(err, nextErr); err != nil {
			return err
		}
		for _, checkpoint := range slices.Concat(newer, next) {
			if checkpoint != u.out(name) {
				if err := os.RemoveAll(checkpoint); err != nil {
					return err
				}
			}
		}
	}
	done := runFor(u.ctx, u.program, u.dir, args, longest)
	if !strings.Contains(done.said, filepath.Join("out", name)) {
		return fmt.Errorf("a bit of %s is never said: status %d: %s", name, done.status, done.said)
	}
	return nil
}
