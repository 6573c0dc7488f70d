package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// tones are the colours that one material is painted with.
type tones struct {
	glint, light, base, shade, deep, line Ink
}

// hairTones mixes the tones of a hair colour as an illustrator does: shadows are darker and turn towards violet.
func hairTones(base Ink) tones {
	cool := towardsViolet(base)
	return tones{
		glint: shift(base, 18, -6, 0),
		light: shift(base, 9, -2, 0),
		base:  base,
		shade: shift(base, -11, 1, 6*cool),
		deep:  shift(base, -19, 0, 10*cool),
		line:  Mix(shift(base, -42, -4, 12*cool), RGB(0x281828), 0.35),
	}
}

// towardsViolet is the sense of the shorter way round the hue circle to violet.
func towardsViolet(c Ink) float64 {
	const violet = 305
	hue, _, _ := c.HCL()
	if math.Mod(violet-hue+360, 360) < 180 {
		return 1
	}
	return -1
}

func skinTones(base Ink) tones {
	return tones{
		base:  base,
		shade: shift(base, -10, 10, -14),
		deep:  shift(base, -18, 16, -16),
		line:  Mix(shift(base, -52, 14, -20), RGB(0x5a2a2a), 0.4),
	}
}

func irisTones(base Ink) tones {
	return tones{
		light: shift(base, 30, -2, 0),
		base:  shift(base, 8, 2, 0),
		shade: shift(base, -8, 2, 0),
		deep:  shift(base, -24, -4, 0),
		line:  Mix(shift(base, -45, -10, 0), RGB(0x281420), 0.55),
	}
}

// shift moves a colour in CIELCh: lightness and chroma of 100, hue in degrees.
func shift(c Ink, lightness, chroma, hue float64) Ink {
	h, s, l := c.HCL()
	return HCL(h+hue, max(s+chroma/100, 0), min(max(l+lightness/100, 0.04), 0.99))
}

// darker is the colour of the lines of a cloth.
func darker(c Ink) Ink { return shift(c, -30, 0, 0) }

// contrast is white for a dark colour and dark for a light one.
func contrast(c Ink) Ink {
	if int(c.R)+int(c.G)+int(c.B) > 3*170 {
		return RGB(0x38508c)
	}
	return RGB(0xf4f4f8)
}

// ramp is a gradient from the first ink to the last.
func ramp(inks ...Ink) Ramp { return NewRamp(64, inks...) }
