package collect

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset"
)

// Tagged holds the hair colours that [Tag] found.
type Tagged struct {
	Report
	// Known is the number of pictures whose hair colour the folder itself says, and Right the number of those of which
	// the sources said the same.
	Known, Right int
	// Mistaken counts what the sources said of the others: "blue, not silver", or "nothing, not silver".
	Mistaken map[string]int
}

// Tag finds the hair colours of the pictures of a folder, each of which shows one face that fills its centred square.
// Nothing is written: see [Tagged.Save].
func Tag(ctx context.Context, dir string, options Options) (*Tagged, error) {
	opened, err := openFolder(ctx, dir, options)
	if err != nil {
		return nil, err // It names the folder.
	}
	tagged, err := opened.tag(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("tag the pictures of %s: %w", dir, err)
	}
	return tagged, nil
}

func (f *folder) tag(ctx context.Context, options Options) (*Tagged, error) {
	own, err := openSources(f.dir, []string{ByFolder}, nil)
	if err != nil {
		return nil, err
	}
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	f.missing = own.match(names) // Also if the folder is not asked: its labels are compared.
	tagged := &Tagged{Report: *f.report(), Mistaken: map[string]int{}}
	if f.sources.wrong == nil { // The folder is not asked.
		if err := tagged.note(own.wrong, options.Strict); err != nil {
			return nil, err
		}
	}
	done := 0
	err = inOrder(ctx, options.Workers, f.pictures.Len(), f.tagOne, func(one tagging) (err error) {
		defer func() {
			if done++; err == nil && options.Progress != nil {
				options.Progress(done, f.pictures.Len())
			}
		}()
		if one.bad != nil {
			return tagged.leaveOut(*one.bad, options.Strict)
		}
		if err := tagged.note(one.badTags, options.Strict); err != nil {
			return err
		}
		tagged.Pictures = append(tagged.Pictures, one.picture)
		known, why, answered := own.ofFolder(one.picture.Name)
		if answered && why == "" { // A label may say orange, which no source could.
			tagged.compare(one.picture.Faces[0], known.String())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tagged, nil
}

// tagging is what was said of a picture.
type tagging struct {
	picture Picture
	badTags error        // What is wrong with the file of tags beside it.
	bad     *dataset.Bad // Set if it cannot be read any more.
}

// tagOne asks about picture n. All of it is the face.
func (f *folder) tagOne(ctx context.Context, n int) (one tagging, err error) {
	name, err := f.name(n)
	if err != nil {
		return one, err
	}
	whole, bad, err := f.whole(ctx, n)
	if err != nil || bad != nil {
		return tagging{bad: bad}, err
	}
	_, one.badTags = f.sources.about(name)
	said, err := f.sources.ask(ctx, name, whole, true)
	if err != nil {
		return one, fmt.Errorf("%s: %w", shown(f.pictures.Name(n)), err)
	}
	face := Face{By: said.by, Why: said.why, Box: sides(whole.Rect)}
	if said.why == "" {
		face.Colour, face.File, face.Attributes = said.colour.String(), filepath.ToSlash(name), said.attributes
		face.Second = said.second
	}
	one.picture = Picture{Name: name, Faces: []Face{face}}
	return one, nil
}

// compare counts whether the colour of a face is the one that its folder says.
func (t *Tagged) compare(face Face, known string) {
	t.Known++
	switch face.Colour {
	case known:
		t.Right++
	case "":
		t.Mistaken["nothing, not "+known]++
	default:
		t.Mistaken[face.Colour+", not "+known]++
	}
}

// Save writes the hair colours as a labels.csv, as [dataset.OpenFolder] reads it. A file that exists is an error unless
// replace is true.
func (t *Tagged) Save(path string, replace bool) error {
	if !replace {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already: name another file, or allow it to be replaced", path)
		}
	}
	rows := [][]string{append([]string{"file", "colour", "by"}, attributeNames()...)}
	for _, picture := range t.Pictures {
		for _, face := range picture.Faces {
			if face.File != "" {
				rows = append(rows, append([]string{face.File, face.Colour, face.By}, face.attributeValues()...))
			}
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return writeRows(path, rows)
}

// String is a summary of a few lines.
func (t *Tagged) String() string {
	var text strings.Builder
	text.WriteString(t.Report.String())
	if t.Known > 0 {
		fmt.Fprintf(&text, "\nas the folder says itself: %d of %d (%.1f %%)",
			t.Right, t.Known, 100*float64(t.Right)/float64(t.Known))
	}
	for _, mistake := range byCount(t.Mistaken) {
		fmt.Fprintf(&text, "\n  %s: %d", mistake, t.Mistaken[mistake])
	}
	return text.String()
}

// byCount returns the keys of a map of numbers, the largest number first.
func byCount(counts map[string]int) []string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b string) int { return counts[b] - counts[a] })
	return keys
}
