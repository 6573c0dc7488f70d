package collect

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/textfile"
)

// Report is what became of the pictures of a folder.
type Report struct {
	// From is the folder.
	From string
	// Pictures are those that could be read, in the order of their names.
	Pictures []Picture
	// Bad are those that could not.
	Bad []dataset.Bad
	// BadTags name the files of tags, beside pictures or of posts, and the labels.csv, that could not be read, or not all
	// of them. What could not be read counts as missing.
	BadTags []error
	// SilentTags are the paths of the files of tags beside pictures in which no tag is of a hair colour or an attribute.
	SilentTags []string
	// Missing are the files that the folder's labels.csv names and that are not there.
	Missing []string
	// KeptLabels is the path of a copy of the dataset's labels.csv, if it was changed by hand since the last import.
	KeptLabels string
	// KeptPortraits are the paths of copies of portraits that were changed since they were written.
	KeptPortraits []string
}

// note takes in what is wrong with the file of tags beside a picture, if anything. With strict, a broken file is the
// error.
func (r *Report) note(bad error, strict bool) error {
	var silent silentTags
	switch {
	case bad == nil:
	case errors.As(bad, &silent):
		r.SilentTags = append(r.SilentTags, string(silent))
	case strict:
		return bad
	default:
		r.BadTags = append(r.BadTags, bad)
	}
	return nil
}

// leaveOut takes in a picture that cannot be read any more. With strict, that is an error.
func (r *Report) leaveOut(bad dataset.Bad, strict bool) error {
	if strict {
		return bad
	}
	r.Bad = append(r.Bad, bad)
	return nil
}

// done is the report on all pictures that are in the folder now.
func (i *importing) done() *Report {
	report := i.about
	for n := range i.pictures.Len() {
		if name, err := i.name(n); err == nil {
			if picture, ok := i.journal.done[name]; ok { // Otherwise it could not be read any more.
				report.Pictures = append(report.Pictures, picture)
			}
		}
	}
	return report
}

// Portrait is a face that was taken in.
type Portrait struct {
	Picture string
	Face
}

// Portraits returns the faces of a hair colour that were taken in.
func (r *Report) Portraits(colour string) (all []Portrait) {
	for _, picture := range r.Pictures {
		for _, face := range picture.Faces {
			if face.File != "" && face.Colour == colour {
				all = append(all, Portrait{picture.Name, face})
			}
		}
	}
	return all
}

// TwoColoured returns the faces that were taken in and whose hair was seen to have a second colour.
func (r *Report) TwoColoured() (all []Portrait) {
	for _, picture := range r.Pictures {
		for _, face := range picture.Faces {
			if face.File != "" && face.Second != "" {
				all = append(all, Portrait{picture.Name, face})
			}
		}
	}
	return all
}

// Faces returns the number of faces that were found.
func (r *Report) Faces() (n int) {
	for _, picture := range r.Pictures {
		n += len(picture.Faces)
	}
	return n
}

// LeftOut is a reason for leaving out faces and pictures.
type LeftOut struct {
	Why string
	// Names are the pictures, one for each face.
	Names []string
}

// LeftOut returns what was left out, the most frequent reason first.
func (r *Report) LeftOut() []LeftOut {
	names := map[string][]string{}
	add := func(name, why string) {
		if strings.HasPrefix(why, looksLike) {
			name, why = name+" ("+why+")", "a duplicate"
		}
		names[why] = append(names[why], name)
	}
	for _, picture := range r.Pictures {
		if picture.Why != "" {
			add(picture.Name, picture.Why)
		}
		for _, face := range picture.Faces {
			if face.Why != "" {
				add(picture.Name, face.Why)
			}
		}
	}
	var all []LeftOut
	for _, why := range slices.Sorted(maps.Keys(names)) {
		all = append(all, LeftOut{why, names[why]})
	}
	slices.SortStableFunc(all, func(a, b LeftOut) int { return len(b.Names) - len(a.Names) })
	return all
}

// UpsideDown returns the names of the pictures whose faces were found, but seem to be upside down.
func (r *Report) UpsideDown() (names []string) {
	for _, picture := range r.Pictures {
		if picture.Lies != "" {
			names = append(names, picture.Name)
		}
	}
	return names
}

// Perhaps returns the names of the pictures with places that look a little like a face and were not taken, one for each
// place.
func (r *Report) Perhaps() []string { return r.places(func(p Picture) [][4]int { return p.Perhaps }) }

// OneEyed returns the same for places that look like one eye of a face: the other may be under hair, or the face may be
// seen from the side.
func (r *Report) OneEyed() []string { return r.places(func(p Picture) [][4]int { return p.OneEyed }) }

func (r *Report) places(of func(Picture) [][4]int) (names []string) {
	for _, picture := range r.Pictures {
		for range of(picture) {
			names = append(names, picture.Name)
		}
	}
	return names
}

// String is a summary of a few lines.
func (r *Report) String() string {
	var text strings.Builder
	taken := 0
	var counts []string
	for _, colour := range dataset.HairColours() {
		n := len(r.Portraits(colour))
		taken += n
		counts = append(counts, fmt.Sprintf("%s %d", colour, n))
	}
	fmt.Fprintf(&text, "%d portraits of %d faces in %d pictures: %s",
		taken, r.Faces(), len(r.Pictures), strings.Join(counts, ", "))
	for _, left := range r.LeftOut() {
		fmt.Fprintf(&text, "\nleft out, %s: %d, the first %s", left.Why, len(left.Names), shown(left.Names[0]))
	}
	if two := r.TwoColoured(); len(two) > 0 {
		fmt.Fprintf(&text, "\nhair of two colours, tagged by the larger part: %d, the first %s (%s beside %s)",
			len(two), shown(two[0].Picture), two[0].Colour, two[0].Second)
	}
	for _, places := range []struct {
		are   string
		names []string
	}{
		{"places look a little like a face and were not taken", r.Perhaps()},
		{"places look like one eye of a face, without the other, and were not taken", r.OneEyed()},
	} {
		if n := len(places.names); n > 0 {
			fmt.Fprintf(&text, "\n%s: %d, the first in %s", places.are, n, shown(places.names[0]))
		}
	}
	if down := r.UpsideDown(); len(down) > 0 {
		fmt.Fprintf(&text, "\nseem to lie upside down: %d, the first %s; if so, turn them", len(down), shown(down[0]))
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(&text, "\n%d of %d pictures could be read", len(r.Pictures), len(r.Pictures)+len(r.Bad))
	}
	var broken []error
	for _, bad := range r.Bad {
		broken = append(broken, bad)
	}
	for _, errs := range [][]error{broken, r.BadTags} {
		for _, bad := range errs[:min(len(errs), mostNamed)] {
			fmt.Fprintf(&text, "\nbroken: %v", bad)
		}
		if more := len(errs) - mostNamed; more > 0 {
			fmt.Fprintf(&text, "\n… and %d more like that", more)
		}
	}
	if n := len(r.SilentTags); n > 0 {
		fmt.Fprintf(&text, "\nfiles of tags without a hair colour or an attribute: %d, the first %s",
			n, shown(r.SilentTags[0]))
	}
	switch n := len(r.Missing); n {
	case 0:
	case 1:
		fmt.Fprintf(&text, "\n%s names a file that is not there: %s", labelsFile, shown(r.Missing[0]))
	default:
		fmt.Fprintf(&text, "\n%s names %d files that are not there, the first %s", labelsFile, n, shown(r.Missing[0]))
	}
	if r.KeptLabels != "" {
		fmt.Fprintf(&text, "\n%s was changed by hand, and is written anew: the old one is kept as %s; to correct a colour "+
			"for good, name the picture in %s", labelsFile, shown(r.KeptLabels), shown(filepath.Join(r.From, labelsFile)))
	}
	if n := len(r.KeptPortraits); n > 0 {
		fmt.Fprintf(&text, "\nportraits that were changed by hand or damaged, and are made anew: %d, the first kept as %s",
			n, shown(r.KeptPortraits[0]))
	}
	return text.String()
}

// shown is a name as it may be printed.
func shown(name string) string { return textfile.Shown(name) }

// mostNamed is how many broken files a summary names.
const mostNamed = 10

// labels is labels.csv: file, colour and attributes, as [dataset.OpenFolder] reads them, and where each portrait comes
// from.
func (r *Report) labels() ([]byte, error) {
	rows := [][]string{{"file", "colour", "picture", "left", "top", "right", "bottom", "by"}}
	rows[0] = append(rows[0], attributeNames()...)
	for _, colour := range dataset.HairColours() {
		for _, p := range r.Portraits(colour) {
			row := []string{p.File, p.Colour, filepath.ToSlash(p.Picture)}
			for _, side := range p.Box {
				row = append(row, strconv.Itoa(side))
			}
			rows = append(rows, append(append(row, p.By), p.attributeValues()...))
		}
	}
	var text bytes.Buffer
	err := csv.NewWriter(&text).WriteAll(rows)
	return text.Bytes(), err
}

// attributeNames returns the columns of labels.csv for [dataset.Attributes].
func attributeNames() (names []string) {
	for _, attribute := range dataset.Attributes() {
		names = append(names, attribute.Name)
	}
	return names
}

// attributeValues returns what these columns hold for a face; unknown ones are empty.
func (f Face) attributeValues() (values []string) {
	for _, name := range attributeNames() {
		values = append(values, f.Attributes[name])
	}
	return values
}

// writeRows writes a table as CSV.
func writeRows(path string, rows [][]string) error {
	return atomicfile.Write(path, func(file *os.File) error { return csv.NewWriter(file).WriteAll(rows) })
}

//go:embed report.html
var page string

var pageTemplate = template.Must(
	template.New("report").Funcs(template.FuncMap{"colours": dataset.HairColours}).Parse(page))

// pageFile is the report as a page for a person, in the folder of the portraits that it shows.
const pageFile = "report.html"

func (r *Report) writePage(out string) error {
	return atomicfile.Write(filepath.Join(out, pageFile), func(file *os.File) error { return r.writeHTML(file) })
}

func (r *Report) writeHTML(to io.Writer) error {
	if err := pageTemplate.Execute(to, r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
