package collect

import (
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
)

// otherHair lists the tags for hair of another colour than the nine classes, of several colours, or of none.
var otherHair = []string{
	"orange_hair", "aqua_hair", "multicolored_hair", "two-tone_hair", "gradient_hair", "rainbow_hair", "split-color_hair",
	"bald",
}

// attributeTags lists the tags of each class of [dataset.Attributes], by attribute and class.
var attributeTags = map[string]map[string][]string{
	"eyes":   portrait.EyeColourTags(),
	"length": portrait.HairLengthTags(),
	"style":  portrait.HairStyleTags(),
}

// taggedAttributes returns the class of each attribute of [dataset.Attributes] according to tags. Attributes for which
// the tags name no class, or more than one, are left out.
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
	return found
}

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
	return ok || slices.Contains(otherHair, plain)
}

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
		if colour, ok := colourOf(plain); !ok && slices.Contains(otherHair, plain) {
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
