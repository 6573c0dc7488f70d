package collect

import (
	"bytes"
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
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/realpath"
	"github.com/moelab/moelab/internal/textfile"
)

// Options say how [Import] and [Tag] read pictures. The zero value will do.
type Options struct {
	// Size is the height and width of the portraits in pixels; 0 means 128.
	Size int
	// Least is the least height and width in pixels of a face with its hair in the picture; 0 means 48.
	Least int
	// By lists the sources of the hair colour, in the order in which they are asked; nil means all of [Sources].
	By []string
	// Tagger is one of the sources; nil for none.
	Tagger *Tagger
	// Workers is the number of pictures read at once; 0 means one per CPU.
	Workers int
	// Strict makes a broken picture, or a broken file of tags beside one, an error. Otherwise the picture, or its tags,
	// are left out, and the report names the file.
	Strict bool
	// Progress, if set, is called with how many pictures of how many are done, and Checking, before that, with how many
	// have been checked for damage. Calls do not overlap.
	Progress, Checking func(done, total int)
}

const (
	defaultSize  = 128
	defaultLeast = 48
	// journalVersion changes with what an import writes.
	journalVersion = 3
	// looksLike begins the reason of leaving out a face that was met before; the picture's name follows.
	looksLike = "looks like one of "
	// tiltedToo is the reason of leaving out a face that is tilted by more than upright, in degrees: the square that is
	// cut out, and the place of the hair in it, are those of an upright head.
	upright   = 35
	tiltedToo = "tilted too far; turn the picture to take it"
)

// Import finds the faces in the pictures of a folder and fills another folder with them: out/<colour>/<number>.png,
// labels.csv, and report.html for a person. It leaves out faces whose hair has none of the nine colours, and that are
// small, in profile, cut off or tilted by more than 35°. Places that may be faces are counted in the report. Of a face
// that is met again, even enlarged, reduced or compressed, the largest one stays, or the first if none is clearly
// larger.
//
// out must be missing or empty, or come from an import of the same folder with the same options: then nothing is done
// twice. This is how an import that ctx ended goes on. A picture is done again if it changed, if its labels, its tags
// or the tagger did, or if one of its portraits is missing in out, or was changed; the portraits of pictures that are
// gone are removed. Nothing outside out is ever written or removed, and no file in it that is not the import's: a
// labels.csv or a portrait that was changed is kept under another name. One import at a time fills out: the error of
// another wraps [ErrLocked].
func Import(ctx context.Context, finder *eyes.Finder, dir, out string, options Options) (*Report, error) {
	if options.Size == 0 {
		options.Size = defaultSize
	}
	if options.Least == 0 {
		options.Least = defaultLeast
	}
	if err := apart(dir, out); err != nil {
		return nil, importError(dir, err)
	}
	opened, err := openFolder(ctx, dir, options)
	if err != nil {
		return nil, err // It names the folder.
	}
	i := &importing{folder: opened, finder: finder, out: out, options: options, about: opened.report()}
	report, err := i.do(ctx)
	if err != nil {
		return nil, importError(dir, err)
	}
	return report, nil
}

func importError(dir string, err error) error {
	return fmt.Errorf("import the pictures of %s: %w", dir, err)
}

// apart returns an error if out lies in dir, by whatever links: the portraits would be imported the next time.
func apart(dir, out string) error {
	inside, err := realpath.Contains(dir, out)
	if err != nil {
		return err
	}
	if inside {
		return fmt.Errorf("%s lies in it: name a folder outside", out)
	}
	return nil
}

// folder is a folder of pictures that has been opened, with the sources of their hair colours.
type folder struct {
	dir      string
	pictures dataset.Pictures
	bad      []dataset.Bad
	sources  *sources
	badPosts []error  // What is wrong with labels.csv and with the metadata.
	missing  []string // Files that labels.csv names and that are not there.
}

// openFolder opens a folder of pictures. Its errors name the folder.
func openFolder(ctx context.Context, dir string, options Options) (*folder, error) {
	wrapped := func(err error) error { return fmt.Errorf("cannot open the pictures of %s: %w", dir, err) }
	sources, err := openSources(dir, options.By, options.Tagger)
	if err != nil {
		return nil, wrapped(err)
	}
	pictures, report, err := dataset.OpenPictures(ctx, dir, dataset.PicturesOptions{
		Strict: options.Strict, Workers: options.Workers, Progress: options.Checking,
	})
	if err != nil {
		return nil, err
	}
	badPosts, err := sources.readPosts(ctx, pictures)
	if sources.wrong != nil {
		badPosts = append([]error{sources.wrong}, badPosts...)
	}
	if err == nil && options.Strict && len(badPosts) > 0 {
		err = badPosts[0]
	}
	if err != nil {
		return nil, wrapped(err)
	}
	f := &folder{dir: dir, pictures: pictures, bad: report.Bad, sources: sources, badPosts: badPosts}
	names, err := f.names()
	if err != nil {
		return nil, wrapped(err)
	}
	f.missing = sources.match(names)
	return f, nil
}

// whole reads picture n. It may have gone bad, or have gone, since it was checked: bad is set then.
func (f *folder) whole(ctx context.Context, n int) (picture *image.RGBA, bad *dataset.Bad, err error) {
	picture, err = f.pictures.Whole(ctx, n)
	var broken dataset.Bad
	if ctx.Err() == nil && errors.As(err, &broken) {
		return nil, &broken, nil
	}
	return picture, nil, err
}

// names returns the paths of all pictures below the folder, broken ones too.
func (f *folder) names() (names []string, err error) {
	for n := range f.pictures.Len() {
		name, err := f.name(n)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	for _, bad := range f.bad {
		name, err := filepath.Rel(f.dir, bad.Path)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// report is the beginning of a report on the folder: what is wrong with it.
func (f *folder) report() *Report {
	return &Report{From: f.dir, Bad: f.bad, BadTags: slices.Clone(f.badPosts), Missing: f.missing}
}

// name returns the path of picture n below the folder.
func (f *folder) name(n int) (string, error) { return filepath.Rel(f.dir, f.pictures.Name(n)) }

// importing is an import that goes on.
type importing struct {
	*folder
	finder  *eyes.Finder
	finding sync.Mutex // The finder is for one goroutine.
	out     string
	options Options
	journal *journal

	todo []todo
	kept []keptFace // Those of earlier imports first.

	changed []string // Portraits that are not what was written.
	about   *Report  // What is known before the pictures are searched: what is wrong with them.
}

func (i *importing) do(ctx context.Context) (*Report, error) {
	from, err := filepath.Abs(i.dir)
	if err != nil {
		return nil, err
	}
	i.journal, err = openJournal(i.out, settings{
		journalVersion, textfile.Escaped(from), i.options.Size, i.options.Least, i.sources.by,
		textfile.Escaped(i.sources.tagger.file()),
	})
	if err != nil {
		return nil, err
	}
	defer i.journal.close()
	if err := i.plan(ctx); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(i.journal.within(labelsFile), i.journal.within(pageFile)); err != nil {
		return nil, err
	}
	report := i.done()
	if err := i.saveLabels(report); err != nil {
		return nil, err
	}
	if err := report.writePage(i.out); err != nil {
		return nil, err
	}
	return report, i.sweep()
}

// saveLabels writes labels.csv. One that was changed by hand is kept.
func (i *importing) saveLabels(report *Report) error {
	labels, err := report.labels()
	if err != nil {
		return err
	}
	before, err := i.journal.readFile(labelsFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read %s: %w", i.path(labelsFile), imaging.WithoutPath(err))
	case !bytes.Equal(before, labels) && !i.journal.wrote(before):
		name, err := i.journal.aside(labelsFile)
		if err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(i.path(name), before); err != nil {
			return err
		}
		report.KeptLabels = i.path(name)
	}
	// The journal comes first: an import that is killed in between has left one that it knows.
	if err := i.journal.addLabels(labels); err != nil {
		return err
	}
	return atomicfile.WriteBytes(i.path(labelsFile), labels)
}

// todo is a picture that may be new, or to be done again.
type todo struct {
	index   int // In pictures.
	picture Picture
}

// keptFace is a portrait of the dataset.
type keptFace struct {
	picture, file string
	side          int // In the picture.
	fingerprint   fingerprint
}

// plan compares the pictures with the journal. Those that are gone or are to be done again are struck off there before
// anything else is done: an interrupted import must not find them counting again because they came back meanwhile.
func (i *importing) plan(ctx context.Context) error {
	now, err := i.now(ctx)
	if err != nil {
		return err
	}
	counts, err := i.counting(now)
	if err != nil {
		return err
	}
	if err := i.putAside(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(i.journal.done)) {
		if counts[name] {
			continue
		}
		if err := i.journal.forget(name); err != nil {
			return err
		}
	}
	for _, next := range now {
		if name := next.picture.Name; counts[name] {
			i.keep(i.journal.done[name])
		} else {
			i.todo = append(i.todo, next)
		}
	}
	return nil
}

// now returns the pictures as they are, before they are searched for faces.
func (i *importing) now(ctx context.Context) (now []todo, err error) {
	for n := range i.pictures.Len() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name, err := i.name(n)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(i.pictures.Name(n))
		if err != nil { // It was there when it was checked.
			bad := dataset.Bad{Path: i.pictures.Name(n), Err: imaging.WithoutPath(err)}
			if err := i.about.leaveOut(bad, i.options.Strict); err != nil {
				return nil, err
			}
			continue
		}
		about, bad := i.sources.about(name)
		if err := i.about.note(bad, i.options.Strict); err != nil {
			return nil, err
		}
		picture := Picture{Name: name, Bytes: info.Size(), Modified: info.ModTime().UnixNano(), About: about}
		now = append(now, todo{n, picture})
	}
	return now, nil
}

// counting returns the names of the pictures whose lines in the journal still count.
func (i *importing) counting(now []todo) (map[string]bool, error) {
	written := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(i.journal.done)) {
		var err error
		if written[name], err = i.written(i.journal.done[name]); err != nil {
			return nil, err
		}
	}
	counts := map[string]bool{}
	for _, next := range now {
		picture := next.picture
		if written[picture.Name] && i.journal.done[picture.Name].sameFile(picture) {
			counts[picture.Name] = true
		}
	}
	// A face that looks like a portrait is left out while that portrait counts. A picture that is done again has
	// portraits of its own, which others may look like.
	for again := true; again; {
		again = false
		files := map[string]bool{}
		for name := range counts {
			for _, file := range i.journal.done[name].files() {
				files[file] = true
			}
		}
		for name := range counts {
			orphan := func(face Face) bool { return face.Like != "" && !files[face.Like] }
			if slices.ContainsFunc(i.journal.done[name].Faces, orphan) {
				delete(counts, name)
				again = true
			}
		}
	}
	return counts, nil
}

// written reports whether all portraits of a picture are in the dataset's folder as they were written, and notes those
// that were changed.
func (i *importing) written(picture Picture) (bool, error) {
	all := true
	for _, file := range picture.files() {
		info, err := i.journal.root.Stat(file)
		if err != nil {
			all = false
			continue
		}
		if info.IsDir() {
			return false, fmt.Errorf("%s is a folder, but the import wrote a portrait there: move it away", i.path(file))
		}
		before, known := i.journal.written[file]
		if !known { // By an older moelab.
			continue
		}
		if !info.Mode().IsRegular() || info.Size() == 0 {
			all = false
			continue
		}
		same := info.Size() == int64(before.Bytes)
		if same {
			data, err := i.journal.root.ReadFile(file)
			if err != nil {
				return false, fmt.Errorf("read %s: %w", i.path(file), imaging.WithoutPath(err))
			}
			same = contentOf(data) == before
		}
		if !same {
			all = false
			i.changed = append(i.changed, file)
		}
	}
	return all, nil
}

// putAside keeps the portraits that were changed under other names: somebody may have worked on them.
func (i *importing) putAside() error {
	for _, file := range i.changed {
		name, err := i.journal.aside(file)
		if err != nil {
			return err
		}
		if err := i.journal.root.Rename(file, name); err != nil {
			return fmt.Errorf("keep %s: %w", i.path(file), err)
		}
		i.about.KeptPortraits = append(i.about.KeptPortraits, i.path(name))
	}
	return nil
}

// path returns the path of a portrait.
func (i *importing) path(file string) string { return filepath.Join(i.out, filepath.FromSlash(file)) }

func (i *importing) keep(picture Picture) {
	for _, face := range picture.Faces {
		if face.File != "" {
			i.kept = append(i.kept, keptFace{picture.Name, face.File, face.side(), face.Fingerprint})
		}
	}
}

// looked is a picture with its faces, before it is known which of them were met before.
type looked struct {
	picture  Picture
	portrait []*image.RGBA // One for each face; nil if it is left out.
	bad      *dataset.Bad  // Set if it cannot be read any more.
}

// run searches the pictures that are to be done, several at once, and takes in what was found in their order: which of
// two equal ones stays must not depend on chance.
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
	picture, bad, err := i.whole(ctx, next.index)
	if err != nil || bad != nil {
		return looked{bad: bad}, err
	}
	found, lies, err := i.find(ctx, picture)
	if err != nil {
		return l, fmt.Errorf("%s: %w", shown(i.pictures.Name(next.index)), err)
	}
	switch {
	case len(found.Faces) > 0:
		l.picture.Lies = lies
	case lies != "":
		l.picture.Why = "no face found, but there is one if the picture, which lies " + lies + ", is turned"
		found.Tilted = nil // Seen from the other side.
	case len(found.Tilted) == 0:
		l.picture.Why = "no face found"
	}
	only := len(found.Faces)+len(found.Tilted) == 1
	for _, face := range found.Faces {
		made, portrait, err := i.cut(ctx, l.picture.Name, picture, face, only)
		if err != nil {
			return l, err
		}
		l.picture.Faces, l.portrait = append(l.picture.Faces, made), append(l.portrait, portrait)
	}
	for _, face := range found.Tilted {
		l.picture.Faces = append(l.picture.Faces, Face{Box: sides(around(face)), Why: tiltedToo})
		l.portrait = append(l.portrait, nil)
	}
	for _, place := range found.Perhaps {
		if box := sides(around(place)); len(place.Eyes) == 2 {
			l.picture.Perhaps = append(l.picture.Perhaps, box)
		} else {
			l.picture.OneEyed = append(l.picture.OneEyed, box)
		}
	}
	return l, nil
}

// find finds the faces of a picture, and how it lies if it must be turned.
func (i *importing) find(ctx context.Context, picture *image.RGBA) (found eyes.Survey, lies string, err error) {
	i.finding.Lock()
	defer i.finding.Unlock()
	found, err = i.finder.Survey(ctx, picture)
	if err == nil {
		lies, err = i.finder.Turned(ctx, picture, found.Faces)
	}
	return found, lies, err
}

// cut makes a portrait of a face, or gives the reason in the face's Why. only says that the picture has no other face.
func (i *importing) cut(
	ctx context.Context, name string, picture *image.RGBA, found eyes.Face, only bool,
) (face Face, portrait *image.RGBA, err error) {
	square, ok := head(found)
	if !ok {
		return Face{Box: sides(around(found)), Why: "only one eye is seen"}, nil, nil
	}
	face.Box = sides(square)
	switch {
	case tilt(found) > upright:
		face.Why = tiltedToo
		return face, nil, nil
	case square.Dx() < i.options.Least:
		face.Why = fmt.Sprintf("less than %d pixels wide", i.options.Least)
		return face, nil, nil
	case inside(square, picture.Rect) < leastInside:
		face.Why = "cut off by the border of the picture"
		return face, nil, nil
	}
	// The head as it lies in the square, not in the picture: its place there tells where the hair is.
	said, err := i.sources.ask(ctx, name, imaging.Cut(picture, square, i.options.Size), only)
	if err != nil {
		return face, nil, fmt.Errorf("%s: %w", shown(filepath.Join(i.dir, name)), err)
	}
	face.By, face.Why = said.by, said.why
	if said.why != "" {
		return face, nil, nil
	}
	square = fitted(square, picture.Rect)
	face.Box, face.Colour, face.Attributes = sides(square), said.colour.String(), said.attributes
	face.Second = said.second
	portrait = imaging.Cut(picture, square, i.options.Size)
	face.Fingerprint, err = fingerprintOf(portrait)
	return face, portrait, err
}

func sides(r image.Rectangle) [4]int { return [4]int{r.Min.X, r.Min.Y, r.Max.X, r.Max.Y} }

// take writes the picture into the journal, and its portraits that are new or larger than before. The journal comes
// first: the next import notices the lack of a portrait that it names, but one that it does not name would stay for
// ever. For the same reason it says first which portraits no longer count.
func (i *importing) take(l looked) error {
	if l.bad != nil {
		return i.about.leaveOut(*l.bad, i.options.Strict)
	}
	number := i.journal.next
	data, written := map[string][]byte{}, map[string]content{}
	for n := range l.picture.Faces {
		face := &l.picture.Faces[n]
		if l.portrait[n] == nil {
			continue
		}
		smaller, stays, ok := i.met(*face)
		if ok {
			face.Why, face.Like = looksLike+stays.picture, stays.file
			continue
		}
		var err error
		if face.File, number, err = i.freeFile(face.Colour, number); err != nil {
			return err
		}
		number++
		if data[face.File], err = imaging.EncodePNG(l.portrait[n]); err != nil {
			return err
		}
		written[face.File] = contentOf(data[face.File])
		for _, kept := range smaller {
			o := outdone{kept.file, face.File, looksLike + l.picture.Name}
			if err := i.journal.outdone(kept.picture, o); err != nil {
				return err
			}
			i.kept = slices.DeleteFunc(i.kept, func(k keptFace) bool { return k.file == kept.file })
		}
	}
	if err := i.journal.add(l.picture, written); err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(data)) {
		if err := i.save(file, data[file]); err != nil {
			return err
		}
	}
	i.keep(l.picture)
	return nil
}

// freeFile returns the name of a portrait, with the first number from number on of which there is no file: somebody may
// have put one there.
func (i *importing) freeFile(colour string, number int) (file string, taken int, err error) {
	for ; ; number++ {
		file = portraitFile(colour, number)
		if free, err := i.journal.free(file); free || err != nil {
			return file, number, err
		}
	}
}

// save writes a portrait. A link that leads out of the dataset's folder is an error.
func (i *importing) save(file string, portrait []byte) error {
	if err := i.journal.root.MkdirAll(path.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make a folder in %s: %w", i.out, err)
	}
	if err := i.journal.within(file); err != nil {
		return err
	}
	return atomicfile.WriteBytes(i.path(file), portrait)
}

// larger is by how much a face must be larger than one that was met before to take its place. Where its eyes are is
// known only so well.
const larger = 1.05

// met returns the portrait that looks like a face and stays, if any, otherwise those that are smaller and go.
func (i *importing) met(face Face) (smaller []keptFace, stays keptFace, ok bool) {
	for _, kept := range i.kept {
		switch {
		case !kept.fingerprint.same(face.Fingerprint):
		case float64(face.side()) > larger*float64(kept.side):
			smaller = append(smaller, kept)
		default:
			return nil, kept, true
		}
	}
	return smaller, keptFace{}, false
}

// sweep removes the portraits that no longer count, and what a killed import has left half written. It comes last:
// until labels.csv is written anew it names them.
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
		if err := i.journal.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s: %w", i.path(file), imaging.WithoutPath(err))
		}
	}
	return atomicfile.RemoveLeftovers(i.out)
}
