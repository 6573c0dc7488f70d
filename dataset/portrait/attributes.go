package portrait

import (
	"image/color"
	"math"
)

// eyeColour is a class of eye colours, and the irises that it is drawn with.
type eyeColour struct {
	name   string
	irises []color.RGBA
}

// eyeColours are the classes of the irises that portraits have. A natural one strays, so that its class is that of the nearest of these.
var eyeColours = [...]eyeColour{
	{"blue", []color.RGBA{rgb(0x3f7fd0), rgb(0x2f9fc0)}},
	{"green", []color.RGBA{rgb(0x3aa878), rgb(0x7a9a30)}},
	{"yellow", []color.RGBA{rgb(0xc89020)}},
	{"brown", []color.RGBA{rgb(0x9a5a30)}},
	{"red", []color.RGBA{rgb(0xc04848)}},
	{"purple", []color.RGBA{rgb(0x9a58b8)}},
	{"pink", []color.RGBA{rgb(0xd06a9a)}},
	{"grey", []color.RGBA{rgb(0x5a6078)}},
}

// The lengths and the styles of hair, as it is seen from the front: tied up it counts as short.
const (
	short  = "short"
	medium = "medium"
	long   = "long"

	loose     = "loose"
	twinTails = "twintails"
	ponytail  = "ponytail"
	buns      = "buns"
)

// EyeColours are the classes of [Params.EyeColour].
func EyeColours() []string {
	names := make([]string, len(eyeColours))
	for i, class := range eyeColours {
		names[i] = class.name
	}
	return names
}

// HairLengths are the classes of [Params.HairLength].
func HairLengths() []string { return []string{short, medium, long} }

// HairStyles are the classes of [Params.HairStyle].
func HairStyles() []string { return []string{loose, twinTails, ponytail, buns} }

// EyeColour is the class of the iris: that of the nearest one that portraits are drawn with, in CIELAB (CIE76).
func (p Params) EyeColour() string {
	best, least := "", math.Inf(1)
	for _, class := range eyeColours {
		for _, iris := range class.irises {
			if d := toColorful(p.Iris).DistanceLab(toColorful(iris)); d < least {
				best, least = class.name, d
			}
		}
	}
	return best
}

// HairLength is how long the hair is at the back.
func (p Params) HairLength() string { return choose(backs[:], int(p.Back)).length }

// HairStyle is whether and how the hair is tied.
func (p Params) HairStyle() string { return choose(backs[:], int(p.Back)).style }
