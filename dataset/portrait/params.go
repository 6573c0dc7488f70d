package portrait

import (
	"image/color"
	"math/rand/v2"

	. "github.com/moelab/moelab/internal/vector"
)

// Params are all parameters of one portrait. Lengths are in widths of the picture, angles in radians. The ranges are
// those of [Random]. Draw takes values beyond them too.
type Params struct {
	Colour Colour     // class of the hair colour
	Hair   color.RGBA // the hair colour itself

	FaceWidth float64    // half the width at the cheeks, 0.222…0.245
	ChinY     float64    // height of the chin, 0.80…0.83
	ChinRound float64    // 0 pointed … 1 round
	Skin      color.RGBA // of the lit skin

	Fringe    Fringe     // hair over the forehead
	Side      Side       // hair before the ears
	Back      Back       // hair behind the head
	Volume    float64    // how far the hair stands off the skull, -1 flat … 1 full
	FringeLow float64    // extra length of the fringe, -0.02…0.02
	Flip      bool       // the hair style is mirrored
	Ahoge     bool       // a lock that stands up from the crown
	Strands   uint64     // seed of the small irregularities of locks
	Gloss     float64    // opacity of the highlights of the hair, 0.35…1
	Streaks   bool       // the highlights are streaks, not a ring
	FineLines int        // number of fine lines down each lock, as in large illustrations; Random has none
	Accessory Accessory  // worn in the hair
	Ribbon    color.RGBA // colour of the accessory

	Dress // what [AtDressed] adds; Random has none
	Look  // what [AtVaried] adds; Random has none

	Eyes       EyeShape   // both have the same
	Iris       color.RGBA // colour of the eyes
	EyeSize    float64    // 0.9…1.12 of the usual size
	EyeSpacing float64    // from the middle of the face to the middle of an eye, 0.118…0.132
	EyeY       float64    // height of the eyes, 0.575…0.60
	EyeOpening float64    // 0 closed … 1 open; 0.85…1 except in blinks
	Gaze       float64    // direction of the eyes, -1 left … 1 right

	BrowY    float64 // height above the eyes, 0.105…0.13
	BrowTilt float64 // -1 worried … 1 stern
	BrowArch float64 // 0 straight … 1 arched
	BrowBold float64 // thickness, 0…1

	Mouth      Mouth   // shape of the mouth
	MouthWidth float64 // half its width, 0.022…0.042
	Blush      float64 // 0…1

	Clothes Clothes    // what is worn
	Cloth   color.RGBA // main colour of the clothes
	Trim    color.RGBA // colour of collar, bow and tie

	Tilt       float64    // of the head, -0.08…0.08, clockwise
	Move       Offset     // of the whole portrait, -0.02…0.02 each way
	Scale      float64    // of the whole portrait, 0.97…1.12
	Line       float64    // weight of the lines, 0.7…1.2
	Shade      float64    // strength of shadows, 0.6…1
	Background color.RGBA // of Draw
}

// Dress is what is worn over the hair, or a second colour of it. Zero is neither.
type Dress struct {
	Headwear       Headwear   // worn over the hair
	HeadwearColour color.RGBA // its colour
	HeadwearLow    float64    // how much lower a hat sits than usual, 0…0.08
	TwoTone        TwoTone    // how a second colour lies in the hair
	SecondColour   Colour     // class of the second colour, that of the smaller part
	SecondHair     color.RGBA // the second colour itself
}

// Offset is a small move in widths of the picture, to the right and down.
type Offset struct{ X, Y float64 }

// The domains keep the streams of random numbers of one seed apart.
const (
	portraitDomain = 0x706f727472616974
	orderDomain    = 0x6f72646572
	blinkDomain    = 0x626c696e6b
	lookDomain     = 0x6c6f6f6b
)

// At returns the index-th portrait of the endless series of a seed. Each block holds every hair colour once, in a
// shuffled order: the given colours, or the article's nine. Negative indices are valid too.
func At(seed uint64, index int, colours ...Colour) Params {
	if len(colours) == 0 {
		colours = ArticleColours()
	}
	classes := len(colours)
	block, place := index/classes, index%classes
	if place < 0 {
		block, place = block-1, place+classes
	}
	order := NewRand(seed^orderDomain, block).Perm(classes)
	return Random(NewRand(seed^portraitDomain, index).Rand, colours[order[place]])
}

// choose looks a style up. Tables start over at their end, so that any number is a style.
func choose[T any](table []T, style int) T {
	n := len(table)
	return table[(style%n+n)%n]
}

// Random draws the parameters of a portrait with the given hair colour.
func Random(rng *rand.Rand, colour Colour) Params {
	r := Rand{Rand: rng}
	oneOf := func(hexes []uint32) color.RGBA { return color.RGBA(RGB(OneOf(r, hexes...))) }
	p := Params{
		Colour: colour, Hair: colour.natural(r),

		FaceWidth: r.Within(0.222, 0.245), ChinY: r.Within(0.80, 0.83), ChinRound: r.Float64(), Skin: oneOf(skins),

		Fringe: Fringe(r.IntN(len(fringes))), Side: Side(r.IntN(len(sides))), Back: Back(r.IntN(len(backs))),
		Volume: r.Within(-1, 1), FringeLow: r.Within(-0.02, 0.02), Flip: r.IntN(2) == 0, Ahoge: r.IntN(5) == 0,
		Strands: r.Uint64(), Gloss: r.Within(0.35, 1), Streaks: r.IntN(3) == 0,
		Accessory: OneOf(r, accessoryOdds...), Ribbon: oneOf(ribbons),

		Eyes: EyeShape(r.IntN(len(eyeShapes))), Iris: naturalIris(r), EyeSize: r.Within(0.9, 1.12),
		EyeSpacing: r.Within(0.118, 0.132), EyeY: r.Within(0.575, 0.60), EyeOpening: r.Within(0.85, 1),
		Gaze: r.Within(-1, 1),

		BrowY: r.Within(0.105, 0.13), BrowTilt: r.Within(-1, 1), BrowArch: r.Float64(), BrowBold: r.Float64(),

		Mouth: Mouth(r.IntN(len(mouths))), MouthWidth: r.Within(0.022, 0.042), Blush: r.Float64(),

		Clothes: Clothes(r.IntN(len(clothes))), Cloth: oneOf(cloths), Trim: oneOf(ribbons),

		Tilt: r.Within(-0.08, 0.08), Move: Offset{r.Within(-0.02, 0.02), r.Within(-0.02, 0.02)},
		Scale: r.Within(0.97, 1.12), Line: r.Within(0.7, 1.2), Shade: r.Within(0.6, 1), Background: oneOf(backgrounds),
	}
	if p.HairStyle() == buns && p.Accessory == CatEars {
		p.Accessory = NoAccessory // no room for both
	}
	return p
}

// The colours of everything but hair and eyes, as 0xRRGGBB. Repeated ones come more often.
var (
	skins  = []uint32{0xfff0e4, 0xfeeadb, 0xfde6d6, 0xfce0cc, 0xffeee8, 0xf6d6bc}
	cloths = []uint32{
		0xf7f7fa, 0xf7f7fa, 0x2f3a5c, 0x3c3c48, 0x8a3040, 0xf2e6c8, 0x5a7a9a, 0xd8c8e8, 0xf0b8c0, 0x6a8a6a, 0x705040,
	}
	ribbons     = []uint32{0xc83848, 0x2f4a8c, 0x303038, 0xf4f4f8, 0xe88a30, 0x3a8a60, 0x8a4aa0, 0xf0a0b8}
	backgrounds = []uint32{
		0xffffff, 0xffffff, 0xffffff, 0xffffff, 0xffffff, 0xffffff, 0xfafafa, 0xf4f6fa, 0xfaf6f2, 0xf6f8f4,
	}
)
