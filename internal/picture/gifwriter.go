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
	g.Image = append(g.Image, toPaletted(frame.Pixels, g.info.Frames > 1))
	g.Delay = append(g.Delay, int(math.Round(frame.Delay.Duration().Seconds()*100)))
	g.Disposal = append(g.Disposal, gif.DisposalBackground) // Frames fill the picture: nothing of one is seen in the next.
	return nil
}

func (g *gifWriter) Close() error { return gif.EncodeAll(g.w, &g.GIF) }

// toPaletted chooses 256 colours that suit a picture and gives each pixel the nearest. It does not dither: in animations that flickers.
// One of the colours is none where a pixel needs it, and if clear: where a frame has no such colour, some programs do not clear what it
// leaves behind.
func toPaletted(pixels *image.NRGBA64, clear bool) *image.Paletted {
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
	chooser := quantize.MedianCutQuantizer{Aggregation: quantize.Mean, AddTransparent: clear, Weighting: func(_ image.Image, x, y int) uint32 {
		return uint32(sharp.Pix[sharp.PixOffset(x, y)+3]) / 255
	}}
	made.Palette = chooser.Quantize(make(color.Palette, 0, 256), sharp)
	nearest := map[color.RGBA]uint8{}
	for i := range made.Pix {
		c := color.RGBA{sharp.Pix[4*i], sharp.Pix[4*i+1], sharp.Pix[4*i+2], sharp.Pix[4*i+3]}
		index, known := nearest[c]
		if !known {
			index = uint8(made.Palette.Index(c))
			nearest[c] = index
		}
		made.Pix[i] = index
	}
	return made
}
