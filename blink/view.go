package blink

import (
	"image"
	"math"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// view is the square around an eye, turned so that the face's two eyes are level in it.
type view struct {
	x, y  float64 // its middle, in the picture
	side  float64 // in pixels of the picture
	angle float64 // clockwise
}

// viewsOf returns the views of a face's eyes.
func viewsOf(face []image.Rectangle) (views []view) {
	middle := func(r image.Rectangle) (x, y float64) {
		return float64(r.Min.X+r.Max.X) / 2, float64(r.Min.Y+r.Max.Y) / 2
	}
	angle := 0.0
	if last := len(face) - 1; last > 0 {
		x, y := middle(face[0])
		toX, toY := middle(face[last])
		angle = math.Atan2(toY-y, toX-x)
	}
	sin, cos := math.Sincos(angle)
	for _, eye := range face {
		x, y := middle(eye)
		side := float64(dataset.EyeSquare(eye).Dx()) / (math.Abs(sin) + math.Abs(cos)) // The box of a turned eye is larger.
		views = append(views, view{x, y, side, angle})
	}
	return views
}

// onto returns the map from the view, size × size pixels, to the picture.
func (v view) onto(size int) f64.Aff3 {
	sin, cos := math.Sincos(v.angle)
	scale := v.side / float64(size)
	a, b := scale*cos, scale*sin
	half := float64(size) / 2
	return f64.Aff3{a, -b, v.x - (a-b)*half, b, a, v.y - (a+b)*half}
}

// bounds returns the smallest rectangle around the view.
func (v view) bounds() image.Rectangle {
	sin, cos := math.Sincos(v.angle)
	half := v.side / 2 * (math.Abs(sin) + math.Abs(cos))
	down, up := func(x float64) int { return int(math.Floor(x)) }, func(x float64) int { return int(math.Ceil(x)) }
	return image.Rect(down(v.x-half), down(v.y-half), up(v.x+half), up(v.y+half))
}

// cut returns the view of a picture, size × size pixels. Beyond its border the picture is continued by its mirror
// image.
func (v view) cut(picture *image.RGBA, size int) *image.RGBA {
	around := v.bounds().Inset(-4) // What the interpolation looks at.
	part := imaging.CopyPart(picture, around)
	made := image.NewRGBA(image.Rect(0, 0, size, size))
	v.x, v.y = v.x-float64(around.Min.X), v.y-float64(around.Min.Y)
	draw.CatmullRom.Transform(made, inverse(v.onto(size)), part, part.Rect, draw.Src, nil)
	return made
}

// inverse returns the inverse of a map.
func inverse(m f64.Aff3) f64.Aff3 {
	k := 1 / (m[0]*m[4] - m[1]*m[3])
	return f64.Aff3{
		m[4] * k, -m[1] * k, (m[1]*m[5] - m[4]*m[2]) * k,
		-m[3] * k, m[0] * k, (m[3]*m[2] - m[0]*m[5]) * k,
	}
}
