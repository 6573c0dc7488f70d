package portrait

import "math"

// point is a place in the unit picture: x to the right from the middle, -0.5…0.5, y down from the top, 0…1.
type point struct{ x, y float64 }

func (p point) add(q point) point         { return point{p.x + q.x, p.y + q.y} }
func (p point) sub(q point) point         { return point{p.x - q.x, p.y - q.y} }
func (p point) mul(k float64) point       { return point{p.x * k, p.y * k} }
func (p point) length() float64           { return math.Hypot(p.x, p.y) }
func between(p, q point, t float64) point { return p.add(q.sub(p).mul(t)) }

// turned turns p about the origin, clockwise as seen.
func turned(p point, angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{p.x*cos - p.y*sin, p.x*sin + p.y*cos}
}

// path is a polygon, or an open line, fine enough to look smooth.
type path []point

// mirrored is the path on the other side of the face.
func (p path) mirrored() path {
	q := make(path, len(p))
	for i, a := range p {
		q[i] = point{-a.x, a.y}
	}
	return q
}

// closed ends where the path began, for a line all round it.
func (p path) closed() path { return append(p[:len(p):len(p)], p[0]) }

func (p path) reversed() path {
	q := make(path, len(p))
	for i, a := range p {
		q[len(p)-1-i] = a
	}
	return q
}

func (p path) moved(by point) path {
	q := make(path, len(p))
	for i, a := range p {
		q[i] = a.add(by)
	}
	return q
}

// knot is a point that a curve goes through; a corner lets the curve turn sharply there.
type knot struct {
	x, y   float64
	corner bool
}

const stepsPerSpan = 10

// curve draws a smooth open line through the knots.
func curve(knots ...knot) path {
	p := make(path, 0, len(knots)*stepsPerSpan)
	last := len(knots) - 1
	for i := range last {
		before, after := knots[i], knots[i+1]
		if i > 0 {
			before = knots[i-1]
		}
		if i+2 <= last {
			after = knots[i+2]
		}
		p = append(p, span(before, knots[i], knots[i+1], after)...)
	}
	return append(p, point{knots[last].x, knots[last].y})
}

// symmetric draws a smooth closed outline, given the knots of its right half from the top of the middle line to its foot.
// The left half follows in the opposite direction.
func symmetric(right ...knot) path {
	n := len(right)
	all := append([]knot{}, right...)
	for i := n - 2; i > 0; i-- {
		all = append(all, knot{-right[i].x, right[i].y, right[i].corner})
	}
	p := make(path, 0, len(all)*stepsPerSpan)
	at := func(i int) knot { return all[(i+len(all))%len(all)] }
	for i := range all {
		p = append(p, span(at(i-1), at(i), at(i+1), at(i+2))...)
	}
	return p
}

// span draws the part of a curve from a up to b, which a neighbour at each end bends.
func span(before, a, b, after knot) path {
	pa, pb := point{a.x, a.y}, point{b.x, b.y}
	ta, tb := pb.sub(pa), pb.sub(pa)
	if !a.corner {
		ta = tangent(before, b, ta.length())
	}
	if !b.corner {
		tb = tangent(a, after, tb.length())
	}
	p := make(path, stepsPerSpan)
	for k := range p {
		p[k] = hermite(pa, pb, ta, tb, float64(k)/stepsPerSpan)
	}
	return p
}

// tangent at a knot is along the line between its neighbours, as long as the span is, so that no curve overshoots.
func tangent(before, after knot, length float64) point {
	d := point{after.x - before.x, after.y - before.y}
	return d.mul(length / max(d.length(), 1e-9))
}

func hermite(a, b, ta, tb point, t float64) point {
	t2, t3 := t*t, t*t*t
	return a.mul(2*t3 - 3*t2 + 1).add(b.mul(3*t2 - 2*t3)).add(ta.mul(t3 - 2*t2 + t)).add(tb.mul(t3 - t2))
}

func ellipse(centre point, rx, ry float64) path {
	const n = 40
	p := make(path, n)
	for i := range p {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / n)
		p[i] = point{centre.x + rx*cos, centre.y + ry*sin}
	}
	return p
}

// band is the outline of a line whose half-width changes along it: manga lines and locks of hair are such bands.
func band(spine path, halfWidth func(t float64) float64) path {
	n := len(spine)
	p := make(path, 2*n)
	for i, a := range spine {
		d := spine[min(i+1, n-1)].sub(spine[max(i-1, 0)])
		w := halfWidth(float64(i)/float64(n-1)) / max(d.length(), 1e-9)
		side := point{d.y * w, -d.x * w}
		p[i] = a.add(side)
		p[2*n-1-i] = a.sub(side)
	}
	return p
}

// Profiles of lines: full width is reached in the middle, at the start, or everywhere.
func taperBoth(width float64) func(float64) float64 {
	return func(t float64) float64 { return width / 2 * math.Sqrt(max(4*t*(1-t), 0)) }
}

func taperEnd(width float64) func(float64) float64 {
	return func(t float64) float64 { return width / 2 * math.Sqrt(max(1-t, 0)) }
}

func even(width float64) func(float64) float64 {
	return func(float64) float64 { return width / 2 }
}
