package portrait_test

import (
	"fmt"
	"hash/maphash"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lucasb-eyer/go-colorful"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/dataset/portrait"
)

func TestSameSeedDrawsSamePicture(t *testing.T) {
	assert.Equal(t, portrait.At(7, 123), portrait.At(7, 123))
	assert.Equal(t, portrait.Blink(7, 123), portrait.Blink(7, 123))
	p := portrait.At(7, 123)
	want := p.Draw(128)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { assert.Equal(t, want.Pix, p.Draw(128).Pix) })
	}
	wait.Wait()
}

func TestOtherSeedOrIndexDrawsOtherPicture(t *testing.T) {
	seen := map[string]string{}
	for seed := range uint64(3) {
		for i := -30; i < 300; i++ {
			name := fmt.Sprintf("seed %d index %d", seed, i)
			pixels := string(portrait.At(seed, i).Draw(24).Pix)
			require.Empty(t, seen[pixels], "%s is the same picture", name)
			seen[pixels] = name
		}
	}
}

func TestPortraitsAreDistinct(t *testing.T) {
	requireDistinct(t, 100_000)
}

// requireDistinct leaves the seeds of strands out, so that portraits differ in what a person would name.
func requireDistinct(t *testing.T, n int) {
	hash := maphash.MakeSeed()
	seen := make(map[uint64]bool, n)
	for i := range n {
		p := portrait.At(1, i)
		p.Strands = 0
		seen[maphash.Comparable(hash, p)] = true
	}
	require.Len(t, seen, n)
}

func TestEachBlockHasEachColourOnce(t *testing.T) {
	orders := map[string]bool{}
	for block := -20; block < 20; block++ {
		var order []portrait.Colour
		for i := range portrait.Colours() {
			order = append(order, portrait.At(3, len(portrait.Colours())*block+i).Colour)
		}
		assert.ElementsMatch(t, portrait.Colours(), order, "block %d", block)
		orders[fmt.Sprint(order)] = true
	}
	assert.Greater(t, len(orders), 30, "blocks are shuffled")
}

func TestParseColour(t *testing.T) {
	for _, c := range portrait.Colours() {
		parsed, err := portrait.ParseColour(c.String())
		require.NoError(t, err)
		assert.Equal(t, c, parsed)
	}
	_, err := portrait.ParseColour("Blue")
	assert.ErrorContains(t, err, `unknown hair colour "Blue": it is one of blonde, brown, black, blue, pink,`)
	assert.Equal(t, "silver", portrait.Silver.String())
	assert.Equal(t, "Colour(99)", portrait.Colour(99).String())
	assert.Zero(t, portrait.Colour(-1).RGB())
}

func TestTypicalColoursAreFarApart(t *testing.T) {
	for _, a := range portrait.Colours() {
		for _, b := range portrait.Colours() {
			if a < b {
				assert.Greater(t, distance(a.RGB(), b.RGB()), 25.0, "%s and %s", a, b)
			}
		}
	}
}

// distance is CIE76, of 100.
func distance(a, b color.RGBA) float64 {
	convert := func(c color.RGBA) colorful.Color {
		return colorful.Color{R: float64(c.R) / 255, G: float64(c.G) / 255, B: float64(c.B) / 255}
	}
	return 100 * convert(a).DistanceLab(convert(b))
}

func TestHairIsNearestToItsClass(t *testing.T) {
	n, size := 50*len(portrait.Colours()), 64
	right, rightDrawn := 0, 0
	sums := map[portrait.Colour][3]float64{}
	for i := range n {
		p := portrait.At(11, i)
		if portrait.Nearest(p.Hair) == p.Colour {
			right++
		}
		p.Accessory, p.Tilt, p.Move, p.Scale = portrait.NoAccessory, 0, portrait.Offset{}, 1
		seen := mean(p.Draw(size), image.Rect(size*4/10, size*14/100, size*6/10, size*24/100))
		if portrait.Nearest(seen) == p.Colour {
			rightDrawn++
		}
		s := sums[p.Colour]
		sums[p.Colour] = [3]float64{s[0] + float64(seen.R), s[1] + float64(seen.G), s[2] + float64(seen.B)}
	}
	assert.Equal(t, n, right, "hair colours nearest to their class")
	assert.GreaterOrEqual(t, rightDrawn, n*98/100, "drawn hair nearest to its class")
	for c, s := range sums {
		k := float64(n / len(portrait.Colours()))
		average := color.RGBA{uint8(s[0] / k), uint8(s[1] / k), uint8(s[2] / k), 255}
		assert.Equal(t, c, portrait.Nearest(average))
		assert.Less(t, distance(average, c.RGB()), 12.0, "%s hair is %v on average", c, average)
	}
}

func mean(img *image.RGBA, box image.Rectangle) color.RGBA {
	var sum [3]int
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := img.RGBAAt(x, y)
			sum[0], sum[1], sum[2] = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B)
		}
	}
	n := box.Dx() * box.Dy()
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255}
}

func TestEyesChangeNothingElse(t *testing.T) {
	for i := range 60 {
		for _, size := range []int{64, 200} {
			p := portrait.At(5, i)
			boxes := p.EyeBoxes(size)
			p.EyeOpening = 1
			open := p.Draw(size)
			for _, opening := range []float64{0, 0.02, 0.4, 0.8} {
				p.EyeOpening = opening
				inside, outside := changes(open, p.Draw(size), boxes)
				require.Zero(t, outside, "portrait %d at opening %g: pixels changed outside of %v", i, opening, boxes)
				require.Greater(t, inside, size*size/400, "portrait %d at opening %g: pixels changed in the eyes", i, opening)
			}
		}
	}
}

func changes(a, b *image.RGBA, boxes [2]image.Rectangle) (inside, outside int) {
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			if a.RGBAAt(x, y) == b.RGBAAt(x, y) {
				continue
			}
			if at := image.Pt(x, y); at.In(boxes[0]) || at.In(boxes[1]) {
				inside++
			} else {
				outside++
			}
		}
	}
	return inside, outside
}

func TestSamePictureAtAnySize(t *testing.T) {
	for i := range 30 {
		p := portrait.At(2, i)
		for _, by := range []int{2, 4, 8} {
			small, large := p.Draw(64), p.Draw(64*by)
			var sum float64
			for y := range 64 {
				for x := range 64 {
					a, b := small.RGBAAt(x, y), mean(large, image.Rect(x*by, y*by, (x+1)*by, (y+1)*by))
					for _, channels := range [][2]uint8{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}} {
						sum += math.Abs(float64(channels[0]) - float64(channels[1]))
					}
				}
			}
			assert.Less(t, sum/(64*64*3), 2.5, "portrait %d: mean difference of 255 between 64 and %d reduced", i, 64*by)
		}
	}
}

func TestEverySizeIsDrawnOpaque(t *testing.T) {
	p := portrait.At(1, 1)
	for _, size := range []int{1, 2, 16, 33, 513, 800} {
		img := p.Draw(size)
		require.Equal(t, image.Rect(0, 0, size, size), img.Rect)
		require.True(t, img.Opaque(), "size %d", size)
	}
	for _, size := range []int{0, -5} {
		require.True(t, p.Draw(size).Rect.Empty(), "size %d", size)
	}
}

// ranges are those of the comments in Params.
var ranges = map[string][2]float64{
	"FaceWidth": {0.222, 0.245}, "ChinY": {0.80, 0.83}, "ChinRound": {0, 1}, "Volume": {-1, 1}, "FringeLow": {-0.02, 0.02},
	"Gloss": {0.35, 1}, "EyeSize": {0.9, 1.12}, "EyeSpacing": {0.118, 0.132}, "EyeY": {0.575, 0.60},
	"EyeOpening": {0.85, 1}, "Gaze": {-1, 1}, "BrowY": {0.105, 0.13}, "BrowTilt": {-1, 1}, "BrowArch": {0, 1},
	"BrowBold": {0, 1}, "MouthWidth": {0.022, 0.042}, "Blush": {0, 1}, "Tilt": {-0.08, 0.08}, "Scale": {0.97, 1.12},
	"Line": {0.7, 1.2}, "Shade": {0.6, 1},
}

func TestRandomFillsTheRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	low, high := map[string]float64{}, map[string]float64{}
	for i := range 5000 {
		colour := portrait.Colour(i % len(portrait.Colours()))
		p := portrait.Random(rng, colour)
		require.Equal(t, colour, p.Colour)
		v := reflect.ValueOf(p)
		for k := range v.NumField() {
			name := v.Type().Field(k).Name
			if v.Field(k).Kind() != reflect.Float64 {
				continue
			}
			f := v.Field(k).Float()
			if _, seen := low[name]; !seen {
				low[name], high[name] = f, f
			}
			low[name], high[name] = min(low[name], f), max(high[name], f)
		}
	}
	require.Len(t, low, len(ranges), "a range for each number")
	for name, r := range ranges {
		slack := 0.01 * (r[1] - r[0])
		assert.InDelta(t, r[0], low[name], slack, name)
		assert.InDelta(t, r[1], high[name], slack, name)
		assert.GreaterOrEqual(t, low[name], r[0], name)
		assert.LessOrEqual(t, high[name], r[1], name)
	}
}

func TestAnyParamsAreDrawn(t *testing.T) {
	for name, p := range map[string]portrait.Params{
		"zero": {},
		"beyond": {
			Colour: 99, Fringe: -1, Side: 99, Back: 99, Eyes: -7, Mouth: 1000, Clothes: -1000, Accessory: 50,
			EyeOpening: 5, Scale: 20, Tilt: 100,
		},
	} {
		assert.NotPanics(t, func() { p.Draw(64) }, name)
		assert.NotPanics(t, func() { p.EyeBoxes(64) }, name)
	}
	assert.NotPanics(t, func() { portrait.Random(rand.New(rand.NewPCG(1, 1)), 99).Draw(64) })
}

func TestBlinkClosesAndOpensOnce(t *testing.T) {
	const clips = 200
	var starts []int
	var closed [portrait.BlinkFrames]int
	shut := 0
	for i := range clips {
		clip := portrait.Blink(9, i)
		first := clip.Frames[0]
		require.Greater(t, first.EyeOpening, 0.84, "clip %d begins with open eyes", i)
		last := clip.Frames[portrait.BlinkFrames-1]
		require.InDelta(t, first.EyeOpening, last.EyeOpening, 0.1, "clip %d ends with open eyes", i)
		falls, rises, start, least := 0, 0, -1, 1.0
		for k := 1; k < portrait.BlinkFrames; k++ {
			before, now := clip.Frames[k-1], clip.Frames[k]
			require.InDelta(t, 0.5, now.EyeOpening, 0.5)
			least = min(least, now.EyeOpening)
			if now.EyeOpening < first.EyeOpening/2 {
				closed[k]++
			}
			if now.EyeOpening < before.EyeOpening-1e-9 {
				require.Zero(t, rises, "clip %d closes again", i)
				falls++
				if start < 0 {
					start = k
				}
			}
			if now.EyeOpening > before.EyeOpening+1e-9 {
				rises++
			}
			now.EyeOpening, now.Tilt, now.Move = first.EyeOpening, first.Tilt, first.Move
			require.Equal(t, first, now, "clip %d stays one person", i)
			require.InDelta(t, first.Tilt, clip.Frames[k].Tilt, 0.02)
		}
		require.Positive(t, falls)
		require.Positive(t, rises)
		require.Less(t, least, 0.5, "clip %d", i)
		starts = append(starts, start)
		if least < 0.05 {
			shut++
		}
	}
	slices.Sort(starts)
	assert.Greater(t, len(slices.Compact(starts)), 3, "the moment varies")
	assert.Less(t, slices.Max(closed[:]), clips/2, "nothing tells when")
	assert.Greater(t, shut, 60, "most eyes close whole in a frame")
}

func TestDrawAllocatesLittle(t *testing.T) {
	p := portrait.At(1, 4)
	assert.Less(t, testing.AllocsPerRun(5, func() { p.Draw(128) }), 1500.0)
}

// The script has the typical colours from the source of this package.
func TestCheckScriptFindsTheTypicalColours(t *testing.T) {
	script, err := os.ReadFile("check/animeface_check.py")
	require.NoError(t, err)
	source, err := os.ReadFile("colour.go")
	require.NoError(t, err)
	pattern := regexp.MustCompile(`re\.findall\(r'(.*)', `).FindStringSubmatch(string(script))
	require.NotNil(t, pattern)
	var found []string
	for _, entry := range regexp.MustCompile(pattern[1]).FindAllStringSubmatch(string(source), -1) {
		found = append(found, strings.Join(entry[1:], " "))
	}
	var want []string
	for _, c := range portrait.Colours() {
		rgb := c.RGB()
		want = append(want, fmt.Sprintf("%s %d %d %d", c, rgb.R, rgb.G, rgb.B))
	}
	assert.Equal(t, want, found)
}

func TestEachClassHasTagsOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	claim := func(class string, tags []string) {
		require.NotEmpty(t, tags, class)
		for _, tag := range tags {
			require.Regexp(t, "^[a-z_-]+$", tag)
			require.Empty(t, seen[tag], "%s is a tag of %s too", tag, class)
			seen[tag] = class
		}
	}
	for _, c := range portrait.Colours() {
		claim(c.String()+" hair", c.Tags())
	}
	for _, attribute := range []struct {
		classes []string
		tags    map[string][]string
	}{
		{portrait.EyeColours(), portrait.EyeColourTags()},
		{portrait.HairLengths(), portrait.HairLengthTags()},
		{portrait.HairStyles(), portrait.HairStyleTags()},
	} {
		require.Len(t, attribute.tags, len(attribute.classes))
		for _, class := range attribute.classes {
			claim(class, attribute.tags[class])
		}
	}
	assert.Empty(t, portrait.Colour(99).Tags())
}

func ExampleRandom() {
	rng := rand.New(rand.NewPCG(1, 0))
	p := portrait.Random(rng, portrait.Blue)
	p.EyeOpening = 0
	img := p.Draw(64)
	fmt.Println(p.Colour, img.Bounds().Size())
	// Output: blue (64,64)
}
