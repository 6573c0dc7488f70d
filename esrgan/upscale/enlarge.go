package upscale

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/imaging"
	"golang.org/x/image/draw"
)

// maxLarge is the largest number of pixels that a network may make of a picture: they take 12 bytes of memory each.
const maxLarge = 400_000_000

// Options are the options for enlarging pictures. The zero value is fine.
type Options struct {
	// Scale is the factor of enlargement, from 1 to the network's own scale; 0 means the latter. The network's results are
	// shrunk to it.
	Scale float64
	// Tile is the side of the tiles; see [esrgan.TileOptions].
	Tile int
	// Progress, if set, is called with the share of a picture that is done, from 0 to 1.
	Progress func(share float64)
	// Warn, if set, gets what is left out of a picture, as an error that names it.
	Warn func(error)
}

// Enlarger enlarges pictures by a network, alpha channel and all. It is for one goroutine.
type Enlarger struct {
	network  *esrgan.Upscaler
	scale    float64
	tile     int
	progress func(share float64)
	warn     func(error)
}

// NewEnlarger returns an enlarger that uses a network, which the caller closes after use.
func NewEnlarger(network *esrgan.Upscaler, options Options) (*Enlarger, error) {
	e := &Enlarger{network, options.Scale, options.Tile, options.Progress, options.Warn}
	if e.scale == 0 {
		e.scale = float64(network.Scale)
	}
	if !(e.scale >= 1 && e.scale <= float64(network.Scale)) { // NaN is neither.
		return nil, wrongRequest("the scale is %g: %s enlarges 1 to %d times; its result can be enlarged again",
			e.scale, network.Name, network.Scale)
	}
	if e.progress == nil {
		e.progress = func(float64) {}
	}
	if e.warn == nil {
		e.warn = func(error) {}
	}
	return e, nil
}

// Image enlarges a picture in memory. The result is not multiplied by its alpha; it is grey if the picture is, see
// [imaging.IsGrey].
func (e *Enlarger) Image(ctx context.Context, picture image.Image) (*image.NRGBA64, error) {
	if picture.Bounds().Empty() {
		return nil, wrongRequest("the picture has no pixels")
	}
	if err := e.checkSize(picture.Bounds().Size()); err != nil {
		return nil, err
	}
	return e.enlarge(ctx, imaging.Wide(picture), e.progress)
}

// checkSize returns an error if a picture of a size would become too large.
func (e *Enlarger) checkSize(size image.Point) error {
	made := float64(size.X) * float64(size.Y) * float64(e.network.Scale*e.network.Scale) // Integers might overflow.
	if made > maxLarge {
		return fmt.Errorf("it would be %d×%d pixels, and the network would make %.0f million: "+
			"more than %d million are too many", e.side(size.X), e.side(size.Y), math.Floor(made/1e6), maxLarge/1_000_000)
	}
	return nil
}

// large returns an empty result for a picture of a kind.
func (e *Enlarger) large(info imaging.Info) (imaging.Info, error) {
	err := e.checkSize(image.Pt(info.Width, info.Height))
	info.Width, info.Height = e.side(info.Width), e.side(info.Height)
	return info, err
}

// side returns the enlarged height or width.
func (e *Enlarger) side(n int) int { return max(int(math.Round(float64(n)*e.scale)), 1) }

// enlarge enlarges a frame. A grey one stays grey, though the network was trained on colours and would tint it. The
// alpha channel is enlarged by the network too, as a grey picture. progress is called with the share that is done, from
// 0 to 1.
func (e *Enlarger) enlarge(
	ctx context.Context, pixels *image.NRGBA64, progress func(share float64),
) (*image.NRGBA64, error) {
	passes := 1.0
	transparent := !pixels.Opaque()
	if transparent {
		passes = 2
	}
	options := func(before float64) esrgan.TileOptions {
		return esrgan.TileOptions{Tile: e.tile, Progress: func(done, total int) {
			progress((before + float64(done)/float64(total)) / passes)
		}}
	}
	large := image.NewNRGBA64(image.Rectangle{Max: pixels.Rect.Size().Mul(e.network.Scale)})
	grey := imaging.IsGrey(pixels)
	put := func(at image.Point, tile esrgan.Pixels) error {
		putColours(large, at, tile, grey)
		return nil
	}
	if err := e.network.EachTile(ctx, colours(pixels), options(0), put); err != nil {
		return nil, err
	}
	if transparent {
		alpha := alphas(pixels)
		put := func(at image.Point, tile esrgan.Pixels) error {
			putAlpha(large, at, tile, alpha, e.network.Scale)
			return nil
		}
		if err := e.network.EachTile(ctx, alpha, options(1), put); err != nil {
			return nil, err
		}
	}
	return e.resample(large, image.Pt(e.side(pixels.Rect.Dx()), e.side(pixels.Rect.Dy())), transparent), nil
}

// resample shrinks a result of the network if the scale is not the network's own: bicubic, with antialiasing.
func (e *Enlarger) resample(large *image.NRGBA64, size image.Point, transparent bool) *image.NRGBA64 {
	if large.Rect.Max == size {
		return large
	}
	made := image.NewNRGBA64(image.Rectangle{Max: size})
	draw.CatmullRom.Scale(made, made.Rect, large, large.Rect, draw.Src, nil)
	if !transparent { // Rounding may have reduced alpha slightly.
		for i := 6; i < len(made.Pix); i += 8 {
			made.Pix[i], made.Pix[i+1] = 0xff, 0xff
		}
	}
	return made
}

// colours returns the colours of a picture as the network takes them. Transparent pixels get the colour of the nearest
// visible one: their colour in the file is arbitrary, and the network would let it bleed into its neighbours.
func colours(pixels *image.NRGBA64) esrgan.Pixels {
	size := pixels.Rect.Size()
	p := esrgan.Pixels{Width: size.X, Height: size.Y, RGB: make([]float32, 0, 3*size.X*size.Y)}
	var seen []bool
	for y := range size.Y {
		row := pixels.Pix[y*pixels.Stride:][:8*size.X]
		for ; len(row) > 0; row = row[8:] {
			p.RGB = append(p.RGB, unit(row), unit(row[2:]), unit(row[4:]))
			seen = append(seen, row[6] != 0 || row[7] != 0)
		}
	}
	fill(p, seen)
	return p
}

// unit returns a big-endian number of 16 bits, scaled to [0, 1].
func unit(b []byte) float32 { return float32(uint16(b[0])<<8|uint16(b[1])) / 0xffff }

// fill gives each unseen pixel the colour of a nearby seen one, from near to far.
func fill(p esrgan.Pixels, seen []bool) {
	var edge []int
	for i, s := range seen {
		if s && bordersOn(p, seen, i) {
			edge = append(edge, i)
		}
	}
	for len(edge) > 0 {
		var next []int
		for _, i := range edge {
			for _, n := range neighbours(p, i) {
				if n >= 0 && !seen[n] {
					seen[n] = true
					copy(p.RGB[3*n:3*n+3], p.RGB[3*i:])
					next = append(next, n)
				}
			}
		}
		edge = next
	}
}

// bordersOn reports whether a neighbour of pixel i is unseen.
func bordersOn(p esrgan.Pixels, seen []bool, i int) bool {
	for _, n := range neighbours(p, i) {
		if n >= 0 && !seen[n] {
			return true
		}
	}
	return false
}

// neighbours returns the pixels left, right, above and below of pixel i; beyond the border they are negative.
func neighbours(p esrgan.Pixels, i int) [4]int {
	n := [4]int{-1, -1, i - p.Width, i + p.Width}
	if i%p.Width > 0 {
		n[0] = i - 1
	}
	if i%p.Width < p.Width-1 {
		n[1] = i + 1
	}
	if n[3] >= p.Width*p.Height {
		n[3] = -1
	}
	return n
}

// alphas returns the alpha channel as a grey picture.
func alphas(pixels *image.NRGBA64) esrgan.Pixels {
	size := pixels.Rect.Size()
	p := esrgan.Pixels{Width: size.X, Height: size.Y, RGB: make([]float32, 0, 3*size.X*size.Y)}
	for y := range size.Y {
		row := pixels.Pix[y*pixels.Stride:][:8*size.X]
		for ; len(row) > 0; row = row[8:] {
			a := unit(row[6:])
			p.RGB = append(p.RGB, a, a, a)
		}
	}
	return p
}

// putColours puts a tile of colours into the large picture, opaque, as grey values if grey is set.
func putColours(large *image.NRGBA64, at image.Point, tile esrgan.Pixels, grey bool) {
	for y := range tile.Height {
		to := large.Pix[large.PixOffset(at.X, at.Y+y):]
		for x := range tile.Width {
			rgb := tile.RGB[(y*tile.Width+x)*3:][:3:3]
			r, g, b := rgb[0], rgb[1], rgb[2]
			if grey {
				r = luma(rgb)
				g, b = r, r
			}
			put(to[8*x:], r)
			put(to[8*x+2:], g)
			put(to[8*x+4:], b)
			put(to[8*x+6:], 1)
		}
	}
}

// luma returns the grey value of a colour, with the weights of package image.
func luma(rgb []float32) float32 { return 0.299*rgb[0] + 0.587*rgb[1] + 0.114*rgb[2] }

// put rounds to a big-endian number of 16 bits.
func put(b []byte, v float32) {
	n := uint16(min(max(v, 0), 1)*0xffff + 0.5)
	b[0], b[1] = byte(n>>8), byte(n)
}

// putAlpha puts a tile of the alpha channel into the large picture. No pixel becomes more or less transparent than
// those around it in the small picture, so that opaque and transparent areas stay exactly so.
func putAlpha(large *image.NRGBA64, at image.Point, tile, small esrgan.Pixels, scale int) {
	for y := range tile.Height {
		to := large.Pix[large.PixOffset(at.X, at.Y+y):]
		var low, high float32
		for x := range tile.Width {
			if x%scale == 0 {
				low, high = around(small, (at.X+x)/scale, (at.Y+y)/scale)
			}
			a := luma(tile.RGB[(y*tile.Width+x)*3:][:3:3])
			put(to[8*x+6:], min(max(a, low), high))
		}
	}
}

// around returns the smallest and the largest value of the pixel at x, y and those around it.
func around(grey esrgan.Pixels, x, y int) (low, high float32) {
	low, high = 1, 0
	for ny := max(y-1, 0); ny <= min(y+1, grey.Height-1); ny++ {
		for nx := max(x-1, 0); nx <= min(x+1, grey.Width-1); nx++ {
			v := grey.RGB[(ny*grey.Width+nx)*3]
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}
