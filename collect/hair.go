package collect

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/moelab/moelab/internal/cielab"
	"github.com/moelab/moelab/internal/imaging"
)

// material is what has one colour about the head, in light and shade: hair, a hat, clothes, a background.
type material struct {
	colour lab
	shares []float64 // Of each of headParts, in [0, 1].
	votes  float64
}

// headPart is a part of a head. A material that fills the part gets all its votes to be the hair.
type headPart struct {
	votes   float64
	colours func(h likeness) []lab
}

// headParts say where hair is and where it is not: what lies beside the temples and comes first above the forehead is
// hair. What reaches the top or the corners rather is a hat or a background, and what is below the chin, clothes. The
// votes are those of a logistic regression, made round, on 6,300 portraits of [portrait.At] and [portrait.AtDressed],
// more than half of them on coloured backgrounds. No art of other people was used for them.
var headParts = []headPart{
	crown:        {-1, func(h likeness) []lab { return h.rect(18, 10, 46, 18) }},
	aboveFringe:  {0.5, func(h likeness) []lab { return h.rect(18, 18, 46, 25) }},
	fringe:       {0.5, func(h likeness) []lab { return h.rect(20, 25, 44, 32) }},
	forehead:     {2.5, likeness.overForehead},
	besideTemple: {0.75, func(h likeness) []lab { return h.sides(9, 26, 15, 36) }},
	temple:       {4.5, func(h likeness) []lab { return h.sides(14, 28, 20, 38) }},
	cheek:        {1, func(h likeness) []lab { return h.sides(14, 40, 20, 52) }},
	besideCheek:  {0.5, likeness.besideCheeks},
	belowChin:    {-0.5, func(h likeness) []lab { return h.rect(22, 56, 42, 64) }},
	corner:       {-1.5, func(h likeness) []lab { return h.sides(0, 0, 8, 8) }},
}

// Indices of headParts. Hair is looked for in those before belowChin.
const (
	crown = iota
	aboveFringe
	fringe
	forehead
	besideTemple
	temple
	cheek
	besideCheek
	belowChin
	corner
)

// allVotes is what hair has at most.
var allVotes = func() (sum float64) {
	for _, part := range headParts {
		sum += max(part.votes, 0)
	}
	return sum
}()

const (
	// likeMaterial is how far apart two colours of one material are at most, in the sense of [lab.alike].
	likeMaterial = 9
	// mostMaterials and fewestSamples end the search for materials.
	mostMaterials, fewestSamples = 6, 4
)

// materials returns what is about a head, the hair first.
func materials(picture *image.RGBA) (found []material) {
	h := likeness{picture: picture}
	h.skin = cielab.Median(h.rect(26, 44, 38, 50))
	parts := make([][]lab, len(headParts))
	var samples []lab
	for i, part := range headParts {
		parts[i] = part.colours(h)
		if i == crown || i >= belowChin {
			continue
		}
		for k := 0; k < len(parts[i]); k += 7 {
			if !parts[i][k].white() && !h.isSkin(parts[i][k]) {
				samples = append(samples, parts[i][k])
			}
		}
	}
	for len(samples) > 0 && len(found) < mostMaterials {
		middle, n := commonest(samples)
		if n < fewestSamples && len(found) > 0 {
			break
		}
		near := func(c lab) bool { return c.alike(middle) < likeMaterial }
		made := material{shares: make([]float64, len(headParts))}
		for i, part := range headParts {
			if len(parts[i]) > 0 {
				made.shares[i] = float64(count(parts[i], near)) / float64(len(parts[i]))
			}
			made.votes += part.votes * made.shares[i]
		}
		made.colour = colourOfMaterial(parts, samples, near)
		samples = slices.DeleteFunc(samples, near)
		if !h.isSkin(made.colour) { // Its darker places would else make the skin a material.
			found = append(found, made)
		}
	}
	slices.SortStableFunc(found, func(a, b material) int { return cmp.Compare(b.votes, a.votes) })
	return found
}

// colourOfMaterial is the median of what is like a material beside and above the forehead, where the light falls on
// hair; of all samples if there is none.
func colourOfMaterial(parts [][]lab, samples []lab, near func(lab) bool) lab {
	var lit []lab
	for _, part := range []int{fringe, temple} {
		lit = append(lit, kept(parts[part], near)...)
	}
	if len(lit) < fewestSamples {
		lit = kept(samples, near)
	}
	return cielab.Median(lit)
}

func kept(colours []lab, is func(lab) bool) (all []lab) {
	for _, c := range colours {
		if is(c) {
			all = append(all, c)
		}
	}
	return all
}

// commonest returns the colour that most others are like, and how many.
func commonest(colours []lab) (best lab, most int) {
	for _, c := range colours {
		if n := count(colours, func(o lab) bool { return c.alike(o) < likeMaterial }); n > most {
			best, most = c, n
		}
	}
	return best, most
}

func count(colours []lab, is func(lab) bool) (n int) {
	for _, c := range colours {
		if is(c) {
			n++
		}
	}
	return n
}

// sharesHeadWith reports whether both are hair: they lie side by side at the top, where a hat would hide either, and
// the second reaches the forehead.
func (m material) sharesHeadWith(second material) bool {
	const above, below = 0.2, 0.15
	return min(m.shares[aboveFringe], second.shares[aboveFringe]) >= above &&
		second.shares[fringe]+second.shares[forehead] >= below
}

// alike is how far two colours are apart as materials: light and shade hardly count, and saturation less than hue, more
// so the more saturated they are, as in CIE94.
func (c lab) alike(other lab) float64 {
	const lightness = 0.3
	chroma, otherChroma := math.Hypot(c[1], c[2]), math.Hypot(other[1], other[2])
	mean := math.Sqrt(chroma * otherChroma)
	difference := chroma - otherChroma
	hue := math.Sqrt(max(0, square(c[1]-other[1])+square(c[2]-other[2])-square(difference)))
	return math.Hypot(lightness*(c[0]-other[0]), math.Hypot(difference/(1+0.045*mean), hue/(1+0.015*mean)))
}

func square(v float64) float64 { return v * v }

// likeness is a picture that a head fills. Places are in 64ths of its centred square.
type likeness struct {
	picture *image.RGBA
	skin    lab
}

func (h likeness) isSkin(c lab) bool { return c.distance(h.skin) < likeSkin }

// rect samples a rectangle.
func (h likeness) rect(x0, y0, x1, y1 int) []lab {
	return coloursIn(h.picture, part(h.picture.Rect, x0, y0, x1, y1))
}

// sides samples a rectangle at the left and its mirror image.
func (h likeness) sides(x0, y0, x1, y1 int) []lab {
	return append(h.rect(x0, y0, x1, y1), h.rect(64-x1, y0, 64-x0, y1)...)
}

// overForehead is what comes first above the forehead, between the eyes.
func (h likeness) overForehead() (colours []lab) {
	for x := 26.0; x <= 38; x += 0.5 {
		colours = append(colours, h.afterSkin(x, 33, 0, -0.5)...)
	}
	return colours
}

// besideCheeks is what comes first beside the cheeks and the jaw.
func (h likeness) besideCheeks() (colours []lab) {
	for y := 38.0; y <= 54; y += 0.5 {
		colours = append(colours, h.afterSkin(27, y, -0.5, 0)...)
		colours = append(colours, h.afterSkin(37, y, 0.5, 0)...)
	}
	return colours
}

// afterSkin walks from a place of the face until the skin ends, and returns the colours of the next places. Those of
// which there are none, or that are white, have the skin's colour.
func (h likeness) afterSkin(x, y, dx, dy float64) []lab {
	const (
		farthest = 36
		line     = 2 // Steps of something else that are an outline or a brow.
		taken    = 8
	)
	colours := slices.Repeat([]lab{h.skin}, taken)
	other := 0
	for step := range farthest {
		if h.at(x+dx*float64(step), y+dy*float64(step)).distance(h.skin) < likeShade {
			other = 0
			continue
		}
		if other++; other <= line {
			continue
		}
		for k := range taken {
			c := h.at(x+dx*float64(step+k), y+dy*float64(step+k))
			if c.white() {
				break
			}
			colours[k] = c
		}
		break
	}
	return colours
}

// at is the colour of a place; black outside the picture.
func (h likeness) at(x, y float64) lab {
	square := imaging.CentredSquare(h.picture.Rect)
	unit := float64(square.Dx()) / 64
	return cielab.Of(h.picture.RGBAAt(square.Min.X+int(x*unit), square.Min.Y+int(y*unit)))
}
