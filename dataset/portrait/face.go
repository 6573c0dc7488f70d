package portrait

import "image/color"

func skinTones(base color.RGBA) tones {
	return tones{
		base:  base,
		shade: shift(base, -10, 10, -14),
		deep:  shift(base, -18, 16, -16),
		line:  mix(shift(base, -52, 14, -20), rgb(0x5a2a2a), 0.4),
	}
}

func (a *artist) faceOutline() path {
	w, chin, round := a.FaceWidth, a.ChinY, a.ChinRound
	return symmetric(
		knot{0, 0.20, false}, knot{0.17, 0.26, false}, knot{w, 0.44, false}, knot{w * 0.985, 0.575, false},
		knot{w * (0.83 + 0.05*round), chin - 0.135, false}, knot{w * (0.46 + 0.10*round), chin - 0.040, false},
		knot{w * (0.17 + 0.08*round), chin - 0.006, false}, knot{0, chin, false},
	)
}

// face paints ears and face, with the shadow that the front hair throws on it.
func (a *artist) face(front frontHair) {
	for _, side := range []float64{-1, 1} {
		a.ear(side)
	}
	outline := a.faceOutline()
	a.fill(outline, vertical(0.3, a.ChinY, opaque(a.Skin), opaque(a.Skin), opaque(mix(a.Skin, a.skin.shade, 0.15))))
	a.clipTo(outline)
	a.shadowOf(front, outline)
	a.cheeks()
	a.unclip()
	jaw := outline[3*stepsPerSpan : len(outline)-3*stepsPerSpan]
	a.line(jaw, taperBoth(0.0062*a.Line), opaque(a.skin.line))
}

// shadowOf throws the shadow of the front hair on the face. It is one shape, lest shadows add up.
func (a *artist) shadowOf(front frontHair, face path) {
	moved := front.outlines()
	for i, p := range moved {
		moved[i] = p.moved(point{0.006, 0.020})
	}
	a.clipTo(moved...)
	a.clipAlsoTo(face)
	a.fill(face, flat(faded(a.skin.shade, 0.8*a.Shade)))
	a.clipTo(face)
}

func (a *artist) ear(side float64) {
	w := a.FaceWidth
	ear := curve(
		knot{w - 0.02, 0.50, false}, knot{w + 0.028, 0.505, false}, knot{w + 0.032, 0.56, false}, knot{w + 0.008, 0.625, false}, knot{w - 0.03, 0.64, false},
	)
	inner := curve(knot{w + 0.022, 0.525, false}, knot{w + 0.004, 0.55, false}, knot{w + 0.006, 0.60, false})
	if side < 0 {
		ear, inner = ear.mirrored(), inner.mirrored()
	}
	a.fill(ear, solid(a.Skin))
	a.line(ear, taperBoth(0.005*a.Line), opaque(a.skin.line))
	a.line(inner, taperBoth(0.006), opaque(a.skin.deep))
}

func (a *artist) cheeks() {
	blush := rgb(0xff7f78)
	for _, side := range []float64{-1, 1} {
		centre := point{side * (a.EyeSpacing + 0.035), a.EyeY + 0.105}
		rx, ry := 0.062, 0.036
		a.fill(ellipse(centre, rx, ry), radial(centre, rx, ry, faded(blush, 0.15+0.4*a.Blush), faded(blush, 0.1+0.2*a.Blush), faded(blush, 0)))
		if a.Blush < 0.75 {
			continue
		}
		for k := -1.0; k <= 1; k++ {
			x := centre.x + k*0.018
			a.line(path{{x + 0.005, centre.y - 0.009}, {x, centre.y}, {x - 0.005, centre.y + 0.009}}, taperBoth(0.004), faded(rgb(0xe0605c), 0.7))
		}
	}
}

// Mouth is an index into the table of mouths.
type Mouth int

// mouth is drawn between its corners: how far each part hangs below them, in half-widths.
type mouth struct {
	upper, lower float64 // middle of the upper lip's line, of the lower lip
	open         bool
	width        float64 // of the style, of Params.MouthWidth
}

var mouths = [...]mouth{
	{0.22, 0, false, 1},       // slight smile
	{0.38, 0, false, 1.1},     // smile
	{0.02, 0, false, 0.8},     // neutral
	{-0.18, 0, false, 0.8},    // pout
	{0.15, 1.0, true, 0.9},    // open smile
	{0.05, 0.75, true, 0.6},   // small and open
	{0.20, 1.35, true, 1.0},   // laughing
	{-0.35, 0.55, true, 0.55}, // surprised
}

func (a *artist) mouthAndNose() {
	m := choose(mouths[:], int(a.Mouth))
	w := a.MouthWidth * m.width
	y := a.ChinY - 0.082
	corner := point{w, y - 0.1*w}
	upper := curve(knot{-corner.x, corner.y, false}, knot{-0.4 * w, y + 0.8*m.upper*w, false}, knot{0.4 * w, y + 0.8*m.upper*w, false}, knot{corner.x, corner.y, false})
	if m.open {
		lower := curve(knot{corner.x, corner.y, true}, knot{0.55 * w, y + 0.75*m.lower*w, false}, knot{0, y + m.lower*w, false}, knot{-0.55 * w, y + 0.75*m.lower*w, false}, knot{-corner.x, corner.y, true})
		inside := append(append(path{}, upper...), lower...)
		a.fill(inside, solid(rgb(0xa03c40)))
		a.clipTo(inside)
		a.fill(ellipse(point{0, y + m.lower*w*1.05}, 0.7*w, 0.55*m.lower*w), solid(rgb(0xec8080)))
		a.unclip()
		a.line(lower, taperBoth(0.006), opaque(mix(a.skin.line, rgb(0x8a3030), 0.4)))
	}
	a.line(upper, taperBoth(0.010), opaque(mix(a.skin.line, rgb(0x501818), 0.4)))
	if !m.open {
		a.line(path{{-0.4 * w, y + 0.022}, {0, y + 0.024}, {0.4 * w, y + 0.022}}, taperBoth(0.005), opaque(a.skin.deep))
	}

	nose := a.EyeY + 0.088
	a.line(path{{0.001, nose - 0.014}, {0.007, nose - 0.004}, {0.004, nose + 0.003}, {-0.003, nose + 0.004}}, taperBoth(0.007), opaque(mix(a.skin.line, a.skin.deep, 0.4)))
}
