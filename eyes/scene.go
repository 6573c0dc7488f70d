package eyes

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"runtime"

	"github.com/moelab/moelab/dataset/illustration"
	"github.com/moelab/moelab/dataset/portrait"
	"golang.org/x/sync/errgroup"
)

// The domains separate the streams of random numbers of one seed.
const (
	windowDomain   = 0x77696e646f77
	backdropDomain = 0x6261636b
)

// studio draws training windows. Many goroutines may draw at once.
type studio struct {
	config    Config
	backdrops []*image.RGBA
}

// newStudio draws the backgrounds of faces: illustrations. They show people too, so they are turned on their sides,
// since only roughly upright faces are to be found.
func newStudio(ctx context.Context, config Config) (*studio, error) {
	s := &studio{config: config, backdrops: make([]*image.RGBA, config.Backdrops)}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range s.backdrops {
		group.Go(func() error {
			if ctx.Err() == nil {
				s.backdrops[i] = turned(illustration.Draw(config.Seed^backdropDomain, i, 3*config.Size))
			}
			return ctx.Err()
		})
	}
	return s, group.Wait()
}

// turned returns a square picture turned on its side.
func turned(picture *image.RGBA) *image.RGBA {
	side := picture.Rect.Dx()
	made := image.NewRGBA(picture.Rect)
	for y := range side {
		for x := range side {
			made.SetRGBA(x, y, picture.RGBAAt(y, side-1-x))
		}
	}
	return made
}

// chance is true with a probability, within draws a uniform number, and oneOf an element.
func chance(rng *rand.Rand, p float64) bool { return rng.Float64() < p }

func within(rng *rand.Rand, least, most float64) float64 { return least + (most-least)*rng.Float64() }

func oneOf[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// window draws a window, and returns the eyes in it.
func (s *studio) window(rng *rand.Rand) (*image.RGBA, []drawnEye) {
	warp := newWarp(rng, s.config.Size)
	scene := &scene{Rand: rng, canvas: s.backdrop(rng), warp: warp}
	switch n := rng.IntN(20); {
	case n < 14:
		size := math.Exp(within(rng, math.Log(Smallest*1.1), math.Log(Largest*0.95)))
		if chance(rng, 0.4) {
			size = within(rng, 0.7*usual, 1.4*usual) // As in a second look.
		}
		scene.face(size)
	case n < 17:
		for range 2 + rng.IntN(3) {
			scene.face(within(rng, Smallest*1.1, 0.12))
		}
	}
	if chance(rng, 0.15) {
		scene.shapes(2)
	}
	return disguised(rng, warp.picture(scene.canvas)), scene.seen(s.config)
}

// backdrop returns an opaque canvas, twice as high and wide as a window, with a background for faces.
func (s *studio) backdrop(rng *rand.Rand) *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, 2*s.config.Size, 2*s.config.Size))
	if len(s.backdrops) > 0 && chance(rng, 0.4) {
		backdrop := s.backdrops[rng.IntN(len(s.backdrops))]
		room := backdrop.Rect.Dx() - canvas.Rect.Dx()
		draw.Draw(canvas, canvas.Rect, backdrop, image.Pt(rng.IntN(room+1), rng.IntN(room+1)), draw.Src)
		return canvas
	}
	ground := someColour(rng)
	if chance(rng, 0.4) {
		ground = color.RGBA{255, 255, 255, 255}
	}
	draw.Draw(canvas, canvas.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	if chance(rng, 0.5) {
		scene := &scene{Rand: rng, canvas: canvas}
		scene.shapes(1 + rng.IntN(12))
	}
	return canvas
}

func someColour(rng *rand.Rand) color.RGBA {
	return color.RGBA{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(rng.IntN(256)), 255}
}

// scene is a canvas that faces are drawn on.
type scene struct {
	*rand.Rand
	canvas *image.RGBA
	warp   *warp
	eyes   []canvasEye
}

// canvasEye is an eye on the canvas, in pixels of it.
type canvasEye struct {
	box              box
	middleX, middleY float64
	open             float64
}

// box is a rectangle with subpixel coordinates.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) width() float64  { return b.x1 - b.x0 }
func (b box) height() float64 { return b.y1 - b.y0 }

// middle returns the centre of a box.
func (b box) middle() (x, y float64) { return (b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2 }

// overlap returns the area of the intersection of two boxes.
func (b box) overlap(with box) float64 {
	return max(min(b.x1, with.x1)-max(b.x0, with.x0), 0) * max(min(b.y1, with.y1)-max(b.y0, with.y0), 0)
}

// face draws a person whose eyes have the given width, as a share of the window's, unless that would hide others' eyes.
func (s *scene) face(width float64) {
	p := somebody(s.Rand)
	const unit = 1 << 12 // Boxes have integer coordinates, which are exact enough in a large picture.
	boxes := p.EyeBoxes(unit)
	size := width * s.warp.scale * s.warp.size / (float64(boxes[0].Dx()) / unit)
	reach := 0.45 * s.warp.scale * s.warp.size // Of the midpoint of the eyes.
	x := float64(s.canvas.Rect.Dx())/2 + within(s.Rand, -reach, reach) - 0.5*size
	y := float64(s.canvas.Rect.Dy())/2 + within(s.Rand, -reach, reach) - p.EyeY*size
	for _, eye := range s.eyes {
		if eye.box.overlap(box{x, y, x + size, y + 1.2*size}) > 0 {
			return
		}
	}
	p.DrawOver(s.canvas, x, y, size)
	var eyes []canvasEye
	for _, b := range boxes {
		place := func(x0 float64, v int) float64 { return x0 + float64(v)/unit*size }
		eyes = append(
			eyes,
			canvasEye{box: box{place(x, b.Min.X), place(y, b.Min.Y), place(x, b.Max.X), place(y, b.Max.Y)}, open: p.EyeOpening},
		)
	}
	leftX, leftY := eyes[0].box.middle()
	rightX, rightY := eyes[1].box.middle()
	for i := range eyes {
		eyes[i].middleX, eyes[i].middleY = (leftX+rightX)/2, (leftY+rightY)/2
	}
	if p.EyeOpening < 0.02 && chance(s.Rand, 0.35) {
		for _, eye := range eyes {
			s.smile(eye.box)
		}
	}
	if chance(s.Rand, 0.12) {
		hidden := s.IntN(2)
		s.hide(eyes[hidden].box, eyes[1-hidden].box)
		eyes = []canvasEye{eyes[1-hidden]}
	}
	s.eyes = append(s.eyes, eyes...)
}

// smile turns the line where the lids meet upside down, as in a laughing face.
func (s *scene) smile(eye box) {
	top, foot := int(eye.y0+0.58*eye.height()), int(eye.y0+0.98*eye.height())
	r := image.Rect(int(eye.x0), top, int(eye.x1), foot).Intersect(s.canvas.Rect)
	for y := range r.Dy() / 2 {
		for x := r.Min.X; x < r.Max.X; x++ {
			upper, lower := s.canvas.RGBAAt(x, r.Min.Y+y), s.canvas.RGBAAt(x, r.Max.Y-1-y)
			s.canvas.SetRGBA(x, r.Min.Y+y, lower)
			s.canvas.SetRGBA(x, r.Max.Y-1-y, upper)
		}
	}
}

// hide covers one eye, as hair or a hand would.
func (s *scene) hide(eye, other box) {
	x0, x1 := eye.x0-within(s.Rand, 0.1, 1)*eye.width(), other.x0-within(s.Rand, 0.05, 0.2)*eye.width()
	if eye.x0 > other.x0 {
		x0, x1 = other.x1+within(s.Rand, 0.05, 0.2)*eye.width(), eye.x1+within(s.Rand, 0.1, 1)*eye.width()
	}
	y0, y1 := eye.y0-within(s.Rand, 0.1, 2)*eye.height(), eye.y1+within(s.Rand, 0.1, 2)*eye.height()
	draw.Draw(
		s.canvas, image.Rect(int(x0), int(y0), int(x1), int(y1)), image.NewUniform(someColour(s.Rand)), image.Point{},
		draw.Src,
	)
}

// shapes paints ellipses, some of them nested as in eyes, rectangles and stripes, none over an eye.
func (s *scene) shapes(n int) {
	side := float64(s.canvas.Rect.Dx())
	for range n {
		rx := side * math.Exp(within(s.Rand, math.Log(0.01), math.Log(0.3)))
		ry := rx * math.Exp(within(s.Rand, -0.7, 0.7))
		x, y := side*s.Float64(), side*s.Float64()
		covered := box{x - rx, y - ry, x + rx, y + ry}
		hides := false
		for _, eye := range s.eyes {
			hides = hides || eye.box.overlap(covered) > 0
		}
		if hides {
			continue
		}
		colours := []color.RGBA{
			someColour(s.Rand),
			someColour(s.Rand),
			someColour(s.Rand),
			{255, 255, 255, 255},
			{20, 15, 25, 255},
		}
		rings := 1 + s.IntN(4)
		stripes := 1 + s.IntN(8)
		kind := s.IntN(3)
		for py := max(int(covered.y0), 0); py < min(int(covered.y1), s.canvas.Rect.Dy()); py++ {
			for px := max(int(covered.x0), 0); px < min(int(covered.x1), s.canvas.Rect.Dx()); px++ {
				u, v := (float64(px)+0.5-x)/rx, (float64(py)+0.5-y)/ry
				which := 0
				switch r := u*u + v*v; {
				case kind == 0 && r > 1:
					continue
				case kind == 0:
					which = int(r * float64(rings))
				case kind == 1:
					which = max(int((v+1)/2*float64(stripes)), 0)
				}
				s.canvas.SetRGBA(px, py, colours[which%len(colours)])
			}
		}
	}
}

// seen returns the eyes in window coordinates; those mostly outside the window are vague.
func (s *scene) seen(config Config) (eyes []drawnEye) {
	size := float64(config.Size)
	for _, e := range s.eyes {
		b := s.warp.boxOf(e.box)
		eye := drawnEye{width: b.width(), height: b.height(), open: min(e.open, 1)}
		eye.x, eye.y = b.middle()
		eye.middleX, eye.middleY = s.warp.invert(e.middleX, e.middleY)
		shown := b.overlap(box{0, 0, size, size}) / (b.width() * b.height())
		inside := eye.x >= 0 && eye.y >= 0 && eye.x < size && eye.y < size
		eye.vague = shown < 0.75 || !inside || eye.width < Smallest*size || eye.width > Largest*1.1*size
		if shown > 0.1 {
			eyes = append(eyes, eye)
		}
	}
	return eyes
}

// somebody returns a person in the style of other artists: proportions and colours vary more than those of
// [portrait.Random].
func somebody(rng *rand.Rand) portrait.Params {
	p := portrait.Random(rng, oneOf(rng, portrait.Colours()...))
	p.EyeSize *= within(rng, 0.65, 1.25)
	p.EyeSpacing = max(p.EyeSpacing*within(rng, 0.9, 1.35), 0.078*p.EyeSize+0.02)
	p.FaceWidth = max(p.FaceWidth*within(rng, 0.92, 1.2), p.EyeSpacing+0.06)
	p.EyeY += within(rng, -0.02, 0.05)
	p.BrowY *= within(rng, 0.75, 1.3)
	p.Line *= within(rng, 0.6, 2)
	p.FringeLow += within(rng, -0.05, 0.04)
	p.FineLines = rng.IntN(5)
	p.Shade = within(rng, 0, 1.2)
	if chance(rng, 0.4) {
		p.Hair = someColour(rng)
	}
	if chance(rng, 0.5) {
		p.Iris = someColour(rng)
	}
	if chance(rng, 0.3) {
		dark := within(rng, 0.35, 1)
		p.Skin = color.RGBA{
			uint8(255 * math.Pow(dark, 0.6)),
			uint8(235 * dark),
			uint8(220 * dark * within(rng, 0.8, 1.1)),
			255,
		}
	}
	switch n := rng.IntN(10); {
	case n < 3:
		p.EyeOpening = 0
	case n < 6:
		p.EyeOpening = within(rng, 0.02, 0.9)
	default:
		p.EyeOpening = within(rng, 0.8, 1.1)
	}
	return p
}
