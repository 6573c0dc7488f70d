package dataset

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
)

// Set is labelled pictures that can be read in any order, from many goroutines at once.
type Set interface {
	// Len is the number of pictures.
	Len() int
	// Classes are the names of the classes, in the order of their labels.
	Classes() []string
	// Label is the class of picture i: an index into Classes. i is in [0, Len()).
	Label(i int) int
	// Attributes are what is known of the pictures beside their class, or nothing.
	Attributes() []Attribute
	// Attribute is the class of attribute a of picture i, an index into its Classes, or -1 where it is not known.
	Attribute(i, a int) int
	// Name says which picture i is: its file, or which drawn one.
	Name(i int) string
	// Picture reads picture i, cropped to its centred square and resized to size × size pixels, opaque sRGB.
	// The caller may change what it gets. The error names the picture.
	Picture(ctx context.Context, i, size int) (*image.RGBA, error)
}

// HairColours are the nine hair colours of the drawn portraits, in the order of their labels.
func HairColours() []string {
	names := make([]string, 0, len(portrait.Colours()))
	for _, colour := range portrait.Colours() {
		names = append(names, colour.String())
	}
	return names
}

// Drawn is the set of the first n portraits of a seed. Each is drawn when it is read; nothing is kept.
// Its classes are [HairColours], and their numbers of pictures differ by one at most; its attributes are [Attributes].
func Drawn(seed uint64, n int) Set {
	return drawn{seed: seed, n: n, classes: HairColours()}
}

type drawn struct {
	seed    uint64
	n       int
	classes []string
}

func (d drawn) Len() int                { return d.n }
func (d drawn) Classes() []string       { return d.classes }
func (d drawn) Label(i int) int         { return int(portrait.At(d.seed, i).Colour) }
func (d drawn) Attributes() []Attribute { return Attributes() }
func (d drawn) Name(i int) string       { return fmt.Sprintf("portrait %d of seed %d", i, d.seed) }

func (d drawn) Attribute(i, a int) int {
	attribute := Attributes()[a]
	return slices.Index(attribute.Classes, attributeOf(portrait.At(d.seed, i), attribute.Name))
}

func (d drawn) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name(i), err)
	}
	return portrait.At(d.seed, i).Draw(size), nil
}
