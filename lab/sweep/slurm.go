package sweep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// jobsName is the file that lists the jobs of a sweep.
const jobsName = "slurm.json"

// arraySize is the number of tasks in an array: more are too many for Slurm's usual MaxArraySize.
const arraySize = 1000

// ErrRefused is wrapped if Slurm takes no job.
var ErrRefused = errors.New("the job was refused by Slurm")

// Job is an array of Slurm's.
type Job struct {
	ID string `json:"id"`
	// Cells are the names of the cells by the index of the task.
	Cells []string `json:"cells"`
}

// Submit hands the cells that have not ended, and are not queued already, to Slurm, and returns the jobs. The error
// wraps [ErrAllDone] if there are none, [ErrTemplate], or [ErrRefused].
func (s *Sweep) Submit(ctx context.Context, tasks Tasks) (submitted []Job, err error) {
	todo, err := s.todo(tasks.Retry)
	if err != nil {
		return nil, err
	}
	jobs, err := s.jobs()
	if err != nil {
		return nil, err
	}
	states, err := queue(ctx, jobs)
	if err != nil {
		return nil, err
	}
	todo = slices.DeleteFunc(todo, func(cell Cell) bool { return states[cell.Name] != "" })
	if len(todo) == 0 {
		return nil, fmt.Errorf("%s: %w", s.dir, ErrAllDone)
	}
	for cells := range slices.Chunk(todo, arraySize) {
		script, err := s.script(Slurm, tasks, cells)
		if err != nil {
			return submitted, err
		}
		job := Job{}
		if job.ID, err = sbatch(ctx, script); err != nil {
			return submitted, fmt.Errorf("%w; its script is made from %s", err, filepath.Join(s.dir, Slurm.Name))
		}
		for _, cell := range cells {
			job.Cells = append(job.Cells, cell.Name)
		}
		submitted = append(submitted, job)
		if err := s.writeJobs(append(jobs, submitted...)); err != nil {
			return submitted, err
		}
	}
	return submitted, nil
}

// sbatch submits a script and returns the number of the job.
func sbatch(ctx context.Context, script string) (string, error) {
	command := exec.CommandContext(ctx, "sbatch", "--parsable")
	said := &lastLine{}
	command.Stdin, command.Stderr = strings.NewReader(script), said
	out, err := command.Output()
	switch {
	case errors.As(err, new(*exec.ExitError)):
		return "", fmt.Errorf("%w: %s", ErrRefused, strings.TrimPrefix(said.text(), "sbatch: error: "))
	case err != nil:
		return "", fmt.Errorf("submit the job: %w", err)
	}
	id, _, _ := strings.Cut(string(bytes.TrimSpace(out)), ";") // The name of the cluster may follow.
	return id, nil
}

// Queue is what Slurm does with a sweep.
type Queue struct {
	// Tasks is the number of tasks in each state, such as "PENDING" and "RUNNING".
	Tasks map[string]int
	// Lost is the number of cells that have not ended and have no task, because it failed or was cancelled.
	Lost int
}

// Queue asks Slurm for the tasks of the sweep. ok is false if none were submitted, or if this machine has no Slurm: the
// folder may be shared with one that has.
func (s *Sweep) Queue(ctx context.Context) (q Queue, ok bool, err error) {
	jobs, err := s.jobs()
	if err != nil || len(jobs) == 0 {
		return q, false, err
	}
	states, err := queue(ctx, jobs)
	if errors.Is(err, exec.ErrNotFound) {
		return q, false, nil
	}
	if err != nil {
		return q, false, err
	}
	q.Tasks = map[string]int{}
	for _, state := range states {
		q.Tasks[state]++
	}
	todo, err := s.todo(false)
	for _, cell := range todo {
		if states[cell.Name] == "" {
			q.Lost++
		}
	}
	return q, true, err
}

// queue asks Slurm for the states of the tasks of some jobs, by the name of the cell.
func queue(ctx context.Context, jobs []Job) (map[string]string, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	command := exec.CommandContext(ctx, "squeue", "--me", "--noheader", "--array", "--format=%F %K %T")
	said := &lastLine{}
	command.Stderr = said
	out, err := command.Output()
	if errors.As(err, new(*exec.ExitError)) {
		return nil, fmt.Errorf("ask Slurm for its queue: %s", strings.TrimPrefix(said.text(), "squeue: error: "))
	}
	if err != nil {
		return nil, fmt.Errorf("ask Slurm for its queue: %w", err)
	}
	states := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		at := slices.IndexFunc(jobs, func(job Job) bool { return job.ID == fields[0] })
		task, err := strconv.Atoi(fields[1])
		if at < 0 || err != nil || task < 0 || task >= len(jobs[at].Cells) { // A job that is not ours.
			continue
		}
		states[jobs[at].Cells[task]] = fields[2]
	}
	return states, nil
}

// jobs reads the list of jobs.
func (s *Sweep) jobs() (jobs []Job, err error) {
	path := filepath.Join(s.dir, jobsName)
	data, err := regularfile.Read(path, regularfile.List)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = textfile.UnmarshalJSON(data, &jobs)
	}
	if err != nil {
		return nil, fmt.Errorf("read the jobs in %s: %w", path, err)
	}
	return jobs, nil
}

func (s *Sweep) writeJobs(jobs []Job) error {
	data, err := json.MarshalIndent(jobs, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", jobsName, err)
	}
	return atomicfile.WriteBytes(filepath.Join(s.dir, jobsName), append(data, '\n'))
}
