package eyes

import (
	"image"
	"math"
	"math/rand/v2"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
)

// warp maps a part of a canvas to a window: turned, stretched, sheared, mirrored, and bent slightly.
type warp struct {
	size   float64    // Of the window, in pixels.
	scale  float64    // Pixels of the canvas for one of the window.
	m      [4]float64 // From the window's middle to the canvas'.
	bend   float64    // Largest displacement in pixels of the canvas,
	waves  [4]float64 // radians per pixel of the window, to the right and down, of x and of y,
	phases [2]float64
}

func newWarp(rng *rand.Rand, size int) *warp {
	w := &warp{size: float64(size), scale: within(rng, 1.1, 1.6)}
	sin, cos := math.Sincos(within(rng, -0.3, 0.3))
	wide, shear := math.Exp(within(rng, -0.18, 0.18)), within(rng, -0.1, 0.1)
	if chance(rng, 0.5) {
		wide = -wide // Mirrored.
	}
	high := 1 / math.Abs(wide)
	w.m = [4]float64{
		w.scale * (cos*wide - sin*shear),
		w.scale * (cos*shear - sin*high),
		w.scale * (sin*wide + cos*shear),
		w.scale * (sin*shear + cos*high),
	}
	if chance(rng, 0.5) {
		w.bend = within(rng, 0, 0.015) * w.size * w.scale
		for i := range w.waves {
			w.waves[i] = within(rng, -2, 2) * 2 * math.Pi / w.size
		}
		w.phases = [2]float64{within(rng, 0, 2*math.Pi), within(rng, 0, 2*math.Pi)}
	}
	return w
}

// bent returns the displacement of a place of the window in pixels of the canvas.
func (w *warp) bent(x, y float64) (dx, dy float64) {
	if w.bend == 0 {
		return 0, 0
	}
	dx = w.bend * math.Sin(w.waves[0]*x+w.waves[1]*y+w.phases[0])
	dy = w.bend * math.Sin(w.waves[2]*x+w.waves[3]*y+w.phases[1])
	return dx, dy
}

// apply returns the place of the canvas that a place of the window shows. The canvas is twice as high and wide as the
// window.
func (w *warp) apply(x, y float64) (atX, atY float64) {
	dx, dy := w.bent(x, y)
	x, y = x-w.size/2, y-w.size/2
	return w.size + w.m[0]*x + w.m[1]*y + dx, w.size + w.m[2]*x + w.m[3]*y + dy
}

// invert returns the place of the window that shows a place of the canvas.
func (w *warp) invert(atX, atY float64) (x, y float64) {
	determinant := w.m[0]*w.m[3] - w.m[1]*w.m[2]
	x, y = w.size/2, w.size/2
	for range 12 { // The bend is flat enough for this to converge.
		dx, dy := w.bent(x, y)
		u, v := atX-w.size-dx, atY-w.size-dy
		x, y = w.size/2+(w.m[3]*u-w.m[1]*v)/determinant, w.size/2+(w.m[0]*v-w.m[2]*u)/determinant
	}
	return x, y
}

// boxOf returns the box in the window of the ellipse that fills a box of the canvas: an eye is round, so turning it
// does not enlarge its box by the corners.
func (w *warp) boxOf(b box) box {
	x, y := b.middle()
	made := box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	const points = 24
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / points)
		u, v := w.invert(x+cos*b.width()/2, y+sin*b.height()/2)
		made = box{min(made.x0, u), min(made.y0, v), max(made.x1, u), max(made.y1, v)}
	}
	return made
}

// picture returns the window. The canvas's border is repeated beyond it.
func (w *warp) picture(canvas *image.RGBA) *image.RGBA {
	size := int(w.size)
	made := image.NewRGBA(image.Rect(0, 0, size, size))
	side := canvas.Rect.Dx()
	for y := range size {
		for x := range size {
			u, v := w.apply(float64(x)+0.5, float64(y)+0.5)
			u, v = min(max(u-0.5, 0), float64(side-1)), min(max(v-0.5, 0), float64(side-1))
			column, row := min(int(u), side-2), min(int(v), side-2)
			u, v = u-float64(column), v-float64(row)
			upper, lower := canvas.Pix[canvas.PixOffset(column, row):], canvas.Pix[canvas.PixOffset(column, row+1):]
			pixel := made.Pix[made.PixOffset(x, y):]
			for c := range 3 {
				top := (1-u)*float64(upper[c]) + u*float64(upper[4+c])
				foot := (1-u)*float64(lower[c]) + u*float64(lower[4+c])
				pixel[c] = uint8((1-v)*top + v*foot + 0.5)
			}
			pixel[3] = 255
		}
	}
	return made
}

// disguised changes a window's appearance but not its geometry: colours, line drawing, blur, noise, lossy compression.
func disguised(rng *rand.Rand, picture *image.RGBA) *image.RGBA {
	switch {
	case chance(rng, 0.06):
		picture = sketched(rng, picture)
	case chance(rng, 0.8):
		recolour(rng, picture)
	}
	if chance(rng, 0.5) {
		picture = dataset.Degrade(picture, rng)
	}
	return picture
}

// recolour permutes the three channels in some pictures, changes the saturation, down to grey, and makes each channel
// brighter or darker.
func recolour(rng *rand.Rand, picture *image.RGBA) {
	order := []int{0, 1, 2}
	if chance(rng, 0.3) {
		order = rng.Perm(3)
	}
	strength := within(rng, 0.4, 1.3)
	if chance(rng, 0.12) {
		strength = 0
	}
	var tables [3][256]float64
	gamma := math.Exp(within(rng, -0.35, 0.35))
	for c := range tables {
		gain, offset := within(rng, 0.75, 1.1), within(rng, -0.08, 0.15)
		for v := range tables[c] {
			tables[c][v] = 255 * (gain*math.Pow(float64(v)/255, gamma) + offset)
		}
	}
	for i := 0; i < len(picture.Pix); i += 4 {
		var rgb [3]float64
		for c := range rgb {
			rgb[c] = tables[c][picture.Pix[i+order[c]]]
		}
		grey := 0.3*rgb[0] + 0.59*rgb[1] + 0.11*rgb[2]
		for c := range rgb {
			picture.Pix[i+c] = uint8(min(max(grey+strength*(rgb[c]-grey), 0), 255))
		}
	}
}

// sketched turns a picture into a line drawing, black on white, where it is darker than its surroundings.
func sketched(rng *rand.Rand, picture *image.RGBA) *image.RGBA {
	size := picture.Rect.Dx()
	around := imaging.Bicubic(imaging.Bicubic(picture, size/oneOf(rng, 4, 6, 8), size/6), size, size)
	made := image.NewRGBA(picture.Rect)
	steep, keep := within(rng, 1, 3), within(rng, 0, 0.3)
	for i := 0; i < len(picture.Pix); i += 4 {
		grey := func(p []uint8) float64 { return 0.3*float64(p[0]) + 0.59*float64(p[1]) + 0.11*float64(p[2]) }
		here, there := grey(picture.Pix[i:]), grey(around.Pix[i:])
		v := uint8(min(max(255-steep*max(there-here, 0)-keep*(255-here), 0), 255))
		made.Pix[i], made.Pix[i+1], made.Pix[i+2], made.Pix[i+3] = v, v, v, 255
	}
	return made
}
