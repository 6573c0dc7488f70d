package collect

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/internal/imaging"
)

// Options say how pictures are taken in. The zero value will do.
type Options struct {
	// Size is the height and width of the portraits in pixels; 0 means 128.
	Size int
	// Least is the height and width in pixels that a face with its hair must have in the picture; 0 means 48.
	Least int
	// By are the sources that are asked for the hair colour; nil means all, in the order of [Sources].
	By []string
	// Tagger is asked, as one of the sources; nil for none.
	Tagger *Tagger
	// Workers is how many pictures are read at once; 0 means one per CPU.
	Workers int
	// Strict makes a broken picture, or a broken file of tags beside one, an error. Otherwise the picture is left out, or its tags are, and the report names the file.
	Strict bool
	// Progress, if set, is told how many pictures of how many are done, and Checking before that how many were checked for being broken. Calls do not overlap.
	Progress, Checking func(done, total int)
}

const (
	defaultSize  = 128
	defaultLeast = 48
	// journalVersion changes when what is written does.
	journalVersion = 2
	// looksLike begins the reason of a face that was met before; the picture's name follows.
	looksLike = "looks like one of "
)

// Import finds the faces in the pictures of a folder and fills another folder with them: out/<colour>/<number>.png, labels.csv, and report.html for a person.
// Faces whose hair has none of the nine colours, that were met before (see fingerprint), that are small, seen from the side or cut off are left out.
//
// out must be missing or empty, or be of an import of the same folder with the same options: then what is done is not done again. An import that ctx ended goes
// on in this way. Done again is a picture that changed, or whose labels, tags or tagger did, or of which a portrait is missing in out; the portraits of pictures that are
// gone are removed. One import at a time fills out: the error of another wraps [ErrLocked].
func Import(ctx context.Context, finder *eyes.Finder, dir, out string, options Options) (*Report, error) {
	report, err := importAll(ctx, finder, dir, out, options)
	if err != nil {
		return nil, fmt.Errorf("import the pictures of %s: %w", dir, err)
	}
	return report, nil
}

func importAll(ctx context.Context, finder *eyes.Finder, dir, out string, options Options) (*Report, error) {
	if options.Size == 0 {
		options.Size = defaultSize
	}
	if options.Least == 0 {
		options.Least = defaultLeast
	}
	sources, err := openSources(dir, options.By, options.Tagger)
	if err != nil {
		return nil, err
	}
	if err := apart(dir, out); err != nil {
		return nil, err
	}
	pictures, opened, err := dataset.OpenPictures(ctx, dir, dataset.PicturesOptions{Strict: options.Strict, Workers: options.Workers, Progress: options.Checking})
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if err := sources.readPosts(ctx, pictures); err != nil {
		return nil, err
	}
	from, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	journal, err := openJournal(out, settings{journalVersion, from, options.Size, options.Least, sources.by, sources.tagger.Path()})
	if err != nil {
		return nil, err
	}
	defer journal.close()
	i := &importing{sources: sources, finder: finder, pictures: pictures, dir: dir, out: out, options: options, journal: journal}
	if err := i.plan(ctx); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	report := i.report(opened.Bad)
	if err := errors.Join(report.writeLabels(out), report.writePage(out)); err != nil {
		return nil, err
	}
	return report, i.sweep()
}

// apart is an error where one of two folders lies in the other: the portraits would be imported the next time.
func apart(dir, out string) error {
	a, errA := filepath.Abs(dir)
	b, errB := filepath.Abs(out)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if below, err := filepath.Rel(a, b); err == nil && filepath.IsLocal(below) {
		return fmt.Errorf("%s lies in it: name a folder outside", out)
	}
	return nil
}

// importing is an import that goes on.
type importing struct {
	sources  *sources
	finder   *eyes.Finder
	finding  sync.Mutex // The finder is for one goroutine.
	pictures dataset.Pictures
	dir, out string
	options  Options
	journal  *journal

	todo    []todo
	kept    []keptFace // Those of earlier imports first.
	badTags []error
}

// todo is a picture that is new, or is to be done again.
type todo struct {
	index   int // In pictures.
	picture Picture
}

// keptFace is a portrait of the dataset.
type keptFace struct {
	picture, file string
	fingerprint   fingerprint
}

// plan compares the pictures with the journal. Pictures that are gone or are to be done again are forgotten there before anything else is done: an import that is interrupted
// must not find them counting again because they came back meanwhile.
func (i *importing) plan(ctx context.Context) error {
	now, err := i.now(ctx)
	if err != nil {
		return err
	}
	counts := i.counting(now)
	for _, name := range slices.Sorted(maps.Keys(i.journal.done)) {
		if counts[name] {
			continue
		}
		if err := i.journal.forget(name); err != nil {
			return err
		}
	}
	for n, picture := range now {
		if counts[picture.Name] {
			i.keep(i.journal.done[picture.Name])
		} else {
			i.todo = append(i.todo, todo{n, picture})
		}
	}
	return nil
}

// now are the pictures as they are, before anything is looked for in them.
func (i *importing) now(ctx context.Context) (now []Picture, err error) {
	for n := range i.pictures.Len() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name, err := filepath.Rel(i.dir, i.pictures.Name(n))
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(i.pictures.Name(n))
		if err != nil {
			return nil, err
		}
		about, bad := i.sources.about(name)
		switch {
		case bad != nil && i.options.Strict:
			return nil, bad
		case bad != nil:
			i.badTags = append(i.badTags, bad)
		}
		now = append(now, Picture{Name: name, Bytes: info.Size(), Modified: info.ModTime().UnixNano(), About: about})
	}
	return now, nil
}

// counting are the pictures of which what the journal says still counts, by name.
func (i *importing) counting(now []Picture) map[string]bool {
	counts := map[string]bool{}
	for _, picture := range now {
		before, known := i.journal.done[picture.Name]
		if known && before.Bytes == picture.Bytes && before.Modified == picture.Modified && before.About == picture.About && i.written(before) {
			counts[picture.Name] = true
		}
	}
	// A face that looks like a portrait is left out while that portrait counts. A picture that is done again has portraits of its own, which others may look like.
	for again := true; again; {
		again = false
		files := map[string]bool{}
		for name := range counts {
			for _, file := range i.journal.done[name].files() {
				files[file] = true
			}
		}
		for name := range counts {
			if slices.ContainsFunc(i.journal.done[name].Faces, func(face Face) bool { return face.Like != "" && !files[face.Like] }) {
				delete(counts, name)
				again = true
			}
		}
	}
	return counts
}

// written says whether all portraits of a picture are there.
func (i *importing) written(picture Picture) bool {
	for _, file := range picture.files() {
		if _, err := os.Stat(i.path(file)); err != nil {
			return false
		}
	}
	return true
}

// path is where a portrait lies.
func (i *importing) path(file string) string { return filepath.Join(i.out, filepath.FromSlash(file)) }

func (i *importing) keep(picture Picture) {
	for _, face := range picture.Faces {
		if face.File != "" {
			i.kept = append(i.kept, keptFace{picture.Name, face.File, face.Fingerprint})
		}
	}
}

// looked is a picture with what was found in it, before it is known which of its faces were met before.
type looked struct {
	picture  Picture
	portrait []*image.RGBA // One for each face; nil where it is left out.
}

// run looks at the pictures that are to be done, several at once, and takes in what was found in their order: which of two equal ones stays must not
// depend on chance.
func (i *importing) run(ctx context.Context) error {
	done := i.pictures.Len() - len(i.todo)
	look := func(ctx context.Context, n int) (looked, error) { return i.look(ctx, i.todo[n]) }
	return inOrder(ctx, i.options.Workers, len(i.todo), look, func(l looked) error {
		if err := i.take(l); err != nil {
			return err
		}
		done++
		if i.options.Progress != nil {
			i.options.Progress(done, i.pictures.Len())
		}
		return nil
	})
}

// look finds the faces of a picture.
func (i *importing) look(ctx context.Context, next todo) (looked, error) {
	l := looked{picture: next.picture}
	picture, err := i.pictures.Whole(ctx, next.index)
	if err != nil {
		return l, err
	}
	i.finding.Lock()
	found, err := i.finder.Find(ctx, picture)
	i.finding.Unlock()
	if err != nil {
		return l, fmt.Errorf("%s: %w", i.pictures.Name(next.index), err)
	}
	if len(found) == 0 {
		l.picture.Why = "no face found"
	}
	for _, face := range found {
		made, portrait, err := i.cut(ctx, l.picture.Name, picture, face, len(found) == 1)
		if err != nil {
			return l, err
		}
		l.picture.Faces, l.portrait = append(l.picture.Faces, made), append(l.portrait, portrait)
	}
	return l, nil
}

// cut makes a portrait of a face, or says why there is none.
func (i *importing) cut(ctx context.Context, name string, picture *image.RGBA, found eyes.Face, only bool) (face Face, portrait *image.RGBA, err error) {
	square, ok := head(found)
	if !ok {
		eye := found.Eyes[0].Box
		return Face{Box: [4]int{eye.Min.X, eye.Min.Y, eye.Max.X, eye.Max.Y}, Why: "only one eye is seen"}, nil, nil
	}
	face.Box = [4]int{square.Min.X, square.Min.Y, square.Max.X, square.Max.Y}
	switch {
	case square.Dx() < i.options.Least:
		face.Why = fmt.Sprintf("less than %d pixels wide", i.options.Least)
		return face, nil, nil
	case inside(square, picture.Rect) < leastInside:
		face.Why = "cut off by the border of the picture"
		return face, nil, nil
	}
	said, err := i.sources.ask(ctx, name, imaging.Cut(picture, square, i.options.Size), only) // Where the head lies in the square tells where the hair is.
	if err != nil {
		return face, nil, fmt.Errorf("%s: %w", filepath.Join(i.dir, name), err)
	}
	face.By, face.Why = said.by, said.why
	if said.why != "" {
		return face, nil, nil
	}
	square = fitted(square, picture.Rect)
	face.Box = [4]int{square.Min.X, square.Min.Y, square.Max.X, square.Max.Y}
	face.Colour, face.Attributes, portrait = said.colour.String(), said.attributes, imaging.Cut(picture, square, i.options.Size)
	face.Fingerprint, err = fingerprintOf(portrait)
	return face, portrait, err
}

// take writes the picture into the journal, and its portraits that are new. The journal comes first: a portrait that it names and an interruption left unwritten is
// missed by the next import, one that it does not name would stay for ever.
func (i *importing) take(l looked) error {
	number := len(i.journal.files)
	for n := range l.picture.Faces {
		face := &l.picture.Faces[n]
		if l.portrait[n] == nil {
			continue
		}
		if met, ok := i.met(face.Fingerprint); ok {
			face.Why, face.Like = looksLike+met.picture, met.file
			continue
		}
		face.File = path.Join(face.Colour, fmt.Sprintf("%06d.png", number))
		number++
	}
	if err := i.journal.add(l.picture); err != nil {
		return err
	}
	for n, face := range l.picture.Faces {
		if face.File == "" {
			continue
		}
		file := i.path(face.File)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := imaging.SavePNG(file, l.portrait[n]); err != nil {
			return err
		}
	}
	i.keep(l.picture)
	return nil
}

// met is the portrait that has such a fingerprint, if there is one.
func (i *importing) met(f fingerprint) (met keptFace, ok bool) {
	for _, kept := range i.kept {
		if kept.fingerprint.same(f) {
			return kept, true
		}
	}
	return keptFace{}, false
}

// sweep removes the portraits that count no more. It comes last: until labels.csv is written anew it names them.
func (i *importing) sweep() error {
	counts := map[string]bool{}
	for _, picture := range i.journal.done {
		for _, file := range picture.files() {
			counts[file] = true
		}
	}
	for _, file := range i.journal.files {
		if counts[file] {
			continue
		}
		if err := os.Remove(i.path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
