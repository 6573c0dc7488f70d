package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/realpath"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
	"golang.org/x/text/unicode/norm"
)

// labelsFile may list the pictures of a folder with their labels.
const labelsFile = "labels.csv"

// listing is the content of a folder, before anything is decoded.
type listing struct {
	classes        []string
	entries        []entry // Ordered by path, or as in labels.csv.
	unknownFolders []string
	unlisted       int
	loose          int     // Pictures beside the folders of the classes.
	wrong          []error // Lines of labels.csv that were left out.
	bad            []Bad   // Folders that cannot be read.
}

// list finds the labelled pictures of dir. Nil known classes allow any name.
func list(ctx context.Context, dir string, known []string, attributes []Attribute) (*listing, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, imaging.WithoutPath(err)
	} else if !info.IsDir() {
		return nil, errors.New("it is not a folder")
	}
	labels, err := regularfile.Read(filepath.Join(dir, labelsFile), regularfile.List)
	if errors.Is(err, fs.ErrNotExist) {
		if len(attributes) > 0 {
			return nil, fmt.Errorf("there is no %s in it to give the %s", labelsFile, attributes[0].Name)
		}
		return listFolders(ctx, dir, known)
	}
	if err != nil {
		return nil, err
	}
	found, err := listLabels(ctx, labels, dir, known, attributes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", labelsFile, err)
	}
	return found, nil
}

// listFolders takes the pictures below dir/C as those of class C.
func listFolders(ctx context.Context, dir string, known []string) (*listing, error) {
	children, err := os.ReadDir(dir)
	if err != nil {
		return nil, imaging.WithoutPath(err)
	}
	found := &listing{classes: known}
	var links realpath.Links
	defer links.Warn()
	for _, child := range children {
		name := child.Name()
		if hidden(name) {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Stat(path) // Through a symbolic link.
		if err != nil || !info.IsDir() {
			if imaging.HasExtension(name) {
				found.loose++
			}
			continue
		}
		pictures, bad, err := picturesBelow(ctx, dir, path, &links)
		if err != nil {
			return nil, err
		}
		found.bad = append(found.bad, bad...)
		if len(pictures) == 0 {
			continue
		}
		label := found.label(name, known == nil)
		if label < 0 {
			found.unknownFolders = append(found.unknownFolders, name)
			continue
		}
		for _, path := range pictures {
			found.entries = append(found.entries, entry{path, []int{label}})
		}
	}
	if len(found.entries) > 0 {
		return found, nil
	}
	expect := fmt.Sprintf("put them at %s, or name them in %s", filepath.Join(dir, exampleClass(known), "….png"),
		filepath.Join(dir, labelsFile))
	switch {
	case len(found.bad) > 0:
		return nil, fmt.Errorf("there are no pictures in it that can be read: %w", found.bad[0])
	case len(found.unknownFolders) > 0:
		return nil, fmt.Errorf("its folders (%s) are none of the classes (%s)",
			shownNames(found.unknownFolders), strings.Join(known, ", "))
	case found.loose > 0:
		return nil, fmt.Errorf("it has %s but no folders named after classes: %s", count(found.loose, "picture"), expect)
	default:
		return nil, fmt.Errorf("there are no pictures in it: %s", expect)
	}
}

// shownNames lists names as they may be printed.
func shownNames(names []string) string {
	var shown []string
	for _, name := range names {
		shown = append(shown, textfile.Shown(name))
	}
	return strings.Join(shown, ", ")
}

func exampleClass(known []string) string {
	if len(known) == 0 {
		return "CLASS"
	}
	return known[0]
}

// label returns the label of a class, -1 if it is unknown: neither its name nor another one for a hair colour, such as
// "blonde_hair" or "gray". A new name is added if that is allowed.
func (l *listing) label(class string, allowNew bool) int {
	labelOf := func(name string) int {
		return slices.IndexFunc(l.classes, func(known string) bool { return strings.EqualFold(known, name) })
	}
	label := labelOf(class)
	switch {
	case label >= 0:
	case allowNew:
		l.classes = append(l.classes, class)
		return len(l.classes) - 1
	default:
		if colour, ok := portrait.ColourNamed(class); ok {
			label = labelOf(colour.String())
		}
	}
	return label
}

// sortClasses sorts the classes alphabetically if they were found rather than known.
func (l *listing) sortClasses(known []string) {
	if known != nil {
		return
	}
	sorted := slices.Sorted(slices.Values(l.classes))
	for i, e := range l.entries {
		l.entries[i].labels[0] = slices.Index(sorted, l.classes[e.labels[0]])
	}
	l.classes = sorted
}

// picturesBelow returns the picture files below path, a folder in dir, unless it leads back to dir. Folders that cannot
// be read are bad.
func picturesBelow(
	ctx context.Context, dir, path string, links *realpath.Links,
) (pictures []string, bad []Bad, err error) {
	back, err := realpath.Contains(path, dir)
	if err != nil {
		return nil, []Bad{unreadable(path, err)}, nil
	}
	if back {
		return nil, nil, nil
	}
	pictures, bad, err = walkPictures(ctx, path, links)
	if err != nil && ctx.Err() == nil {
		return nil, append(bad, unreadable(path, err)), nil
	}
	return pictures, bad, err
}

// walkPictures returns the picture files below path, in order. Links to files are followed, and path itself may be a
// link to a folder, but links to folders below it are not followed, so that there are no loops: links takes notes of
// them. Folders below it that cannot be read are bad.
func walkPictures(
	ctx context.Context, path string, links *realpath.Links,
) (pictures []string, bad []Bad, err error) {
	root := filepath.Clean(path) + string(filepath.Separator) // The slash makes WalkDir follow path itself.
	err = filepath.WalkDir(root, func(file string, child fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && file == root:
			return err
		case err != nil:
			bad = append(bad, unreadable(file, err))
		case file != root && hidden(child.Name()):
			if child.IsDir() {
				return fs.SkipDir
			}
		case !child.IsDir() && imaging.HasExtension(child.Name()):
			pictures = append(pictures, filepath.Clean(file))
		default:
			links.Note(filepath.Clean(file), child)
		}
		return nil
	})
	return pictures, bad, err
}

// hidden files are the system's own: .DS_Store, ._picture.png.
func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// Labelled is a line of a labels.csv.
type Labelled struct {
	// File is the picture's path relative to the folder of labels.csv, in the system's own form. It need not exist.
	File string
	// Class is its class, as written.
	Class string

	// Attributes are the values of the columns named like [Attributes], if any, by name.
	Attributes map[string]string

	line int
}

// ReadLabels reads a labels.csv: a line for each picture, with the columns file and colour, and those of [Attributes]
// if there are any; others are ignored. Commas, semicolons or tabs separate the columns. Lines of files outside the
// folder, of files listed before with different labels, or without a class are left out: wrong has an error for each,
// which names the line.
func ReadLabels(path string) (labels []Labelled, wrong []error, err error) {
	data, err := regularfile.Read(path, regularfile.List)
	if err != nil {
		return nil, nil, err
	}
	labels, wrong, err = readLabels(data, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return labels, wrong, nil
}

// WrongLines sums up the lines of a labels.csv that were left out: it counts them, and names the first.
func WrongLines(wrong []error) string {
	const named = 3
	var said []string
	for _, err := range wrong[:min(named, len(wrong))] {
		said = append(said, err.Error())
	}
	if more := len(wrong) - named; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%s of %s left out: %s", count(len(wrong), "line"), labelsFile, strings.Join(said, "; "))
}

// readLabels reads a labels.csv, which must have a column for each required attribute. See [ReadLabels].
func readLabels(data []byte, wanted []Attribute) (found []Labelled, wrong []error, err error) {
	columns := func(header []string) (file, class int) {
		return column(header, "file"), column(header, "colour", "color", "class")
	}
	rows, err := readTable(data, func(header []string) bool {
		file, class := columns(header)
		return file >= 0 && class >= 0
	})
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("it is empty: the first line must name the columns file and colour")
	}
	header := rows[0].fields
	fileColumn, classColumn := columns(header)
	lacks := func(what string) error {
		return fmt.Errorf("its columns are %s: it needs %s", textfile.Excerpt(strings.Join(header, ", ")), what)
	}
	if fileColumn < 0 || classColumn < 0 {
		return nil, nil, lacks("file and colour")
	}
	attributes := map[string]int{} // Column by attribute.
	for _, attribute := range Attributes() {
		if at := column(header, attribute.Name); at >= 0 {
			attributes[attribute.Name] = at
		}
	}
	for _, attribute := range wanted {
		if _, ok := attributes[attribute.Name]; !ok {
			return nil, nil, lacks(attribute.Name)
		}
	}
	listed := map[string]Labelled{}
	leaveOut := func(line int, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("line %d"+format, append([]any{line}, args...)...))
	}
	for _, row := range rows[1:] {
		line, record := row.line, row.fields
		if len(record) <= max(fileColumn, classColumn) {
			leaveOut(line, " has %s: too few", count(len(record), "column"))
			continue
		}
		named := record[fileColumn]
		file, class := filepath.Clean(filepath.FromSlash(named)), strings.TrimSpace(record[classColumn])
		if class == "" {
			leaveOut(line, ": %s has no class", textfile.Excerpt(named))
			continue
		}
		if !filepath.IsLocal(file) || file == "." {
			leaveOut(line, ": %s is not in the folder", textfile.Quoted(named))
			continue
		}
		labelled := Labelled{File: file, Class: class, Attributes: map[string]string{}, line: line}
		for name, at := range attributes {
			if at < len(record) && strings.TrimSpace(record[at]) != "" {
				labelled.Attributes[name] = strings.ToLower(strings.TrimSpace(record[at]))
			}
		}
		if before, again := listed[file]; again {
			if before.Class != class || !maps.Equal(before.Attributes, labelled.Attributes) {
				leaveOut(line, ": %s is listed a second time, and line %d says something else of it",
					textfile.Excerpt(named), before.line)
			}
			continue
		}
		listed[file] = labelled
		found = append(found, labelled)
	}
	switch {
	case len(found) > 0:
		return found, wrong, nil
	case len(wrong) > 0:
		return nil, nil, wrong[0]
	default:
		return nil, nil, errors.New("it lists no pictures")
	}
}

// MatchFiles gives lines of a labels.csv the names of the files that they mean, out of those below its folder: one that
// is not among them means the one that differs from it by nothing but case, backslashes for slashes, or how accents are
// encoded, if there is exactly one such file and no other line names it. The lines that are left name no file.
func MatchFiles(lines []Labelled, files []string) (matched, left []Labelled) {
	alike := map[string][]string{}
	free := map[string]bool{}
	for _, file := range files {
		if !free[file] {
			free[file] = true
			alike[likeness(file)] = append(alike[likeness(file)], file)
		}
	}
	var others []Labelled
	for _, line := range lines {
		if free[line.File] {
			delete(free, line.File)
			matched = append(matched, line)
		} else {
			others = append(others, line)
		}
	}
	for _, line := range others {
		if like := alike[likeness(line.File)]; len(like) == 1 && free[like[0]] {
			line.File = like[0]
			delete(free, like[0])
			matched = append(matched, line)
		} else {
			left = append(left, line)
		}
	}
	slices.SortStableFunc(matched, func(a, b Labelled) int { return a.line - b.line })
	return matched, left
}

// likeness is the same for the names of files that people and other systems mix up.
func likeness(file string) string {
	file = path.Clean(strings.ReplaceAll(filepath.ToSlash(file), `\`, "/"))
	return strings.ToLower(norm.NFC.String(file))
}

// listLabels takes the pictures that a labels.csv lists. A missing file shows when it is decoded.
func listLabels(
	ctx context.Context, labels []byte, dir string, known []string, attributes []Attribute,
) (*listing, error) {
	lines, wrong, err := readLabels(labels, attributes)
	if err != nil {
		return nil, err
	}
	found := &listing{classes: known, wrong: wrong}
	below, err := found.picturesIn(ctx, dir)
	if err != nil {
		return nil, err
	}
	matched, left := MatchFiles(lines, below)
	found.unlisted = len(below) - len(matched)
	lines = append(matched, left...) // Those that are left may lie where a link leads.
	slices.SortStableFunc(lines, func(a, b Labelled) int { return a.line - b.line })
	for _, l := range lines {
		label := found.label(l.Class, known == nil)
		if label < 0 {
			found.wrong = append(found.wrong, fmt.Errorf("line %d: unknown class %s; known are %s",
				l.line, textfile.Quoted(l.Class), strings.Join(known, ", ")))
			continue
		}
		made := entry{filepath.Join(dir, l.File), []int{label}}
		for _, attribute := range attributes {
			made.labels = append(made.labels, slices.Index(attribute.Classes, l.Attributes[attribute.Name]))
		}
		found.entries = append(found.entries, made)
	}
	if len(found.entries) == 0 {
		return nil, found.wrong[len(wrong)] // Each line has a class, and none is known.
	}
	found.sortClasses(known)
	return found, nil
}

// picturesIn returns the pictures below dir, whose paths are relative to it.
func (l *listing) picturesIn(ctx context.Context, dir string) (names []string, err error) {
	pictures, bad, err := walkPictures(ctx, dir, nil) // Behind links there may be pictures that are listed.
	if err != nil {
		return nil, imaging.WithoutPath(err)
	}
	l.bad = append(l.bad, bad...)
	for _, picture := range pictures {
		name, err := filepath.Rel(dir, picture)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// unreadable names a folder that cannot be read.
func unreadable(folder string, err error) Bad {
	return Bad{filepath.Clean(folder), fmt.Errorf("the folder cannot be read: %w; allow it, or move it away",
		imaging.WithoutPath(err))}
}

func column(header []string, names ...string) int {
	return slices.IndexFunc(header, func(title string) bool {
		return slices.Contains(names, strings.ToLower(strings.TrimSpace(title)))
	})
}
