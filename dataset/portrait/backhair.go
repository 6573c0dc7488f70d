package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// backHair draws the hair behind head and shoulders.
func (a *artist) backHair() {
	b := choose(backs[:], int(a.Back))
	for _, t := range b.tails {
		spine := curve(t.spine...)
		if b.style != ponytail || !a.Flip {
			a.tail(spine, t.width)
		}
		if b.style != ponytail || a.Flip {
			a.tail(spine.Mirrored(), t.width)
		}
	}
	if b.style == buns {
		a.bun(-1)
		a.bun(1)
	}
	outline := symmetric(append(a.crown(), b.outline...)...)
	a.Fill(ramp(a.hair.base, a.hair.shade, a.hair.deep).Vertical(0.25, 0.95), outline)
	a.backStrands(outline)
	a.Stroke(a.hair.line, outline.Closed(), Even(0.0055*a.Line))
}

// backStrands shade the hair behind the neck and draw strands down it.
func (a *artist) backStrands(outline Path) {
	a.ClipTo(outline)
	nape := Pt(0, 0.80)
	a.Fill(ramp(a.hair.deep.Opacities(a.Shade, a.Shade, 0)...).Radial(nape, 0.27, 0.26), ellipse(nape, 0.27, 0.26))
	for i := range 10 + 10*a.FineLines {
		x := 0.24 + 0.018*float64(i%5) + a.Stray(0.006)
		if i >= 5 {
			x = -x
		}
		length := 0.14 + 0.2*a.Float64()
		y := 0.56 + 0.16*a.Float64()
		strand := Path{Pt(x, y), Pt(x*1.02, y+length/2), Pt(x*1.05, y+length)}
		a.Stroke(a.hair.line.Faded(0.6), strand, TaperBoth(0.004*a.Line))
	}
	a.Unclip()
}

// tail draws tied hair along a spine, with its tie.
func (a *artist) tail(spine Path, width float64) {
	outline := Band(spine, func(t float64) float64 {
		return width * min(1, 0.35+3*t) * math.Pow(1-t, 0.6) * (0.85 + 0.5*t)
	})
	n := len(spine)
	a.Fill(ramp(a.hair.base, a.hair.base, a.hair.shade).Vertical(spine[0].Y, spine[n-1].Y), outline)
	right, left := outline[:n], outline[n:].Reversed()
	inner := along(right, left, func(t float64) float64 { return 0.35 * math.Sin(math.Pi*t) })
	a.Fill(a.hair.shade.Faded(0.9*a.Shade), right.Then(inner.Reversed()))
	for _, across := range []float64{0.3, 0.5, 0.72} {
		from, to := 1+int(6*across), n*8/10
		strand := along(left[from:to], right[from:to], Even(across))
		a.Stroke(a.hair.line.Faded(0.7), strand, TaperBoth(0.004*a.Line))
	}
	a.Stroke(a.hair.line, left, Even(0.0055*a.Line))
	a.Stroke(a.hair.line, right, Even(0.0055*a.Line))
	tie := Path{Between(left[1], right[1], -0.25), Between(left[1], right[1], 1.25)}
	a.Stroke(shift(a.ribbon, -28, 0, 0), tie, Even(0.030))
	a.Stroke(a.ribbon, tie, Even(0.022))
}

func (a *artist) bun(side float64) {
	centre := Pt(side*0.215, 0.145)
	r := 0.088 + 0.006*a.Volume
	ball := ellipse(centre, r, r)
	light := centre.Add(Pt(-0.02, -0.02))
	round := ramp(a.hair.light, a.hair.base, a.hair.base, a.hair.shade).Radial(light, 1.25*r, 1.25*r)
	a.Outlined(round, ball, 0.0055*a.Line, a.hair.line)
	for _, k := range []float64{0.35, 0.7} {
		twist := curve(
			on(centre.X-side*0.9*r*k, centre.Y+0.5*r),
			on(centre.X-side*0.2*r, centre.Y-k*r*0.8),
			on(centre.X+side*0.8*r, centre.Y-0.1*r*k),
		)
		a.Stroke(a.hair.line.Faded(0.7), twist, TaperBoth(0.0045*a.Line))
	}
}
