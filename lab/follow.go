package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/regularfile"
)

// Follower looks at a run again and again, and reads only what is new. It disturbs no training.
type Follower struct {
	dir   string
	state string // What the files were like, to see whether anything has changed.

	// Status is that of the run, or of the run within it that is trained first.
	Status Status
	// Stage is the folder of that run, such as "pretrain"; "" if there is none.
	Stage string
	// Measures are those of the last evaluation by name, if any.
	Measures map[string]float64
	// Picture is the path of the newest strip of [SaveStrip], if any.
	Picture string

	log    string // The file that curves are of,
	tail   MetricsTail
	last   int64 // and the last step that was read of it.
	curves map[string]*curve
}

// Follow returns a follower of a run directory, which has not looked yet.
func Follow(dir string) *Follower { return &Follower{dir: dir} }

// Look looks at the run, and reports whether anything has changed since the last time. The error wraps [ErrNotARun] if
// there is none.
func (f *Follower) Look() (changed bool, err error) {
	owner, held, err := lockfile.Owner(f.dir)
	if err != nil {
		return false, fmt.Errorf("look at the lock of %s: %w", f.dir, err)
	}
	state := fmt.Sprint(owner, held)
	for _, name := range []string{configName, metricsName, checkpointsName, measuresName, stripsName} {
		if info, err := os.Stat(filepath.Join(f.dir, name)); err == nil {
			state += fmt.Sprint(" ", info.Size(), info.ModTime().UnixNano())
		}
	}
	starts := held && f.Status.Values == nil || f.Stage != "" // Then it is another folder that changes.
	if state == f.state && !starts {
		return false, nil
	}
	f.state = state
	return true, f.readAll()
}

// readAll reads what there is to know.
func (f *Follower) readAll() (err error) {
	if f.Status, err = ReadStatus(f.dir); err != nil {
		return err
	}
	f.Stage = ""
	if f.Status.Condition == InTraining && f.Status.Values == nil {
		f.findStage()
	}
	if f.Measures, err = ReadMeasures(f.dir); err != nil {
		f.Status.Damage(err)
	}
	dir := filepath.Join(f.dir, f.Stage)
	f.Picture = ""
	if steps := StripSteps(os.DirFS(dir)); len(steps) > 0 {
		f.Picture = filepath.Join(dir, StripName(steps[len(steps)-1]))
	}
	return f.readMetrics(filepath.Join(dir, metricsName))
}

// findStage looks for a run within the run that is in training.
func (f *Follower) findStage() {
	configs, _ := fs.Glob(os.DirFS(f.dir), "*/"+configName) // Only a malformed pattern is an error.
	for _, config := range configs {
		dir := filepath.Join(f.dir, filepath.Dir(config))
		if status, err := ReadStatus(dir); err == nil && status.Condition == InTraining {
			f.Stage, f.Status = filepath.Base(dir), status
			return
		}
	}
}

// readMetrics reads the lines that were added to a file. If what was read is not there any more, since a training has
// gone on from an earlier step, it is read anew.
func (f *Follower) readMetrics(path string) error {
	file, _, err := regularfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.begin(path)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	defer file.Close()
	if path != f.log {
		f.begin(path)
	}
	// It is read to its end: a look takes at most some seconds.
	if err := f.tail.Read(context.Background(), file, func() { f.begin(path) }, f.add); err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	return nil
}

// begin forgets what was read.
func (f *Follower) begin(path string) {
	f.log, f.tail, f.last, f.curves = path, MetricsTail{}, 0, map[string]*curve{}
}

// add adds what a step has logged.
func (f *Follower) add(m Metric) {
	if m.Step <= f.last { // The file is damaged, which is said elsewhere.
		return
	}
	f.last = m.Step
	for name, value := range m.Values {
		if f.curves[name] == nil {
			f.curves[name] = &curve{each: 1}
		}
		f.curves[name].add(value)
	}
}

// Curve returns the course of a metric: means over equal numbers of steps, 256 at most.
func (f *Follower) Curve(metric string) []float64 {
	if f.curves[metric] == nil {
		return nil
	}
	return f.curves[metric].means
}

// mostMeans is the largest number of points of a curve.
const mostMeans = 256

// curve is the course of a number in a few points.
type curve struct {
	means []float64
	each  int // Values of a mean.
	sum   float64
	n     int // Values in sum.
}

func (c *curve) add(value float64) {
	if c.sum, c.n = c.sum+value, c.n+1; c.n < c.each {
		return
	}
	c.means = append(c.means, c.sum/float64(c.n))
	c.sum, c.n = 0, 0
	if len(c.means) < mostMeans {
		return
	}
	for i := range mostMeans / 2 {
		c.means[i] = (c.means[2*i] + c.means[2*i+1]) / 2
	}
	c.means, c.each = c.means[:mostMeans/2], 2*c.each
}
