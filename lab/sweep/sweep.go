package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/lab"
)

// Errors for callers to distinguish with [errors.Is].
var (
	// ErrNotASweep is wrapped if a folder holds something else.
	ErrNotASweep = errors.New("not a sweep")
	// ErrLocked is wrapped if another process fills the same sweep.
	ErrLocked = errors.New("the sweep is in use")
)

// Sweep is the folder of a sweep.
type Sweep struct {
	dir    string
	folder os.FileInfo // To know it again.
	spec   Spec
	lock   *flock.Flock // nil for a reader.
}

// Create makes a sweep in a folder, or opens the one that is there, whose axes and seeds may be others than before. The
// specification must have been checked. The error wraps [ErrNotASweep] or [ErrLocked]. The caller closes the sweep.
func Create(dir string, spec Spec) (*Sweep, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the sweep: %w", err)
	}
	before, err := Open(dir)
	switch {
	case errors.Is(err, ErrNotASweep):
		if err := isEmpty(dir); err != nil {
			return nil, err
		}
		spec = spec.fresh()
	case err != nil:
		return nil, err
	default:
		if err := before.checkLinks(); err != nil {
			return nil, err
		}
		results, err := before.Results()
		if err != nil {
			return nil, err
		}
		if spec, err = spec.continued(before.spec, len(results)); err != nil {
			return nil, fmt.Errorf("%s: %w; name another folder", filepath.Join(dir, specName), err)
		}
	}
	lock, owner, err := lockfile.Acquire(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the sweep %s: %w", dir, err)
	case lock == nil:
		return nil, fmt.Errorf("%w: %s is being filled by process %s: wait for it, or name another folder", ErrLocked, dir,
			owner)
	}
	s := &Sweep{dir: dir, spec: spec, lock: lock}
	s.folder, err = os.Stat(dir)
	if err == nil && spec.Notebook != "" {
		err = s.copyNotebook()
	}
	if err == nil {
		err = s.writeSpec()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// checkLinks returns an error if a link in the sweep's folder leads out of it, by which somebody else's sweep would
// have other files written. A cell's training looks at its own folder.
func (s *Sweep) checkLinks() error {
	return lab.CheckLinksOf("folder of the sweep", s.dir, path.Join(cellsName, "*"))
}

// Open opens the sweep in a folder for reading, also while it goes on. The error wraps [ErrNotASweep] if there is none.
func Open(dir string) (*Sweep, error) {
	spec, err := ReadSpec(filepath.Join(dir, specName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: there is no %s", dir, ErrNotASweep, specName)
	}
	if err != nil {
		return nil, err
	}
	folder, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	return &Sweep{dir: dir, folder: folder, spec: spec}, nil
}

// isEmpty returns an error if a folder holds files of other purpose.
func isEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the folder of the sweep: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() != lockfile.Name {
			return fmt.Errorf("%s: %w: it holds other files, such as %s; name another folder", dir, ErrNotASweep, entry.Name())
		}
	}
	return nil
}

// Close gives the folder up.
func (s *Sweep) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Unlock()
}

// Spec returns the specification.
func (s *Sweep) Spec() Spec { return s.spec }

// Dir returns the folder.
func (s *Sweep) Dir() string { return s.dir }

// CellDir returns the run directory of a cell.
func (s *Sweep) CellDir(cell Cell) string { return filepath.Join(s.dir, cellsName, cell.Name) }

// logPath returns the file with what a cell's processes say.
func (s *Sweep) logPath(cell Cell) string { return filepath.Join(s.dir, logsName, cell.Name+".log") }

func (s *Sweep) writeSpec() error {
	data, err := json.MarshalIndent(s.spec, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", specName, err)
	}
	return atomicfile.WriteBytes(filepath.Join(s.dir, specName), append(data, '\n'))
}

// Options say how a sweep is run.
type Options struct {
	// Program is the path of moelab, and Arguments are added to each of its trainings, such as "--backend", "go".
	Program   string
	Arguments []string
	// Jobs is the number of cells that run at once and share the cores; 0 means 1.
	Jobs int
	// Retry runs the cells again that have failed.
	Retry bool
	// Changed, if set, is called with a cell that has begun or ended. Calls do not overlap.
	Changed func(cell Cell, result *Result)
}

// Run runs the cells that have not ended, and writes the results. When ctx ends the trainings save, and the error wraps
// the context's; run again, they go on. A cell that fails is a result and no error.
func (s *Sweep) Run(ctx context.Context, options Options) error {
	if s.lock == nil {
		return fmt.Errorf("%s was opened for reading: run the sweep that Create returns", s.dir)
	}
	todo, err := s.todo(options.Retry)
	if err != nil {
		return err
	}
	next := make(chan Cell)
	var workers sync.WaitGroup
	var says sync.Mutex
	changed := func(cell Cell, result *Result) {
		says.Lock()
		defer says.Unlock()
		if options.Changed != nil {
			options.Changed(cell, result)
		}
	}
	jobs := min(max(options.Jobs, 1), max(len(todo), 1))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for worker := range jobs {
		workers.Go(func() {
			onShareOfCores(worker, jobs)
			for cell := range next {
				changed(cell, nil)
				result, err := s.complete(ctx, cell, options)
				if ctx.Err() != nil { // It was stopped, and goes on the next time.
					continue
				}
				if err != nil { // Such as a full disk: the other cells would meet it too.
					cancel(fmt.Errorf("cell %s: %w", cell.Name, err))
					continue
				}
				changed(cell, &result)
			}
		})
	}
	for _, cell := range todo {
		select {
		case next <- cell:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	if err := s.isThere(); err != nil { // Which the cells have met too.
		return err
	}
	return errors.Join(context.Cause(ctx), s.WriteResults())
}

// todo lists the cells to run.
func (s *Sweep) todo(retry bool) (todo []Cell, err error) {
	for _, cell := range s.spec.Cells() {
		_, done, err := s.done(cell, retry)
		if err != nil {
			return nil, err
		}
		if !done {
			todo = append(todo, cell)
		}
	}
	return todo, nil
}

// done reads a cell's result, and reports whether there is nothing left to do.
func (s *Sweep) done(cell Cell, retry bool) (result Result, done bool, err error) {
	result, ended, err := s.ended(cell)
	return result, ended && (result.Failed == "" || !retry), err
}

// ended reads a cell's result. ok is false if the cell has not ended, or is to go on to more steps.
func (s *Sweep) ended(cell Cell) (result Result, ok bool, err error) {
	result, ok, err = s.result(cell)
	result.Cell = cell // With the value of a setting that was no axis when the cell ended.
	return result, ok && !s.isShort(result), err
}

// isShort reports whether a cell was trained for fewer steps than the specification now asks for.
func (s *Sweep) isShort(result Result) bool {
	if s.spec.Notebook != "" || result.Failed != "" {
		return false
	}
	text, isAxis := result.Values["steps"]
	if !isAxis {
		text = string(s.spec.Set["steps"])
	}
	var steps int64
	return json.Unmarshal([]byte(text), &steps) == nil && result.Step < steps
}

// Progress is how far a sweep is.
type Progress struct {
	// Cells is the number of all cells, of which Done have ended, Failed of these in failure.
	Cells, Done, Failed int
	// Running are those that go on, with the status of their runs.
	Running []Running
}

// String is as in "4 of 12 cells have ended, 1 of them in failure".
func (p Progress) String() string {
	text := fmt.Sprintf("%d of %d cells have ended", p.Done, p.Cells)
	if p.Failed > 0 {
		text += fmt.Sprintf(", %d of them in failure", p.Failed)
	}
	return text
}

// Running is a cell that goes on.
type Running struct {
	Cell
	lab.Status
}

// Progress looks at the folder.
func (s *Sweep) Progress() (Progress, error) {
	p, _, err := s.look()
	return p, err
}

// look looks at all cells: how far the sweep is, and the results of those that have ended, as [Sweep.Results] has them.
func (s *Sweep) look() (p Progress, results []Result, err error) {
	cells := s.spec.Cells()
	p.Cells = len(cells)
	for _, cell := range cells {
		result, ended, err := s.ended(cell)
		if err != nil {
			return p, nil, err
		}
		if ended {
			results = append(results, result)
		}
		if ended && result.Failed == "" {
			p.Done++
			continue
		}
		status, err := lab.ReadStatus(s.CellDir(cell))
		if err != nil && !errors.Is(err, lab.ErrNotARun) {
			return p, nil, err
		}
		goesOn, err := s.isLocked(cell)
		switch {
		case err != nil:
			return p, nil, err
		case goesOn || status.Condition == lab.InTraining: // Perhaps once more, after a failure.
			p.Running = append(p.Running, Running{cell, status})
		case ended:
			p.Failed++
			p.Done++
		}
	}
	return p, results, nil
}
