package portrait

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode"

	. "github.com/moelab/moelab/internal/vector"
)

// Colour is a class of hair colour, the condition of a conditional GAN.
type Colour int

// The hair colours, in the order of the article.
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

// ArticleColours are the nine hair colours of the article.
func ArticleColours() []Colour {
	return []Colour{Blonde, Brown, Black, Blue, Pink, Purple, Green, Red, Silver}
}

// hairColour is what a class of hair colour looks like and what tags call it.
type hairColour struct {
	name    string
	typical Ink
	// How far a natural colour strays from the typical one at most, in CIELCh: L and C of 100, hue in degrees.
	lightness, chroma, hue float64
	tags                   []string // as Danbooru writes them: the colour and its light and dark shades
}

// hairColours are the classes in the order of their labels. A new class goes at the end and needs no other change: runs
// keep the names of their classes in their configurations, and [At] draws the given ones.
var hairColours = [...]hairColour{
	Blonde: {
		"blonde", Opaque(240, 210, 122), 5, 9, 7,
		[]string{"blonde_hair", "blond_hair", "yellow_hair", "light_blonde_hair", "platinum_blonde_hair"},
	},
	Brown: {"brown", Opaque(134, 86, 58), 6, 6, 8, []string{"brown_hair", "light_brown_hair", "dark_brown_hair"}},
	Black: {"black", Opaque(52, 48, 58), 5, 4, 60, []string{"black_hair"}},
	Blue:  {"blue", Opaque(86, 132, 212), 7, 7, 9, []string{"blue_hair", "light_blue_hair", "dark_blue_hair"}},
	Pink:  {"pink", Opaque(244, 164, 190), 4, 6, 9, []string{"pink_hair", "light_pink_hair"}},
	Purple: {
		"purple", Opaque(146, 98, 190), 6, 8, 8,
		[]string{"purple_hair", "light_purple_hair", "dark_purple_hair", "lavender_hair"},
	},
	Green: {"green", Opaque(96, 174, 112), 7, 9, 12, []string{"green_hair", "light_green_hair", "dark_green_hair"}},
	Red:   {"red", Opaque(196, 52, 56), 5, 8, 7, []string{"red_hair", "dark_red_hair"}},
	Silver: { // Danbooru replaced silver_hair by grey_hair and white_hair: both are drawn in this colour.
		"silver", Opaque(204, 208, 220), 4, 3, 40,
		[]string{"silver_hair", "grey_hair", "gray_hair", "white_hair", "light_grey_hair"},
	},
}

// Colours returns all hair colours, in the order of their labels.
func Colours() []Colour {
	all := make([]Colour, len(hairColours))
	for i := range all {
		all[i] = Colour(i)
	}
	return all
}

// class looks a colour up. An unknown one is nameless and transparent.
func (c Colour) class() hairColour {
	if c < 0 || int(c) >= len(hairColours) {
		return hairColour{name: fmt.Sprintf("Colour(%d)", int(c))}
	}
	return hairColours[c]
}

// String returns the lower-case name of the class, such as "blonde".
func (c Colour) String() string { return c.class().name }

// RGB returns the typical colour of the class.
func (c Colour) RGB() color.RGBA { return color.RGBA(c.class().typical) }

// Tags returns the tags for hair of the class, as Danbooru writes them: in lower case, words joined by underscores.
func (c Colour) Tags() []string { return slices.Clone(c.class().tags) }

// natural is a colour of the class that strays from the typical one.
func (c Colour) natural(r Rand) color.RGBA {
	class := c.class()
	return color.RGBA(shift(class.typical, r.Stray(class.lightness), r.Stray(class.chroma), r.Stray(class.hue)))
}

// ParseColour returns the class with a name. The error for an unknown name lists the known ones.
func ParseColour(name string) (Colour, error) {
	names := make([]string, len(hairColours))
	for i, class := range hairColours {
		if class.name == name {
			return Colour(i), nil
		}
		names[i] = class.name
	}
	return 0, fmt.Errorf("unknown hair colour %q: it is one of %s", name, strings.Join(names, ", "))
}

// ColourNamed returns the class that a name means: its own, one of its tags, or one of them without "hair", in any case
// and with spaces or underscores, as in "Blonde", "blond hair", "light_blue" and "gray".
func ColourNamed(name string) (c Colour, ok bool) {
	plain := strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return unicode.IsSpace(r) || r == '_'
	}), "_")
	for i, class := range hairColours {
		if class.name == plain || slices.Contains(class.tags, plain) || slices.Contains(class.tags, plain+"_hair") {
			return Colour(i), true
		}
	}
	return 0, false
}

// Nearest returns the class whose typical colour is nearest in CIELAB (distance CIE76).
func Nearest(c color.RGBA) Colour {
	best, least := 0, math.Inf(1)
	for i, class := range hairColours {
		if d := Ink(c).Distance(class.typical); d < least {
			best, least = i, d
		}
	}
	return Colour(best)
}
