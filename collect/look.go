package collect

import (
	"cmp"
	"image"
	"image/color"
	"math"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/cielab"
	"github.com/moelab/moelab/internal/imaging"
)

// impression is the result of [look]. Distances are in CIELAB, with L in [0, 100].
type impression struct {
	// Colour is the nearest of the nine, unless Other is set: then the hair is nearer to a colour of that name.
	Colour portrait.Colour
	Other  string
	// Second is the name of a second colour of the hair, if it has one. The first has the larger part.
	Second string
	// Distance is how far the hair is from a colour, or the nearest shade of it.
	Distance float64
	// Grey reports whether the whole picture has no colours.
	Grey bool
	// Hair is how much of what frames the face is of one colour, in [0, 1]; the rest is skin, white, or other things.
	Hair float64
}

const (
	// lightnessWeight is the weight of a difference in lightness compared with one in hue or chroma: light and shade on
	// hair change the former more.
	lightnessWeight = 0.6
	// farthest is the Distance beyond which hair has none of the nine colours.
	farthest = 32
	// likeSkin is how near to the colour below the eyes a forehead must be, and likeShade a forehead in the shade of hair.
	likeSkin, likeShade = 10, 16
	// leastHair is the Hair that there must be.
	leastHair = 0.1
)

// verdict reports whether the hair has one of the nine colours and, if not, why.
func (i impression) verdict() (why string, ok bool) {
	switch {
	case i.Grey:
		return "a picture without colours", false
	case i.Hair < leastHair:
		return "no hair where it should be", false
	case i.Other != "":
		return i.Other + " hair, which is none of the nine colours", false
	case i.Distance > farthest:
		return "hair of none of the nine colours", false
	}
	return "", true
}

// look measures the hair colour of a portrait: that of the material that frames the face, whatever is worn above it.
// The head is taken to fill the centred square of the picture, as in the drawn portraits and in those that [Import]
// cuts out.
func look(picture *image.RGBA) impression {
	seen := impression{Distance: math.Inf(1), Grey: imaging.IsGrey(picture)}
	about := materials(picture)
	if len(about) == 0 {
		return seen
	}
	hair := about[0]
	seen.Hair = hair.votes / allVotes
	seen.Colour, seen.Other, seen.Distance = nearest(hair.colour)
	for _, second := range about[1:] {
		colour, other, _ := nearest(second.colour)
		if hair.sharesHeadWith(second) && (colour != seen.Colour || other != seen.Other) {
			seen.Second = cmp.Or(other, colour.String())
			break
		}
	}
	return seen
}

// nearest returns which of the nine colours is nearest to that of hair, the name of another that is nearer still, if
// any, and the distance.
func nearest(hair lab) (colour portrait.Colour, other string, distance float64) {
	distance = math.Inf(1)
	for _, c := range portrait.Colours() {
		if d := hair.toNearest(append(shades[c], c.RGB())); d < distance {
			colour, distance = c, d
		}
	}
	for name, colours := range others {
		if d := hair.toNearest(colours); d < distance {
			other, distance = name, d
		}
	}
	return colour, other, distance
}

// shades are lighter and darker hair of the classes, in addition to their typical colours: pale pink would else be
// nearer to silver, and dark red to brown.
var shades = map[portrait.Colour][]color.RGBA{
	portrait.Blonde: {rgb(0xfaeec8), rgb(0xcda555)},
	portrait.Brown:  {rgb(0xaf825f), rgb(0x503226)},
	portrait.Black:  {rgb(0x19191e), rgb(0x282c3c)},
	portrait.Blue:   {rgb(0x96c3f5), rgb(0xc3daf6), rgb(0x2d468c)},
	portrait.Pink:   {rgb(0xfad7e4), rgb(0xe06496)},
	portrait.Purple: {rgb(0xc8b4e6), rgb(0x50326e)},
	portrait.Green:  {rgb(0xa0d796), rgb(0x285a3c)},
	portrait.Red:    {rgb(0xe65a52), rgb(0x781923)},
	portrait.Silver: {rgb(0xebecf0), rgb(0x96989f)},
}

// others are colours of hair that are none of the nine, in their shades.
var others = map[string][]color.RGBA{
	"orange": {rgb(0xf08c28), rgb(0xf5aa6e), rgb(0xd2641e)},
	"aqua":   {rgb(0x46d2d2), rgb(0x96e1e1), rgb(0x28969b)},
	"lime":   {rgb(0x96fa14)},
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

// part returns a part of the centred square of a picture, given in 64ths of it.
func part(bounds image.Rectangle, x0, y0, x1, y1 int) image.Rectangle {
	square := imaging.CentredSquare(bounds)
	at := func(v int) int { return v * square.Dx() / 64 }
	return image.Rect(at(x0), at(y0), at(x1), at(y1)).Add(square.Min)
}

// lab is a colour in CIELAB, with L in [0, 100].
type lab [3]float64

func (c lab) distance(other lab) float64 {
	return math.Hypot(lightnessWeight*(c[0]-other[0]), math.Hypot(c[1]-other[1], c[2]-other[2]))
}

// toNearest returns the distance to the nearest of some colours.
func (c lab) toNearest(colours []color.RGBA) float64 {
	nearest := math.Inf(1)
	for _, other := range colours {
		nearest = min(nearest, c.distance(cielab.Of(other)))
	}
	return nearest
}

// white reports whether a colour is that of an empty background.
func (c lab) white() bool { return c[0] > 94 && math.Hypot(c[1], c[2]) < 6 }

// samplesPerSide is how many rows and columns of a region are sampled: more would add nothing.
const samplesPerSide = 24

// coloursIn samples the colours of a region.
func coloursIn(picture *image.RGBA, region image.Rectangle) (colours []lab) {
	rows, columns := min(region.Dy(), samplesPerSide), min(region.Dx(), samplesPerSide)
	for i := range rows {
		for j := range columns {
			c := picture.RGBAAt(region.Min.X+j*region.Dx()/columns, region.Min.Y+i*region.Dy()/rows)
			colours = append(colours, cielab.Of(c))
		}
	}
	return colours
}
