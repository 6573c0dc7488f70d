package sweep

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// runCells runs cells of a sweep one after another, as tasks of a cluster do.
func runCells(dir string, names []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := Open(dir)
	for _, name := range names {
		if err == nil {
			_, err = s.RunCell(ctx, name, Options{Program: os.Args[0]})
		}
	}
	return err
}

// shared makes the folder of a sweep that is run by tasks.
func shared(t *testing.T, dir string, spec Spec) *Sweep {
	t.Helper()
	t.Setenv(childEnv, "1")
	s, err := Create(dir, spec)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return s
}

func TestTasksThatShareAFolderEndLikeASweep(t *testing.T) {
	alone, dir := t.TempDir(), t.TempDir()
	spec := rates(1, 2, 3)
	spec.Axes = append(spec.Axes, Axis{Setting: "mode", Values: values("works", "fails")})
	spec.Set = nil
	runSweep(t, alone, spec, Options{Jobs: 2})
	s := shared(t, dir, spec)
	var tasks []*exec.Cmd
	cells := spec.Cells()
	for i := range 3 { // Each is given all cells, and begins with others.
		args := []string{"sweep", "cell", dir}
		for j := range cells {
			args = append(args, cells[(j+4*i)%len(cells)].Name)
		}
		task := exec.Command(os.Args[0], args...)
		task.Stderr = os.Stderr
		require.NoError(t, task.Start())
		tasks = append(tasks, task)
	}
	for _, task := range tasks {
		assert.NoError(t, task.Wait())
	}
	assert.Equal(t, rows(t, alone), rows(t, dir), "whoever ended the last cell wrote the table")
	assert.FileExists(t, filepath.Join(dir, reportName))
	for _, cell := range cells {
		log, err := os.ReadFile(s.logPath(cell))
		require.NoError(t, err)
		assert.Equal(t, 1, counted(string(log)), "%s was trained once", cell.Name)
	}
	_, err := s.RunCell(t.Context(), "rate=7,seed=1", Options{})
	require.ErrorIs(t, err, ErrNoCell)
}

// The script is run as Slurm runs it, which stands in for itself with a program that notes what it is asked for.
func TestASlurmTaskSavesAndQueuesAgain(t *testing.T) {
	dir, tools := filepath.Join(t.TempDir(), "it's 100%"), t.TempDir()
	spec := rates(1)
	spec.Axes[0].Values = values(0.5)
	spec.Set["steps"], spec.Compare = json.RawMessage("400"), nil
	s := shared(t, dir, spec)
	text, err := s.Script(Slurm, Tasks{Program: os.Args[0], AtOnce: 3})
	require.NoError(t, err)
	assert.Contains(t, text, "#SBATCH --job-name=moelab-it-s-100\n#SBATCH --array=0-0%3\n")
	assert.Contains(t, text, `/it'"'"'s 100%%/logs'/slurm-%A_%a.out`)

	asked := filepath.Join(tools, "asked")
	noting := "#!/bin/sh\necho \"$@\" >>\"" + asked + "\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "scontrol"), []byte(noting), 0o755))
	t.Setenv("PATH", tools+":"+os.Getenv("PATH"))
	t.Setenv("SLURM_ARRAY_TASK_ID", "0")
	t.Setenv("SLURM_JOB_ID", "17")
	cell := spec.Cells()[0]
	logged := func() int64 {
		info, err := os.Stat(filepath.Join(s.CellDir(cell), "metrics.jsonl"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	task := func(signal syscall.Signal) error {
		t.Helper()
		command := exec.Command("bash", "-s")
		command.Stdin, command.Stderr = strings.NewReader(text), os.Stderr
		require.NoError(t, command.Start())
		if signal != 0 {
			before := logged()
			require.Eventually(t, func() bool { return logged() > before }, time.Minute, 5*time.Millisecond)
			require.NoError(t, command.Process.Signal(signal))
		}
		return command.Wait()
	}
	require.Error(t, task(syscall.SIGTERM))
	assert.NoFileExists(t, asked, "what was cancelled stays so")
	require.NoError(t, task(syscall.SIGUSR1), "the time limit")
	data, err := os.ReadFile(asked)
	require.NoError(t, err)
	assert.Equal(t, "requeue 17\n", string(data))
	_, ended, err := s.result(cell)
	require.NoError(t, err)
	assert.False(t, ended)
	require.NoError(t, task(0))
	assert.Equal(t, "400", rows(t, dir)[1][4])
	log, err := os.ReadFile(s.logPath(cell))
	require.NoError(t, err)
	assert.Equal(t, 3, counted(string(log)))
	_, err = s.Script(Slurm, Tasks{})
	require.ErrorIs(t, err, ErrAllDone)
}

func TestAKubernetesJobHasAPodForEachCell(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `Ways "and" means: #1`)
	spec := rates(1, 2)
	s := shared(t, dir, spec)
	text, err := s.Script(Kubernetes, Tasks{Arguments: []string{"--backend", "a b"}})
	require.NoError(t, err)
	var job struct {
		Metadata struct{ Name string }
		Spec     struct {
			CompletionMode           string `yaml:"completionMode"`
			Completions, Parallelism int
			Template                 struct {
				Spec struct {
					Containers []struct {
						Command, Args []string
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &job))
	assert.Equal(t, "moelab-ways-and-means-1", job.Metadata.Name)
	assert.Equal(t, "Indexed", job.Spec.CompletionMode)
	assert.Equal(t, 4, job.Spec.Completions)
	assert.Equal(t, 4, job.Spec.Parallelism)
	container := job.Spec.Template.Spec.Containers[0]
	tools := t.TempDir()
	says := "#!/bin/sh\nfor word; do echo \"<$word>\"; done\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "moelab"), []byte(says), 0o755))
	t.Setenv("PATH", tools+":"+os.Getenv("PATH"))
	t.Setenv("JOB_COMPLETION_INDEX", "2")
	command := exec.Command(container.Command[0], append(container.Command[1:], container.Args...)...)
	out, err := command.Output()
	require.NoError(t, err)
	assert.Equal(t, "<sweep>\n<cell>\n<"+dir+">\n<rate=0.5,seed=2>\n<--backend>\n<a b>\n", string(out))
}

func TestTemplatesAreTheUsersToChange(t *testing.T) {
	dir := t.TempDir()
	s := shared(t, dir, rates(1))
	_, err := s.Script(Slurm, Tasks{})
	require.NoError(t, err)
	path := filepath.Join(dir, Slurm.Name)
	require.NoError(t, os.WriteFile(path, []byte("#SBATCH --mem=9G\n{{range .Cells}}{{.}} {{end}}"), 0o644))
	text, err := s.Script(Slurm, Tasks{})
	require.NoError(t, err)
	assert.Equal(t, "#SBATCH --mem=9G\nrate=0.5,seed=1 rate=1,seed=1 ", text)
	for _, wrong := range []string{"{{range}}", "{{.Nodes}}"} {
		require.NoError(t, os.WriteFile(path, []byte("\n"+wrong), 0o644))
		_, err = s.Script(Slurm, Tasks{})
		require.ErrorIs(t, err, ErrTemplate)
		assert.ErrorContains(t, err, path+":2")
	}
}

func TestJobsHaveNamesThatKubernetesTakes(t *testing.T) {
	for name, want := range map[string]string{
		"ways": "moelab-ways", "...": "moelab", "Große Läufe_2": "moelab-gro-e-l-ufe-2",
		strings.Repeat("a", 42) + "-b": "moelab-" + strings.Repeat("a", 42),
	} {
		assert.Equal(t, want, label(name))
	}
}
