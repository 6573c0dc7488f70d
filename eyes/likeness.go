package eyes

import (
	"image"
	"math"
	"slices"

	"github.com/moelab/moelab/internal/cielab"
)

// certainty is how sure it is that a place is a face.
type certainty int

const (
	hardly certainty = iota
	perhaps
	sure
)

// Two eyes are sure if the network's heat for them reaches one of these, and their likeness what goes with it. The
// drawn faces, dark ones with shut eyes too, have at least 0.68 and 0.8, those of other artists 0.31 and 2. The places
// that are none have at most 0.61; of those with more than 0.45 nearly all have less than 1.7.
var pairIsSure = []struct{ heat, likeness float64 }{{0.67, 0.6}, {0.45, 1.9}, {0.3, 2.3}}

// oneIsSure is the same for a face of which one eye is seen.
var oneIsSure = []struct{ heat, likeness float64 }{{0.8, 0.6}, {0.68, 1.7}}

// From these heats on, and this likeness of a single eye, a place may be a face.
const perhapsHeat, perhapsOneHeat, perhapsOneLikeness = 0.3, 0.4, 1.7

// certainty judges a face that was seen at the second look; nil for none is hardly one.
func (f face) certainty(canvas *image.RGBA) certainty {
	if f == nil {
		return hardly
	}
	table, least, leastLikeness := pairIsSure, perhapsHeat, 0.0
	if len(f) == 1 {
		table, least, leastLikeness = oneIsSure, perhapsOneHeat, perhapsOneLikeness
	}
	heat, likeness := f.heat(), f.likeness(canvas)
	for _, enough := range table {
		if heat > enough.heat && likeness > enough.likeness {
			return sure
		}
	}
	if heat > least && likeness >= leastLikeness {
		return perhaps
	}
	return hardly
}

// likeness measures how much the eyes of a face look like eyes, in [0, darkWeight + 1]: how dark lashes and pupils are
// against the skin below them, and how much of them has a colour that is no shade of the skin. The network alone sees
// eyes in studs on leather, in knuckles and in skulls, which are shades of what is around them, and takes a mouth for
// the second eye of a tilted head.
func (f face) likeness(canvas *image.RGBA) float64 {
	first, last := f[0], f[len(f)-1]
	left, _ := first.box.middle()
	right, _ := last.box.middle()
	if len(f) == 1 {
		left, right = first.x0, first.x1
	}
	below := max(first.y1, last.y1)
	skin := cielab.Median(colours(canvas, box{left, below, right, below + 0.3*f.apart()}))
	dark, other := math.Inf(1), math.Inf(1)
	for _, e := range f { // The eye that looks less like one counts.
		var light, off []float64
		for _, c := range colours(canvas, e.box) {
			light = append(light, c[0])
			off = append(off, c.fromShadesOf(skin))
		}
		slices.Sort(light)
		slices.Sort(off)
		dark = min(dark, skin[0]-light[len(light)/20])
		other = min(other, off[len(off)*4/5])
	}
	share := func(v, full float64) float64 { return min(max(v/full, 0), 1) }
	return darkWeight*share(dark, fullyDark) + share(other, fullyOther)
}

const (
	darkWeight = 1.6
	// fullyDark is the difference in lightness between skin and lashes from which on more says nothing, and fullyOther
	// the distance from the shades of the skin. Both are in CIELAB, with L in [0, 100].
	fullyDark, fullyOther = 60, 20
	// samples is the number of rows and columns that are looked at.
	samples = 16
)

// tint is a colour in CIELAB, with L in [0, 100].
type tint [3]float64

// fromShadesOf returns the distance of a colour from the line between black and another colour.
func (c tint) fromShadesOf(other tint) float64 {
	along, length := 0.0, 0.0
	for i := range c {
		along += c[i] * other[i]
		length += other[i] * other[i]
	}
	if length > 0 {
		along /= length
	}
	sum := 0.0
	for i := range c {
		off := c[i] - along*other[i]
		sum += off * off
	}
	return math.Sqrt(sum)
}

// colours samples a part of a picture, whose border continues outside.
func colours(canvas *image.RGBA, part box) []tint {
	all := make([]tint, 0, samples*samples)
	at := func(from, to float64, i, low, high int) int {
		v := int(math.Floor(from + (to-from)*(float64(i)+0.5)/samples))
		return min(max(v, low), high-1)
	}
	for i := range samples {
		y := at(part.y0, part.y1, i, canvas.Rect.Min.Y, canvas.Rect.Max.Y)
		for j := range samples {
			all = append(all, cielab.Of(canvas.RGBAAt(at(part.x0, part.x1, j, canvas.Rect.Min.X, canvas.Rect.Max.X), y)))
		}
	}
	return all
}
