package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// several are shapes made one after the other.
func several(n int, shape func(k int) Path) []Path {
	shapes := make([]Path, n)
	for k := range shapes {
		shapes[k] = shape(k)
	}
	return shapes
}

// smooth is an open curve through points (Catmull–Rom).
func smooth(through ...Point) Path {
	const steps = 8
	at := func(i int) Point { return through[min(max(i, 0), len(through)-1)] }
	p := make(Path, 0, len(through)*steps)
	for i := range len(through) - 1 {
		a, b := at(i), at(i+1)
		ta, tb := b.Sub(at(i-1)).Mul(0.5), at(i+2).Sub(a).Mul(0.5)
		for k := range steps {
			p = append(p, Hermite(a, b, ta, tb, float64(k)/steps))
		}
	}
	return append(p, at(len(through)-1))
}

func ellipse(centre Point, rx, ry float64) Path {
	return Ellipse(centre, rx, ry, int(min(12+max(rx, ry), 60)))
}

func disc(centre Point, radius float64) Path { return ellipse(centre, radius, radius) }

// star has a number of points; inner is the radius between them.
func star(centre Point, points int, outer, inner, angle float64) Path {
	p := make(Path, 2*points)
	for i := range p {
		radius := outer
		if i%2 == 1 {
			radius = inner
		}
		p[i] = Direction(angle + math.Pi*float64(i)/float64(points)).Mul(radius).Add(centre)
	}
	return p
}

// heart is nearly 2·size wide and high.
func heart(at Point, size, angle float64) Path {
	half := smooth(Pt(0, -0.45), Pt(0.35, -0.9), Pt(0.85, -0.7), Pt(0.85, -0.15), Pt(0, 0.9))
	return half.Then(half[1:len(half)-1].Mirrored().Reversed()).Turned(Point{}, angle, size).Moved(at)
}

// rounded cuts the corners of a rectangle.
func rounded(box Path, radius float64) Path {
	if radius < 1 {
		return box
	}
	var p Path
	for i, corner := range box {
		inward := Pt(radius, radius)
		if corner.X > box[0].X {
			inward.X = -radius
		}
		if corner.Y > box[0].Y {
			inward.Y = -radius
		}
		centre := corner.Add(inward)
		for k := range 7 {
			p = append(p, centre.Add(Direction(math.Pi+math.Pi/2*(float64(i)+float64(k)/6)).Mul(radius)))
		}
	}
	return p
}
