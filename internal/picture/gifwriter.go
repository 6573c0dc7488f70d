package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"math"

	"github.com/ericpauley/go-quantize/quantize"
)

// maxGIF is how many pixels all frames of a GIF may have. They are in memory until the end, a byte each.
const maxGIF = 2_000_000_000

// gifWriter writes a GIF. Package gif writes no sooner than when all frames are there.
type gifWriter struct {
	w    io.Writer
	info Info
	gif.GIF
	last lastFrame
}

// lastFrame is the frame that was written last, in full colours and in those of its palette.
type lastFrame struct {
	sharp   *image.RGBA
	shown   *image.Paletted
	clear   bool
	nearest map[[4]uint8]uint8 // The indices of colours, as far as they were asked for.
}

// alike says whether no more than an eighth of the pixels of a frame differ.
func (l *lastFrame) alike(sharp *image.RGBA, clear bool) bool {
	if l.sharp == nil || clear && !l.clear {
		return false
	}
	differ := 0
	for i := 0; i < len(sharp.Pix); i += 4 {
		if [4]uint8(sharp.Pix[i:]) != [4]uint8(l.sharp.Pix[i:]) {
			differ++
		}
	}
	return differ <= len(sharp.Pix)/4/8
}

// continued gives each pixel the nearest colour of the palette, and is the last frame from then on.
func (l *lastFrame) continued(made *image.Paletted, sharp *image.RGBA) {
	made.Palette = l.shown.Palette
	for i := range made.Pix {
		c := [4]uint8(sharp.Pix[4*i:])
		if l.sharp != nil && c == [4]uint8(l.sharp.Pix[4*i:]) {
			made.Pix[i] = l.shown.Pix[i]
			continue
		}
		index, ok := l.nearest[c]
		if !ok {
			index = nearest(made.Palette, c)
			l.nearest[c] = index
		}
		made.Pix[i] = index
	}
	l.sharp, l.shown = sharp, made
}

func newGIFWriter(w io.Writer, info Info) (*gifWriter, error) {
	if all := int64(info.Frames) * int64(info.Width) * int64(info.Height); all > maxGIF {
		return nil, fmt.Errorf("it would be %d frames of %d×%d pixels: too much for a GIF, write it as .png", info.Frames, info.Width, info.Height)
	}
	loops := info.Plays - 1 // How often it is repeated, -1 for never.
	switch info.Plays {
	case 0:
		loops = 0 // For ever.
	case 1:
		loops = -1
	}
	return &gifWriter{w: w, info: info, GIF: gif.GIF{LoopCount: loops, Config: image.Config{Width: info.Width, Height: info.Height}}}, nil
}

func (g *gifWriter) Write(frame Frame) error {
	g.Image = append(g.Image, toPaletted(frame.Pixels, g.info.Frames > 1, &g.last))
	g.Delay = append(g.Delay, int(math.Round(frame.Delay.Duration().Seconds()*100)))
	g.Disposal = append(g.Disposal, gif.DisposalBackground) // Frames fill the picture: nothing of one is seen in the next.
	return nil
}

func (g *gifWriter) Close() error { return gif.EncodeAll(g.w, &g.GIF) }

// toPaletted chooses 256 colours that suit a picture and gives each pixel the nearest. It does not dither: in animations that flickers.
// One of the colours is none where a pixel needs it, and if clear: where a frame has no such colour, some programs do not clear what it
// leaves behind.
// Where little differs from the frame before, its colours are taken: others would make flicker what stands still.
func toPaletted(pixels *image.NRGBA64, clear bool, before *lastFrame) *image.Paletted {
	made := image.NewPaletted(pixels.Rect, nil)
	// The quantiser reads this type fastest. Half-transparent pixels become opaque.
	sharp := (*image.RGBA)(toNRGBA(pixels))
	for i := 3; i < len(sharp.Pix); i += 4 {
		if sharp.Pix[i] >= 128 {
			sharp.Pix[i] = 255
		} else {
			copy(sharp.Pix[i-3:], []byte{0, 0, 0, 0})
			clear = true
		}
	}
	if before.alike(sharp, clear) {
		before.continued(made, sharp)
		return made
	}
	chooser := quantize.MedianCutQuantizer{Aggregation: quantize.Mean, AddTransparent: clear, Weighting: func(_ image.Image, x, y int) uint32 {
		return uint32(sharp.Pix[sharp.PixOffset(x, y)+3]) / 255
	}}
	for _, c := range chooser.Quantize(make(color.Palette, 0, 256), sharp) {
		made.Palette = append(made.Palette, color.RGBAModel.Convert(c))
	}
	*before = lastFrame{shown: made, clear: clear, nearest: map[[4]uint8]uint8{}}
	before.continued(made, sharp)
	return made
}

// nearest is the index of the colour of a palette that is nearest to an RGBA colour. color.Palette has such a method, which takes ten times as long.
func nearest(palette color.Palette, c [4]uint8) (index uint8) {
	least := math.MaxInt
	for i, other := range palette {
		o := other.(color.RGBA)
		sum := 0
		for _, difference := range [4]int{int(c[0]) - int(o.R), int(c[1]) - int(o.G), int(c[2]) - int(o.B), int(c[3]) - int(o.A)} {
			sum += difference * difference
		}
		if sum < least {
			least, index = sum, uint8(i)
		}
	}
	return index
}
