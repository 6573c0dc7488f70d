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
	// Bytes and Modified (nanoseconds since 1970) are the file's: it is looked at again when they change.
	Bytes    int64 `json:"bytes"`
	Modified int64 `json:"modified"`
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
	// Colour is the hair colour, and By the source that said it.
	Colour string `json:"colour,omitempty"`
	By     string `json:"by,omitempty"`
	// Attributes are those of dataset.Attributes that labels.csv, the tags or the tagger say.
	Attributes map[string]string `json:"attributes,omitempty"`

	Fingerprint fingerprint `json:"fingerprint"`
}

// journal is the open file.
type journal struct {
	file *os.File
	// done are the pictures that it has, by name.
	done map[string]Picture
	// order are their names in the order of the lines: the numbers of the portraits follow it.
	order []string
	// written is how many portraits have been written, those among them that a changed picture replaced.
	written int
}

// openJournal opens the journal of a dataset's folder, which must have been filled with the same settings, or makes a new one in a folder that is empty.
func openJournal(out string, s settings) (*journal, error) {
	path := filepath.Join(out, journalFile)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := makeEmpty(out); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	j := &journal{done: map[string]Picture{}}
	whole, err := j.read(data, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	err = j.file.Truncate(whole) // What was cut off by a crash.
	if err == nil {
		_, err = j.file.Seek(whole, io.SeekStart)
	}
	if err == nil && whole == 0 {
		err = j.write(s)
	}
	if err != nil {
		j.file.Close()
		return nil, err
	}
	return j, nil
}

// makeEmpty makes a folder, which must be empty if it is there.
func makeEmpty(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	inside, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	if len(inside) > 0 {
		return fmt.Errorf("%s is not empty and no import: name a new folder", out)
	}
	return nil
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
			if !reflect.DeepEqual(before, s) {
				return 0, errors.New("it is of an import of another folder or with other settings: name a new folder, or import as before")
			}
		} else {
			var picture Picture
			if err := json.Unmarshal(line, &picture); err != nil {
				return 0, fmt.Errorf("line %d: %w; name a new folder", number, err)
			}
			j.take(picture)
			for _, face := range picture.Faces {
				if face.File != "" {
					j.written++
				}
			}
		}
		whole += int64(len(line))
	}
}

func (j *journal) take(picture Picture) {
	if _, known := j.done[picture.Name]; !known {
		j.order = append(j.order, picture.Name)
	}
	j.done[picture.Name] = picture
}

// add writes down what became of a picture.
func (j *journal) add(picture Picture) error {
	j.take(picture)
	return j.write(picture)
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

func (j *journal) close() error { return j.file.Close() }
