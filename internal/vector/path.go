package vector

import (
	"math"
	"slices"
)

// Point is a place or a displacement in the coordinates of a drawing: X to the right, Y down.
type Point struct{ X, Y float64 }

// Pt is short for Point{x, y}.
func Pt(x, y float64) Point { return Point{x, y} }

// Direction is the point at distance one from the origin at an angle in radians, clockwise from the right.
func Direction(angle float64) Point {
	sin, cos := math.Sincos(angle)
	return Point{cos, sin}
}

// Between returns p at t = 0, q at t = 1, and a point of the line through them at any other t.
func Between(p, q Point, t float64) Point { return p.Add(q.Sub(p).Mul(t)) }

// Add returns p+q.
func (p Point) Add(q Point) Point { return Point{p.X + q.X, p.Y + q.Y} }

// Sub returns p-q.
func (p Point) Sub(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

// Mul returns k·p.
func (p Point) Mul(k float64) Point { return Point{p.X * k, p.Y * k} }

// Dot returns the scalar product of p and q.
func (p Point) Dot(q Point) float64 { return p.X*q.X + p.Y*q.Y }

// Length is the distance from the origin.
func (p Point) Length() float64 { return math.Hypot(p.X, p.Y) }

// Turned is p turned by the angle of axis and scaled by its length: the product of complex numbers.
func (p Point) Turned(axis Point) Point {
	return Point{p.X*axis.X - p.Y*axis.Y, p.X*axis.Y + p.Y*axis.X}
}

// TurnedBack is p turned by the opposite angle and scaled by the length of axis.
func (p Point) TurnedBack(axis Point) Point {
	return Point{p.X*axis.X + p.Y*axis.Y, p.Y*axis.X - p.X*axis.Y}
}

// Path is a polygon, or an open line, with points close enough to look smooth.
type Path []Point

// each maps the points.
func (p Path) each(to func(Point) Point) Path {
	q := make(Path, len(p))
	for i, a := range p {
		q[i] = to(a)
	}
	return q
}

// Moved returns the path displaced.
func (p Path) Moved(by Point) Path { return p.each(by.Add) }

// Mirrored returns the path on the other side of x = 0.
func (p Path) Mirrored() Path { return p.each(func(a Point) Point { return Point{-a.X, a.Y} }) }

// Turned returns the path turned clockwise about a point, by radians, and scaled.
func (p Path) Turned(about Point, angle, scale float64) Path {
	axis := Direction(angle).Mul(scale)
	return p.each(func(a Point) Point { return a.Sub(about).Turned(axis).Add(about) })
}

// Reversed returns the path from its end to its start.
func (p Path) Reversed() Path {
	q := slices.Clone(p)
	slices.Reverse(q)
	return q
}

// Then returns the outline that goes along p and then along q.
func (p Path) Then(q Path) Path { return append(p[:len(p):len(p)], q...) }

// Closed returns the path with its start at its end too, for a line all round it.
func (p Path) Closed() Path { return p.Then(p[:1]) }

// Extent returns the corners of the smallest box around the path. It is inside out for an empty path.
func (p Path) Extent() (low, high Point) {
	low, high = Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, a := range p {
		low, high = Point{min(low.X, a.X), min(low.Y, a.Y)}, Point{max(high.X, a.X), max(high.Y, a.Y)}
	}
	return low, high
}

// Rect is a rectangle, clockwise from its upper left corner.
func Rect(left, top, right, bottom float64) Path {
	return Path{{left, top}, {right, top}, {right, bottom}, {left, bottom}}
}

// Ellipse is a polygon of n corners on an ellipse with radii rx across and ry down.
func Ellipse(centre Point, rx, ry float64, n int) Path {
	p := make(Path, n)
	for i := range p {
		d := Direction(2 * math.Pi * float64(i) / float64(n))
		p[i] = Point{centre.X + rx*d.X, centre.Y + ry*d.Y}
	}
	return p
}

// Bezier is the point at t, 0…1, of the quadratic curve from a to b that bend pulls towards itself.
func Bezier(a, bend, b Point, t float64) Point {
	return Between(Between(a, bend, t), Between(bend, b, t), t)
}

// Hermite is the point at t, 0…1, of the cubic from a to b that has the tangents ta and tb there.
func Hermite(a, b, ta, tb Point, t float64) Point {
	t2, t3 := t*t, t*t*t
	return a.Mul(2*t3 - 3*t2 + 1).Add(b.Mul(3*t2 - 2*t3)).Add(ta.Mul(t3 - 2*t2 + t)).Add(tb.Mul(t3 - t2))
}

// Profile is the width of a line at t of its length, 0…1.
type Profile func(t float64) float64

// Even is a line of the same width everywhere.
func Even(width float64) Profile { return func(float64) float64 { return width } }

// TaperBoth is a line that swells from a point to its width in the middle and thins to a point again.
func TaperBoth(width float64) Profile {
	return func(t float64) float64 { return width * math.Sqrt(max(4*t*(1-t), 0)) }
}

// TaperEnd is a line that begins at its width and thins to a point.
func TaperEnd(width float64) Profile {
	return func(t float64) float64 { return width * math.Sqrt(max(1-t, 0)) }
}

// Band is the outline of a line along a spine: its left side, seen in the direction of the spine, and then its right
// side backwards.
func Band(spine Path, width Profile) Path {
	n := len(spine)
	p := make(Path, 2*n)
	for i, a := range spine {
		d := spine[min(i+1, n-1)].Sub(spine[max(i-1, 0)])
		w := width(float64(i)/float64(n-1)) / 2 / max(d.Length(), 1e-9)
		side := Point{d.Y * w, -d.X * w}
		p[i] = a.Add(side)
		p[2*n-1-i] = a.Sub(side)
	}
	return p
}

// Segment is a straight line whose width changes evenly from one end to the other.
func Segment(from, to Point, widthFrom, widthTo float64) Path {
	return Band(Path{from, to}, func(t float64) float64 { return widthFrom + (widthTo-widthFrom)*t })
}
