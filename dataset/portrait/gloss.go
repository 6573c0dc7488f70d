package portrait

import "math"

// gloss lays the light on the hair: a soft sheen, and a ring of light round the head or streaks down the strands.
func (a *artist) gloss(hair frontHair) {
	a.clipTo(hair.outlines()...)
	sheen := point{-0.09, 0.22}
	a.fill(ellipse(sheen, 0.26, 0.20), radial(sheen, 0.26, 0.20, faded(a.hair.light, 0.55*a.Gloss), faded(a.hair.light, 0.3*a.Gloss), faded(a.hair.light, 0)))
	if a.Streaks {
		a.streaks()
	} else {
		a.ring()
	}
	a.unclip()
}

// ring is a band with teeth along the strands.
func (a *artist) ring() {
	const teeth = 11
	var upper, lower []knot
	for i := range 2*teeth + 1 {
		tip := i%2 == 1
		x := -0.27 + 0.54*float64(i)/(2*teeth) + a.stray(0.007)
		up, low := 0.004, 0.008+0.006*a.rng.Float64()
		if tip {
			up, low = 0.008+0.012*a.rng.Float64(), 0.020+0.055*a.rng.Float64()
		}
		ends := 1 - 9*x*x // the ring thins towards the sides
		above, below := fan(x, a.glossY(), -up*ends), fan(x, a.glossY(), low*ends)
		upper = append(upper, knot{above.x, above.y, tip})
		lower = append(lower, knot{below.x, below.y, tip})
	}
	glow := vertical(a.glossY(), a.glossY()+0.12, faded(a.hair.glint, 0.9*a.Gloss), faded(a.hair.glint, 0.45*a.Gloss))
	a.fill(append(curve(upper...), curve(lower...).reversed()...), glow)
}

func (a *artist) streaks() {
	const n = 14
	for i := range n {
		x := -0.24 + 0.48*float64(i)/(n-1) + a.stray(0.012)
		if math.Abs(x+0.02) < 0.03 {
			continue // the parting
		}
		y := a.glossY() + 0.01 + a.stray(0.02)
		length := 0.035 + 0.05*a.rng.Float64()
		streak := path{fan(x, y, -length*0.7), fan(x, y, 0), fan(x, y, length*0.6), fan(x, y, length)}
		a.line(streak, taperBoth(0.012+0.010*a.rng.Float64()), faded(a.hair.glint, 0.75*a.Gloss))
	}
}

// fan is a point of the arc of light at x, moved down along the strands, which fan out from the crown.
func fan(x, y, down float64) point {
	return point{x + 0.8*x*down, y + 1.5*x*x + down*(1-1.2*math.Abs(x))}
}

func (a *artist) glossY() float64 { return 0.235 + 0.02*a.Volume }
