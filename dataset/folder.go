package dataset

import (
	"context"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/imaging"
)

// FolderOptions say how [OpenFolder] reads a folder. The zero value takes the classes that it finds.
type FolderOptions struct {
	// Classes are the names that are known, such as [HairColours], in the order of their labels. Nil takes the names
	// that the folder has, in alphabetical order.
	Classes []string
	// Attributes are the names of the [Attributes] that are wanted: a labels.csv must have a column for each.
	Attributes []string
	// Strict makes a broken picture an error. Otherwise it is left out and named in the report.
	Strict bool
	// Workers is how many pictures are checked at once; 0 means one per CPU.
	Workers int
	// Progress, if set, is told how many pictures of how many have been checked. Calls do not overlap.
	Progress func(done, total int)
}

// Bad is a picture that was left out.
type Bad struct {
	// Path is the file, as the folder's path and what is below it.
	Path string
	// Err says what is wrong with it, without its path.
	Err error
}

func (b Bad) Error() string { return b.Path + ": " + b.Err.Error() }

// Unwrap is the reason.
func (b Bad) Unwrap() error { return b.Err }

// Report is what [OpenFolder] or [OpenPictures] found.
type Report struct {
	// Total is the number of pictures that can be read.
	Total int
	// Classes are the set's classes. Pictures without labels have none.
	Classes []string
	// PerClass is the number of pictures of each class.
	PerClass []int
	// Bad are the pictures that were left out, in the order of their paths.
	Bad []Bad
	// UnknownFolders are folders with pictures whose names are not among FolderOptions.Classes.
	UnknownFolders []string
	// Unlisted is the number of pictures in the folder that its labels.csv does not name.
	Unlisted int
	// Unknown is, for each attribute that was asked for, the number of pictures of which it is not known, or none of its classes.
	Unknown map[string]int
}

// String says it in a few lines: the pictures by class, and the first of those left out.
func (r Report) String() string {
	var text strings.Builder
	text.WriteString(count(r.Total, "picture"))
	var counts []string
	for label, n := range r.PerClass {
		counts = append(counts, fmt.Sprintf("%s %d", r.Classes[label], n))
	}
	if len(counts) > 0 {
		fmt.Fprintf(&text, ": %s", strings.Join(counts, ", "))
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(&text, "\n%s left out:", count(len(r.Bad), "broken picture"))
	}
	const shown = 10
	for _, bad := range r.Bad[:min(shown, len(r.Bad))] {
		fmt.Fprintf(&text, "\n  %v", bad)
	}
	if more := len(r.Bad) - shown; more > 0 {
		fmt.Fprintf(&text, "\n  … and %d more", more)
	}
	for _, lack := range r.Lacks() {
		fmt.Fprintf(&text, "\n%s", lack)
	}
	return text.String()
}

// Lacks says in a line each what of the folder is not used, or not known, apart from broken pictures.
func (r Report) Lacks() (lines []string) {
	if empty := r.Empty(); len(empty) > 0 {
		lines = append(lines, "no pictures of "+strings.Join(empty, ", "))
	}
	if len(r.UnknownFolders) > 0 {
		lines = append(lines, "folders left out, as they are none of the classes: "+strings.Join(r.UnknownFolders, ", "))
	}
	if r.Unlisted > 0 {
		lines = append(lines, fmt.Sprintf("%s left out, as %s does not name them", count(r.Unlisted, "picture"), labelsFile))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Unknown)) {
		if n := r.Unknown[name]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s not known of %s", name, count(n, "picture")))
		}
	}
	return lines
}

// Empty are the classes without pictures.
func (r Report) Empty() (classes []string) {
	for label, n := range r.PerClass {
		if n == 0 {
			classes = append(classes, r.Classes[label])
		}
	}
	return classes
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// OpenFolder opens the pictures of a folder. If it holds a labels.csv, that says which there are: a line for each, with
// the columns file (relative to the folder) and colour; columns of the attributes that are asked for are read too,
// others are ignored. Else the pictures of class C are
// all those below DIR/C. Names of classes may be in any case.
//
// Every picture is decoded once, so that the broken ones are known before training begins. What was found is remembered
// in the user's cache directory; a file that has not changed since is not decoded again.
//
// Pictures may have any size up to [imaging.MaxPixels] and may be PNG, JPEG, GIF, WebP, BMP or TIFF. EXIF orientation is
// respected, an animation gives its first frame, transparency becomes white, and the centred square is what is used.
//
// It fails if the folder holds no readable picture, or pictures of one class alone, from which nothing conditional can
// be learnt. The report is filled in as far as it is known in that case too.
func OpenFolder(ctx context.Context, dir string, opts FolderOptions) (Set, Report, error) {
	fail := func(report Report, err error) (Set, Report, error) {
		return nil, report, fmt.Errorf("cannot open the pictures of %s: %w", dir, err)
	}
	attributes, err := FindAttributes(opts.Attributes)
	if err != nil {
		return fail(Report{}, err)
	}
	found, err := list(ctx, dir, opts.Classes, attributes)
	if err != nil {
		return fail(Report{}, err)
	}
	report := Report{
		Classes:        found.classes,
		PerClass:       make([]int, len(found.classes)),
		UnknownFolders: found.unknownFolders,
		Unlisted:       found.unlisted,
	}
	errs, err := checkAll(ctx, dir, found.entries, opts)
	if err != nil {
		return fail(report, err)
	}
	set := &folder{classes: found.classes, attributes: attributes}
	report.Unknown = map[string]int{}
	for i, e := range found.entries {
		if errs[i] != nil {
			report.Bad = append(report.Bad, Bad{e.path, errs[i]})
			continue
		}
		set.entries = append(set.entries, e)
		report.PerClass[e.label]++
		for a, label := range e.attributes {
			if label < 0 {
				report.Unknown[attributes[a].Name]++
			}
		}
		report.Total++
	}
	if len(set.entries) == 0 {
		return fail(report, fmt.Errorf("none of %s can be read; the first is %w", count(len(report.Bad), "picture"), report.Bad[0]))
	}
	if err := report.checkClasses(); err != nil {
		return fail(report, err)
	}
	return set, report, nil
}

// checkClasses is an error unless two classes have pictures.
func (r Report) checkClasses() error {
	var with []string
	for label, n := range r.PerClass {
		if n > 0 {
			with = append(with, r.Classes[label])
		}
	}
	if len(with) < 2 {
		return fmt.Errorf("all readable pictures are of one class, %q: a network that is to tell classes apart needs two or more",
			with[0])
	}
	return nil
}

// checkAll decodes every picture once and returns what is wrong with each, nil if nothing is.
func checkAll(ctx context.Context, dir string, entries []entry, opts FolderOptions) ([]error, error) {
	index := openIndex(dir)
	errs := make([]error, len(entries))
	err := inParallel(ctx, opts.Workers, len(entries), opts.Progress, func(i int) error {
		errs[i] = index.checkFile(entries[i].path)
		if errs[i] != nil && opts.Strict {
			return Bad{entries[i].path, errs[i]}
		}
		return nil
	})
	index.save()
	return errs, err
}

// entry is one labelled picture file.
type entry struct {
	path       string
	label      int
	attributes []int // -1 where it is not known.
}

// folder is the Set of a folder's readable pictures.
type folder struct {
	classes    []string
	attributes []Attribute
	entries    []entry
}

func (f *folder) Len() int                { return len(f.entries) }
func (f *folder) Classes() []string       { return f.classes }
func (f *folder) Label(i int) int         { return f.entries[i].label }
func (f *folder) Attributes() []Attribute { return f.attributes }
func (f *folder) Attribute(i, a int) int  { return f.entries[i].attributes[a] }
func (f *folder) Name(i int) string       { return f.entries[i].path }

func (f *folder) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	path := f.entries[i].path
	if err := ctx.Err(); err != nil {
		return nil, Bad{path, err}
	}
	still, err := imaging.OpenStill(path)
	if err != nil {
		return nil, Bad{path, err}
	}
	return still.Square(size), nil
}
