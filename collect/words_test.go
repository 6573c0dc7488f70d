package collect

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLookTellsTheHairOfDrawnPortraits(t *testing.T) {
	const n = 450
	for _, size := range []int{64, 128} {
		right := 0
		for i := range n {
			params := portrait.At(20261124, i)
			seen := look(params.Draw(size))
			_, found := seen.verdict()
			if found && seen.Colour == params.Colour {
				right++
			}
		}
		assert.GreaterOrEqual(t, right, n*97/100, "of %d at %d pixels", n, size)
	}
}

// The votes of the parts of a head were fitted to portraits of another seed.
func TestLookTellsTheHairUnderHats(t *testing.T) {
	const n = 600
	right, worn, found := 0, map[string]int{}, map[string]int{}
	for i := range n {
		params := portrait.AtDressed(20261126, i, 1)
		kind := params.Headwear.String()
		if params.TwoTone != 0 {
			kind = params.TwoTone.String()
		}
		if i%2 == 1 {
			params.Background = portrait.Colours()[i/2%9].RGB()
		}
		worn[kind]++
		seen := look(params.Draw(64))
		if _, ok := seen.verdict(); ok && seen.Colour == params.Colour {
			right++
			found[kind]++
		}
	}
	assert.GreaterOrEqual(t, right, n*97/100)
	for kind, number := range worn {
		assert.GreaterOrEqual(t, float64(found[kind]), 0.9*float64(number), kind)
	}
}

func TestLookSaysThatHairHasTwoColours(t *testing.T) {
	const n = 300
	said, tooMany := 0, 0
	for i := range n {
		params := portrait.At(20261126, i)
		if look(params.Draw(64)).Second != "" {
			tooMany++
		}
		params.TwoTone, params.SecondHair = 1, ((params.Colour + 4) % 9).RGB()
		seen := look(params.Draw(64))
		if seen.Second == ((params.Colour + 4) % 9).String() {
			said++
		}
	}
	assert.GreaterOrEqual(t, said, n*70/100)
	assert.LessOrEqual(t, tooMany, n*1/100)
}

// filled is a picture of nothing but hair, with a face below.
func filled(c color.Color) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(picture, picture.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	skin := image.NewUniform(color.RGBA{253, 228, 212, 255})
	draw.Draw(picture, image.Rect(20, 32, 44, 56), skin, image.Point{}, draw.Src)
	return picture
}

func TestLookFindsNoColourWhereThereIsNone(t *testing.T) {
	for name, c := range map[string]color.RGBA{
		"white":  {255, 255, 255, 255},
		"orange": {240, 130, 30, 255},
		"aqua":   {60, 220, 210, 255},
		"lime":   {150, 250, 20, 255},
		"skin":   {253, 228, 212, 255}, // No hair at all.
	} {
		why, found := look(filled(c)).verdict()
		assert.False(t, found, name)
		assert.NotEmpty(t, why, name)
	}
	for _, colour := range portrait.Colours() {
		seen := look(filled(colour.RGB()))
		_, found := seen.verdict()
		assert.True(t, found, colour)
		assert.Equal(t, colour, seen.Colour)
		assert.InDelta(t, 0, seen.Distance, 1e-6)
	}
	_, found := look(image.NewRGBA(image.Rectangle{})).verdict()
	assert.False(t, found, "no pixels")
	look(image.NewRGBA(image.Rect(0, 0, 1, 300))) // Does not panic.
}

// Pale pink and pale blue were silver, dark red was brown, aqua was silver or green, orange was brown.
func TestLookKnowsPaleAndDarkHair(t *testing.T) {
	for want, shades := range map[string][]uint32{
		"pink":   {0xffe1eb, 0xfac8dc, 0xeb82aa, 0xf0d2dc, 0xff82b4},
		"blue":   {0xbed7f5, 0xa0bee6, 0x1e326e, 0x3c5aa0, 0xc8dcf5, 0x78b4eb},
		"red":    {0x6e141e, 0x8c1e23, 0xe63c32, 0x5a0f14},
		"brown":  {0x503228, 0x6e4632, 0xb48c64, 0x96643c},
		"blonde": {0xfaebbe, 0xdcb45a, 0xffe178, 0xf0e1b4},
		"silver": {0xe1e4eb, 0xaaacb4, 0xbec3cd, 0xebe6e4},
		"black":  {0x141419, 0x2d2d3c, 0x3c373c},
		"purple": {0xd2beeb, 0x5a3c78, 0xaa78c8},
		"green":  {0xaadca0, 0x326446, 0x82c878, 0x3c8c6e},
		"orange": {0xf5963c, 0xeb7832, 0xfab478, 0xdc8246},
		"aqua":   {0x78dcdc, 0xaae6e6, 0x3cb4be, 0x5ac8be},
	} {
		for _, shade := range shades {
			seen := look(filled(rgb(shade)))
			why, found := seen.verdict()
			if seen.Other != "" {
				assert.Equal(t, want, seen.Other, "%06x", shade)
				assert.Equal(t, want+" hair, which is none of the nine colours", why)
				continue
			}
			assert.True(t, found, "%06x", shade)
			assert.Equal(t, want, seen.Colour.String(), "%06x", shade)
		}
	}
}

func TestLookFindsNoColourInAGreyPicture(t *testing.T) {
	for i := range 9 {
		why, found := look(imaging.Grey(portrait.At(3, i).Draw(64))).verdict()
		assert.False(t, found)
		assert.Equal(t, "a picture without colours", why)
	}
}

func TestHairColourOfTags(t *testing.T) {
	for _, c := range []struct {
		tags []string
		want string // Empty: none.
	}{
		{[]string{"1girl", "blonde_hair", "blue_eyes"}, "blonde"},
		{[]string{"Long Hair", "Silver Hair"}, "silver"}, // Illustration2Vec's.
		{[]string{"white_hair"}, "silver"},
		{[]string{"grey_hair", "white_hair"}, "silver"},
		{[]string{"light_brown_hair", "brown_hair"}, "brown"},
		{[]string{"brown_hair", "red_hair"}, ""},
		{[]string{"red_hair", "two-tone_hair"}, ""},
		{[]string{"black_hair", "streaked_hair"}, ""},
		{[]string{"colored inner hair", "black hair"}, ""},
		{[]string{"black_hair", "Coloured_Inner_Hair"}, ""},
		{[]string{"blonde_hair", "two tone hair"}, ""},
		{[]string{"blonde_hair", "split-color_hair"}, ""},
		{[]string{"blonde_hair", "split color hair"}, ""},
		{[]string{"blonde_hair", "gradient_hair"}, ""},
		{[]string{"blonde_hair", "rainbow hair"}, ""},
		{[]string{"blonde_hair", "colored_tips"}, ""},
		{[]string{"blonde_hair", "dyed bangs"}, ""},
		{[]string{"blonde_hair", "dyed_ahoge"}, ""},
		{[]string{"blonde_hair", "highlights"}, ""},
		{[]string{"blonde_hair", `roots \(hair\)`}, ""},
		{[]string{"streaked_hair"}, ""},
		{[]string{"blue_hair", "highlights_(coloring)", "gradient_background", "streaked"}, "blue"},
		{[]string{"orange_hair"}, ""},
		{[]string{"Multicolored Hair"}, ""},
		{[]string{"blue_eyes"}, ""},
		{nil, ""},
	} {
		colour, why := taggedHair(c.tags)
		assert.Equal(t, why != "no tag names a hair colour", speaksOfHair(c.tags), "%v", c.tags)
		if c.want == "" {
			assert.NotEmpty(t, why, "%v", c.tags)
			continue
		}
		assert.Empty(t, why, "%v", c.tags)
		assert.Equal(t, c.want, colour.String(), "%v", c.tags)
	}
}

func TestTagsBesideAPicture(t *testing.T) {
	utf16 := func(text string) string { // As Windows' editor writes it.
		written := "\xff\xfe"
		for _, r := range text {
			written += string([]byte{byte(r), byte(r >> 8)})
		}
		return written
	}
	for _, c := range []struct{ name, text string }{
		{"a.txt", "1girl, long hair, pink hair"},
		{"a.TXT", "1girl，long hair；pink hair。"},
		{"a.caption", "1girl; long hair; pink hair."},
		{"a.png.caption", "(1girl:0.99), ((long hair)), [pink hair]"},
		{"a.txt", "(1girl, long hair:1.2), {{pink_hair}}"},
		{"a.txt", utf16("1girl, long hair, pink hair\r\n")},
		{"a.json", utf16(`{"tags": ["1girl", "long hair", "pink hair"]}`)},
		{"a.json", "\ufeff" + `["1girl", "long_hair", "pink_hair"]`},
		{"a.JSON", `{"tag_string_general": "1girl long_hair pink_hair"}`},
		{"a.json", `{"post": {"tags": {"general": ["1girl", "long_hair", "pink_hair"], "species": null}}}`},
		{"a.json", `{"tag_string": "", "tags_general": ["1girl", "long_hair", "pink_hair"]}`},
		{"a.json", `{"tags": {"artist": [], "general": ["1girl", "long_hair"], "species": ["pink_hair"]}}`},
		{"a.json", `{"tags": "1girl, long hair, pink hair"}`},
		{"a.txt", "\ufeff1girl\r\nlong hair\r\npink hair\r\n"},
		{"a.png.txt", "1girl long_hair pink_hair"},
		{"a.json", `{"id": 1, "tag_string": "1girl long_hair pink_hair"}`},
		{"a.png.json", `{"tags": "1girl long_hair pink_hair"}`},
		{"a.json", `{"tags": ["1girl", "long_hair", "pink_hair"]}`},
		{"a.Txt", "1girl;long hair;pink hair"},
		{"a.png.TxT", "1girl;long_hair;pink_hair;"},
		{"a.Caption", "1girl\tlong hair\tpink hair"},
		{"a.txt", "1girl\t0.98\r\nlong hair\t 0.5\r\nblue_hair\t0.21\r\npink_hair\t1\r\n"},
		{"a.txt", "['1girl', 'long hair', 'pink hair']\n"},
		{"a.txt", `"1girl", "long hair", “pink hair”`},
		{"a.txt", `"1girl, long hair, pink hair"`},
		{"a.txt", "1girl, 1.2::long hair::, .5::pink hair ::"},
		{"a.txt", "1girl, 1.2::long hair, pink hair::"},
		{"a.txt", "1girl,\u00a0long\u00a0hair\u200b, \ufeffpink\u3000hair\u200b"},
		{"a.txt", "１ｇｉｒｌ，ｌｏｎｇ　ｈａｉｒ；（ｐｉｎｋ ｈａｉｒ：１．２）"},
		{"a.json", `[{"tag_string": "1girl long_hair pink_hair"}]`},
		{"a.json", `[{"tags": "1girl long_hair pink_hair"}]`},
		{"a.json", `{"@attributes": {"count": 1}, "post": [{"id": 3, "tags": "1girl long_hair pink_hair"}]}`},
		{"a.json", `{"posts": [{"id": 3, "tags": {"general": ["1girl", "long_hair", "pink_hair"]}}]}`},
		{"a.json", `["1girl, (long hair:1.2)", "[pink hair]"]`},
		{"a.json", `{"tags": "1girl (long_hair:1.2) {pink_hair}"}`},
		{"a.json", `{"1girl": 0.99, "long_hair": 0.351, "pink_hair": 1, "blue_hair": 0.349}`},
		{"a.json", `{"g": {"1girl": 0.9, "long_hair": 0.8, "red_hair": 0.1, "pink_hair": 0.9}, "rating": {"safe": 0.3}}`},
		{"a.json", `{"tags": {"1girl": 0.99, "long_hair": 0.98, "pink_hair": 0.97, "blue_hair": 0.02}}`},
		{"a.json", `{"tags": {"general": {"1girl": 0.99, "long_hair": 0.98, "pink_hair": 0.97}}}`},
		{"a.json", `[["1girl", 0.99], ["long_hair", 0.98], ["pink_hair", 0.97], ["blue_hair", 0.02]]`},
		{"a.json", `{"id": "1", "tags": [{"id": "1", "name": "1girl"}, {"name": "long_hair"}, {"name": "pink_hair"}]}`},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, c.name), []byte(c.text), 0o644))
		tags, _, err := new(tagFiles).beside(filepath.Join(dir, "a.png"))
		require.NoError(t, err, c.text)
		for i := range tags {
			tags[i] = plainTag(tags[i])
		}
		assert.Equal(t, []string{"1girl", "long_hair", "pink_hair"}, tags, c.text)
	}

	dir := t.TempDir()
	tags, _, err := new(tagFiles).beside(filepath.Join(dir, "a.png"))
	assert.NoError(t, err)
	assert.Empty(t, tags)

	broken := filepath.Join(dir, "a.json")
	for text, want := range map[string]string{
		"{":                             "the JSON breaks off",
		"":                              "it is empty",
		`{"tags": 3}`:                   `"tags" is neither text nor a list of tags`,
		`{"tags": {"general": 3}}`:      `"tags" is neither text nor a list of tags`,
		"3":                             "neither a post nor a list of tags",
		`[["a", 3]]`:                    "neither a post nor a list of tags",
		`[{"tags": ""}, {"tags": "x"}]`: "it holds 2 posts, and not that of the picture alone",
		"{\n\"tags\": blue\n}":          "line 2: this is not JSON: invalid character 'b' looking for beginning of value",
	} {
		require.NoError(t, os.WriteFile(broken, []byte(text), 0o644))
		_, _, err = new(tagFiles).beside(filepath.Join(dir, "a.png"))
		assert.EqualError(t, err, "the tags of a picture, "+broken+": "+want+"; mend or remove the file")
	}
}

func TestWeightsAndBracketsAroundTagsAreTakenOff(t *testing.T) {
	for text, want := range map[string][]string{
		"(blue hair:0.9)":                    {"blue hair"},
		"blue hair":                          {"blue hair"},
		"((blue hair))":                      {"blue hair"},
		"[blue hair]":                        {"blue hair"},
		"{{blue_hair:1.05}}, 1girl":          {"blue_hair", "1girl"},
		"1girl, (blue hair, red eyes: 1.1).": {"1girl", "blue hair", "red eyes"},
		"(hatsune miku (append):1.2), x":     {"hatsune miku (append)", "x"},
		`saber \(fate\), blue hair.`:         {`saber \(fate\)`, "blue hair"},
		"saber_(fate) blue_hair":             {"saber_(fate)", "blue_hair"},
		":), (9), ;d, :3, blue hair":         {":)", "(9)", ";d", ":3", "blue hair"},
		"1girl ;d blue_hair":                 {"1girl", ";d", "blue_hair"},
		"(), [], blue hair":                  {"()", "[]", "blue hair"},
		"steins;gate blue_hair 1girl":        {"steins;gate", "blue_hair", "1girl"},
		"blue_hair x;long_hair":              {"blue_hair", "x", "long_hair"},
		"steins;gate, blue hair":             {"steins;gate", "blue hair"},
		"'til dawn, 'blue hair', girl's":     {"'til dawn", "blue hair", "girl's"},
		"blue hair，":                         {"blue hair"},
		"light smile，":                       {"light smile"},
	} {
		assert.Equal(t, want, parseText(text), text)
	}
}

func TestTagsOfAttributesAreOfTheirClasses(t *testing.T) {
	for _, attribute := range dataset.Attributes() {
		assert.Len(t, attributeTags[attribute.Name], len(attribute.Classes), attribute.Name)
		for _, class := range attribute.Classes {
			tags := attributeTags[attribute.Name][class]
			require.NotEmpty(t, tags, "%s %s", attribute.Name, class)
			got := taggedAttributes([]string{"1girl", strings.ReplaceAll(tags[0], "_", " ")})
			assert.Equal(t, map[string]string{attribute.Name: class}, got)
		}
	}
	assert.Len(t, attributeTags, len(dataset.Attributes()))
	got := taggedAttributes([]string{"long_hair", "very_long_hair", "blue_eyes", "red_eyes"})
	assert.Equal(t, map[string]string{"length": "long"}, got, "of two colours none")
}

func TestEyesOfSeveralColoursHaveNone(t *testing.T) {
	for _, tag := range []string{
		"heterochromia", "Heterochromia", "multicolored_eyes", "multicoloured eyes", "two-tone_eyes", "two tone eyes",
		"gradient_eyes", "rainbow eyes", "mismatched eyes", "orange_eyes", "black eyes",
	} {
		got := taggedAttributes([]string{"1girl", "long_hair", "blue_eyes", tag})
		assert.Equal(t, map[string]string{"length": "long", "eyes": ""}, got, tag)
		assert.Equal(t, map[string]string{"eyes": ""}, taggedAttributes([]string{tag}), tag)
		assert.True(t, tells(plainTag(tag)), tag)
	}
}
