package portrait

import . "github.com/moelab/moelab/internal/vector"

// knot is a point that a curve goes through. At a corner the curve may turn sharply.
type knot struct {
	Point
	corner bool
}

func on(x, y float64) knot { return knot{Pt(x, y), false} }

func corner(x, y float64) knot { return knot{Pt(x, y), true} }

const stepsPerSpan = 10 // points of a curve between two knots

// curve is a smooth open line through knots.
func curve(knots ...knot) Path {
	last := len(knots) - 1
	p := make(Path, 0, last*stepsPerSpan+1)
	for i := range last {
		p = append(p, span(knots[max(i-1, 0)], knots[i], knots[i+1], knots[min(i+2, last)])...)
	}
	return append(p, knots[last].Point)
}

// symmetric is a smooth closed outline, given the knots of its right half from the top of the middle line to its foot.
// The left half follows in the opposite direction.
func symmetric(right ...knot) Path {
	all := append([]knot{}, right...)
	for i := len(right) - 2; i > 0; i-- {
		all = append(all, knot{Pt(-right[i].X, right[i].Y), right[i].corner})
	}
	p := make(Path, 0, len(all)*stepsPerSpan)
	at := func(i int) knot { return all[(i+len(all))%len(all)] }
	for i := range all {
		p = append(p, span(at(i-1), at(i), at(i+1), at(i+2))...)
	}
	return p
}

// span is the part of a curve from a up to b, bent by a neighbour at each end.
func span(before, a, b, after knot) Path {
	atA, atB := b.Sub(a.Point), b.Sub(a.Point)
	if !a.corner {
		atA = tangent(before, b, atA.Length())
	}
	if !b.corner {
		atB = tangent(a, after, atB.Length())
	}
	p := make(Path, stepsPerSpan)
	for k := range p {
		p[k] = Hermite(a.Point, b.Point, atA, atB, float64(k)/stepsPerSpan)
	}
	return p
}

// tangent is that of a knot between its neighbours. It is as long as the span, so that no curve overshoots.
func tangent(before, after knot, length float64) Point {
	d := after.Sub(before.Point)
	return d.Mul(length / max(d.Length(), 1e-9))
}

func ellipse(centre Point, rx, ry float64) Path { return Ellipse(centre, rx, ry, 40) }
