package tag

import (
	"image"
	"math"
	"slices"

	"github.com/lucasb-eyer/go-colorful"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
)

// Impression is what [Look] sees. Distances are in CIELAB, with L in [0, 100].
type Impression struct {
	// Colour is the nearest of the nine.
	Colour portrait.Colour
	// Distance is how far the hair is from the typical colour of that class.
	Distance float64
	// Hair is how much of the region was taken for hair, in [0, 1]; the rest is white background.
	Hair float64
}

const (
	// lightnessWeight is how much a difference in lightness counts beside one in hue or chroma: light and shade on hair change the first more.
	lightnessWeight = 0.6
	// farthest is the Distance beyond which hair has none of the nine colours. Orange and aqua hair is farther.
	farthest = 32
	// leastHair is how much of the region must not be white.
	leastHair = 0.1
)

// Found says whether the hair has one of the nine colours. If not, why says the reason.
func (i Impression) Found() (why string, ok bool) {
	switch {
	case i.Hair < leastHair:
		return "no hair where it should be", false
	case i.Distance > farthest:
		return "hair of none of the nine colours", false
	}
	return "", true
}

// Look measures the hair colour of a portrait: the median colour above the forehead, where nearly every hair style has hair. The head is taken to fill the
// centred square of the picture, as in the drawn portraits and in what moelab data import cuts out.
func Look(picture *image.RGBA) Impression {
	hair := hairIn(picture, crown(picture.Rect))
	if len(hair.colours) == 0 {
		return Impression{}
	}
	seen := Impression{Distance: math.Inf(1), Hair: float64(len(hair.colours)) / float64(hair.pixels)}
	middle := hair.median()
	for _, colour := range portrait.Colours() {
		if d := middle.distance(labOf(toColorful(colour.RGB().R, colour.RGB().G, colour.RGB().B))); d < seen.Distance {
			seen.Colour, seen.Distance = colour, d
		}
	}
	return seen
}

// crown is the region above the forehead: as wide as the skull, from its top to the middle of the fringe. In 64ths of the square, as in the drawn portraits.
func crown(bounds image.Rectangle) image.Rectangle {
	square := dataset.CentredSquare(bounds)
	if square.Empty() {
		return square
	}
	at := func(v int) int { return v * square.Dx() / 64 }
	return image.Rect(at(14), at(4), max(at(50), 1), max(at(24), 1)).Add(square.Min)
}

// lab is a colour in CIELAB, with L in [0, 100].
type lab [3]float64

func toColorful(r, g, b uint8) colorful.Color {
	return colorful.Color{R: float64(r) / 255, G: float64(g) / 255, B: float64(b) / 255}
}

func labOf(c colorful.Color) lab {
	l, a, b := c.Lab()
	return lab{100 * l, 100 * a, 100 * b}
}

func (c lab) distance(other lab) float64 {
	return math.Hypot(lightnessWeight*(c[0]-other[0]), math.Hypot(c[1]-other[1], c[2]-other[2]))
}

// white says whether a colour is that of an empty background.
func (c lab) white() bool { return c[0] > 94 && math.Hypot(c[1], c[2]) < 6 }

// hair is the colours of a region that are not white.
type hair struct {
	colours []lab
	pixels  int
}

// looked is how many rows and columns of a region are looked at: more tell nothing new.
const looked = 40

func hairIn(picture *image.RGBA, region image.Rectangle) (found hair) {
	if region.Empty() {
		return found
	}
	rows, columns := min(region.Dy(), looked), min(region.Dx(), looked)
	for i := range rows {
		for j := range columns {
			c := picture.RGBAAt(region.Min.X+j*region.Dx()/columns, region.Min.Y+i*region.Dy()/rows)
			if colour := labOf(toColorful(c.R, c.G, c.B)); !colour.white() {
				found.colours = append(found.colours, colour)
			}
		}
	}
	found.pixels = rows * columns
	return found
}

// median is the median of each coordinate: locks' outlines and highlights do not move it.
func (h hair) median() (middle lab) {
	values := make([]float64, len(h.colours))
	for axis := range middle {
		for i, colour := range h.colours {
			values[i] = colour[axis]
		}
		slices.Sort(values)
		middle[axis] = values[len(values)/2]
	}
	return middle
}
