package lab

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatusFollowsTheLifeOfARun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, err := ReadStatus(dir)
	require.ErrorIs(t, err, ErrNotARun)

	command := childCommand("hold", dir)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	status, err := ReadStatus(dir)
	require.NoError(t, err)
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, Status{
		Name: "regression", Condition: InTraining, Process: fmt.Sprintf("%d on %s", command.Process.Pid, host), Steps: 20,
	}, status)
	require.NoError(t, stdin.Close())
	require.NoError(t, command.Wait())
	status, err = ReadStatus(dir)
	require.NoError(t, err)
	assert.Equal(t, Status{Name: "regression", Condition: Stopped, Steps: 20}, status)

	mustTrain(t, dir, 7, nil)
	lines := "{\"step\":8,\"seconds\":2,\"values\":{\"loss\":1}}\n{\"step\":18,\"seconds\":4,\"values\":{\"loss\":0.5}}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, metricsName), []byte("}\n"+lines+`{"step":19`), 0o644))
	status, err = ReadStatus(dir)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), status.Changed, time.Minute)
	status.Changed = time.Time{}
	assert.Equal(t, Status{
		Name: "regression", Condition: Finished, Step: 7, Steps: 7, Seconds: 4, Rate: 5,
		Values: map[string]float64{"loss": 0.5},
	}, status)
	assert.Equal(t, 2*time.Second, Status{Step: 10, Steps: 20, Rate: 5}.Left())
	assert.Zero(t, status.Left())

	require.NoError(t, os.Truncate(filepath.Join(dir, checkpointsName, checkpointName(7), weightsName), 100))
	status, err = ReadStatus(dir)
	require.NoError(t, err)
	assert.Equal(t, Damaged, status.Condition)
	assert.Contains(t, status.Fault, weightsName+": not a safetensors file, or cut short")

	require.NoError(t, os.WriteFile(filepath.Join(dir, configName), []byte("{"), 0o644))
	status, err = ReadStatus(dir)
	require.NoError(t, err)
	assert.Equal(t, Damaged, status.Condition)
	assert.Contains(t, status.Fault, configName)
}

func TestRunsAreFoundAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b", "a/deep", "damaged", "b/pretrain"} {
		run, err := Create(filepath.Join(dir, name), experiment(20))
		require.NoError(t, err)
		require.NoError(t, run.Close())
	}
	for name, text := range map[string]string{
		"damaged/" + configName: "{", "damaged/" + metricsName: "", "other/" + configName: `{"name": "a web page"}`,
		"broken/" + configName: "{", "a/notes.txt": "",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	runs, err := FindRuns(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, []string{
		filepath.Join(dir, "a", "deep"), filepath.Join(dir, "b"), filepath.Join(dir, "damaged"),
	}, runs)
	runs, err = FindRuns(t.Context(), filepath.Join(dir, "b"))
	require.NoError(t, err)
	assert.Len(t, runs, 1)
	_, err = FindRuns(t.Context(), filepath.Join(dir, "no"))
	assert.ErrorContains(t, err, "look for runs in "+filepath.Join(dir, "no"))
	size, err := SizeOnDisk(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Positive(t, size)
}

func TestDifferencesOfRuns(t *testing.T) {
	var dirs []string
	for _, config := range []any{
		map[string]any{"loss": "hinge", "rate": 0.01, "flip": false},
		map[string]any{"loss": "wgan", "rate": 0.01},
		map[string]any{"loss": "hinge", "rate": 0.01, "clip": 2},
	} {
		run, err := Create(filepath.Join(t.TempDir(), "run"), Experiment{Name: "gan", Config: config})
		require.NoError(t, err)
		require.NoError(t, run.Close())
		dirs = append(dirs, run.Dir())
	}
	differences, err := Differences(dirs)
	require.NoError(t, err)
	assert.Equal(t, []Difference{
		{"clip", []string{"", "", "2"}}, {"loss", []string{`"hinge"`, `"wgan"`, `"hinge"`}},
	}, differences, "flip was false before there was that setting")
	_, err = Differences([]string{dirs[0], t.TempDir()})
	require.ErrorIs(t, err, ErrNotARun)
}

func TestShortNamesTellRunsApart(t *testing.T) {
	for _, test := range []struct{ dirs, want []string }{
		{[]string{"runs/a", "runs/b/"}, []string{"a", "b"}},
		{[]string{"x/run", "y/run"}, []string{"x/run", "y/run"}},
		{[]string{"/p/x/run", "q/x/run", "z"}, []string{"p/x/run", "q/x/run", "z"}},
		{[]string{"run", "./run"}, []string{"run", "run"}},
	} {
		assert.Equal(t, test.want, ShortNames(test.dirs))
	}
}
