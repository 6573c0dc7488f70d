package upscale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// journalName is the name of a [Journal] in the folder of the results.
const journalName = ".upscaled.jsonl"

// Journal remembers what the results in a folder were made from, so that an enlargement that is run again makes only
// what is new, or is to be made otherwise.
type Journal struct {
	dir     string
	made    by
	entries map[string]entry // By the path of the result, relative to dir.
	damaged bool             // Some lines cannot be read.
	isNew   bool             // There is no file yet: the results, if any, are of an older moelab.
}

// by is what results depend on besides the picture.
type by struct {
	Model string  `json:"model"`
	Scale float64 `json:"scale,omitempty"`
}

// entry is a line of the journal: a result, and what it was made from.
type entry struct {
	Result string `json:"result"` // See [textfile.Escaped].
	// Begun means that the result was begun, and perhaps not written.
	Begun bool `json:"begun,omitempty"`
	// Size and Modified are those of the picture.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// Bytes is the size of the result: one that was damaged since is made again. 0: an older moelab wrote the line.
	Bytes int64 `json:"bytes,omitempty"`
	by
}

// OpenJournal reads the journal in a folder of results, which need not exist, for enlargements by a model of [Open] and
// to a scale of [Options]. Lines that a crash cut short are left out.
func OpenJournal(dir, model string, scale float64) (*Journal, error) {
	j := &Journal{dir: dir, made: by{textfile.Escaped(identity(model)), scale}, entries: map[string]entry{}}
	path := filepath.Join(dir, journalName)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.isNew = true
		return j, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // It is written to: through a link, into a file of somebody's.
		return nil, wrongRequest("%s is not a plain file: remove it", path)
	}
	data, err := regularfile.Read(path, regularfile.List)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var e entry
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields() // A name that has lost a bit.
		if decoder.Decode(&e) != nil {
			j.damaged = true
			continue
		}
		j.entries[e.Result] = e
	}
	return j, nil
}

// Sweep removes what a killed enlargement has left half written.
func (j *Journal) Sweep() error {
	begun := j.damaged
	for _, e := range j.entries {
		begun = begun || e.Begun
	}
	if !begun {
		return nil
	}
	return atomicfile.RemoveLeftovers(j.dir)
}

// identity names the model so that it differs when the model's files have changed.
func identity(model string) string {
	if slices.Contains(Pretrained(), model) {
		return model
	}
	path := model
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(model, "checkpoints") // It changes with each checkpoint.
		info, err = os.Stat(path)
	}
	if err != nil {
		return model // Who opens it says what is wrong.
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return fmt.Sprintf("%s of %s", path, info.ModTime().UTC().Format(time.RFC3339Nano))
}

// Done reports whether the result of a job is there and was made from the picture as it is now, by the same model and
// to the same scale. If there is no journal, the results are of an older moelab, and done unless the picture is newer.
func (j *Journal) Done(job Job) bool {
	if !job.InFolder || job.err != nil {
		return false
	}
	in, errIn := os.Stat(job.In)
	out, errOut := os.Stat(job.Out)
	if errIn != nil || errOut != nil {
		return false
	}
	now, err := j.entryOf(job, in)
	before, known := j.entries[now.Result]
	if err != nil || !known {
		return j.isNew && !out.ModTime().Before(in.ModTime())
	}
	if before.Bytes != 0 {
		now.Bytes = out.Size()
	}
	return before == now
}

// entryOf is the line of the journal for a job.
func (j *Journal) entryOf(job Job, in os.FileInfo) (entry, error) {
	result, err := filepath.Rel(j.dir, job.Out)
	result = textfile.Escaped(filepath.ToSlash(result))
	return entry{Result: result, Size: in.Size(), Modified: in.ModTime().UTC(), by: j.made}, err
}

// Begin notes that the result of a job is about to be made: if the process ends before [Journal.Add], a file of that
// name may be of any scale or model, and is made again.
func (j *Journal) Begin(job Job) error { return j.note(job, true) }

// Add notes that a job is done. Neither does anything for a result that does not go into a folder.
func (j *Journal) Add(job Job) error { return j.note(job, false) }

// note appends a line.
func (j *Journal) note(job Job, begun bool) error {
	if !job.InFolder {
		return nil
	}
	in, err := os.Stat(job.In)
	if err != nil {
		return err
	}
	e, err := j.entryOf(job, in)
	if err != nil {
		return err
	}
	if e.Begun = begun; !begun {
		out, err := os.Stat(job.Out)
		if err != nil {
			return err
		}
		e.Bytes = out.Size()
	}
	if j.entries[e.Result] == e {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(j.dir, journalName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	// After a line that was cut short the new one must begin on its own.
	_, err = file.Write(slices.Concat([]byte("\n"), line, []byte("\n")))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	j.entries[e.Result] = e
	return nil
}
