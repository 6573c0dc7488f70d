package collect

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/tag"
	"golang.org/x/sync/errgroup"
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
	Tagger *tag.Tagger
	// Workers is how many pictures are read at once; 0 means one per CPU.
	Workers int
	// Strict makes a broken picture an error. Otherwise it is left out and the report names it.
	Strict bool
	// Progress, if set, is told how many pictures of how many are done. Calls do not overlap.
	Progress func(done, total int)
}

const (
	defaultSize  = 128
	defaultLeast = 48
	// journalVersion changes when what is written does.
	journalVersion = 1
	// looksLike begins the reason of a face that was met before; the picture's name follows.
	looksLike = "looks like one of "
)

// Import finds the faces in the pictures of a folder and fills another folder with them: out/<colour>/<number>.png, labels.csv, and report.html for a person.
// Faces whose hair has none of the nine colours, that were met before (see fingerprint), that are small, seen from the side or cut off are left out.
//
// out must be missing or empty, or be of an import of the same folder with the same options: then what is done is not done again. An import that ctx ended goes
// on in this way.
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
	pictures, opened, err := dataset.OpenPictures(ctx, dir, dataset.PicturesOptions{Strict: options.Strict, Workers: options.Workers})
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
	if err := i.plan(); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	report := i.report(opened.Bad)
	return report, errors.Join(report.writeLabels(out), report.writePage(out))
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

	todo []todo
	kept []keptFace // In the order in which they were met.
}

// todo is a picture that is new, or has changed.
type todo struct {
	index   int // In pictures.
	picture Picture
}

// keptFace is a portrait of the dataset.
type keptFace struct {
	picture     string
	fingerprint fingerprint
}

// plan compares the pictures with the journal.
func (i *importing) plan() error {
	changed := map[string]bool{}
	for n := range i.pictures.Len() {
		name, err := filepath.Rel(i.dir, i.pictures.Name(n))
		if err != nil {
			return err
		}
		info, err := os.Stat(i.pictures.Name(n))
		if err != nil {
			return err
		}
		now := Picture{Name: name, Bytes: info.Size(), Modified: info.ModTime().UnixNano()}
		before, known := i.journal.done[name]
		if known && before.Bytes == now.Bytes && before.Modified == now.Modified {
			continue
		}
		changed[name] = true
		i.todo = append(i.todo, todo{n, now})
	}
	for _, name := range i.journal.order {
		if !changed[name] {
			i.keep(i.journal.done[name])
		}
	}
	return nil
}

func (i *importing) keep(picture Picture) {
	for _, face := range picture.Faces {
		if face.File != "" {
			i.kept = append(i.kept, keptFace{picture.Name, face.Fingerprint})
		}
	}
}

// looked is a picture with what was found in it, before it is known which of its faces were met before.
type looked struct {
	picture  Picture
	portrait []*image.RGBA // One for each face; nil where it is left out.
	err      error
}

// run looks at the pictures that are to be done, several at once, and takes in what was found in their order: which of two equal ones stays must not
// depend on chance.
func (i *importing) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := i.options.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	var group errgroup.Group
	group.SetLimit(workers + 1) // One of them starts the others.
	order := make(chan chan looked, 4*workers)
	group.Go(func() error {
		defer close(order)
		for _, next := range i.todo {
			one := make(chan looked, 1)
			select {
			case order <- one:
			case <-ctx.Done():
				return nil
			}
			group.Go(func() error {
				one <- i.look(ctx, next)
				return nil
			})
		}
		return nil
	})
	done := i.pictures.Len() - len(i.todo)
	err := func() error {
		for one := range order {
			if err := i.take(<-one); err != nil {
				return err
			}
			done++
			if i.options.Progress != nil {
				i.options.Progress(done, i.pictures.Len())
			}
		}
		return ctx.Err()
	}()
	stop()
	for range order { // Else the first goroutine would wait for ever.
	}
	return errors.Join(err, group.Wait())
}

// look finds the faces of a picture.
func (i *importing) look(ctx context.Context, next todo) looked {
	l := looked{picture: next.picture}
	fail := func(err error) looked { return looked{err: err} }
	picture, err := i.pictures.Whole(ctx, next.index)
	if err != nil {
		return fail(err)
	}
	i.finding.Lock()
	found, err := i.finder.Find(ctx, picture)
	i.finding.Unlock()
	if err != nil {
		return fail(fmt.Errorf("%s: %w", i.pictures.Name(next.index), err))
	}
	if len(found) == 0 {
		l.picture.Why = "no face found"
	}
	for _, face := range found {
		made, portrait, err := i.cut(ctx, l.picture.Name, picture, face, len(found) == 1)
		if err != nil {
			return fail(err)
		}
		l.picture.Faces, l.portrait = append(l.picture.Faces, made), append(l.portrait, portrait)
	}
	return l
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
	said, err := i.sources.ask(ctx, name, dataset.Cut(picture, square, i.options.Size), only) // Where the head lies in the square tells where the hair is.
	if err != nil {
		return face, nil, fmt.Errorf("%s: %w", filepath.Join(i.dir, name), err)
	}
	face.By, face.Why = said.by, said.why
	if said.why != "" {
		return face, nil, nil
	}
	square = fitted(square, picture.Rect)
	face.Box = [4]int{square.Min.X, square.Min.Y, square.Max.X, square.Max.Y}
	face.Colour, face.Attributes, portrait = said.colour.String(), said.attributes, dataset.Cut(picture, square, i.options.Size)
	face.Fingerprint, err = fingerprintOf(portrait)
	return face, portrait, err
}

// take writes the portraits of a picture that are new, and the picture into the journal.
func (i *importing) take(l looked) error {
	if l.err != nil {
		return l.err
	}
	before := i.journal.done[l.picture.Name]
	for n := range l.picture.Faces {
		face := &l.picture.Faces[n]
		if l.portrait[n] == nil {
			continue
		}
		if at := i.met(face.Fingerprint); at != "" {
			face.Why = looksLike + at
			continue
		}
		face.File = path.Join(face.Colour, fmt.Sprintf("%06d.png", i.journal.written))
		file := filepath.Join(i.out, filepath.FromSlash(face.File))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := dataset.SavePNG(file, l.portrait[n]); err != nil {
			return err
		}
		i.journal.written++
	}
	i.keep(l.picture)
	if err := i.journal.add(l.picture); err != nil {
		return err
	}
	for _, face := range before.Faces { // Of the picture as it was before it changed.
		if face.File == "" {
			continue
		}
		if err := os.Remove(filepath.Join(i.out, filepath.FromSlash(face.File))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// met is the picture whose portrait has such a fingerprint, or nothing.
func (i *importing) met(f fingerprint) string {
	for _, kept := range i.kept {
		if kept.fingerprint.same(f) {
			return kept.picture
		}
	}
	return ""
}
