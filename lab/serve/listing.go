package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"golang.org/x/sync/errgroup"
)

// run is a run directory as the page shows it.
type run struct {
	// Key is its path within the served folder, with slashes, and dir the path that opens it.
	Key, dir string
	lab.Status
	// Measures are those of the last evaluation, and Bytes the size on disk.
	Measures map[string]float64
	Bytes    int64
	// version changes with everything that is known of the run.
	version string
}

// Shown is the key as it may be shown.
func (r run) Shown() string { return textfile.Shown(r.Key) }

// listing are the runs and sweeps below a folder. Runs that have not changed are not read again.
type listing struct {
	dir   string
	root  *os.Root
	mutex sync.Mutex
	at    time.Time
	runs  map[string]run
	keys  []string // Of the sweeps, in order.
}

// listedFor is how long a listing is good.
const listedFor = time.Second

// all returns all runs by key.
func (l *listing) all(ctx context.Context) (map[string]run, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if time.Since(l.at) < listedFor {
		return l.runs, nil
	}
	var sweeps []string
	dirs, err := lab.FindFolders(ctx, l.dir, func(path string) bool {
		if key, ok := l.sweepKey(path); ok {
			sweeps = append(sweeps, key)
		}
		return lab.IsRun(path)
	})
	if err != nil {
		return nil, err
	}
	found := make([]run, len(dirs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, dir := range dirs {
		group.Go(func() (err error) {
			found[i] = l.look(dir)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	runs := map[string]run{}
	for _, r := range found {
		if r.Key != "" { // Removed meanwhile.
			runs[r.Key] = r
		}
	}
	slices.Sort(sweeps)
	l.runs, l.keys, l.at = runs, sweeps, time.Now()
	return runs, nil
}

// sweepKey returns the key of a folder if it holds a sweep, unless a link leads out of the served folder from there.
func (l *listing) sweepKey(dir string) (key string, ok bool) {
	key, err := filepath.Rel(l.dir, dir)
	if err != nil {
		return "", false
	}
	_, err = l.root.Stat(filepath.Join(key, "sweep.json"))
	return filepath.ToSlash(key), err == nil
}

// sweeps returns the keys of the sweeps, in order.
func (l *listing) sweeps(ctx context.Context) ([]string, error) {
	if _, err := l.all(ctx); err != nil {
		return nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.keys, nil
}

// look looks at a run. The zero value is of one that is gone.
func (l *listing) look(dir string) run {
	key, err := filepath.Rel(l.dir, dir)
	if err != nil {
		return run{}
	}
	r := run{Key: filepath.ToSlash(key), dir: dir}
	version, err := l.version(key)
	if err == nil {
		r.version = version
		if before := l.runs[r.Key]; before.version == version {
			return before
		}
		err = r.read()
	}
	if errors.Is(err, lab.ErrNotARun) {
		return run{}
	}
	if err != nil {
		r.Damage(err)
	}
	return r
}

// runFiles are the files of a run whose change is looked for.
var runFiles = []string{"config.json", "metrics.jsonl", "measures.json", "checkpoints", lockfile.Name}

// version describes the state of a run's files. It is an error if one of them is a link that leads out of the folder,
// since package lab would follow it.
func (l *listing) version(key string) (string, error) {
	var text strings.Builder
	for _, name := range runFiles {
		info, err := l.root.Stat(filepath.Join(key, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprint(&text, "- ")
		case err != nil:
			return "", fmt.Errorf("%s is not read: it leads out of the folder, or cannot be opened", name)
		default:
			fmt.Fprint(&text, info.Size(), " ", info.ModTime().UnixNano(), " ")
		}
	}
	owner, held, err := lockfile.Owner(filepath.Join(l.dir, key))
	if err != nil {
		return "", err
	}
	fmt.Fprint(&text, owner, held)
	return text.String(), nil
}

// read reads what the run says of itself.
func (r *run) read() (err error) {
	if r.Status, err = lab.ReadStatus(r.dir); err != nil {
		return err
	}
	if r.Measures, err = lab.ReadMeasures(r.dir); err != nil {
		return err
	}
	r.Bytes, err = lab.SizeOnDisk(r.dir)
	return err
}
