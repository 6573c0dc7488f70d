package portrait

// Clothes is an index into the table of clothes.
type Clothes int

// garment is what shows at the lower edge of the picture.
type garment struct {
	neckline float64 // how low the neckline reaches in the middle
	collar   bool    // a sailor's collar
	tie, bow bool
}

var clothes = [...]garment{
	{0.90, false, false, false}, // high neck
	{0.97, false, false, false}, // round neck
	{0.98, true, false, true},   // sailor with a bow
	{0.98, true, true, false},   // sailor with a tie
	{0.93, false, false, true},  // blouse with a bow
}

func (a *artist) neckAndClothes() {
	g := clothes[a.Clothes]
	neck := curve(
		knot{0.085, 0.70, false}, knot{0.082, 0.84, false}, knot{0.12, 0.885, false}, knot{0.30, 0.94, false}, knot{0.40, 1.1, true}, knot{0, 1.1, false},
	).symmetric()
	a.fill(neck, solid(a.Skin))
	a.clipTo(neck)
	shadow := ellipse(point{0.01, a.ChinY - 0.03}, 0.17, 0.085)
	a.fill(shadow, flat(faded(a.skin.shade, 0.5+0.5*a.Shade)))
	a.unclip()
	a.line(neck[:3*stepsPerSpan], taperBoth(0.006), opaque(a.skin.line))
	a.line(neck.mirrored()[:3*stepsPerSpan], taperBoth(0.006), opaque(a.skin.line))

	dark := opaque(shift(a.Cloth, -30, 0, 0))
	cloth := curve(
		knot{0, g.neckline, false}, knot{0.10, shoulderY - 0.02, true}, knot{0.24, shoulderY + 0.02, false}, knot{0.37, 0.98, false}, knot{0.42, 1.1, true}, knot{0, 1.1, false},
	).symmetric()
	a.fill(cloth, vertical(0.88, 1.05, opaque(a.Cloth), opaque(shift(a.Cloth, -9, 2, -6))))
	a.line(append(cloth, cloth[0]), even(0.007), dark)
	if g.collar {
		a.collar()
	}
	if g.tie {
		tie := path{{-0.022, 0.955}, {0.022, 0.955}, {0.045, 1.05}, {-0.045, 1.05}}
		a.fill(tie, solid(a.Trim))
		a.line(append(tie, tie[0]), even(0.006), opaque(shift(a.Trim, -28, 0, 0)))
	}
	if g.bow {
		a.bow(point{0, 0.955}, 0.075)
	}
}

func (a *artist) collar() {
	dark := opaque(shift(a.Trim, -28, 0, 0))
	half := curve(knot{0.10, shoulderY - 0.03, true}, knot{0.19, shoulderY + 0.01, false}, knot{0.22, 1.02, true}, knot{0.0, 1.0, true}, knot{0.10, shoulderY - 0.03, true})
	for _, p := range []path{half, half.mirrored()} {
		a.fill(p, solid(a.Trim))
		a.line(p, even(0.006), dark)
	}
}
