package portrait

import . "github.com/moelab/moelab/internal/vector"

// pose is a [View] of the unit picture, turned about a pivot, scaled about it and moved. In the unit picture, x goes to
// the right from the middle, -0.5…0.5, and y down from the top, 0…1.
type pose struct {
	pivot  Point
	axis   Point // what the direction to the right becomes
	move   Point
	corner Point   // of the unit picture as it would lie unposed, in pixels
	size   float64 // of the unit picture, in pixels
}

func (m pose) apply(p Point) Point { return p.Sub(m.pivot).Turned(m.axis).Add(m.pivot).Add(m.move) }

func (m pose) invert(p Point) Point {
	k := 1 / m.axis.Dot(m.axis)
	return p.Sub(m.pivot).Sub(m.move).TurnedBack(m.axis).Mul(k).Add(m.pivot)
}

// lowered moves all that is drawn down the head.
func (m pose) lowered(by float64) pose {
	m.move = m.move.Add(Pt(0, by).Turned(m.axis))
	return m
}

func (m pose) Pixel(p Point) Point {
	p = m.apply(p)
	return Pt((p.X+0.5)*m.size+m.corner.X, p.Y*m.size+m.corner.Y)
}

func (m pose) Centres(places []Point, x, y int) {
	unit := 1 / m.size
	step := m.invert(Pt(unit-0.5, 0)).Sub(m.invert(Pt(-0.5, 0)))
	at := m.invert(Pt((float64(x)+0.5-m.corner.X)*unit-0.5, (float64(y)+0.5-m.corner.Y)*unit))
	for i := range places {
		places[i] = at
		at = at.Add(step)
	}
}

// bodyPose scales about the middle of the picture.
func (p Params) bodyPose(corner Point, size float64) pose {
	return pose{Pt(0, 0.5), Pt(p.Scale, 0), Pt(p.Move.X, p.Move.Y), corner, size}
}

// headPose turns the head about the neck, which stays on the body.
func (p Params) headPose(corner Point, size float64) pose {
	neck := Pt(0, neckY)
	move := p.bodyPose(corner, size).apply(neck).Sub(neck)
	return pose{neck, Direction(p.Tilt).Mul(p.Scale), move, corner, size}
}
