package eyes

import (
	"context"
	"image"
	"image/draw"
	"math"
	"slices"
)

// Survey is all that is known of the faces of a picture: those that were found, and those that may have been missed.
type Survey struct {
	// Faces are those of [Finder.Find].
	Faces []Face
	// Tilted are faces that are found only if the picture is turned by less than a quarter. The boxes of their eyes are
	// upright squares in the picture as it is.
	Tilted []Face
	// Perhaps are places that look a little like one or two eyes of a face.
	Perhaps []Face
}

// tilts are the angles, in degrees, by which a picture is turned to find tilted faces: Find itself finds those of up to
// some 25°.
var tilts = []float64{-45, 45}

// Survey finds the faces of a picture as [Finder.Find] does, and looks for those that it misses.
func (f *Finder) Survey(ctx context.Context, picture image.Image) (s Survey, err error) {
	bounds := picture.Bounds()
	if bounds.Empty() {
		return s, nil
	}
	canvas, scale := onWhite(picture)
	faces, doubtful, err := f.search(ctx, canvas)
	if err != nil {
		return s, err
	}
	var tilted []face
	for _, degrees := range tilts {
		turn := newTurn(canvas.Rect.Size(), degrees)
		found, _, err := f.search(ctx, turn.turned(canvas))
		if err != nil {
			return s, err
		}
		for _, face := range found {
			if len(face) == 2 { // A single eye looks much the same however it lies.
				tilted = append(tilted, turn.back(face))
			}
		}
	}
	tilted = without(distinct(tilted), faces)
	doubtful = without(doubtful, slices.Concat(faces, tilted))
	s.Faces, s.Tilted = result(faces, canvas, bounds, scale), result(tilted, canvas, bounds, scale)
	s.Perhaps = result(doubtful, canvas, bounds, scale)
	return s, nil
}

// turn turns pictures of a size about their middle, into pictures that hold all of them.
type turn struct {
	from, to  image.Point
	sine, cos float64
}

func newTurn(from image.Point, degrees float64) turn {
	t := turn{from: from}
	t.sine, t.cos = math.Sincos(degrees * math.Pi / 180)
	w, h := float64(from.X), float64(from.Y)
	s, c := math.Abs(t.sine), math.Abs(t.cos)
	t.to = image.Pt(int(math.Ceil(w*c+h*s)), int(math.Ceil(w*s+h*c)))
	return t
}

// source returns the place in the picture of one in the turned picture.
func (t turn) source(x, y float64) (fromX, fromY float64) {
	x, y = x-float64(t.to.X)/2, y-float64(t.to.Y)/2
	return t.cos*x + t.sine*y + float64(t.from.X)/2, -t.sine*x + t.cos*y + float64(t.from.Y)/2
}

// turned returns a turned picture, clockwise for positive angles, white outside.
func (t turn) turned(picture *image.RGBA) *image.RGBA {
	made := image.NewRGBA(image.Rectangle{Max: t.to})
	draw.Draw(made, made.Rect, image.White, image.Point{}, draw.Src)
	for y := range t.to.Y {
		for x := range t.to.X {
			fromX, fromY := t.source(float64(x)+0.5, float64(y)+0.5)
			left, top := int(math.Floor(fromX-0.5)), int(math.Floor(fromY-0.5))
			if left < 0 || top < 0 || left+1 >= t.from.X || top+1 >= t.from.Y {
				continue
			}
			right, down := fromX-0.5-float64(left), fromY-0.5-float64(top)
			at := picture.PixOffset(picture.Rect.Min.X+left, picture.Rect.Min.Y+top)
			to := made.PixOffset(x, y)
			for c := range 3 {
				value := func(offset int) float64 { return float64(picture.Pix[at+offset+c]) }
				upper := value(0)*(1-right) + value(4)*right
				lower := value(picture.Stride)*(1-right) + value(picture.Stride+4)*right
				made.Pix[to+c] = uint8(upper*(1-down) + lower*down + 0.5)
			}
		}
	}
	return made
}

// back returns a face of the turned picture as it lies in the picture, with upright boxes of the same size.
func (t turn) back(f face) face {
	moved := slices.Clone(f)
	for i := range moved {
		e := &moved[i]
		x, y := t.source(e.box.middle())
		w, h := e.width()/2, e.height()/2
		e.box = box{x - w, y - h, x + w, y + h}
		e.middleX, e.middleY = t.source(e.middleX, e.middleY)
	}
	return moved
}
