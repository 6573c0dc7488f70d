package sweep

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/labtest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childEnv makes the test binary stand for moelab: its trainings are real processes with real run directories, and take
// milliseconds.
const childEnv = "MOELAB_SWEEP_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := stand(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "moelab:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// config is the configuration of the tests' experiment.
type config struct {
	Mode  string  `json:"mode"`
	Rate  float64 `json:"rate"`
	Steps int64   `json:"steps"`
	Seed  uint64  `json:"seed"`
}

func stand(args []string) error {
	flags := map[string]string{"steps": "5"}
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "--set":
			name, value, _ := strings.Cut(args[i+1], "=")
			flags[name] = value
		case "--run":
			flags["run"] = args[i+1]
		}
	}
	switch args[0] {
	case "train":
		return train(flags)
	case "eval":
		return evaluate(flags["run"])
	case "run":
		return execute(args[1:])
	case "sweep": // Runs a cell, or the sweep in a folder with the specification there.
		if args[1] == "cell" {
			return runCells(args[2], args[3:])
		}
		spec, err := ReadSpec(args[1])
		if err != nil {
			return err
		}
		s, err := Create(args[2], spec)
		if err != nil {
			return err
		}
		return s.Run(context.Background(), Options{Program: os.Args[0], Jobs: 2})
	}
	return fmt.Errorf("no such child: %q", args)
}

// train logs a line a step and saves at the end, or when it is asked to stop.
func train(flags map[string]string) error {
	c := config{Mode: flags["mode"]}
	var errs [3]error
	c.Rate, errs[0] = strconv.ParseFloat(flags["rate"], 64)
	c.Steps, errs[1] = strconv.ParseInt(flags["steps"], 10, 64)
	c.Seed, errs[2] = strconv.ParseUint(flags["seed"], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	run, err := lab.Create(flags["run"], lab.Experiment{Name: "test", Config: c, Seed: c.Seed})
	if err != nil {
		return err
	}
	defer run.Close()
	step := int64(0)
	if saved, err := filepath.Glob(run.Path("checkpoints", "step-*")); err == nil && len(saved) > 0 {
		if _, err := fmt.Sscanf(filepath.Base(saved[len(saved)-1]), "step-%d", &step); err != nil {
			return err
		}
	}
	metrics, err := os.OpenFile(run.Path("metrics.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer metrics.Close()
	for step < c.Steps && stop.Err() == nil {
		step++
		fmt.Fprintf(metrics, `{"step":%d,"seconds":%d,"values":{"loss":%g}}`+"\n", step, step, c.Rate/float64(step))
		time.Sleep(5 * time.Millisecond)
		switch {
		case step == 3 && c.Mode == "fails":
			return errors.New("step 3: loss is NaN")
		case step == 3 && c.Mode == "killed":
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case step == 3 && c.Mode == "vanishes":
			return os.RemoveAll(run.Dir())
		}
	}
	if err := labtest.Checkpoint(run.Dir(), int64(step)); err != nil {
		return err
	}
	if stop.Err() != nil {
		os.Exit(130)
	}
	return nil
}

// evaluate measures a rate, with some noise of the seed.
func evaluate(dir string) error {
	run, err := lab.Open(dir)
	if err != nil {
		return err
	}
	var c config
	if _, _, err := run.Experiment(&c); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(c.Seed, 1))
	text := fmt.Sprintf(`{"step":%d,"measures":{"score":%g}}`, c.Steps, c.Rate+0.01*random.NormFloat64())
	return os.WriteFile(filepath.Join(dir, "measures.json"), []byte(text), 0o644)
}

// values makes JSON values.
func values(of ...any) (all []json.RawMessage) {
	for _, value := range of {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		all = append(all, text)
	}
	return all
}

// axis makes an axis.
func axis(setting string, of ...any) Axis { return Axis{Setting: setting, Values: values(of...)} }

// rates is a sweep of two rates with some seeds.
func rates(seeds ...uint64) Spec {
	return Spec{
		Format: 1, Train: "test", Preset: "smoke", Set: map[string]json.RawMessage{"mode": json.RawMessage(`"works"`)},
		Axes: []Axis{axis("rate", 0.5, 1)}, Seeds: seeds,
		Expectation: "a high rate scores more",
		Compare: &Comparison{
			Measure: "score", Of: map[string]string{"rate": "1"}, Is: "higher", Than: map[string]string{"rate": "0.5"},
		},
	}
}

func runSweep(t *testing.T, dir string, spec Spec, options Options) *Sweep {
	t.Helper()
	t.Setenv(childEnv, "1")
	require.NoError(t, spec.Check(func([]string) error { return nil }))
	s, err := Create(dir, spec)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	options.Program = os.Args[0]
	require.NoError(t, s.Run(t.Context(), options))
	return s
}

// rows reads results.csv without the times.
func rows(t *testing.T, dir string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, tableName))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	at := slices.Index(rows[0], "seconds")
	for i := range rows {
		rows[i] = slices.Delete(rows[i], at, at+1)
	}
	return rows
}

func TestSweepTrainsAndMeasuresEachCell(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweeps", "rates")
	var ended []string
	s := runSweep(t, dir, rates(1, 2, 3), Options{Jobs: 3, Changed: func(cell Cell, result *Result) {
		if result != nil {
			ended = append(ended, cell.Name)
		}
	}})
	assert.Len(t, ended, 6)
	table := rows(t, dir)
	assert.Equal(t, []string{"cell", "rate", "seed", "failed", "step", "score"}, table[0])
	require.Len(t, table, 7)
	assert.Equal(t, []string{"rate=0.5,seed=1", "0.5", "1", "", "5"}, table[1][:5])
	assert.Equal(t, "rate=1,seed=1", table[2][0], "the first seed of all comes first")

	results, err := s.Results()
	require.NoError(t, err)
	decision := s.Spec().Compare.Decide(results)
	assert.Equal(t, Reproduced, decision.Verdict)
	assert.InDelta(t, 0.5, decision.Difference, 0.05)
	report, err := os.ReadFile(filepath.Join(dir, reportName))
	require.NoError(t, err)
	for _, text := range []string{
		"6 of 6 cells have ended.", "a high rate scores more", ">reproduced, difference ",
		"score of rate=1 is higher than that of rate=0.5",
		"moelab train test --preset smoke --set mode=works --set rate=0.5 --set seed=1 --run ",
	} {
		assert.Contains(t, string(report), text)
	}

	ended = nil
	runSweep(t, dir, rates(1, 2, 3), Options{})
	assert.Empty(t, ended, "nothing is done twice")
	assert.Equal(t, table, rows(t, dir))
}

func TestCellsThatFailAreRows(t *testing.T) {
	dir := t.TempDir()
	spec := rates(1)
	spec.Set, spec.Compare = nil, nil
	spec.Axes = append(spec.Axes, axis("mode", "works", "fails", "killed", "vanishes"))
	s := runSweep(t, dir, spec, Options{Jobs: 2})
	table := rows(t, dir)
	require.Len(t, table, 9)
	why := map[string]int{}
	for _, row := range table[1:] {
		reason := row[slices.Index(table[0], "failed")]
		if _, after, ok := strings.Cut(reason, ",seed=1: "); ok { // A path comes first.
			reason = after
		}
		why[reason]++
	}
	assert.Equal(t, map[string]int{
		"": 2, "step 3: loss is NaN": 2, "not a run directory: there is no config.json": 2,
		`ended by the signal "killed": perhaps memory ran out`: 2,
	}, why)
	log, err := os.ReadFile(filepath.Join(dir, logsName, "rate=1,mode=fails,seed=1.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "moelab: step 3: loss is NaN\n")

	// What an earlier training of a cell was measured as does not count, once the cell has failed.
	results, err := s.Results()
	require.NoError(t, err)
	failed := results[slices.IndexFunc(results, func(r Result) bool { return r.Failed != "" })]
	failed.Measures = map[string]float64{"score": 7}
	require.NoError(t, s.save(failed))
	results, err = s.Results()
	require.NoError(t, err)
	for _, group := range Groups(results) {
		assert.NotContains(t, group.Measure("score"), 7.0)
	}

	progress, err := s.Progress()
	require.NoError(t, err)
	assert.Equal(t, Progress{Cells: 8, Done: 8, Failed: 6}, progress)
	before := counted(string(log))
	runSweep(t, dir, spec, Options{})
	log, err = os.ReadFile(filepath.Join(dir, logsName, "rate=1,mode=fails,seed=1.log"))
	require.NoError(t, err)
	assert.Equal(t, before, counted(string(log)), "a failure is an end")
	runSweep(t, dir, spec, Options{Retry: true})
	log, err = os.ReadFile(filepath.Join(dir, logsName, "rate=1,mode=fails,seed=1.log"))
	require.NoError(t, err)
	assert.Equal(t, before+1, counted(string(log)))
}

// counted returns the number of trainings in a log.
func counted(log string) int { return strings.Count(log, "$ moelab train") }

func TestMoreValuesAndSeedsAddCells(t *testing.T) {
	dir := t.TempDir()
	runSweep(t, dir, rates(1), Options{})
	before := rows(t, dir)
	more := rates(1, 7)
	more.Axes[0].Values = values(1, 2)
	more.Compare = nil
	var begun []string
	runSweep(t, dir, more, Options{Changed: func(cell Cell, result *Result) {
		if result == nil {
			begun = append(begun, cell.Name)
		}
	}})
	assert.ElementsMatch(t, []string{"rate=2,seed=1", "rate=1,seed=7", "rate=2,seed=7"}, begun)
	table := rows(t, dir)
	assert.Len(t, table, 5)
	assert.NotContains(t, table, before[1], "a value that is asked for no more does not count")
	s, err := Open(dir)
	require.NoError(t, err)
	earlier, err := s.Earlier()
	require.NoError(t, err)
	assert.Equal(t, []string{"rate=0.5,seed=1"}, earlier)

	begun = nil
	again := runSweep(t, dir, rates(1), Options{Changed: func(cell Cell, _ *Result) { begun = append(begun, cell.Name) }})
	assert.Empty(t, begun, "it is kept")
	assert.Equal(t, before, rows(t, dir))
	assert.Equal(t, "a high rate scores more", again.Spec().Expectation)

	longer := rates(1)
	longer.Set["steps"] = json.RawMessage("8")
	runSweep(t, dir, longer, Options{})
	assert.Equal(t, "8", rows(t, dir)[1][4], "cells go on to more steps")

	other := rates(1)
	other.Set["mode"] = json.RawMessage(`"other"`)
	_, err = Create(dir, other)
	assert.ErrorContains(t, err,
		"mode was works and is other now: axes and seeds may change, what all cells share may not; name another folder")
	shorter := rates(1)
	shorter.Set["steps"] = json.RawMessage("7")
	_, err = Create(dir, shorter)
	assert.ErrorContains(t, err, "steps was 8 and is 7 now")
}

// A person begins with one value of a setting, and then wants to see others beside it.
func TestASettingMayBecomeAnAxis(t *testing.T) {
	dir := t.TempDir()
	var begun []string
	options := Options{Changed: func(cell Cell, result *Result) {
		if result == nil {
			begun = append(begun, cell.Name)
		}
	}}
	one := func(rate string, axes ...Axis) Spec {
		spec := rates(1)
		spec.Compare, spec.Expectation, spec.Axes = nil, "", axes
		if rate != "" {
			spec.Set["rate"] = json.RawMessage(rate)
		}
		return spec
	}
	runSweep(t, dir, one("5e-1"), options)
	runSweep(t, dir, one("", axis("rate", 2, 0.5)), options)
	assert.Equal(t, []string{"seed=1", "rate=2,seed=1"}, begun)
	table := rows(t, dir)
	require.Len(t, table, 3)
	assert.Equal(t, []string{"rate=2,seed=1", "2"}, table[1][:2])
	assert.Equal(t, []string{"seed=1", "0.5"}, table[2][:2], "its cell counts, with its value")

	runSweep(t, dir, one("2"), options)
	assert.Len(t, begun, 2, "one value of the axis is left, and it is there")
	assert.Equal(t, [][]string{table[0], table[1]}, rows(t, dir))
	runSweep(t, dir, one("", axis("flip", true), axis("rate", 0.5)), options)
	assert.Equal(t, []string{"flip=true,seed=1"}, begun[2:], "the rate is the first one, whose cells do not name it")
	_, err := Create(dir, one("", axis("flip", true)))
	assert.ErrorContains(t, err, "rate was 5e-1 at first and is not given now")

	dir = t.TempDir()
	runSweep(t, dir, one("0.5"), options)
	runSweep(t, dir, one("", axis("rate", 2)), options)
	_, err = Create(dir, one(""))
	assert.ErrorContains(t, err, "rate was 0.5 at first and is not given now", "its cell is not the preset's")
}

// The names of cells hold values as they were spelled first, in the order of the first axes.
func TestCellsAreFoundAgainByAnyWordsForThem(t *testing.T) {
	dir := t.TempDir()
	spec := rates(1)
	spec.Axes = []Axis{{Setting: "rate", Values: []json.RawMessage{json.RawMessage("5e-1"), json.RawMessage("1.0")}},
		axis("flip", true)}
	spec.Compare.Of, spec.Compare.Than = Values{"rate": "1"}, Values{"rate": "0.50"}
	s := runSweep(t, dir, spec, Options{})
	outcome, err := s.Outcome()
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 1}, [2]int{outcome.Decision.Of, outcome.Decision.Than})
	before := rows(t, dir)
	only := rates(1)
	only.Axes = []Axis{axis("flip", true)}
	only.Set["rate"], only.Compare = json.RawMessage("1"), nil
	runSweep(t, dir, only, Options{})
	assert.Equal(t, [][]string{before[0], before[2]}, rows(t, dir))
	var begun []string
	again := rates(1)
	again.Axes = []Axis{axis("flip", true), axis("rate", 1, 0.5)}
	runSweep(t, dir, again, Options{Changed: func(cell Cell, _ *Result) { begun = append(begun, cell.Name) }})
	assert.Empty(t, begun, "also what was left out for a while")
	assert.ElementsMatch(t, before, rows(t, dir))
}

func TestACellThatIsToGoOnHasNotEnded(t *testing.T) {
	dir := t.TempDir()
	spec := rates(1)
	spec.Set["steps"] = json.RawMessage("3")
	runSweep(t, dir, spec, Options{})
	longer := rates(1)
	longer.Set["steps"] = json.RawMessage("6")
	s, err := Create(dir, longer)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	progress, err := s.Progress()
	require.NoError(t, err)
	assert.Equal(t, Progress{Cells: 2}, progress)
	results, err := s.Results()
	require.NoError(t, err)
	assert.Empty(t, results)

	delete(longer.Set, "steps")
	longer.Axes = append(longer.Axes, axis("steps", 6, 8))
	s, err = Create(dir, longer)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	todo, err := s.todo(false)
	require.NoError(t, err)
	assert.Len(t, todo, 4, "also if the number of steps is an axis")
}

func TestARuleForOtherAxesIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	runSweep(t, dir, rates(1), Options{})
	other := rates(1)
	other.Axes, other.Compare, other.Expectation = []Axis{axis("rate", 3, 4)}, nil, ""
	s := runSweep(t, dir, other, Options{})
	assert.Nil(t, s.Spec().Compare)
	assert.Equal(t, []Replaced{{rates(1).Expectation, rates(1).Compare, 2}}, s.Spec().Replaced)
	fresh, err := Create(filepath.Join(dir, "copy"), s.Spec())
	require.NoError(t, err)
	require.NoError(t, fresh.Close())
	assert.Empty(t, fresh.Spec().Replaced, "another sweep's past")
}

func TestAnExpectationThatIsGivenUpIsSaid(t *testing.T) {
	dir := t.TempDir()
	runSweep(t, dir, rates(1), Options{})
	silent := rates(1, 2)
	silent.Expectation, silent.Compare = "", nil
	s := runSweep(t, dir, silent, Options{})
	assert.Equal(t, rates(1).Compare, s.Spec().Compare, "nobody has named another one")
	assert.Empty(t, s.Spec().Replaced)

	other := rates(1, 2)
	other.Expectation, other.Compare.Is = "it scores less", "lower"
	s = runSweep(t, dir, other, Options{})
	assert.Equal(t, []Replaced{{rates(1).Expectation, rates(1).Compare, 4}}, s.Spec().Replaced)
	report, err := os.ReadFile(filepath.Join(dir, reportName))
	require.NoError(t, err)
	assert.Contains(t, string(report), "Given up: until 4 cells had ended: expected: a high rate scores more; "+
		"rule: score of rate=1 is higher than that of rate=0.5</p>")
}

func TestAFolderThatIsRemovedEndsTheSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	t.Setenv(childEnv, "1")
	s, err := Create(dir, rates(1))
	require.NoError(t, err)
	defer s.Close()
	err = s.Run(t.Context(), Options{Program: os.Args[0], Changed: func(_ Cell, result *Result) {
		if result != nil {
			assert.NoError(t, os.RemoveAll(dir))
		}
	}})
	require.ErrorContains(t, err, "was removed or replaced while it was filled")
	assert.Equal(t, 1, strings.Count(err.Error(), "removed or replaced"))
	assert.NoDirExists(t, dir)
}

func TestInterruptedSweepGoesOn(t *testing.T) {
	undisturbed, dir := t.TempDir(), t.TempDir()
	spec := rates(1, 2, 3)
	spec.Set["steps"] = json.RawMessage("40")
	runSweep(t, undisturbed, spec, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Create(dir, spec)
	require.NoError(t, err)
	begun := 0
	err = s.Run(ctx, Options{Program: os.Args[0], Changed: func(_ Cell, result *Result) {
		if begun++; begun == 4 {
			time.AfterFunc(60*time.Millisecond, cancel)
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.Close())
	runSweep(t, dir, spec, Options{})
	assert.Equal(t, rows(t, undisturbed), rows(t, dir))
	var log []byte
	for _, cell := range spec.Cells() {
		text, err := os.ReadFile(filepath.Join(dir, logsName, cell.Name+".log"))
		require.NoError(t, err)
		log = append(log, text...)
	}
	assert.LessOrEqual(t, counted(string(log)), 7, "only the cell that was interrupted is trained again")
}

// A process that is killed cannot tidy up. Its trainings are asked to stop by the system, and may still save when the
// sweep is run again.
func TestKilledSweepEndsLikeAnUndisturbedOne(t *testing.T) {
	undisturbed, dir := t.TempDir(), filepath.Join(t.TempDir(), "sweep")
	spec := rates(1, 2, 3)
	spec.Set["steps"] = json.RawMessage("20")
	start := time.Now()
	runSweep(t, undisturbed, spec, Options{Jobs: 2})
	lasts := time.Since(start)
	path := filepath.Join(t.TempDir(), "spec.json")
	text, err := json.Marshal(spec)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Float64()*float64(lasts)/3))
		_ = exec.CommandContext(ctx, os.Args[0], "sweep", path, dir).Run()
		cancel()
	}
	runSweep(t, dir, spec, Options{Jobs: 2})
	assert.Equal(t, rows(t, undisturbed), rows(t, dir))
}

func TestADamagedResultIsSaidAndMeasuredAgain(t *testing.T) {
	dir := t.TempDir()
	spec := rates(1)
	s := runSweep(t, dir, spec, Options{})
	before := rows(t, dir)
	path := s.resultPath(spec.Cells()[0])
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	damaged := strings.Replace(string(text), `"score": 0.`, `"score": 1.`, 1)
	require.NotEqual(t, string(text), damaged)
	require.NoError(t, os.WriteFile(path, []byte(damaged), 0o644))
	outcome, err := s.Outcome()
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	assert.Contains(t, outcome.Failed[0].Failed, path+": it is damaged")
	assert.Len(t, outcome.Results, 2, "the other can be seen")
	runSweep(t, dir, spec, Options{Retry: true})
	assert.Equal(t, before, rows(t, dir))
}

func TestFoldersThatAreNoSweep(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.ErrorIs(t, err, ErrNotASweep)
	s, err := Create(dir, rates(1))
	require.NoError(t, err)
	_, err = Create(dir, rates(1))
	require.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, fmt.Sprintf("by process %d", os.Getpid()))
	require.NoError(t, s.Close())
	_, err = Open(dir)
	require.NoError(t, err)

	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644))
	_, err = Create(other, rates(1))
	require.ErrorIs(t, err, ErrNotASweep)
	assert.ErrorContains(t, err, "such as thesis.tex")
	require.NoError(t, os.WriteFile(filepath.Join(dir, specName), []byte(`{"train": 3}`), 0o644))
	_, err = Create(dir, rates(1))
	assert.ErrorContains(t, err, filepath.Join(dir, specName))
}

func TestResultsOfOtherCellsAreDamagedOnes(t *testing.T) {
	dir := t.TempDir()
	s := runSweep(t, dir, rates(1, 2), Options{})
	at := func(cell string) string { return filepath.Join(dir, resultsName, cell+".json") }
	one, err := os.ReadFile(at("rate=1,seed=1"))
	require.NoError(t, err)
	for text, says := range map[string]string{
		string(one): `it is not of this cell, but of "rate=1,seed=1"`, "{}": `it is not of this cell, but of ""`,
		"null": `it is not of this cell, but of ""`, "": "read ",
	} {
		require.NoError(t, os.WriteFile(at("rate=0.5,seed=1"), []byte(text), 0o644))
		results, err := s.Results()
		require.NoError(t, err)
		require.Len(t, results, 4)
		assert.Contains(t, results[0].Failed, says)
		assert.Empty(t, results[0].Measures)
		assert.Empty(t, results[1].Failed, "the others count")
	}
	require.NoError(t, os.Remove(at("rate=0.5,seed=1")))
	require.NoError(t, os.Mkdir(at("rate=0.5,seed=1"), 0o755))
	results, err := s.Results()
	require.NoError(t, err)
	assert.Contains(t, results[0].Failed, "not a regular file")
}

func TestASweepFollowsNoLinkOutOfItsFolder(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o644))
	for _, name := range []string{
		reportName, specName, "results.csv", "logs/rate=0.5,seed=1.log", "results/x.json", "cells/x",
	} {
		dir := t.TempDir()
		s := runSweep(t, dir, rates(1), Options{})
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.Rename(path, mine+"-old"); err == nil && name == specName {
			text, err := os.ReadFile(mine + "-old")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(mine, text, 0o644))
		}
		require.NoError(t, os.Symlink(mine, path))
		before, err := os.ReadFile(mine)
		require.NoError(t, err)
		says := path + " is a link that leads out of the folder of the sweep"
		_, err = Create(dir, rates(1, 2))
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, s.WriteResults(), says)
		_, err = s.RunCell(t.Context(), "rate=0.5,seed=1", Options{Program: os.Args[0], Retry: true})
		assert.ErrorContains(t, err, says)
		after, err := os.ReadFile(mine)
		require.NoError(t, err)
		assert.Equal(t, before, after, name)
	}
}
