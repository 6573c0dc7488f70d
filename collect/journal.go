package collect

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/checkedjson"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// journalFile records in the dataset's folder what is done: the settings in the first line, then a line for each
// picture, so that an interrupted import goes on, and a later one does only what is new.
const journalFile = "import.jsonl"

// settings are common to all lines of a journal.
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
	// Bytes and Modified (nanoseconds since 1970) are the file's, and About is a digest of its labels, its tags and the
	// tagger's files: the picture is done again when they change.
	Bytes    int64  `json:"bytes"`
	Modified int64  `json:"modified"`
	About    string `json:"about"`
	// Why is the reason if it was left out.
	Why string `json:"why,omitempty"`
	// Lies is "upside down", or "partly upside down", if its faces seem to be; see [eyes.Finder.Turned].
	Lies string `json:"lies,omitempty"`
	// Faces are those that were found.
	Faces []Face `json:"faces,omitempty"`
	// Perhaps are the places that look a little like the eyes of a face and were not taken, and OneEyed those that look
	// like one eye: left, top, right and bottom in the picture's pixels.
	Perhaps [][4]int `json:"perhaps,omitempty"`
	OneEyed [][4]int `json:"one_eyed,omitempty"`
}

// Face is what became of a face.
type Face struct {
	// Box is the part that was cut out, or would have been: left, top, right and bottom in the picture's pixels.
	Box [4]int `json:"box"`
	// File is the portrait, below the dataset's folder, with slashes; empty if the face was left out, for the reason
	// Why.
	File string `json:"file,omitempty"`
	Why  string `json:"why,omitempty"`
	// Like is the File of the face that it looks like, if it was left out for that.
	Like string `json:"like,omitempty"`
	// Colour is the hair colour, and By the source that said it.
	Colour string `json:"colour,omitempty"`
	By     string `json:"by,omitempty"`
	// Second is the colour of the smaller part of the hair, if it was seen to have two.
	Second string `json:"second,omitempty"`
	// Attributes are those of dataset.Attributes that labels.csv, the tags or the tagger say.
	Attributes map[string]string `json:"attributes,omitempty"`

	Fingerprint fingerprint `json:"fingerprint"`
}

// side is the length of the sides of Box.
func (f Face) side() int { return f.Box[2] - f.Box[0] }

// sameFile reports whether neither the picture's file nor what is said about it has changed.
func (p Picture) sameFile(now Picture) bool {
	return p.Bytes == now.Bytes && p.Modified == now.Modified && p.About == now.About
}

// files returns the portraits of a picture.
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
	// Forgotten means that the lines above no longer count for the picture.
	Forgotten bool `json:"forgotten,omitempty"`
	// Outdone means that one of its faces was met again, larger. The lines above count but for that.
	Outdone *outdone `json:"outdone,omitempty"`
	// Written is what its portraits are written as, by their names. Lines of an older moelab do not have it.
	Written map[string]content `json:"written,omitempty"`
	// Labels is what labels.csv is written as, in a line that says nothing else.
	Labels *content `json:"labels,omitempty"`
}

// content tells what is in a file.
type content struct {
	Bytes int    `json:"bytes"`
	CRC   uint32 `json:"crc"`
}

func contentOf(data []byte) content { return content{len(data), crc32.ChecksumIEEE(data)} }

// outdone says what becomes of a portrait, and of the faces that were left out for looking like it: they are left out
// for looking like another.
type outdone struct {
	File string `json:"file"`
	Like string `json:"like"`
	Why  string `json:"why"`
}

// portraitFile returns the path of a portrait below the dataset's folder, with slashes.
func portraitFile(colour string, number int) string {
	return path.Join(colour, fmt.Sprintf("%06d.png", number))
}

// journal is the open file. Nobody else writes into the dataset's folder meanwhile.
type journal struct {
	lock *flock.Flock
	root *os.Root // The dataset's folder, out of which no name in the journal leads.
	file *os.File
	// done holds its pictures, by name.
	done map[string]Picture
	// files are all portraits that it ever named, in the order of their numbers, including those that no longer count,
	// and next is the least number of the next one.
	files []string
	next  int
	// written is what portraits were written as, by name, and labels what labels.csv was ever written as.
	written map[string]content
	labels  []content
}

// newJournal is a journal in which nothing stands.
func newJournal() *journal {
	return &journal{done: map[string]Picture{}, written: map[string]content{}}
}

// ErrLocked is wrapped if another import fills the same folder.
var ErrLocked = errors.New("another import goes on")

// openJournal opens the journal of a dataset's folder, which must have been filled with the same settings, or begins
// one in an empty folder.
func openJournal(out string, s settings) (*journal, error) {
	if err := makeFolder(out); err != nil {
		return nil, err
	}
	j := newJournal()
	if err := j.open(out, s); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// open locks the folder and opens the file.
func (j *journal) open(out string, s settings) (err error) {
	if j.root, err = os.OpenRoot(out); err != nil {
		return err
	}
	if err := j.within(lockfile.Name); err != nil {
		return err
	}
	lock, owner, err := lockfile.Acquire(out)
	switch {
	case err != nil:
		return fmt.Errorf("lock the folder %s: %w", out, err)
	case lock == nil:
		return fmt.Errorf("%w: %s is being filled by process %s: wait for it, or name another folder",
			ErrLocked, out, owner)
	}
	j.lock = lock
	return j.openFile(s)
}

// within returns an error if a file of the dataset's folder is a link that leads out of it.
func (j *journal) within(file string) error {
	if _, err := j.root.Stat(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", filepath.Join(j.root.Name(), file), imaging.WithoutPath(err))
	}
	return nil
}

// readFile reads a file of the dataset's folder, which must be a regular one.
func (j *journal) readFile(file string) ([]byte, error) {
	info, err := j.root.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a file: remove it", filepath.Join(j.root.Name(), file),
			regularfile.What(info.Mode()))
	}
	if info.Size() > regularfile.List {
		return nil, fmt.Errorf("%s: %w", filepath.Join(j.root.Name(), file), regularfile.ErrTooLarge)
	}
	return j.root.ReadFile(file)
}

// makeFolder makes a folder. One that exists must be empty, or an import's.
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
		return fmt.Errorf("%s is not empty, nor an import: name a new folder", out)
	}
	return nil
}

// openFile reads the file, if it exists, and makes it ready for more lines.
func (j *journal) openFile(s settings) error {
	if err := j.within(journalFile); err != nil {
		return err
	}
	data, err := j.readFile(journalFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole, err := j.read(data, s)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(j.root.Name(), journalFile), err)
	}
	if j.file, err = j.root.OpenFile(journalFile, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
		return err
	}
	err = j.file.Truncate(whole) // A crash may have cut off the last line.
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
	number := 0
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		number++
		err := checkedjson.Check(line)
		switch {
		case err != nil:
		case number == 1:
			if err := s.check(line); err != nil {
				return 0, err
			}
		default:
			err = j.readLine(line)
		}
		if err != nil {
			return 0, fmt.Errorf("line %d: %w; name a new folder", number, err)
		}
		whole += int64(len(line))
	}
	return whole, nil
}

// check returns an error unless a line holds the same settings.
func (s settings) check(line []byte) error {
	var before settings
	if err := textfile.UnmarshalJSON(line, &before); err != nil {
		return fmt.Errorf("line 1: %w; name a new folder", err)
	}
	if before.Version != s.Version {
		return errors.New("it is of an import by another version of moelab: name a new folder")
	}
	if !reflect.DeepEqual(before, s) {
		return errors.New("it is of an import of another folder or with other settings: " +
			"name a new folder, or import as before")
	}
	return nil
}

// readLine takes in a line below the first. Its portraits are removed one day, so they must be those of an import,
// which numbers them. It leaves out the numbers of files that others have put there.
func (j *journal) readLine(line []byte) error {
	var next entry
	if err := textfile.UnmarshalJSON(line, &next); err != nil {
		return err
	}
	next.Name = textfile.Unescaped(next.Name)
	if next.Outdone != nil && next.Outdone.File == "" {
		return errors.New("it names no portrait")
	}
	if !next.Forgotten && next.Outdone == nil && next.Labels == nil {
		least := j.next
		for _, face := range next.Faces {
			if face.File == "" {
				continue
			}
			number, ok := portraitNumber(face)
			if !ok || number < least {
				return fmt.Errorf("%s is not portrait %d of an import, nor a later one", textfile.Quoted(face.File), least)
			}
			least = number + 1
		}
	}
	j.take(next)
	return nil
}

// portraitNumber returns the number of the portrait of a face. ok is false if the name is not that of a portrait.
func portraitNumber(face Face) (number int, ok bool) {
	const most = 1 << 40 // There is always a next one.
	stem := strings.TrimSuffix(path.Base(face.File), ".png")
	number, err := strconv.Atoi(stem)
	return number, err == nil && number >= 0 && number < most && slices.Contains(dataset.HairColours(), face.Colour) &&
		face.File == portraitFile(face.Colour, number)
}

func (j *journal) take(next entry) {
	switch {
	case next.Forgotten:
		delete(j.done, next.Name)
		return
	case next.Outdone != nil:
		j.outdo(*next.Outdone)
		return
	case next.Labels != nil:
		j.labels = append(j.labels, *next.Labels)
		return
	}
	j.done[next.Name] = next.Picture
	for _, face := range next.Faces {
		if number, ok := portraitNumber(face); ok {
			j.files, j.next = append(j.files, face.File), number+1
		}
	}
	maps.Copy(j.written, next.Written)
}

func (j *journal) outdo(o outdone) {
	for _, picture := range j.done {
		for n := range picture.Faces {
			if face := &picture.Faces[n]; face.File == o.File || face.Like == o.File {
				face.File, face.Like, face.Why = "", o.Like, o.Why
			}
		}
	}
}

// outdone records that a portrait of a picture no longer counts.
func (j *journal) outdone(picture string, o outdone) error {
	return j.append(entry{Picture: Picture{Name: picture}, Outdone: &o})
}

// add records what became of a picture, and what its portraits are going to be written as.
func (j *journal) add(picture Picture, written map[string]content) error {
	return j.append(entry{Picture: picture, Written: written})
}

// wrote reports whether an import ever wrote a labels.csv of this content.
func (j *journal) wrote(labels []byte) bool { return slices.Contains(j.labels, contentOf(labels)) }

// addLabels records what labels.csv is going to be written as.
func (j *journal) addLabels(labels []byte) error {
	if j.wrote(labels) {
		return nil
	}
	now := contentOf(labels)
	j.take(entry{Labels: &now})
	return j.write(struct { // Without the fields of a picture.
		Labels content `json:"labels"`
	}{now})
}

// forget records that the earlier lines of a picture no longer count.
func (j *journal) forget(name string) error {
	return j.append(entry{Picture: Picture{Name: name}, Forgotten: true})
}

func (j *journal) append(next entry) error {
	j.take(next)
	next.Name = textfile.Escaped(next.Name)
	return j.write(next)
}

func (j *journal) write(line any) error {
	data, err := checkedjson.Line(line)
	if err == nil {
		_, err = j.file.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", j.file.Name(), err)
	}
	return nil
}

// free reports whether there is nothing at the place of a file. A link that leads out of the folder is an error.
func (j *journal) free(file string) (bool, error) {
	if _, err := j.root.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("write %s: %w", filepath.Join(j.root.Name(), file), imaging.WithoutPath(err))
	}
	return false, j.within(file)
}

// aside returns the name under which a file of the folder can be kept: that with .bak, or the first of .bak2, .bak3 and
// so on that is free.
func (j *journal) aside(file string) (string, error) {
	for n := 1; ; n++ {
		name := file + ".bak"
		if n > 1 {
			name += strconv.Itoa(n)
		}
		if _, err := j.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", fmt.Errorf("keep %s: %w", filepath.Join(j.root.Name(), file), imaging.WithoutPath(err))
		}
	}
}

// close gives the folder up.
func (j *journal) close() error {
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	if j.root != nil {
		errs = append(errs, j.root.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Unlock())
	}
	return errors.Join(errs...)
}
