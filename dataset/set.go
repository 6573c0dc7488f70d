package dataset

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
)

// Set is a set of labelled pictures that can be read in any order, from many goroutines at once.
type Set interface {
	// Len is the number of pictures.
	Len() int
	// Labels are the attributes of the pictures. The first is their class: the [Colour] of the hair.
	Labels() []Attribute
	// Label is the class of picture i for attribute a of Labels: an index into its Classes, or -1 if unknown, which the
	// first never is. i is in [0, Len()).
	Label(i, a int) int
	// Name identifies picture i: its file, or the number of a drawn one.
	Name(i int) string
	// Picture reads picture i, cropped to its centred square and resized to size × size pixels, opaque sRGB. The caller
	// may change the result. The error names the picture.
	Picture(ctx context.Context, i, size int) (*image.RGBA, error)
}

// Classes are the names of the classes of a set, in the order of their labels.
func Classes(set Set) []string { return set.Labels()[0].Classes }

// HairColours are the hair colours that moelab draws, in the order of their labels.
func HairColours() []string {
	names := make([]string, 0, len(portrait.Colours()))
	for _, colour := range portrait.Colours() {
		names = append(names, colour.String())
	}
	return names
}

// Drawn is the set of the first n portraits of a seed with some hair colours, or the article's nine if none are named.
// Each is drawn when it is read; nothing is kept. The classes differ in size by one picture at most; the attributes are
// [Attributes].
func Drawn(seed uint64, n int, colours ...portrait.Colour) Set {
	return DrawnWithHats(seed, n, 0, colours...)
}

// DrawnWithHats is [Drawn] with hats and the like on a share of the portraits, as [DrawWithHats] draws them.
func DrawnWithHats(seed uint64, n int, share float64, colours ...portrait.Colour) Set {
	if len(colours) == 0 {
		colours = portrait.ArticleColours()
	}
	classes := make([]string, len(colours))
	for i, colour := range colours {
		classes[i] = colour.String()
	}
	labels := append([]Attribute{{Colour, classes}}, Attributes()...)
	return drawn{seed: seed, n: n, hats: share, colours: colours, labels: labels}
}

type drawn struct {
	seed    uint64
	n       int
	hats    float64 // The share with hats.
	colours []portrait.Colour
	labels  []Attribute
}

func (d drawn) Len() int            { return d.n }
func (d drawn) Labels() []Attribute { return d.labels }
func (d drawn) Name(i int) string   { return fmt.Sprintf("portrait %d of seed %d", i, d.seed) }

// at returns the parameters of portrait i.
func (d drawn) at(i int) portrait.Params { return portrait.AtDressed(d.seed, i, d.hats, d.colours...) }

func (d drawn) Label(i, a int) int {
	return slices.Index(d.labels[a].Classes, attributeOf(d.at(i), d.labels[a].Name))
}

func (d drawn) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name(i), err)
	}
	return d.at(i).Draw(size), nil
}
