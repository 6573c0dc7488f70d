//go:build slow && linux

package reliability

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// work is a command line that fills the folder out of the folder that it is run in. Run again, it goes on.
type work struct {
	name string
	args []string
	// portraits means that the files of out are numbered in the order of the attempts, so that only labels.csv says what
	// is the same.
	portraits bool
	// sweep means that out holds runs in out/cells.
	sweep bool
}

// works returns what is tried, with inputs in a folder that stays as it is.
func works(t *testing.T, program, inputs string) []work {
	t.Helper()
	make := func(args ...string) {
		t.Helper()
		done := run(t.Context(), program, inputs, args)
		require.Zero(t, done.status, done.said)
	}
	make("data", "draw", "-n", "6", "--size", "24", "--out", "small")
	make("data", "draw", "-n", "6", "--size", "96", "--out", "faces")
	training := func(dir, kind string, settings ...string) []string {
		args := []string{
			"train", kind, "--backend", "go", "--preset", "smoke", "--steps", "8", "--save-every", "2", "--sample-every", "2",
			"--run", dir,
		}
		for _, setting := range settings {
			args = append(args, "--set", setting)
		}
		return args
	}
	quick := `weights={"adversarial":0.005,"pixel":1,"perceptual":0}` // VGG16 takes most of the time.
	make(training("sr", "sr", quick, "batch=1")...)
	return []work{
		{name: "train gan", args: training("out", "gan")},
		{name: "train sr", args: training("out", "sr", quick, "batch=1")},
		{name: "train blink", args: training("out", "blink")},
		{name: "data import", args: []string{
			"data", "import", filepath.Join(inputs, "faces"), "--size", "48", "--out", "out",
		}, portraits: true},
		{name: "upscale", args: []string{
			"upscale", filepath.Join(inputs, "small"), "-o", "out", "--backend", "go", "--model", filepath.Join(inputs, "sr"),
		}},
		{name: "sweep", args: []string{
			"sweep", "blink", "--backend", "go", "--preset", "smoke", "--set", "steps=2", "--seeds", "2", "--out", "out",
		}, sweep: true},
	}
}

// build builds the command and returns its path.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "moelab")
	output, err := exec.Command("go", "build", "-o", program, "../../cmd/moelab").CombinedOutput()
	require.NoError(t, err, string(output))
	return program
}

// result is how a command ended.
type result struct {
	status int    // -1 if a signal ended it.
	said   string // On standard error.
}

// run runs moelab in a folder, until it ends or ctx kills it.
func run(ctx context.Context, program, dir string, args []string) result {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = dir
	var said bytes.Buffer
	command.Stderr = &said
	err := command.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) && ctx.Err() == nil {
		return result{-1, err.Error()}
	}
	return result{command.ProcessState.ExitCode(), said.String()}
}

// runFor runs moelab and kills it after a while, if it still runs.
func runFor(ctx context.Context, program, dir string, args []string, while time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, while)
	defer cancel()
	return run(ctx, program, dir, args)
}

// unlike are files that no two attempts have in common. The last one is a copy that moelab says it keeps.
var unlike = []string{".lock", ".upscaled.jsonl", "metrics.jsonl.damaged"}

// state describes the files below a folder, without times and without what depends on the attempts.
func (w work) state(dir string) (map[string]string, error) {
	if w.portraits {
		return portraitsState(dir)
	}
	state := map[string]string{}
	err := eachFile(dir, func(name string) error {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		switch base := filepath.Base(name); {
		case slices.Contains(unlike, base):
		case w.sweep && (filepath.Ext(name) == ".log" || strings.Contains(name, "step-00000001")):
			// A cell that the killed sweep leaves behind saves where it stops.
		case base == "config.json":
			state[name] = withoutFields(data, "created", "crc32")
		case base == "state.json":
			state[name] = withoutFields(data, "seconds", "sha256", "metrics_sha256", "metrics_bytes")
		case base == "metrics.jsonl":
			for line := range bytes.Lines(data) {
				state[name] += withoutFields(line, "seconds") + "\n"
			}
		case w.sweep && base == "results.csv":
			rows, err := withoutColumn(data, "seconds")
			state[name] = fmt.Sprint(rows)
			return err
		case w.sweep && filepath.Dir(name) == "results":
			state[name] = withoutFields(data, "seconds", "ended", "crc32")
		default:
			state[name] = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		return nil
	})
	return state, err
}

// portraitsState describes a folder of portraits by labels.csv, and names what should not be there.
func portraitsState(dir string) (map[string]string, error) {
	state := map[string]string{}
	text, err := os.ReadFile(filepath.Join(dir, "labels.csv"))
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	named := map[string]bool{".lock": true, "labels.csv": true, "import.jsonl": true, "report.html": true}
	for _, row := range rows[1:] {
		data, err := os.ReadFile(filepath.Join(dir, row[0]))
		if err != nil {
			return nil, err
		}
		named[filepath.FromSlash(row[0])] = true
		key := fmt.Sprintf("%s %x", strings.Join(row[1:], ","), sha256.Sum256(data))
		state[key] += "once "
	}
	err = eachFile(dir, func(name string) error {
		// What was damaged is kept beside what is made again.
		if !named[name] && !strings.HasPrefix(filepath.Ext(name), ".bak") {
			state[name] = "is left over"
		}
		return nil
	})
	return state, err
}

// eachFile calls do for the path of each file below dir, relative to it.
func eachFile(dir string, do func(name string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return do(name)
	})
}

// filesOf lists the files below a folder.
func filesOf(dir string) (names []string, err error) {
	err = eachFile(dir, func(name string) error {
		names = append(names, name)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return names, err
}

// contents returns the files below a folder with all their bytes.
func contents(dir string) (map[string]string, error) {
	all := map[string]string{}
	names, err := filesOf(dir)
	for _, name := range names {
		data, readErr := os.ReadFile(filepath.Join(dir, name))
		err = errors.Join(err, readErr)
		all[name] = string(data)
	}
	return all, err
}

// withoutFields returns a JSON object without some of its fields, or the text itself if it is damaged.
func withoutFields(text []byte, names ...string) string {
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return string(text)
	}
	for _, name := range names {
		delete(fields, name)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// withoutColumn returns the rows of a table without one of its columns.
func withoutColumn(text []byte, name string) (rows [][]string, err error) {
	rows, err = csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if at := slices.Index(rows[0], name); at >= 0 {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], at, at+1)
		}
	}
	return rows, nil
}

// differing lists what two states do not have in common.
func differing(a, b map[string]string) (names []string) {
	for name := range a {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
