package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/checkedjson"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// Errors for callers to distinguish with [errors.Is].
var (
	// ErrNotARun is wrapped if a folder is not a run directory.
	ErrNotARun = errors.New("not a run directory")
	// errMissing is the ErrNotARun of a folder whose config.json is missing, not damaged.
	errMissing = fmt.Errorf("%w: there is no config.json", ErrNotARun)
	// ErrOtherExperiment is wrapped if a run directory belongs to another experiment.
	ErrOtherExperiment = errors.New("the run directory holds another experiment")
	// ErrConfig is wrapped if the settings in a run's config.json cannot be.
	ErrConfig = errors.New("wrong settings")
	// ErrDamaged is wrapped if the files of a run are damaged beyond use.
	ErrDamaged = errors.New("damaged")
	// ErrLocked is wrapped if a live process trains in the run directory.
	ErrLocked = errors.New("the run directory is in use")
)

// format is the version of the run directory's layout. Readers accept this one and earlier ones.
const format = 1

const configName = "config.json"

// Experiment is the content of config.json: enough to repeat the run.
type Experiment struct {
	// Name is the package that the run belongs to, as in "gan".
	Name string `json:"experiment"`
	// Config is the package's own configuration: a struct with JSON tags.
	Config any `json:"config"`
	// Seed determines everything random.
	Seed uint64 `json:"seed"`
}

// configFile is config.json.
type configFile struct {
	Format     int               `json:"format"`
	Experiment string            `json:"experiment"`
	Seed       uint64            `json:"seed"`
	Config     json.RawMessage   `json:"config"`
	Created    string            `json:"created"` // As in RFC 3339.
	Versions   map[string]string `json:"versions"`
	// Data is the absolute path of the configuration's "data", which is as it was typed; see [FindData].
	Data string `json:"data,omitempty"`

	// damage is an error if the file is not what moelab wrote, though it can be read.
	damage error
}

// Run is a run directory.
type Run struct {
	dir    string
	lock   *flock.Flock // Held by the process that trains; nil for a reader.
	folder os.FileInfo  // The folder that was locked; another one may take its name.
	config []byte       // What config.json then held.
}

// Create makes a run directory for an experiment and locks it for training, or opens the existing one, if it is of the
// same experiment. The number of steps may differ, so that a run can be extended. The error wraps [ErrOtherExperiment],
// with the first difference, or [ErrLocked], with the process.
func Create(dir string, experiment Experiment) (*Run, error) {
	if err := errors.Join(checkLink(dir), apartFromData(dir, experiment.Config)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make run directory: %w", err)
	}
	run := &Run{dir: dir}
	if err := CheckLinks(dir); err != nil {
		return nil, err
	}
	if _, _, err := run.suits(experiment); err != nil { // Before anything is written to a folder that is none of ours.
		return nil, err
	}
	if err := run.acquire(); err != nil {
		return nil, err
	}
	if err := run.adopt(experiment); err != nil {
		return nil, errors.Join(err, run.Close())
	}
	if err := atomicfile.RemoveLeftovers(dir); err != nil {
		return nil, errors.Join(err, run.Close())
	}
	return run, nil
}

// Open opens a run directory for reading, also while it is being trained. The error wraps [ErrNotARun] if there is
// none.
func Open(dir string) (*Run, error) {
	run := &Run{dir: dir}
	if _, err := run.read(); err != nil {
		return nil, err
	}
	return run, nil
}

// Close releases the lock.
func (r *Run) Close() error {
	if r.lock == nil {
		return nil
	}
	return r.lock.Unlock()
}

// Dir returns the run's folder.
func (r *Run) Dir() string { return r.dir }

// Path joins the run directory and the given parts.
func (r *Run) Path(elements ...string) string {
	return filepath.Join(append([]string{r.dir}, elements...)...)
}

// acquire locks the run directory.
func (r *Run) acquire() error {
	lock, owner, err := lockfile.Acquire(r.dir)
	switch {
	case err != nil:
		return fmt.Errorf("lock run directory %s: %w", r.dir, err)
	case lock == nil:
		return fmt.Errorf(
			"%w: %s is being trained by process %s: stop it, or choose another directory", ErrLocked, r.dir, owner,
		)
	}
	r.lock = lock
	if r.folder, err = os.Stat(r.dir); err != nil {
		return errors.Join(fmt.Errorf("lock run directory: %w", err), r.Close())
	}
	return nil
}

// check returns an error unless the run directory is still the one that was locked, with its lock and a configuration,
// and no link leads out of it.
func (r *Run) check() error {
	now, err := os.Stat(r.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the run directory %s was removed or renamed during the training", r.dir)
	case err != nil:
		return fmt.Errorf("find the run directory: %w", err)
	case !os.SameFile(now, r.folder):
		return fmt.Errorf("the run directory %s was replaced by another during the training", r.dir)
	}
	if _, err := os.Stat(r.Path(configName)); err != nil {
		return fmt.Errorf("the run directory %s lost its %s during the training: %w", r.dir, configName, err)
	}
	if err := isStill(r.Path(lockfile.Name), r.lock); err != nil {
		return err
	}
	return CheckLinks(r.dir)
}

// checkConfig returns an error if config.json was changed since the training began.
func (r *Run) checkConfig() error {
	config, err := regularfile.Read(r.Path(configName), regularfile.Note)
	if err == nil && !bytes.Equal(config, r.config) {
		return fmt.Errorf("%s was changed during the training, which goes on with what it held: restore it",
			r.Path(configName))
	}
	return nil
}

// isStill returns an error unless a path leads to the file that was opened by it.
func isStill(path string, opened interface{ Stat() (fs.FileInfo, error) }) error {
	before, err := opened.Stat()
	if err != nil {
		return err
	}
	now, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, before) {
		return fmt.Errorf("%s was removed or replaced during the training", path)
	}
	return err
}

// checkLink returns an error if a run directory is a link that leads nowhere.
func checkLink(dir string) error {
	if target, err := os.Readlink(dir); err == nil {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is a link to %s, which is not there: remove the link, or make the folder",
				ErrNotARun, dir, target)
		}
	}
	return nil
}

// CheckLinks returns an error if a link in a run directory leads out of it, or nowhere: what writes into the directory
// would write there, or remove old files. The run may be somebody else's.
func CheckLinks(dir string) error { return CheckLinksOf("run directory", dir) }

// CheckLinksOf is [CheckLinks] of another folder, described by a few words. What is in folders whose paths in it match
// one of the patterns is not looked at; see [path.Match].
func CheckLinksOf(what, dir string, but ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open %s: %w", what, err)
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // Another training may go on there: that is found out next.
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", what, err)
		}
		matches := func(pattern string) bool { matched, _ := path.Match(pattern, name); return matched }
		if entry.IsDir() && slices.ContainsFunc(but, matches) {
			return fs.SkipDir
		}
		if entry.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		if _, err := root.Stat(name); err != nil {
			return fmt.Errorf("%s is a link that leads out of the %s: put what it leads to in its place",
				filepath.Join(dir, filepath.FromSlash(name)), what)
		}
		return nil
	})
}

// suits returns an error unless an experiment can be trained in the run directory: there is no config.json and nothing
// else, and old is nil; or old is of the same experiment. config is the experiment's configuration as JSON.
func (r *Run) suits(experiment Experiment) (old *configFile, config []byte, err error) {
	config, err = json.MarshalIndent(experiment.Config, "", "  ")
	if err != nil {
		return nil, nil, fmt.Errorf("describe the experiment: %w", err)
	}
	path := r.Path(configName)
	foreign := r.isEmpty() // Looked for first: another process may begin a run here, with its config.json.
	old, err = r.read()
	switch {
	case errors.Is(err, errMissing):
		return nil, config, foreign
	case err != nil:
		return nil, nil, err
	case old.Experiment != experiment.Name:
		return nil, nil, fmt.Errorf(
			"%w: %s is of %q, not of %q; choose another directory", ErrOtherExperiment, path, old.Experiment, experiment.Name,
		)
	case old.Seed != experiment.Seed:
		return nil, nil, fmt.Errorf(
			"%w: %s has seed %d, not %d; choose another directory", ErrOtherExperiment, path, old.Seed, experiment.Seed,
		)
	default:
		if config, err = keepData(old, config); err != nil {
			return nil, nil, fmt.Errorf("describe the experiment: %w", err)
		}
		if difference := firstDifference(old.Config, config); difference != "" {
			return nil, nil, fmt.Errorf("%w: in %s %s; choose another directory", ErrOtherExperiment, path, difference)
		}
	}
	if old.damage == nil {
		return old, config, nil
	}
	if state, ok := r.newestState(); ok { // It may know what was changed.
		return nil, nil, r.checkSettings(state)
	}
	return nil, nil, old.damage
}

// adopt writes config.json, or checks the existing one against the experiment.
func (r *Run) adopt(experiment Experiment) error {
	old, config, err := r.suits(experiment)
	if err != nil {
		return err
	}
	file := configFile{
		Format: format, Experiment: experiment.Name, Seed: experiment.Seed, Config: config,
		Created: time.Now().UTC().Format(time.RFC3339), Versions: versions(), Data: dataOf(config),
	}
	if old != nil {
		file.Created = old.Created
		if exists(old.Data) || file.Data == "" { // Otherwise the data was moved.
			file.Data = old.Data
		}
	}
	if r.config, err = checkedjson.File(file); err != nil {
		return fmt.Errorf("describe the experiment: %w", err)
	}
	return WriteFile(r.Path(configName), func(w io.Writer) error {
		_, err := w.Write(r.config)
		return err
	})
}

// figuresName is the folder of a run's pictures.
const figuresName = "figures"

// isEmpty returns an error if a folder holds unrelated files.
func (r *Run) isEmpty() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("read run directory: %w", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") &&
			name != figuresName { // A figure of the data may come first.
			return fmt.Errorf(
				"%w: %s holds other files, such as %s, but no config.json; choose another directory", ErrNotARun, r.dir,
				entry.Name(),
			)
		}
	}
	return nil
}

// read reads config.json.
func (r *Run) read() (*configFile, error) {
	path := r.Path(configName)
	data, err := regularfile.Read(path, regularfile.Note)
	if errors.Is(err, fs.ErrNotExist) {
		if err := checkLink(r.dir); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", r.dir, errMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("read the run's configuration: %w", err)
	}
	var file configFile
	if err := textfile.UnmarshalJSON(data, &file); err != nil {
		return nil, fmt.Errorf("%w: %s is %w, restore it or choose another directory: %w", ErrNotARun, path, ErrDamaged, err)
	}
	switch err := checkFormat(path, file.Format); {
	case errors.Is(err, errNewerFormat):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %s is %w, restore it or choose another directory: %w", ErrNotARun, path, ErrDamaged, err)
	}
	if checkedjson.Check(data) != nil {
		file.damage = fmt.Errorf("%w: %s does not fit its checksum: restore it, or remove its line crc32 if you edited it",
			ErrDamaged, path)
	}
	return &file, nil
}

// Name returns the name of the run's experiment; see [Experiment].
func (r *Run) Name() (string, error) {
	file, err := r.read()
	if err != nil {
		return "", err
	}
	return file.Experiment, nil
}

// Experiment reads the run's experiment: its name and seed, and the package's configuration into config, a pointer.
func (r *Run) Experiment(config any) (name string, seed uint64, err error) {
	file, err := r.read()
	if err != nil {
		return "", 0, err
	}
	if err := r.decode(file, config); err != nil {
		return "", 0, err
	}
	return file.Experiment, file.Seed, nil
}

// decode decodes the package's configuration.
func (r *Run) decode(file *configFile, config any) error {
	var line bytes.Buffer // Errors would count lines from the configuration, not from the file.
	if err := json.Compact(&line, file.Config); err != nil {
		return fmt.Errorf("%w in %s: %w", ErrConfig, r.Path(configName), err)
	}
	decoder := json.NewDecoder(bytes.NewReader(line.Bytes()))
	decoder.DisallowUnknownFields() // An unknown field is from a newer version of moelab or another package.
	if err := textfile.PlainJSON(line.Bytes(), decoder.Decode(config)); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			err = fmt.Errorf("there is no setting %s: remove it, or update moelab if a newer one wrote it", name)
		}
		return fmt.Errorf("%w in %s: %w", ErrConfig, r.Path(configName), err)
	}
	return nil
}

// firstDifference compares two configurations, apart from "steps", and describes the first difference, "" if there is
// none. A setting that one of them lacks, since another version of moelab wrote it, equals one with the zero value.
func firstDifference(old, new json.RawMessage) string {
	a, errA := settings(old)
	b, errB := settings(new)
	if err := cmp.Or(errA, errB); err != nil {
		return fmt.Sprintf("the configuration cannot be compared: %v", err)
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if same := a[name] == b[name] || isZero(a[name]) && isZero(b[name]); !same && name != "steps" {
			return fmt.Sprintf("%s is %s, not %s", name, cmp.Or(a[name], "not set"), cmp.Or(b[name], "not set"))
		}
	}
	return ""
}

// isZero reports whether a setting, as JSON, is the zero value of a Go type, an empty list, or absent.
func isZero(value string) bool {
	return slices.Contains([]string{"", "0", "false", `""`, "null", "[]"}, value)
}

// settings returns the settings of a configuration, as JSON, by name.
func settings(config json.RawMessage) (map[string]string, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, config); err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(compact.Bytes(), &fields); err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for name, value := range fields {
		settings[name] = strings.ToValidUTF8(string(value), "\uFFFD") // It is shown.
	}
	return settings, nil
}

// versions returns the versions of the software that makes the run.
func versions() map[string]string {
	versions := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	versions["go"] = info.GoVersion
	versions[info.Main.Path] = info.Main.Version
	for _, dependency := range info.Deps {
		switch dependency.Path {
		case "github.com/gomlx/gomlx", "github.com/gomlx/go-xla", "github.com/gomlx/compute", "github.com/moelab/moelab":
			versions[dependency.Path] = dependency.Version
		}
	}
	return versions
}
