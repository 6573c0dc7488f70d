package collect

import (
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
)

// hairTags are the tags of each hair colour. Light and dark shades count as their colour. Danbooru gave silver_hair up for grey_hair and white_hair, and what is
// drawn as either is our silver. Orange and aqua hair are none of the nine.
var hairTags = map[portrait.Colour][]string{
	portrait.Blonde: {"blonde_hair", "blond_hair", "yellow_hair", "light_blonde_hair", "platinum_blonde_hair"},
	portrait.Brown:  {"brown_hair", "light_brown_hair", "dark_brown_hair"},
	portrait.Black:  {"black_hair"},
	portrait.Blue:   {"blue_hair", "light_blue_hair", "dark_blue_hair"},
	portrait.Pink:   {"pink_hair", "light_pink_hair"},
	portrait.Purple: {"purple_hair", "light_purple_hair", "dark_purple_hair", "lavender_hair"},
	portrait.Green:  {"green_hair", "light_green_hair", "dark_green_hair"},
	portrait.Red:    {"red_hair", "dark_red_hair"},
	portrait.Silver: {"silver_hair", "grey_hair", "gray_hair", "white_hair", "light_grey_hair"},
}

// otherHair are tags that say that the hair is of no colour of the nine, or of more than one.
var otherHair = []string{"orange_hair", "aqua_hair", "multicolored_hair", "two-tone_hair", "gradient_hair", "rainbow_hair", "split-color_hair", "bald"}

// attributeTags are the tags of the classes of [dataset.Attributes], by attribute and class. No tag says that hair is worn loose.
var attributeTags = map[string]map[string][]string{
	"eyes": {
		"blue":   {"blue_eyes", "light_blue_eyes", "aqua_eyes"},
		"green":  {"green_eyes"},
		"yellow": {"yellow_eyes", "amber_eyes", "gold_eyes"},
		"brown":  {"brown_eyes"},
		"red":    {"red_eyes"},
		"purple": {"purple_eyes", "violet_eyes"},
		"pink":   {"pink_eyes"},
		"grey":   {"grey_eyes", "gray_eyes", "silver_eyes"},
	},
	"length": {
		"short":  {"short_hair", "very_short_hair"},
		"medium": {"medium_hair", "shoulder-length_hair"},
		"long":   {"long_hair", "very_long_hair", "absurdly_long_hair"},
	},
	"style": {
		"loose":     {"hair_down"},
		"twintails": {"twintails", "twin_tails", "low_twintails", "short_twintails", "twin_braids"},
		"ponytail":  {"ponytail", "side_ponytail", "high_ponytail", "low_ponytail", "short_ponytail"},
		"buns":      {"double_bun", "hair_bun", "single_hair_bun"},
	},
}

// taggedAttributes are the classes that tags say of [dataset.Attributes], by attribute: of those only of which they say exactly one.
func taggedAttributes(tags []string) map[string]string {
	found := map[string]string{}
	for attribute, classes := range attributeTags {
		var said []string
		for class, names := range classes {
			if slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(names, plainTag(tag)) }) {
				said = append(said, class)
			}
		}
		if len(said) == 1 {
			found[attribute] = said[0]
		}
	}
	return found
}

// plainTag is a tag as Danbooru writes it: in lower case, with an underscore between words. Illustration2Vec and captions have spaces there.
func plainTag(tag string) string {
	tag = strings.ToLower(strings.TrimSpace(tag))
	tag = strings.ReplaceAll(tag, `\`, "") // Captions escape their brackets.
	return strings.Join(strings.FieldsFunc(tag, func(r rune) bool { return r == ' ' || r == '_' }), "_")
}

// colourOf is the hair colour that a plain tag says.
func colourOf(plain string) (portrait.Colour, bool) {
	for colour, tags := range hairTags {
		if slices.Contains(tags, plain) {
			return colour, true
		}
	}
	return 0, false
}

// ofHair says whether a plain tag is of the hair's colour, one of the nine or not.
func ofHair(plain string) bool {
	_, ok := colourOf(plain)
	return ok || slices.Contains(otherHair, plain)
}

// speaksOfHair says whether any of the tags is of the hair's colour. It may be none of the nine, or one of several: then [taggedHair] says why it is none all the same.
func speaksOfHair(tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool { return ofHair(plainTag(tag)) })
}

// taggedHair is the hair colour that tags say, or why they say none.
func taggedHair(tags []string) (colour portrait.Colour, why string) {
	var said []portrait.Colour
	other := ""
	for _, tag := range tags {
		plain := plainTag(tag)
		if colour, ok := colourOf(plain); ok && !slices.Contains(said, colour) {
			said = append(said, colour)
		} else if slices.Contains(otherHair, plain) {
			other = plain
		}
	}
	switch {
	case other != "":
		return 0, "tagged " + other
	case len(said) == 0:
		return 0, "no tag says a hair colour"
	case len(said) > 1:
		slices.Sort(said)
		names := make([]string, len(said))
		for i, colour := range said {
			names[i] = colour.String()
		}
		return 0, "tagged with more than one hair colour: " + strings.Join(names, ", ")
	}
	return said[0], ""
}
