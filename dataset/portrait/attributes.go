package portrait

import (
	"image/color"
	"math"
	"slices"

	. "github.com/moelab/moelab/internal/vector"
)

// class is a value of an attribute.
type class struct {
	name   string
	tags   []string // as Danbooru writes them
	irises []uint32 // of eye colours: the typical irises, as 0xRRGGBB
}

// eyeColours are the classes of eye colour, in the order of their labels. Irises stray from these, and have the class
// of the nearest. A new class goes at the end and needs nothing elsewhere. It changes which portraits [At] draws.
var eyeColours = []class{
	{"blue", []string{"blue_eyes", "light_blue_eyes", "aqua_eyes"}, []uint32{0x3f7fd0, 0x2f9fc0}},
	{"green", []string{"green_eyes"}, []uint32{0x3aa878, 0x7a9a30}},
	{"yellow", []string{"yellow_eyes", "amber_eyes", "gold_eyes"}, []uint32{0xc89020}},
	{"brown", []string{"brown_eyes"}, []uint32{0x9a5a30}},
	{"red", []string{"red_eyes"}, []uint32{0xc04848}},
	{"purple", []string{"purple_eyes", "violet_eyes"}, []uint32{0x9a58b8}},
	{"pink", []string{"pink_eyes"}, []uint32{0xd06a9a}},
	{"grey", []string{"grey_eyes", "gray_eyes", "silver_eyes"}, []uint32{0x5a6078}},
}

// The lengths and styles of hair, as seen from the front. Hair that is put up counts as short.
const (
	short  = "short"
	medium = "medium"
	long   = "long"

	loose     = "loose"
	twinTails = "twintails"
	ponytail  = "ponytail"
	buns      = "buns"
)

// hairLengths and hairStyles are the classes of the hair at the back, in the order of their labels.
var (
	hairLengths = []class{
		{name: short, tags: []string{"short_hair", "very_short_hair"}},
		{name: medium, tags: []string{"medium_hair", "shoulder-length_hair"}},
		{name: long, tags: []string{"long_hair", "very_long_hair", "absurdly_long_hair"}},
	}
	hairStyles = []class{
		{name: loose, tags: []string{"hair_down"}},
		{name: twinTails, tags: []string{"twintails", "twin_tails", "low_twintails", "short_twintails", "twin_braids"}},
		{name: ponytail, tags: []string{
			"ponytail", "side_ponytail", "high_ponytail", "low_ponytail", "short_ponytail",
		}},
		{name: buns, tags: []string{"double_bun", "hair_bun", "single_hair_bun"}},
	}
)

// EyeColours are the classes of [Params.EyeColour], in the order of their labels.
func EyeColours() []string { return names(eyeColours) }

// HairLengths are the classes of [Params.HairLength], in the order of their labels.
func HairLengths() []string { return names(hairLengths) }

// HairStyles are the classes of [Params.HairStyle], in the order of their labels.
func HairStyles() []string { return names(hairStyles) }

// EyeColourTags are the tags for each class of [EyeColours], as Danbooru writes them.
func EyeColourTags() map[string][]string { return tags(eyeColours) }

// HairLengthTags are the tags for each class of [HairLengths], as Danbooru writes them.
func HairLengthTags() map[string][]string { return tags(hairLengths) }

// HairStyleTags are the tags for each class of [HairStyles], as Danbooru writes them.
func HairStyleTags() map[string][]string { return tags(hairStyles) }

func names(classes []class) []string {
	all := make([]string, len(classes))
	for i, class := range classes {
		all[i] = class.name
	}
	return all
}

func tags(classes []class) map[string][]string {
	all := map[string][]string{}
	for _, class := range classes {
		all[class.name] = slices.Clone(class.tags)
	}
	return all
}

// irises are the irises of all classes, in their order.
var irises = func() (all []uint32) {
	for _, class := range eyeColours {
		all = append(all, class.irises...)
	}
	return all
}()

// naturalIris strays from one of the irises.
func naturalIris(r Rand) color.RGBA {
	return color.RGBA(shift(RGB(OneOf(r, irises...)), r.Stray(8), r.Stray(8), r.Stray(12)))
}

// EyeColour is the class of the iris, one of [EyeColours]: that of the nearest typical iris in CIELAB (CIE76).
func (p Params) EyeColour() string {
	best, least := "", math.Inf(1)
	for _, class := range eyeColours {
		for _, iris := range class.irises {
			if d := Ink(p.Iris).Distance(RGB(iris)); d < least {
				best, least = class.name, d
			}
		}
	}
	return best
}

// HairLength is the length of the hair at the back, one of [HairLengths].
func (p Params) HairLength() string { return choose(backs[:], int(p.Back)).length }

// HairStyle is the way the hair is tied, if at all, one of [HairStyles].
func (p Params) HairStyle() string { return choose(backs[:], int(p.Back)).style }
