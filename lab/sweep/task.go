package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/moelab/moelab/internal/lockfile"
)

// ErrNoCell is wrapped if a sweep has no cell of a name.
var ErrNoCell = errors.New("no such cell")

// RunCell runs one cell of a sweep, as a task of a cluster does: other processes, on any host that shares the folder,
// may run the other cells meanwhile, and more than one may be asked for the same. Whoever ends the last cell writes the
// results. When ctx ends the training saves, and the error wraps the context's. The error wraps [ErrNoCell] if there is
// none of the name. A cell that fails is a result and no error.
func (s *Sweep) RunCell(ctx context.Context, name string, options Options) (Result, error) {
	cells := s.spec.Cells()
	at := slices.IndexFunc(cells, func(cell Cell) bool { return cell.Name == name })
	if at < 0 {
		return Result{}, fmt.Errorf("%w: %s has no cell %q, and %d others, such as %q", ErrNoCell, s.dir, name, len(cells),
			cells[0].Name)
	}
	onShareOfCores(0, 1)
	defer runtime.UnlockOSThread()
	result, err := s.complete(ctx, cells[at], options)
	if err != nil {
		return result, err
	}
	todo, err := s.todo(false)
	if err == nil && len(todo) == 0 {
		err = s.WriteResults()
	}
	return result, err
}

// complete runs a cell and saves its result, unless that was done meanwhile. One process does so at a time: the others
// wait.
func (s *Sweep) complete(ctx context.Context, cell Cell, options Options) (Result, error) {
	if err := s.isThere(); err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(filepath.Join(s.dir, logsName), 0o755); err != nil {
		return Result{}, err
	}
	// The log is there from now on, and nobody removes it, so it is the lock too.
	lock := lockfile.New(s.logPath(cell))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return Result{}, fmt.Errorf("lock %s: %w", s.logPath(cell), err)
	}
	defer lock.Unlock()
	result, done, err := s.done(cell, options.Retry)
	if err != nil || done {
		return result, err
	}
	if result, err = s.runCell(ctx, cell, options); err != nil {
		return result, err
	}
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	if err := s.isThere(); err != nil {
		return result, err
	}
	return result, s.save(result)
}

// isThere returns an error if the folder was removed or replaced since the sweep was opened, or if a link leads out of
// it.
func (s *Sweep) isThere() error {
	folder, err := os.Stat(s.dir)
	if err == nil {
		_, err = os.Stat(filepath.Join(s.dir, specName))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(folder, s.folder):
		return fmt.Errorf("the folder of the sweep, %s, was removed or replaced while it was filled", s.dir)
	case err != nil:
		return fmt.Errorf("look at the folder of the sweep: %w", err)
	}
	return s.checkLinks()
}

// isLocked reports whether a process runs a cell, on any host.
func (s *Sweep) isLocked(cell Cell) (bool, error) {
	held, err := lockfile.IsHeld(s.logPath(cell))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look at the lock of %s: %w", s.logPath(cell), err)
	}
	return held, nil
}
