package collect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/gofrs/flock"
	"github.com/moelab/moelab/internal/lockfile"
)

// journalFile remembers in the dataset's folder what is done: the settings in the first line, then a line for each picture, so that an interrupted import goes on
// and one with more pictures in its folder does what is new.
const journalFile = "import.jsonl"

// settings are what all lines of a journal have in common.
type settings struct {
	Version int      `json:"version"`
	From    string   `json:"from"`
	Size    int      `json:"size"`
	Least   int      `json:"least"`
	By      []string `json:"by"`
	Tagger  string   `json:"tagger,omitempty"`
}

// Picture is what became of a picture.
type Picture struct {
	// Name is its path below the folder that is imported.
	Name string `json:"name"`
	// Bytes and Modified (nanoseconds since 1970) are the file's, and About a digest of what its labels, its tags and the tagger's file were: it is looked at again when they
	// change.
	Bytes    int64  `json:"bytes"`
	Modified int64  `json:"modified"`
	About    string `json:"about"`
	// Why is the reason where nothing was looked for in it.
	Why string `json:"why,omitempty"`
	// Faces are those that were found.
	Faces []Face `json:"faces,omitempty"`
}

// Face is what became of a face.
type Face struct {
	// Box is what was cut out, or would have been: left, top, right and bottom in the picture's pixels.
	Box [4]int `json:"box"`
	// File is where the portrait was written, below the dataset's folder, with slashes; empty where it was left out, and Why says the reason.
	File string `json:"file,omitempty"`
	Why  string `json:"why,omitempty"`
	// Like is the File of the face that it looks like, where it was left out for that.
	Like string `json:"like,omitempty"`
	// Colour is the hair colour, and By the source that said it.
	Colour string `json:"colour,omitempty"`
	By     string `json:"by,omitempty"`
	// Attributes are those of dataset.Attributes that labels.csv, the tags or the tagger say.
	Attributes map[string]string `json:"attributes,omitempty"`

	Fingerprint fingerprint `json:"fingerprint"`
}

// files are the portraits of a picture.
func (p Picture) files() (files []string) {
	for _, face := range p.Faces {
		if face.File != "" {
			files = append(files, face.File)
		}
	}
	return files
}

// entry is a line of the journal below the first.
type entry struct {
	Picture
	// Forgotten says that nothing counts any more that the lines above say of the picture.
	Forgotten bool `json:"forgotten,omitempty"`
}

// journal is the open file. Nobody else writes into the dataset's folder meanwhile.
type journal struct {
	lock *flock.Flock
	file *os.File
	// done are the pictures that it has, by name.
	done map[string]Picture
	// files are all portraits that it ever named, also those that count no more. Their number is that of the next one.
	files []string
}

// ErrLocked says that another import fills the same folder.
var ErrLocked = errors.New("another import goes on")

// openJournal opens the journal of a dataset's folder, which must have been filled with the same settings, or makes a new one in a folder that is empty.
func openJournal(out string, s settings) (*journal, error) {
	if err := makeFolder(out); err != nil {
		return nil, err
	}
	lock, owner, err := lockfile.Acquire(out)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the folder %s: %w", out, err)
	case lock == nil:
		return nil, fmt.Errorf("%w: %s is being filled by process %s: wait for it, or name another folder", ErrLocked, out, owner)
	}
	j := &journal{lock: lock, done: map[string]Picture{}}
	if err := j.open(filepath.Join(out, journalFile), s); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// makeFolder makes a folder. One that is there must be empty, or of an import.
func makeFolder(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	inside, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(inside, func(file fs.DirEntry) bool { return file.Name() == journalFile }) {
		return nil
	}
	if slices.ContainsFunc(inside, func(file fs.DirEntry) bool { return file.Name() != lockfile.Name }) {
		return fmt.Errorf("%s is not empty and no import: name a new folder", out)
	}
	return nil
}

// open reads the file, if it is there, and makes it ready for more lines.
func (j *journal) open(path string, s settings) error {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole, err := j.read(data, s)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
		return err
	}
	err = j.file.Truncate(whole) // What was cut off by a crash.
	if err == nil {
		_, err = j.file.Seek(whole, io.SeekStart)
	}
	if err == nil && whole == 0 {
		err = j.write(s)
	}
	return err
}

// read takes in the whole lines of a journal and returns their length in bytes.
func (j *journal) read(data []byte, s settings) (whole int64, err error) {
	in := bufio.NewReader(bytes.NewReader(data))
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return whole, nil
		}
		if number == 1 {
			var before settings
			if err := json.Unmarshal(line, &before); err != nil {
				return 0, fmt.Errorf("line 1: %w; name a new folder", err)
			}
			if before.Version != s.Version {
				return 0, errors.New("it is of an import by another version of moelab: name a new folder")
			}
			if !reflect.DeepEqual(before, s) {
				return 0, errors.New("it is of an import of another folder or with other settings: name a new folder, or import as before")
			}
		} else {
			var next entry
			if err := json.Unmarshal(line, &next); err != nil {
				return 0, fmt.Errorf("line %d: %w; name a new folder", number, err)
			}
			j.take(next)
		}
		whole += int64(len(line))
	}
}

func (j *journal) take(next entry) {
	if next.Forgotten {
		delete(j.done, next.Name)
		return
	}
	j.done[next.Name] = next.Picture
	j.files = append(j.files, next.files()...)
}

// add writes down what became of a picture.
func (j *journal) add(picture Picture) error { return j.append(entry{Picture: picture}) }

// forget writes down that what became of a picture counts no more.
func (j *journal) forget(name string) error {
	return j.append(entry{Picture: Picture{Name: name}, Forgotten: true})
}

func (j *journal) append(next entry) error {
	j.take(next)
	return j.write(next)
}

func (j *journal) write(line any) error {
	data, err := json.Marshal(line)
	if err == nil {
		_, err = j.file.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", j.file.Name(), err)
	}
	return nil
}

// close gives the folder up.
func (j *journal) close() error {
	if j.file == nil {
		return j.lock.Unlock()
	}
	return errors.Join(j.file.Close(), j.lock.Unlock())
}
