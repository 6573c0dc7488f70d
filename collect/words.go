package collect

import (
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
)

// otherHair lists the tags for hair of another colour than the nine classes, or of none.
var otherHair = []string{"orange_hair", "aqua_hair", "bald"}

// mixedHair lists the tags for hair of several colours, in the spelling of [sameWord]. The colours themselves are often
// tagged as well, or one of them is: then it is not the hair's.
var mixedHair = []string{
	"multicolored_hair", "multi_colored_hair", "multiple_hair_colors", "two_tone_hair", "two_colored_hair",
	"bicolored_hair", "dual_colored_hair", "gradient_hair", "ombre_hair", "rainbow_hair", "split_color_hair",
	"split_colored_hair", "split_dyed_hair", "half_and_half_hair", "streaked_hair", "hair_streaks", "colored_streaks",
	"colored_inner_hair", "inner_color_hair", "colored_tips", "colored_hair_tips", "dyed_bangs", "dyed_ahoge",
	"highlights", "hair_highlights", "highlighted_hair", "roots_(hair)",
}

// otherEyes lists the tags for eyes of another colour than the classes.
var otherEyes = []string{"orange_eyes", "black_eyes", "white_eyes"}

// mixedEyes lists the tags for eyes of several colours, in the spelling of [sameWord].
var mixedEyes = []string{
	"heterochromia", "partial_heterochromia", "central_heterochromia", "sectoral_heterochromia", "mismatched_eyes",
	"odd_eyes", "odd_eyed", "different_colored_eyes", "multicolored_eyes", "multi_colored_eyes", "multiple_eye_colors",
	"two_tone_eyes", "two_colored_eyes", "bicolored_eyes", "gradient_eyes", "rainbow_eyes", "split_color_eyes",
}

// eyeColour is the attribute of [otherEyes] and [mixedEyes].
const eyeColour = "eyes"

// attributeTags lists the tags of each class of [dataset.Attributes], by attribute and class.
var attributeTags = map[string]map[string][]string{
	eyeColour: portrait.EyeColourTags(),
	"length":  portrait.HairLengthTags(),
	"style":   portrait.HairStyleTags(),
}

// taggedAttributes returns the class of each attribute of [dataset.Attributes] according to tags. Attributes for which
// the tags name no class, or more than one, are left out. The class is "" if the tags say that it is none of them, or
// several: no other source is to be asked then.
func taggedAttributes(tags []string) map[string]string {
	found := map[string]string{}
	for attribute, classes := range attributeTags {
		var named []string
		for class, names := range classes {
			if slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(names, plainTag(tag)) }) {
				named = append(named, class)
			}
		}
		if len(named) == 1 {
			found[attribute] = named[0]
		}
	}
	if slices.ContainsFunc(tags, func(tag string) bool { return noEyeColour(plainTag(tag)) }) {
		found[eyeColour] = ""
	}
	return found
}

// noEyeColour reports whether a plain tag says that the eyes' colour is none of the classes, or that there are several.
func noEyeColour(plain string) bool { return slices.Contains(otherEyes, plain) || ofMixedEyes(plain) }

// ofMixedEyes and ofMixedHair report whether a plain tag is for several colours.
func ofMixedEyes(plain string) bool { return slices.Contains(mixedEyes, sameWord(plain)) }
func ofMixedHair(plain string) bool { return slices.Contains(mixedHair, sameWord(plain)) }

// sameWord returns a plain tag in the spelling of [mixedHair] and [mixedEyes]: with "color", and without hyphens, which
// the sites set differently.
func sameWord(plain string) string {
	return strings.ReplaceAll(strings.ReplaceAll(plain, "-", "_"), "colour", "color")
}

// tells reports whether a plain tag is about anything that is asked for: the hair's colour or an attribute.
func tells(plain string) bool { return rival(plain) != "" || ofMixedHair(plain) || ofMixedEyes(plain) }

// plainTag returns a tag in Danbooru's spelling: in lower case, with underscores between words. Illustration2Vec and
// captions use spaces.
func plainTag(tag string) string {
	tag = strings.ToLower(strings.TrimSpace(tag))
	tag = strings.ReplaceAll(tag, `\`, "") // Captions escape brackets.
	return strings.Join(strings.FieldsFunc(tag, func(r rune) bool { return r == ' ' || r == '_' }), "_")
}

// colourOf returns the hair colour that a plain tag names, if it is one of the nine.
func colourOf(plain string) (portrait.Colour, bool) {
	for _, colour := range portrait.Colours() {
		if slices.Contains(colour.Tags(), plain) {
			return colour, true
		}
	}
	return 0, false
}

// ofHair reports whether a plain tag is about the hair's colour, be it one of the nine or not.
func ofHair(plain string) bool {
	_, ok := colourOf(plain)
	return ok || noHairColour(plain)
}

// noHairColour reports whether a plain tag says that the hair has none of the nine colours, or several.
func noHairColour(plain string) bool { return slices.Contains(otherHair, plain) || ofMixedHair(plain) }

// speaksOfHair reports whether any of the tags is about the hair's colour. [taggedHair] may still find no class: the
// colour may be none of the nine, or one of several.
func speaksOfHair(tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool { return ofHair(plainTag(tag)) })
}

// taggedHair returns the hair colour that tags name, or the reason why they do not name exactly one.
func taggedHair(tags []string) (colour portrait.Colour, why string) {
	var named []portrait.Colour
	other := ""
	for _, tag := range tags {
		plain := plainTag(tag)
		if colour, ok := colourOf(plain); !ok && noHairColour(plain) {
			other = plain
		} else if ok && !slices.Contains(named, colour) {
			named = append(named, colour)
		}
	}
	switch {
	case other != "":
		return 0, "tagged " + other
	case len(named) == 0:
		return 0, "no tag names a hair colour"
	case len(named) > 1:
		slices.Sort(named)
		names := make([]string, len(named))
		for i, colour := range named {
			names[i] = colour.String()
		}
		return 0, "tagged with more than one hair colour: " + strings.Join(names, ", ")
	}
	return named[0], ""
}
