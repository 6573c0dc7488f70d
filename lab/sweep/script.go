package sweep

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"al.essio.dev/pkg/shellescape"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
)

// Scheduler is what runs the cells of a sweep on a cluster, one cell a task.
type Scheduler struct {
	// Name is the name of the scheduler's template in the folder of a sweep, and standard what it holds at first.
	Name     string
	standard string
}

var (
	//go:embed slurm.sbatch
	slurmText string
	//go:embed k8s.yaml
	kubernetesText string

	// Slurm runs a sweep as an array of batch jobs.
	Slurm = Scheduler{"slurm.sbatch", slurmText}
	// Kubernetes runs a sweep as an Indexed Job.
	Kubernetes = Scheduler{"k8s.yaml", kubernetesText}
)

// Errors for callers to distinguish with [errors.Is].
var (
	// ErrTemplate is wrapped if a template in the folder of a sweep is wrong.
	ErrTemplate = errors.New("the template is wrong")
	// ErrAllDone is wrapped if there is nothing to run.
	ErrAllDone = errors.New("each cell has ended or is queued")
)

// Tasks say how the cells of a sweep are run on a cluster.
type Tasks struct {
	// Program is the path of moelab there, and Arguments are added to "moelab sweep cell".
	Program   string
	Arguments []string
	// AtOnce limits the tasks that run at once; 0: no limit.
	AtOnce int
	// Retry runs the cells again that have failed.
	Retry bool
}

// script is what a template is filled in with.
type script struct {
	// Name is made of the folder's, and is a label in the sense of RFC 1123.
	Name string
	// Dir is the folder of the sweep, and Parent the one that it is in. Logs holds what Slurm's tasks say.
	Dir, Parent, Logs string
	// WorkingDir is the current folder.
	WorkingDir string
	// Cells are the names of the cells. They consist of letters, digits and "=.,+_-".
	Cells     []string
	Last      int
	AtOnce    int
	Program   string
	Arguments []string
}

// Script returns what a scheduler is told to run all cells that have not ended. It is made from a template in the
// folder of the sweep, which is written there at first, and which the user may change.
func (s *Sweep) Script(scheduler Scheduler, tasks Tasks) (string, error) {
	todo, err := s.todo(tasks.Retry)
	if err != nil {
		return "", err
	}
	if len(todo) == 0 {
		return "", fmt.Errorf("%s: %w", s.dir, ErrAllDone)
	}
	return s.script(scheduler, tasks, todo)
}

func (s *Sweep) script(scheduler Scheduler, tasks Tasks, cells []Cell) (string, error) {
	text, err := s.template(scheduler)
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return "", fmt.Errorf("find the folder of the sweep: %w", err)
	}
	// Slurm does not make the folder of its logs.
	if err := os.MkdirAll(filepath.Join(dir, logsName), 0o755); err != nil {
		return "", err
	}
	workingDir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the current folder: %w", err)
	}
	data := script{
		WorkingDir: workingDir,
		Name:       label(filepath.Base(dir)), Dir: dir, Parent: filepath.Dir(dir), Logs: filepath.Join(dir, logsName),
		Last: len(cells) - 1, AtOnce: tasks.AtOnce, Program: tasks.Program, Arguments: tasks.Arguments,
	}
	for _, cell := range cells {
		data.Cells = append(data.Cells, cell.Name)
	}
	var filled strings.Builder
	if err := text.Execute(&filled, data); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return filled.String(), nil
}

// template reads the template of a scheduler, and writes it first if there is none.
func (s *Sweep) template(scheduler Scheduler) (*template.Template, error) {
	path := filepath.Join(s.dir, scheduler.Name)
	text, err := regularfile.Read(path, regularfile.Note)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(scheduler.standard)
		err = atomicfile.WriteBytes(path, text)
	}
	if err != nil {
		return nil, err
	}
	parsed, err := template.New(path).Funcs(template.FuncMap{
		"shell": shellescape.Quote,
		"yaml":  yamlText,
		"path":  func(path string) string { return strings.ReplaceAll(path, "%", "%%") },
	}).Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return parsed, nil
}

// yamlText quotes text for YAML, of which JSON is a part.
func yamlText(text string) (string, error) {
	quoted, err := json.Marshal(text)
	return string(quoted), err
}

// noLabel matches what is not in a label.
var noLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label makes a label of a name. Kubernetes adds up to five digits and two dashes to that of a job, and allows 63
// characters.
func label(name string) string {
	name = noLabel.ReplaceAllString(strings.ToLower(name), "-")
	return strings.TrimRight(fmt.Sprintf("moelab-%.43s", strings.Trim(name, "-")), "-")
}
