package portrait

import . "github.com/moelab/moelab/internal/vector"

func (a *artist) faceOutline() Path {
	w, chin, round := a.FaceWidth, a.ChinY, a.ChinRound
	return symmetric(
		on(0, 0.20), on(0.17, 0.26), on(w, 0.44), on(w*0.985, 0.575),
		on(w*(0.83+0.05*round), chin-0.135), on(w*(0.46+0.10*round), chin-0.040),
		on(w*(0.17+0.08*round), chin-0.006), on(0, chin),
	)
}

// face paints ears and face, with the shadow of the front hair.
func (a *artist) face(front frontHair) {
	for _, side := range []float64{-1, 1} {
		a.ear(side)
	}
	outline := a.faceOutline()
	a.Fill(ramp(a.skin.base, a.skin.base, Mix(a.skin.base, a.skin.shade, 0.15)).Vertical(0.3, a.ChinY), outline)
	a.ClipTo(outline)
	a.shadowOf(front, outline)
	a.cheeks()
	a.Unclip()
	jaw := outline[3*stepsPerSpan : len(outline)-3*stepsPerSpan]
	a.Stroke(a.skin.line, jaw, TaperBoth(0.0062*a.Line))
}

// shadowOf paints the shadow of the front hair on the face. It is one shape, lest shadows add up.
func (a *artist) shadowOf(front frontHair, face Path) {
	moved := front.outlines()
	for i, p := range moved {
		moved[i] = p.Moved(Pt(0.006, 0.020))
	}
	a.ClipTo(moved...)
	a.ClipAlsoTo(face)
	a.Fill(a.skin.shade.Faded(0.8*a.Shade), face)
	a.ClipTo(face)
}

func (a *artist) ear(side float64) {
	w := a.FaceWidth
	ear := curve(on(w-0.02, 0.50), on(w+0.028, 0.505), on(w+0.032, 0.56), on(w+0.008, 0.625), on(w-0.03, 0.64))
	inner := curve(on(w+0.022, 0.525), on(w+0.004, 0.55), on(w+0.006, 0.60))
	if side < 0 {
		ear, inner = ear.Mirrored(), inner.Mirrored()
	}
	a.Fill(a.skin.base, ear)
	a.Stroke(a.skin.line, ear, TaperBoth(0.005*a.Line))
	a.Stroke(a.skin.deep, inner, TaperBoth(0.006))
}

func (a *artist) cheeks() {
	blush := RGB(0xff7f78)
	for _, side := range []float64{-1, 1} {
		centre := Pt(side*(a.EyeSpacing+0.035), a.EyeY+0.105)
		rx, ry := 0.062, 0.036
		red := ramp(blush.Opacities(0.15+0.4*a.Blush, 0.1+0.2*a.Blush, 0)...)
		a.Fill(red.Radial(centre, rx, ry), ellipse(centre, rx, ry))
		if a.Blush < 0.75 {
			continue
		}
		for k := -1.0; k <= 1; k++ {
			x := centre.X + k*0.018
			line := Path{Pt(x+0.005, centre.Y-0.009), Pt(x, centre.Y), Pt(x-0.005, centre.Y+0.009)}
			a.Stroke(RGB(0xe0605c).Faded(0.7), line, TaperBoth(0.004))
		}
	}
}

// Mouth is an index into the table of mouths.
type Mouth int

// mouth is the distances of its parts below its corners, in half-widths.
type mouth struct {
	upper, lower float64 // the middle of the line between the lips, and of the lower lip
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
	end := y - 0.1*w // height of the corners
	upper := curve(on(-w, end), on(-0.4*w, y+0.8*m.upper*w), on(0.4*w, y+0.8*m.upper*w), on(w, end))
	if m.open {
		lower := curve(
			corner(w, end), on(0.55*w, y+0.75*m.lower*w), on(0, y+m.lower*w), on(-0.55*w, y+0.75*m.lower*w), corner(-w, end),
		)
		inside := upper.Then(lower)
		a.Fill(RGB(0xa03c40), inside)
		a.ClipTo(inside)
		a.Fill(RGB(0xec8080), ellipse(Pt(0, y+m.lower*w*1.05), 0.7*w, 0.55*m.lower*w))
		a.Unclip()
		a.Stroke(Mix(a.skin.line, RGB(0x8a3030), 0.4), lower, TaperBoth(0.006))
	}
	a.Stroke(Mix(a.skin.line, RGB(0x501818), 0.4), upper, TaperBoth(0.010))
	if !m.open {
		a.Stroke(a.skin.deep, Path{Pt(-0.4*w, y+0.022), Pt(0, y+0.024), Pt(0.4*w, y+0.022)}, TaperBoth(0.005))
	}

	nose := a.EyeY + 0.088
	bridge := Path{Pt(0.001, nose-0.014), Pt(0.007, nose-0.004), Pt(0.004, nose+0.003), Pt(-0.003, nose+0.004)}
	a.Stroke(Mix(a.skin.line, a.skin.deep, 0.4), bridge, TaperBoth(0.007))
}
