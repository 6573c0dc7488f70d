package portrait

import (
	"image/color"
	"math/rand/v2"
)

// Params says everything about one portrait. Lengths are in widths of the picture, angles in radians. The ranges are those of
// [Random]; Draw takes others too.
type Params struct {
	Colour Colour     // class of the hair colour
	Hair   color.RGBA // the hair colour itself

	FaceWidth float64    // half the width at the cheeks, 0.222…0.245
	ChinY     float64    // height of the chin, 0.80…0.83
	ChinRound float64    // 0 pointed … 1 round
	Skin      color.RGBA // of the lit skin

	Fringe    Fringe
	Side      Side
	Back      Back
	Volume    float64 // how far the hair stands off the skull, -1 flat … 1 full
	FringeLow float64 // how much longer than the style's the fringe is, -0.02…0.02
	Flip      bool    // the hair style is mirrored
	Ahoge     bool    // a lock that stands up from the crown
	Strands   uint64  // seed of the small irregularities of locks
	Gloss     float64 // opacity of the highlights of the hair, 0.35…1
	Streaks   bool    // these are streaks, not a ring
	FineLines int     // drawn down each lock, as in large illustrations; none of Random's
	Accessory Accessory
	Ribbon    color.RGBA // colour of the accessory

	Eyes       EyeShape
	Iris       color.RGBA
	EyeSize    float64 // 0.9…1.12 of the usual size
	EyeSpacing float64 // from the middle of the face to the middle of an eye, 0.118…0.132
	EyeY       float64 // height of the eyes, 0.575…0.60
	EyeOpening float64 // 0 closed … 1 open; 0.85…1 unless one blinks
	Gaze       float64 // where the eyes look, -1 left … 1 right

	BrowY    float64 // height above the eyes, 0.105…0.13
	BrowTilt float64 // -1 worried … 1 stern
	BrowArch float64 // 0 straight … 1 arched
	BrowBold float64 // thickness, 0…1

	Mouth      Mouth
	MouthWidth float64 // half its width, 0.022…0.042
	Blush      float64 // 0…1

	Clothes Clothes
	Cloth   color.RGBA // main colour of the clothes
	Trim    color.RGBA // colour of collar, bow and tie

	Tilt       float64 // of the head, -0.08…0.08, clockwise
	Move       Offset  // of the whole portrait, -0.02…0.02 each way
	Scale      float64 // of the whole portrait, 0.97…1.12
	Line       float64 // weight of the lines, 0.7…1.2
	Shade      float64 // strength of shadows, 0.6…1
	Background color.RGBA
}

// Offset is a small move in widths of the picture, to the right and down.
type Offset struct{ X, Y float64 }

// The domains keep the streams of random numbers of one seed apart.
const (
	portraitDomain = 0x706f727472616974
	orderDomain    = 0x6f72646572
	blinkDomain    = 0x626c696e6b
)

// At returns the index-th portrait of the endless series of a seed. Each block of nine holds the nine hair colours in a
// shuffled order. Negative indices are portraits too.
func At(seed uint64, index int) Params {
	classes := len(hairClasses)
	block, place := index/classes, index%classes
	if place < 0 {
		block, place = block-1, place+classes
	}
	order := rand.New(rand.NewPCG(seed^orderDomain, uint64(block))).Perm(classes)
	rng := rand.New(rand.NewPCG(seed^portraitDomain, uint64(index)))
	return Random(rng, Colour(order[place]))
}

// choose looks a style up. Tables start over at their end, so that any number is a style.
func choose[T any](table []T, style int) T {
	n := len(table)
	return table[(style%n+n)%n]
}

// Random draws the parameters of a portrait with the asked hair colour.
func Random(rng *rand.Rand, colour Colour) Params {
	within := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	p := Params{
		Colour: colour, Hair: naturalHair(rng, colour),

		FaceWidth: within(0.222, 0.245), ChinY: within(0.80, 0.83), ChinRound: rng.Float64(), Skin: pick(rng, skins),

		Fringe: Fringe(rng.IntN(len(fringes))), Side: Side(rng.IntN(len(sides))), Back: Back(rng.IntN(len(backs))),
		Volume: within(-1, 1), FringeLow: within(-0.02, 0.02), Flip: rng.IntN(2) == 0, Ahoge: rng.IntN(5) == 0,
		Strands: rng.Uint64(), Gloss: within(0.35, 1), Streaks: rng.IntN(3) == 0,
		Accessory: pick(rng, accessoryOdds), Ribbon: pick(rng, ribbonColours),

		Eyes: EyeShape(rng.IntN(len(eyeShapes))), Iris: naturalIris(rng), EyeSize: within(0.9, 1.12),
		EyeSpacing: within(0.118, 0.132), EyeY: within(0.575, 0.60), EyeOpening: within(0.85, 1), Gaze: within(-1, 1),

		BrowY: within(0.105, 0.13), BrowTilt: within(-1, 1), BrowArch: rng.Float64(), BrowBold: rng.Float64(),

		Mouth: Mouth(rng.IntN(len(mouths))), MouthWidth: within(0.022, 0.042), Blush: rng.Float64(),

		Clothes: Clothes(rng.IntN(len(clothes))), Cloth: pick(rng, clothColours), Trim: pick(rng, ribbonColours),

		Tilt: within(-0.08, 0.08), Move: Offset{within(-0.02, 0.02), within(-0.02, 0.02)}, Scale: within(0.97, 1.12),
		Line: within(0.7, 1.2), Shade: within(0.6, 1), Background: pick(rng, backgrounds),
	}
	if choose(backs[:], int(p.Back)).bun && p.Accessory == CatEars {
		p.Accessory = NoAccessory // no room for both
	}
	return p
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// naturalHair strays from the typical colour of the class.
func naturalHair(rng *rand.Rand, colour Colour) color.RGBA {
	class := colour.class()
	stray := func(greatest float64) float64 { return greatest * (2*rng.Float64() - 1) }
	return shift(class.typical, stray(class.lightness), stray(class.chroma), stray(class.hue))
}

func naturalIris(rng *rand.Rand) color.RGBA {
	return shift(pick(rng, irises), 8*(2*rng.Float64()-1), 8*(2*rng.Float64()-1), 12*(2*rng.Float64()-1))
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

var (
	skins = []color.RGBA{rgb(0xfff0e4), rgb(0xfeeadb), rgb(0xfde6d6), rgb(0xfce0cc), rgb(0xffeee8), rgb(0xf6d6bc)}

	irises = func() (all []color.RGBA) { // In the order of the classes.
		for _, class := range eyeColours {
			all = append(all, class.irises...)
		}
		return all
	}()

	clothColours = []color.RGBA{
		rgb(0xf7f7fa), rgb(0xf7f7fa), rgb(0x2f3a5c), rgb(0x3c3c48), rgb(0x8a3040), rgb(0xf2e6c8),
		rgb(0x5a7a9a), rgb(0xd8c8e8), rgb(0xf0b8c0), rgb(0x6a8a6a), rgb(0x705040),
	}

	ribbonColours = []color.RGBA{
		rgb(0xc83848), rgb(0x2f4a8c), rgb(0x303038), rgb(0xf4f4f8), rgb(0xe88a30), rgb(0x3a8a60), rgb(0x8a4aa0), rgb(0xf0a0b8),
	}

	backgrounds = []color.RGBA{
		rgb(0xffffff), rgb(0xffffff), rgb(0xffffff), rgb(0xffffff), rgb(0xffffff), rgb(0xffffff), rgb(0xfafafa),
		rgb(0xf4f6fa), rgb(0xfaf6f2), rgb(0xf6f8f4),
	}
)
