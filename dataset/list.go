package dataset

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/textfile"
)

// labelsFile may list the pictures of a folder with their labels.
const labelsFile = "labels.csv"

// listing is the content of a folder, before anything is decoded.
type listing struct {
	classes        []string
	entries        []entry // Ordered by path, or as in labels.csv.
	unknownFolders []string
	unlisted       int
}

// list finds the labelled pictures of dir. Nil known classes allow any name.
func list(ctx context.Context, dir string, known []string, attributes []Attribute) (*listing, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, imaging.WithoutPath(err)
	} else if !info.IsDir() {
		return nil, errors.New("it is not a folder")
	}
	labels, err := os.Open(filepath.Join(dir, labelsFile))
	if errors.Is(err, fs.ErrNotExist) {
		if len(attributes) > 0 {
			return nil, fmt.Errorf("there is no %s in it to give the %s", labelsFile, attributes[0].Name)
		}
		return listFolders(ctx, dir, known)
	}
	if err != nil {
		return nil, err
	}
	defer labels.Close()
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
	loose := 0
	for _, child := range children {
		name := child.Name()
		if hidden(name) {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Stat(path) // Through a symbolic link.
		if err != nil || !info.IsDir() {
			if imaging.HasExtension(name) {
				loose++
			}
			continue
		}
		pictures, err := picturesBelow(ctx, dir, path)
		if err != nil {
			return nil, err
		}
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
	case len(found.unknownFolders) > 0:
		return nil, fmt.Errorf("its folders (%s) are none of the classes (%s)",
			strings.Join(found.unknownFolders, ", "), strings.Join(known, ", "))
	case loose > 0:
		return nil, fmt.Errorf("it has %s but no folders named after classes: %s", count(loose, "picture"), expect)
	default:
		return nil, fmt.Errorf("there are no pictures in it: %s", expect)
	}
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

// picturesBelow returns the picture files below path, a folder in dir, unless it leads back to dir.
func picturesBelow(ctx context.Context, dir, path string) ([]string, error) {
	inside, err := leadsBackTo(dir, path)
	if err != nil || inside {
		return nil, err
	}
	return walkPictures(ctx, path)
}

// walkPictures returns the picture files below path, in order. Links to files are followed, and path itself may be a
// link to a folder, but links to folders below it are not followed, so that there are no loops.
func walkPictures(ctx context.Context, path string) ([]string, error) {
	var pictures []string
	// The slash makes WalkDir follow path itself.
	err := filepath.WalkDir(path+string(filepath.Separator), func(file string, child fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case file != path+string(filepath.Separator) && hidden(child.Name()):
			if child.IsDir() {
				return fs.SkipDir
			}
		case !child.IsDir() && imaging.HasExtension(child.Name()):
			pictures = append(pictures, filepath.Clean(file))
		}
		return nil
	})
	return pictures, err
}

// leadsBackTo reports whether path is a link to dir or to a folder above it.
func leadsBackTo(dir, path string) (bool, error) {
	from, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false, err
	}
	to, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	below, err := filepath.Rel(to, from)
	return err == nil && filepath.IsLocal(below), nil
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
// if there are any; others are ignored. Files outside the folder, listed twice or without a class are errors, which
// name the line.
func ReadLabels(path string) ([]Labelled, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	labels, err := readLabels(file, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return labels, nil
}

// readLabels reads a labels.csv, which must have a column for each required attribute.
func readLabels(labels io.Reader, wanted []Attribute) (found []Labelled, err error) {
	in := csv.NewReader(textfile.NewReader(labels))
	in.FieldsPerRecord = -1
	in.TrimLeadingSpace = true // As in "file, colour". A name that begins with a space is written in quotes, and keeps it.
	header, err := in.Read()
	if err == io.EOF {
		return nil, errors.New("it is empty: the first line must name the columns file and colour")
	}
	if err != nil {
		return nil, err
	}
	fileColumn, classColumn := column(header, "file"), column(header, "colour", "color", "class")
	if fileColumn < 0 || classColumn < 0 {
		return nil, fmt.Errorf("its columns are %s: it needs file and colour", strings.Join(header, ", "))
	}
	attributes := map[string]int{} // Column by attribute.
	for _, attribute := range Attributes() {
		if at := column(header, attribute.Name); at >= 0 {
			attributes[attribute.Name] = at
		}
	}
	for _, attribute := range wanted {
		if _, ok := attributes[attribute.Name]; !ok {
			return nil, fmt.Errorf("its columns are %s: it needs %s", strings.Join(header, ", "), attribute.Name)
		}
	}
	listed := map[string]bool{}
	for {
		record, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		if len(record) <= max(fileColumn, classColumn) {
			return nil, fmt.Errorf("line %d has %d columns: too few", line, len(record))
		}
		named := strings.TrimRight(record[fileColumn], " \t")
		file, class := filepath.Clean(filepath.FromSlash(named)), strings.TrimSpace(record[classColumn])
		if class == "" {
			return nil, fmt.Errorf("line %d: %s has no class", line, record[fileColumn])
		}
		if !filepath.IsLocal(file) || file == "." {
			return nil, fmt.Errorf("line %d: %q is not in the folder", line, record[fileColumn])
		}
		if listed[file] {
			return nil, fmt.Errorf("line %d: %s is listed a second time", line, record[fileColumn])
		}
		listed[file] = true
		labelled := Labelled{File: file, Class: class, Attributes: map[string]string{}, line: line}
		for name, at := range attributes {
			if at < len(record) && strings.TrimSpace(record[at]) != "" {
				labelled.Attributes[name] = strings.ToLower(strings.TrimSpace(record[at]))
			}
		}
		found = append(found, labelled)
	}
	if len(found) == 0 {
		return nil, errors.New("it lists no pictures")
	}
	return found, nil
}

// listLabels takes the pictures that a labels.csv lists. A missing file shows when it is decoded.
func listLabels(
	ctx context.Context, labels io.Reader, dir string, known []string, attributes []Attribute,
) (*listing, error) {
	lines, err := readLabels(labels, attributes)
	if err != nil {
		return nil, err
	}
	found := &listing{classes: known}
	listed := map[string]bool{}
	for _, l := range lines {
		path := filepath.Join(dir, l.File)
		listed[path] = true
		label := found.label(l.Class, known == nil)
		if label < 0 {
			return nil, fmt.Errorf("line %d: unknown class %q; known are %s", l.line, l.Class, strings.Join(known, ", "))
		}
		made := entry{path, []int{label}}
		for _, attribute := range attributes {
			made.labels = append(made.labels, slices.Index(attribute.Classes, l.Attributes[attribute.Name]))
		}
		found.entries = append(found.entries, made)
	}
	found.sortClasses(known)
	return found, found.countUnlisted(ctx, dir, listed)
}

func column(header []string, names ...string) int {
	return slices.IndexFunc(header, func(title string) bool {
		return slices.Contains(names, strings.ToLower(strings.TrimSpace(title)))
	})
}

func (l *listing) countUnlisted(ctx context.Context, dir string, listed map[string]bool) error {
	return filepath.WalkDir(dir, func(file string, child fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if !child.IsDir() && !hidden(child.Name()) && imaging.HasExtension(child.Name()) && !listed[file] {
			l.unlisted++
		}
		return nil
	})
}
