package portrait

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"github.com/lucasb-eyer/go-colorful"
)

// Colour is a class of hair colour: what a conditional GAN is asked for.
type Colour int

// The nine classes, in the order of the article.
const (
	Blonde Colour = iota
	Brown
	Black
	Blue
	Pink
	Purple
	Green
	Red
	Silver
)

// hairClass says what a class looks like: its typical colour, and how far a natural one strays from it in CIELCh.
type hairClass struct {
	name                   string
	typical                color.RGBA
	lightness, chroma, hue float64 // greatest deviation: L and C of 100, hue in degrees
}

var hairClasses = [...]hairClass{
	Blonde: {"blonde", color.RGBA{240, 210, 122, 255}, 5, 9, 7},
	Brown:  {"brown", color.RGBA{134, 86, 58, 255}, 6, 6, 8},
	Black:  {"black", color.RGBA{52, 48, 58, 255}, 5, 4, 60},
	Blue:   {"blue", color.RGBA{86, 132, 212, 255}, 7, 7, 9},
	Pink:   {"pink", color.RGBA{244, 164, 190, 255}, 4, 6, 9},
	Purple: {"purple", color.RGBA{146, 98, 190, 255}, 6, 8, 8},
	Green:  {"green", color.RGBA{96, 174, 112, 255}, 7, 9, 12},
	Red:    {"red", color.RGBA{196, 52, 56, 255}, 5, 8, 7},
	Silver: {"silver", color.RGBA{204, 208, 220, 255}, 4, 3, 40},
}

// Colours returns the nine classes in the order of the article.
func Colours() []Colour {
	all := make([]Colour, len(hairClasses))
	for i := range all {
		all[i] = Colour(i)
	}
	return all
}

// class looks a colour up; what is none of the nine is nameless and transparent.
func (c Colour) class() hairClass {
	if c < 0 || int(c) >= len(hairClasses) {
		return hairClass{name: fmt.Sprintf("Colour(%d)", int(c))}
	}
	return hairClasses[c]
}

// String returns the lower-case name of the class, such as "blonde".
func (c Colour) String() string { return c.class().name }

// ParseColour finds a class by its name. The error for an unknown name lists the known ones.
func ParseColour(name string) (Colour, error) {
	names := make([]string, len(hairClasses))
	for i, class := range hairClasses {
		if class.name == name {
			return Colour(i), nil
		}
		names[i] = class.name
	}
	return 0, fmt.Errorf("unknown hair colour %q: it is one of %s", name, strings.Join(names, ", "))
}

// RGB returns the typical colour of the class.
func (c Colour) RGB() color.RGBA { return c.class().typical }

// Nearest returns the class whose typical colour is nearest in CIELAB (distance CIE76).
func Nearest(c color.RGBA) Colour {
	best, least := Blonde, math.Inf(1)
	for _, class := range Colours() {
		if d := toColorful(c).DistanceLab(toColorful(class.RGB())); d < least {
			best, least = class, d
		}
	}
	return best
}

// tones are the colours that one material is painted with.
type tones struct {
	glint, light, base, shade, deep, line color.RGBA
}

// hairTones derives from one hair colour what an illustrator mixes for it: shadows are darker and turn towards violet.
func hairTones(base color.RGBA) tones {
	cool := towardsViolet(base)
	return tones{
		glint: shift(base, 18, -6, 0),
		light: shift(base, 9, -2, 0),
		base:  base,
		shade: shift(base, -11, 1, 6*cool),
		deep:  shift(base, -19, 0, 10*cool),
		line:  mix(shift(base, -42, -4, 12*cool), rgb(0x281828), 0.35),
	}
}

// towardsViolet is the sense of the shorter way round the hue circle to violet.
func towardsViolet(c color.RGBA) float64 {
	const violet = 305
	hue, _, _ := toColorful(c).Hcl()
	if math.Mod(violet-hue+360, 360) < 180 {
		return 1
	}
	return -1
}

// shift moves a colour in CIELCh: lightness and chroma of 100, hue in degrees.
func shift(c color.RGBA, lightness, chroma, hue float64) color.RGBA {
	h, s, l := toColorful(c).Hcl()
	l = min(max(l+lightness/100, 0.04), 0.99)
	s = max(s+chroma/100, 0)
	return toRGBA(colorful.Hcl(math.Mod(h+hue+360, 360), s, l).Clamped())
}

// mix blends a and b in sRGB: t = 0 is a, t = 1 is b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	return color.RGBA{lerp(a.R, b.R, t), lerp(a.G, b.G, t), lerp(a.B, b.B, t), 255}
}

func lerp(a, b uint8, t float64) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }

func toColorful(c color.RGBA) colorful.Color {
	return colorful.Color{R: float64(c.R) / 255, G: float64(c.G) / 255, B: float64(c.B) / 255}
}

func toRGBA(c colorful.Color) color.RGBA {
	r, g, b := c.RGB255()
	return color.RGBA{r, g, b, 255}
}
