package illustration

import "math"

// point is a place in the illustration: x to the right and y down from the upper left corner, of which the lower right
// one is at (512, 512).
type point struct{ x, y float64 }

func (p point) add(q point) point         { return point{p.x + q.x, p.y + q.y} }
func (p point) sub(q point) point         { return point{p.x - q.x, p.y - q.y} }
func (p point) mul(k float64) point       { return point{p.x * k, p.y * k} }
func (p point) length() float64           { return math.Hypot(p.x, p.y) }
func between(p, q point, t float64) point { return p.add(q.sub(p).mul(t)) }

// direction is the point one away from the origin at an angle, clockwise from the right.
func direction(angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{cos, sin}
}

// path is a polygon, or an open line, fine enough to look smooth. Polygons go clockwise, so that those that are painted
// together do not cancel each other where they overlap.
type path []point

func (p path) moved(by point) path {
	q := make(path, len(p))
	for i, a := range p {
		q[i] = a.add(by)
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

// turned turns the path about a point and scales it.
func (p path) turned(about point, angle, scale float64) path {
	axis := direction(angle).mul(scale)
	q := make(path, len(p))
	for i, a := range p {
		d := a.sub(about)
		q[i] = point{d.x*axis.x - d.y*axis.y, d.x*axis.y + d.y*axis.x}.add(about)
	}
	return q
}

// smooth draws an open curve through the points.
func smooth(through ...point) path {
	const steps = 8
	at := func(i int) point { return through[min(max(i, 0), len(through)-1)] }
	p := make(path, 0, len(through)*steps)
	for i := range len(through) - 1 {
		a, b := at(i), at(i+1)
		ta, tb := b.sub(at(i-1)).mul(0.5), at(i+2).sub(a).mul(0.5)
		for k := range steps {
			t := float64(k) / steps
			t2, t3 := t*t, t*t*t
			p = append(p, a.mul(2*t3-3*t2+1).add(b.mul(3*t2-2*t3)).add(ta.mul(t3-2*t2+t)).add(tb.mul(t3-t2)))
		}
	}
	return append(p, at(len(through)-1))
}

func rect(left, top, right, bottom float64) path {
	return path{{left, top}, {right, top}, {right, bottom}, {left, bottom}}
}

func ellipse(centre point, rx, ry float64) path {
	n := int(min(12+max(rx, ry), 60))
	p := make(path, n)
	for i := range p {
		d := direction(2 * math.Pi * float64(i) / float64(n))
		p[i] = point{centre.x + rx*d.x, centre.y + ry*d.y}
	}
	return p
}

func disc(centre point, radius float64) path { return ellipse(centre, radius, radius) }

// star has so many points; inner is the radius between them.
func star(centre point, points int, outer, inner, angle float64) path {
	p := make(path, 2*points)
	for i := range p {
		radius := outer
		if i%2 == 1 {
			radius = inner
		}
		p[i] = direction(angle + math.Pi*float64(i)/float64(points)).mul(radius).add(centre)
	}
	return p
}

// band is the outline of a line whose half-width changes along it.
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

// segment is a straight line as a polygon. With ends that differ in width it is a wedge.
func segment(from, to point, widthFrom, widthTo float64) path {
	return band(path{from, to}, func(t float64) float64 { return (widthFrom + (widthTo-widthFrom)*t) / 2 })
}
