package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestLockedByAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	command := childCommand("hold", dir)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)

	_, err = Create(dir, experiment(20))
	require.ErrorIs(t, err, ErrLocked)
	requireLine(t, err, fmt.Sprintf("by process %d", command.Process.Pid), dir)
	_, err = Open(dir)
	require.NoError(t, err, "it can be read meanwhile")

	require.NoError(t, command.Process.Kill()) // As the kernel does when memory runs out.
	require.Error(t, command.Wait())
	run, err := Create(dir, experiment(20))
	require.NoError(t, err)
	_, err = Create(dir, experiment(20))
	require.ErrorIs(t, err, ErrLocked, "nor may one process train it twice")
	requireLine(t, err, fmt.Sprintf("by process %d", os.Getpid()))
	require.NoError(t, run.Close())
	require.NoError(t, run.Close())
	run, err = Create(dir, experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
}

func TestOtherExperiment(t *testing.T) {
	dir := t.TempDir()
	run, err := Create(dir, experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
	before, err := os.ReadFile(filepath.Join(dir, configName))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		change func(e *Experiment, c *testConfig)
		want   string
	}{
		"name":    {func(e *Experiment, _ *testConfig) { e.Name = "gan" }, `is of "regression", not of "gan"`},
		"seed":    {func(e *Experiment, _ *testConfig) { e.Seed = 8 }, "has seed 7, not 8"},
		"setting": {func(_ *Experiment, c *testConfig) { c.Rate = 0.5 }, "rate is 0.01, not 0.5"},
		"first":   {func(_ *Experiment, c *testConfig) { c.Rate, c.Sizes = 0.5, nil }, "rate is 0.01, not 0.5"},
		"list":    {func(_ *Experiment, c *testConfig) { c.Sizes = []int{3, 5} }, "sizes is [3,4], not [3,5]"},
	} {
		t.Run(name, func(t *testing.T) {
			e, c := experiment(20), testConfig{Rate: 0.01, Sizes: []int{3, 4}, Steps: 20}
			test.change(&e, &c)
			e.Config = c
			_, err := Create(dir, e)
			require.ErrorIs(t, err, ErrOtherExperiment)
			requireLine(t, err, test.want, dir, "choose another directory")
			after, err := os.ReadFile(filepath.Join(dir, configName))
			require.NoError(t, err)
			assert.Equal(t, before, after)
		})
	}

	run, err = Create(dir, experiment(50)) // The run is extended; and each refusal has released the lock.
	require.NoError(t, err)
	defer run.Close()
	var c testConfig
	name, seed, err := run.Experiment(&c)
	require.NoError(t, err)
	assert.Equal(t, "regression", name)
	assert.EqualValues(t, 7, seed)
	assert.Equal(t, testConfig{Rate: 0.01, Sizes: []int{3, 4}, Steps: 50}, c)
	var other struct{ Strange int }
	_, _, err = run.Experiment(&other)
	requireLine(t, err, configName, `there is no setting "rate": remove it, or update moelab`)
}

func TestFirstDifference(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{`{"a": 1}`, `{"a":1}`, ""},
		{`{"a": 1, "steps": 3}`, `{"a": 1, "steps": 5}`, ""},
		{`{"seed": 9007199254740993}`, `{"seed": 9007199254740992}`, "seed is 9007199254740993, not 9007199254740992"},
		{`{"a": 1}`, `{"a": 1, "new": 0, "newer": "", "newest": false}`, ""}, // Zero settings of a newer version.
		{`{"a": 1}`, `{"a": 1, "new": 2}`, "new is not set, not 2"},
		{`{"a": 1, "b": "x"}`, `{"a": 0}`, "a is 1, not 0"},
		{`{"b": "x"}`, `{}`, `b is "x", not not set`},
		{
			`[]`, `{}`,
			"the configuration cannot be compared: " +
				"json: cannot unmarshal array into Go value of type map[string]json.RawMessage",
		},
	} {
		assert.Equal(t, test.want, firstDifference([]byte(test.old), []byte(test.new)), "%s %s", test.old, test.new)
	}
}

func TestATrainingFollowsNoLinkOutOfItsRun(t *testing.T) {
	elsewhere := t.TempDir()
	thesis := filepath.Join(elsewhere, "thesis.tex")
	for _, name := range []string{lockfile.Name, metricsName, configName, checkpointsName, "figures/progress"} {
		dir := filepath.Join(t.TempDir(), "run")
		run, err := Create(dir, experiment(20))
		require.NoError(t, err)
		require.NoError(t, run.Close())
		require.NoError(t, os.WriteFile(thesis, []byte("mine"), 0o644))
		link := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(link), 0o755))
		require.NoError(t, os.RemoveAll(link))
		to := thesis
		if !strings.Contains(name, ".") {
			to = elsewhere
		}
		require.NoError(t, os.Symlink(to, link))
		_, err = Create(dir, experiment(20))
		require.Error(t, err, name)
		requireLine(t, err, link, "leads out of the run directory: put what it leads to in its place")
		text, err := os.ReadFile(thesis)
		require.NoError(t, err)
		assert.Equal(t, "mine", string(text), name)
	}

	dir := filepath.Join(t.TempDir(), "run") // A link within, and one to the whole run, lead to nothing else.
	run, err := Create(dir, experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
	require.NoError(t, os.Mkdir(filepath.Join(dir, "kept"), 0o755))
	require.NoError(t, os.Symlink("kept", filepath.Join(dir, checkpointsName)))
	require.NoError(t, os.Symlink(dir, filepath.Join(elsewhere, "link")))
	run, err = Create(filepath.Join(elsewhere, "link"), experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
}

func TestFolderThatIsNoRun(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.ErrorIs(t, err, ErrNotARun)
	requireLine(t, err, dir, "there is no config.json")
	_, err = Open(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, ErrNotARun)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644))
	_, err = Create(dir, experiment(20))
	require.ErrorIs(t, err, ErrNotARun)
	requireLine(t, err, "thesis.tex", "choose another directory")
	assert.Equal(t, map[string]bool{dir: true, filepath.Join(dir, "thesis.tex"): true}, filesBelow(t, dir),
		"nothing is left there")

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink("nowhere", link))
	_, err = Create(link, experiment(20))
	require.ErrorIs(t, err, ErrNotARun)
	requireLine(t, err, link+" is a link to nowhere, which is not there")
	_, err = Open(link)
	require.ErrorIs(t, err, ErrNotARun)
	requireLine(t, err, link+" is a link to nowhere, which is not there")
}

func TestAPipeInARunIsNoFileOfIt(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, configName), 0o644))
	_, err := Open(dir)
	assert.ErrorIs(t, err, regularfile.ErrOther)
	require.NoError(t, os.Remove(filepath.Join(dir, configName)))
	run, err := Create(dir, experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
	require.NoError(t, syscall.Mkfifo(run.Path(metricsName), 0o644))
	_, err = run.Metrics()
	assert.ErrorIs(t, err, regularfile.ErrOther)
}

func TestAnyTimeOfCreationIsKept(t *testing.T) {
	run := saved(t, 1, 1)
	require.NoError(t, run.Close())
	path := run.Path(configName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Regexp(t, `"created": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`, string(data))
	edit(t, path, `"created": "20`, `"created": "yesterday, 20`)
	removeSum(t, path)
	again, err := Create(run.Dir(), experiment(20))
	require.NoError(t, err)
	require.NoError(t, again.Close())
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"created": "yesterday, 20`)
}

func TestDamagedConfig(t *testing.T) {
	for name, text := range map[string]string{
		"empty":     "",
		"half":      `{"format": 1, "experi`,
		"null":      "null",
		"list":      "[]",
		"no format": `{"experiment": "regression"}`,
	} {
		t.Run(name, func(t *testing.T) {
			run := saved(t, 1, 1)
			require.NoError(t, run.Close())
			dir := run.Dir()
			path := filepath.Join(dir, configName)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			_, err := Open(dir)
			require.ErrorIs(t, err, ErrNotARun)
			requireLine(t, err, path, "damaged")
			_, err = Create(dir, experiment(20))
			requireLine(t, err, path, "damaged")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, text, string(data), "nothing is lost")
		})
	}
}

func TestDamagedSettingsAreNamedInPlainWords(t *testing.T) {
	for name, c := range map[string]struct{ old, new, says string }{
		"of the run":    {`"seed": 7`, `"seed": -7`, `"seed" is a number, not a whole number in its range`},
		"of the config": {`"rate": 0.01`, `"rate": "slow"`, `config.json: "rate" is text, not a number`},
	} {
		t.Run(name, func(t *testing.T) {
			run := saved(t, 1, 1)
			require.NoError(t, run.Close())
			edit(t, run.Path(configName), c.old, c.new)
			var config testConfig
			_, _, err := run.Experiment(&config)
			requireLine(t, err, c.says)
			assert.NotContains(t, err.Error(), "Go ")
		})
	}
}

func TestWriteFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	write := func(text string, err error) error {
		return WriteFile(path, func(w io.Writer) error {
			_, writeErr := io.WriteString(w, text)
			return errors.Join(writeErr, err)
		})
	}
	require.NoError(t, write("first", nil))
	err := write("second", errTest)
	require.ErrorIs(t, err, errTest)
	requireLine(t, err, path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "first", string(data))
	require.NoError(t, write("third", nil))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "a temporary file was left")
	info, err := entries[0].Info()
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	requireLine(t, WriteFile(filepath.Join(dir, "no", "b.txt"), func(io.Writer) error { return nil }), "b.txt")
}

func TestConfigTellsVersions(t *testing.T) {
	run := saved(t, 1)
	data, err := os.ReadFile(run.Path(configName))
	require.NoError(t, err)
	assert.Contains(t, string(data), `"go": "go1.`)
	assert.True(t, strings.HasSuffix(string(data), "}\n"))
}

// Others may have put anything in the place of a run's file: it must neither be waited for nor fill the memory.
func TestPipesAndVastFilesInARunAreNamed(t *testing.T) {
	for _, name := range []string{configName, metricsName, measuresName, "checkpoints/step-00000002/" + stateName,
		"checkpoints/step-00000002/" + weightsName} {
		for says, replace := range map[string]func(path string) error{
			"not a regular file": func(path string) error { return unix.Mkfifo(path, 0o644) },
			"the file is too large": func(path string) error {
				if strings.HasSuffix(path, weightsName) {
					return unix.Mkfifo(path, 0o644) // Weights may have any size.
				}
				return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 2<<30))
			},
		} {
			run := saved(t, 9, 1, 2)
			dir := run.Dir()
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.Remove(path); err != nil {
				require.ErrorIs(t, err, fs.ErrNotExist)
			}
			require.NoError(t, replace(path))
			var said []string
			note := func(err error) {
				if err != nil {
					said = append(said, err.Error())
				}
			}
			status, err := ReadStatus(dir)
			note(err)
			said = append(said, status.Fault)
			_, err = ReadMeasures(dir)
			note(err)
			_, err = run.Metrics()
			note(err)
			_, _, err = run.Weights(note)
			note(err)
			if strings.HasSuffix(name, weightsName) {
				says = "not a regular file"
			}
			assert.Contains(t, strings.Join(said, "\n"), says, name)
		}
	}
}

func TestARunThatCannotBeReadHidesNoOther(t *testing.T) {
	for _, name := range []string{configName, metricsName, checkpointsName} {
		dir := t.TempDir()
		for _, run := range []string{"mine", "theirs"} {
			r, err := Create(filepath.Join(dir, run), experiment(20))
			require.NoError(t, err)
			require.NoError(t, r.saveCheckpoint(storeWith(t, float32(1)), nil, State{Step: 2, Seed: 7}, 1))
			require.NoError(t, r.Close())
		}
		path := filepath.Join(dir, "theirs", name)
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, unix.Mkfifo(path, 0o644))
		found, err := FindRuns(t.Context(), dir)
		require.NoError(t, err)
		require.Len(t, found, 2, name)
		status, err := ReadStatus(found[1])
		require.NoError(t, err, name)
		assert.Equal(t, Damaged, status.Condition, name)
		assert.NotEmpty(t, status.Fault, name)
	}
}
