package portrait

import "math"

// backHair draws what hangs behind head and shoulders.
func (a *artist) backHair() {
	b := choose(backs[:], int(a.Back))
	for _, t := range b.tails {
		spine := curve(t.spine...)
		if !b.single || !a.Flip {
			a.tail(spine, t.width)
		}
		if !b.single || a.Flip {
			a.tail(spine.mirrored(), t.width)
		}
	}
	if b.bun {
		a.bun(-1)
		a.bun(1)
	}
	outline := symmetric(append(a.crown(), b.outline...)...)
	a.fill(outline, vertical(0.25, 0.95, opaque(a.hair.base), opaque(a.hair.shade), opaque(a.hair.deep)))
	a.backStrands(outline)
	a.line(outline.closed(), even(0.0055*a.Line), opaque(a.hair.line))
}

// backStrands shade the hair behind the neck and draw strands down it.
func (a *artist) backStrands(outline path) {
	a.clipTo(outline)
	nape := point{0, 0.80}
	a.fill(ellipse(nape, 0.27, 0.26), radial(nape, 0.27, 0.26, faded(a.hair.deep, a.Shade), faded(a.hair.deep, a.Shade), faded(a.hair.deep, 0)))
	for i := range 10 + 10*a.FineLines {
		x := 0.24 + 0.018*float64(i%5) + a.stray(0.006)
		if i >= 5 {
			x = -x
		}
		length := 0.14 + 0.2*a.rng.Float64()
		y := 0.56 + 0.16*a.rng.Float64()
		a.line(path{{x, y}, {x * 1.02, y + length/2}, {x * 1.05, y + length}}, taperBoth(0.004*a.Line), faded(a.hair.line, 0.6))
	}
	a.unclip()
}

// tail draws tied hair along a spine, with its tie.
func (a *artist) tail(spine path, width float64) {
	profile := func(t float64) float64 {
		return width / 2 * min(1, 0.35+3*t) * math.Pow(1-t, 0.6) * (0.85 + 0.5*t)
	}
	outline := band(spine, profile)
	n := len(spine)
	a.fill(outline, vertical(spine[0].y, spine[n-1].y, opaque(a.hair.base), opaque(a.hair.base), opaque(a.hair.shade)))
	right, left := outline[:n], outline[n:].reversed()
	inner := make(path, n)
	for i := range inner {
		inner[i] = between(right[i], left[i], 0.35*math.Sin(math.Pi*float64(i)/float64(n-1)))
	}
	a.fill(append(append(path{}, right...), inner.reversed()...), flat(faded(a.hair.shade, 0.9*a.Shade)))
	for _, across := range []float64{0.3, 0.5, 0.72} {
		strand := make(path, 0, n)
		for i := 1 + int(6*across); i < n*8/10; i++ {
			strand = append(strand, between(left[i], right[i], across))
		}
		a.line(strand, taperBoth(0.004*a.Line), faded(a.hair.line, 0.7))
	}
	a.line(left, even(0.0055*a.Line), opaque(a.hair.line))
	a.line(right, even(0.0055*a.Line), opaque(a.hair.line))
	tie := path{between(left[1], right[1], -0.25), between(left[1], right[1], 1.25)}
	a.line(tie, even(0.030), opaque(shift(a.Ribbon, -28, 0, 0)))
	a.line(tie, even(0.022), opaque(a.Ribbon))
}

func (a *artist) bun(side float64) {
	centre := point{side * 0.215, 0.145}
	r := 0.088 + 0.006*a.Volume
	ball := ellipse(centre, r, r)
	light := centre.add(point{-0.02, -0.02})
	a.fill(ball, radial(light, 1.25*r, 1.25*r, opaque(a.hair.light), opaque(a.hair.base), opaque(a.hair.base), opaque(a.hair.shade)))
	a.line(ball.closed(), even(0.0055*a.Line), opaque(a.hair.line))
	for _, k := range []float64{0.35, 0.7} {
		twist := curve(
			knot{centre.x - side*0.9*r*k, centre.y + 0.5*r, false}, knot{centre.x - side*0.2*r, centre.y - k*r*0.8, false}, knot{centre.x + side*0.8*r, centre.y - 0.1*r*k, false},
		)
		a.line(twist, taperBoth(0.0045*a.Line), faded(a.hair.line, 0.7))
	}
}
