package dataset

import (
	"context"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/textfile"
)

// FolderOptions are the options of [OpenFolder]. The zero value takes the classes that the folder has.
type FolderOptions struct {
	// Classes are the known names, such as [HairColours], in the order of their labels. Nil takes the folder's names, in
	// alphabetical order.
	Classes []string
	// Attributes are the names of the required [Attributes]: a labels.csv must have a column for each.
	Attributes []string
	// Strict makes a broken picture, or a wrong line of labels.csv, an error. Otherwise it is left out and reported.
	Strict bool
	// Workers is the number of pictures checked at once; 0 means one per CPU.
	Workers int
	// Progress, if set, gets the number of checked pictures and the total. Calls do not overlap.
	Progress func(done, total int)
}

// Bad is a picture, or a folder of pictures, that was left out.
type Bad struct {
	// Path is the file's path, including the folder's.
	Path string
	// Err is the reason, without the path.
	Err error
}

func (b Bad) Error() string { return textfile.Shown(b.Path) + ": " + b.Err.Error() }

// Unwrap returns the reason.
func (b Bad) Unwrap() error { return b.Err }

// Report lists the findings of [OpenFolder] or [OpenPictures].
type Report struct {
	// Total is the number of readable pictures.
	Total int
	// Classes are the set's classes. Pictures without labels have none.
	Classes []string
	// PerClass is the number of pictures of each class.
	PerClass []int
	// Bad are the pictures that were left out, ordered by path.
	Bad []Bad
	// UnknownFolders are folders with pictures whose names are not among FolderOptions.Classes.
	UnknownFolders []string
	// Unlisted is the number of pictures in the folder that its labels.csv does not list.
	Unlisted int
	// Loose is the number of pictures that lie beside the folders of the classes, in none of them.
	Loose int
	// WrongLines are the lines of labels.csv that were left out.
	WrongLines []error
	// Unknown is, for each required attribute, the number of pictures whose value is missing or not one of its classes.
	Unknown map[string]int
}

// String sums up the report in a few lines: the pictures by class, and the first of those left out.
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

// Lacks lists the parts of the folder that are unused or unknown, apart from broken pictures, one per line.
func (r Report) Lacks() (lines []string) {
	if empty := r.Empty(); len(empty) > 0 {
		lines = append(lines, "no pictures of "+strings.Join(empty, ", "))
	}
	if len(r.UnknownFolders) > 0 {
		lines = append(lines, "folders left out, as they are none of the classes: "+shownNames(r.UnknownFolders))
	}
	if r.Unlisted > 0 {
		lines = append(lines, fmt.Sprintf("%s left out, as %s does not list them", count(r.Unlisted, "picture"), labelsFile))
	}
	if r.Loose > 0 {
		lines = append(lines, fmt.Sprintf("%s left out, as they lie beside the folders of the classes, not in them",
			count(r.Loose, "picture")))
	}
	if len(r.WrongLines) > 0 {
		lines = append(lines, WrongLines(r.WrongLines))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Unknown)) {
		if n := r.Unknown[name]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s unknown for %s", name, count(n, "picture")))
		}
	}
	return lines
}

// Empty returns the classes without pictures.
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

// OpenFolder opens the pictures of a folder. If it holds a labels.csv, that lists them: a line for each, with the
// columns file (relative to the folder) and colour; columns of the required attributes are read too, others are
// ignored. A name that is not there means the file that differs from it by nothing but case or backslashes, if there is
// exactly one; see [MatchFiles]. Otherwise the pictures of class C are all those below DIR/C. Names of classes are not
// case-sensitive, and those of hair colours may be any of [portrait.ColourNamed].
//
// Every picture is decoded once, so that broken ones are known before training begins. The results are remembered in
// the user's cache directory; an unchanged file is not decoded again.
//
// Pictures may have any size up to [imaging.MaxPixels] and may be PNG, JPEG, GIF, WebP, BMP or TIFF. EXIF orientation
// is respected, animations give their first frame, transparency becomes white, and the centred square is used.
//
// It fails if the folder holds no readable picture, or pictures of one class only, from which nothing conditional can
// be learnt. The report is filled in as far as possible in that case too.
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
		Loose:          found.loose,
		WrongLines:     found.wrong,
		Bad:            found.bad,
	}
	if opts.Strict && len(found.wrong) > 0 {
		return fail(report, fmt.Errorf("%s: %w", labelsFile, found.wrong[0]))
	}
	if opts.Strict && len(found.bad) > 0 {
		return fail(report, found.bad[0])
	}
	errs, err := checkAll(ctx, dir, found.entries, opts)
	if err != nil {
		return fail(report, err)
	}
	set := &folder{labels: append([]Attribute{{Colour, found.classes}}, attributes...)}
	report.Unknown = map[string]int{}
	for i, e := range found.entries {
		if errs[i] != nil {
			report.Bad = append(report.Bad, Bad{e.path, errs[i]})
			continue
		}
		set.entries = append(set.entries, e)
		report.PerClass[e.labels[0]]++
		for a, label := range e.labels[1:] {
			if label < 0 {
				report.Unknown[attributes[a].Name]++
			}
		}
		report.Total++
	}
	slices.SortStableFunc(report.Bad, func(a, b Bad) int { return comparePaths(a.Path, b.Path) })
	if len(set.entries) == 0 {
		return fail(
			report, fmt.Errorf("none of %s can be read; the first is %w", count(len(report.Bad), "picture"), report.Bad[0]),
		)
	}
	if err := report.checkClasses(); err != nil {
		return fail(report, err)
	}
	return set, report, nil
}

// checkClasses returns an error unless two classes have pictures.
func (r Report) checkClasses() error {
	var with []string
	for label, n := range r.PerClass {
		if n > 0 {
			with = append(with, r.Classes[label])
		}
	}
	if len(with) < 2 {
		return fmt.Errorf(
			"all readable pictures are of one class, %q: a network that is to tell classes apart needs two or more", with[0],
		)
	}
	return nil
}

// checkAll decodes every picture once and returns the error of each, nil if it is readable.
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
	path   string
	labels []int // Of the class and each attribute, -1 for unknown ones.
}

// folder is the Set of a folder's readable pictures.
type folder struct {
	labels  []Attribute
	entries []entry
}

func (f *folder) Len() int            { return len(f.entries) }
func (f *folder) Labels() []Attribute { return f.labels }
func (f *folder) Label(i, a int) int  { return f.entries[i].labels[a] }
func (f *folder) Name(i int) string   { return f.entries[i].path }

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
