package collect

import (
	"image"
	"math"

	"github.com/moelab/moelab/eyes"
)

// head returns the square around a face and its hair, framed as in the drawn portraits: the eyes are a quarter of its
// width apart, and their middle lies at 0.59 of its height. ok is false if the face shows only one eye, from which its
// size is not known.
func head(face eyes.Face) (square image.Rectangle, ok bool) {
	if len(face.Eyes) != 2 {
		return image.Rectangle{}, false
	}
	middle := func(r image.Rectangle) (x, y float64) {
		return float64(r.Min.X+r.Max.X) / 2, float64(r.Min.Y+r.Max.Y) / 2
	}
	leftX, leftY := middle(face.Eyes[0].Box)
	rightX, rightY := middle(face.Eyes[1].Box)
	side := max(int(math.Round(4*math.Hypot(rightX-leftX, rightY-leftY))), 1)
	corner := image.Pt(int(math.Round((leftX+rightX)/2))-side/2, int(math.Round((leftY+rightY)/2-0.59*float64(side))))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}, true
}

// tilt returns the angle between the horizontal and the line through the two eyes of a face, in degrees.
func tilt(face eyes.Face) float64 {
	left, right := face.Eyes[0].Box, face.Eyes[1].Box
	apart := right.Min.Add(right.Max).Sub(left.Min.Add(left.Max))
	return math.Abs(math.Atan2(float64(apart.Y), float64(apart.X))) * 180 / math.Pi
}

// around returns the box that holds the eyes of a face.
func around(face eyes.Face) (box image.Rectangle) {
	for _, eye := range face.Eyes {
		box = box.Union(eye.Box)
	}
	return box
}

// leastInside is the share of a head's square that must lie in the picture.
const leastInside = 0.65

// inside returns the share of a square that lies in a picture, in [0, 1].
func inside(square, picture image.Rectangle) float64 {
	in := square.Intersect(picture)
	return float64(in.Dx()*in.Dy()) / float64(square.Dx()*square.Dy())
}

// fitted moves a square into a picture, and shrinks it if necessary: a head framed a little differently is better than
// one that continues with its mirror image.
func fitted(square, picture image.Rectangle) image.Rectangle {
	side := min(square.Dx(), picture.Dx(), picture.Dy())
	centre := square.Min.Add(square.Max).Div(2)
	place := func(middle, low, high int) int { return min(max(middle-side/2, low), high-side) }
	corner := image.Pt(place(centre.X, picture.Min.X, picture.Max.X), place(centre.Y, picture.Min.Y, picture.Max.Y))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}
