package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// indexVersion changes with the set of decodable files.
const indexVersion = "2"

// index remembers which files of a folder could be decoded, so that opening it again is quick. It is in the user's
// cache directory, never in the folder. It only saves time: failing to read or write it is harmless.
type index struct {
	file    string // Empty without a cache directory.
	dir     string
	mutex   sync.Mutex
	files   map[string]checked // By path below dir.
	changed bool
}

// checked is the result of decoding a file with this size and time.
type checked struct {
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // Nanoseconds since 1970.
	Wrong    string `json:"wrong,omitempty"`
}

func openIndex(dir string) *index {
	x := &index{dir: dir, files: map[string]checked{}}
	cache, err := os.UserCacheDir()
	if err != nil {
		return x
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return x
	}
	sum := sha256.Sum256([]byte(indexVersion + absolute))
	x.file = filepath.Join(cache, "moelab", "pictures", hex.EncodeToString(sum[:16])+".json")
	if data, err := regularfile.Read(x.file, regularfile.List); err == nil {
		if json.Unmarshal(data, &x.files) != nil || x.files == nil {
			x.files = map[string]checked{}
		}
	}
	return x
}

// checkFile returns a picture's error, nil if it is readable. It decodes the picture unless that was done before.
func (x *index) checkFile(path string) error {
	name, err := filepath.Rel(x.dir, path)
	if err != nil {
		name = path
	}
	info, err := os.Stat(path)
	if err != nil {
		return imaging.WithoutPath(err)
	}
	return x.check(name, info.Size(), info.ModTime(), func() error {
		_, err := imaging.OpenStill(path)
		return err
	})
}

// check tries to decode a picture of this name, size and time, unless that was done before.
func (x *index) check(name string, size int64, modified time.Time, try func() error) error {
	now := checked{Size: size, Modified: modified.UnixNano()}
	if before, known := x.lookUp(name); known && before.Size == now.Size && before.Modified == now.Modified {
		return before.err()
	}
	err := try()
	var reading *fs.PathError
	if errors.As(err, &reading) {
		return imaging.WithoutPath(err) // An error of the disk or the network may be temporary.
	}
	if err != nil {
		now.Wrong = err.Error()
	}
	x.remember(name, now)
	return err
}

func (c checked) err() error {
	if c.Wrong == "" {
		return nil
	}
	return errors.New(c.Wrong)
}

func (x *index) lookUp(name string) (checked, bool) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	c, known := x.files[textfile.Escaped(name)]
	return c, known
}

func (x *index) remember(name string, c checked) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.files[textfile.Escaped(name)] = c
	x.changed = true
}

// save writes the index under another name and renames it, so that concurrent processes do no harm.
func (x *index) save() {
	if !x.changed || x.file == "" {
		return
	}
	data, err := json.Marshal(x.files)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(x.file), 0o755)
	}
	if err == nil {
		err = atomicfile.WriteBytes(x.file, data)
	}
	_ = err // The next opening is slower, that is all.
}
