package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// gloss paints light on the hair: a soft sheen, and a ring around the head or streaks down the strands.
func (a *artist) gloss(hair frontHair) {
	a.ClipTo(hair.outlines()...)
	sheen := Pt(-0.09, 0.22)
	light := ramp(a.hair.light.Opacities(0.55*a.Gloss, 0.3*a.Gloss, 0)...).Radial(sheen, 0.26, 0.20)
	a.Fill(light, ellipse(sheen, 0.26, 0.20))
	if a.Streaks {
		a.streaks()
	} else {
		a.ring()
	}
	a.Unclip()
}

// ring is a band with teeth along the strands.
func (a *artist) ring() {
	const teeth = 11
	var upper, lower []knot
	for i := range 2*teeth + 1 {
		tip := i%2 == 1
		x := -0.27 + 0.54*float64(i)/(2*teeth) + a.Stray(0.007)
		up, low := 0.004, 0.008+0.006*a.Float64()
		if tip {
			up, low = 0.008+0.012*a.Float64(), 0.020+0.055*a.Float64()
		}
		ends := 1 - 9*x*x // the ring thins towards the sides
		above, below := fan(x, a.glossY(), -up*ends), fan(x, a.glossY(), low*ends)
		upper = append(upper, knot{above, tip})
		lower = append(lower, knot{below, tip})
	}
	glow := ramp(a.hair.glint.Opacities(0.9*a.Gloss, 0.45*a.Gloss)...).Vertical(a.glossY(), a.glossY()+0.12)
	a.Fill(glow, curve(upper...).Then(curve(lower...).Reversed()))
}

func (a *artist) streaks() {
	const n = 14
	for i := range n {
		x := -0.24 + 0.48*float64(i)/(n-1) + a.Stray(0.012)
		if math.Abs(x+0.02) < 0.03 {
			continue // the parting
		}
		y := a.glossY() + 0.01 + a.Stray(0.02)
		length := 0.035 + 0.05*a.Float64()
		streak := Path{fan(x, y, -length*0.7), fan(x, y, 0), fan(x, y, length*0.6), fan(x, y, length)}
		a.Stroke(a.hair.glint.Faded(0.75*a.Gloss), streak, TaperBoth(0.012+0.010*a.Float64()))
	}
}

// fan is a point of the arc of light, moved down along the strands, which fan out from the crown.
func fan(x, y, down float64) Point {
	return Pt(x+0.8*x*down, y+1.5*x*x+down*(1-1.2*math.Abs(x)))
}

func (a *artist) glossY() float64 { return 0.235 + 0.02*a.Volume }
