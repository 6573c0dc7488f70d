package imaging

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"
)

// openGIF finds the frames of a GIF. It is as lenient as other programs: bytes between blocks that begin no block are
// skipped, as Pillow does, and a screen smaller than the first frame grows, as in browsers.
func openGIF(data []byte) (file, error) {
	const header = 13
	if len(data) < header {
		return file{}, io.ErrUnexpectedEOF
	}
	f := file{canvas: image.Pt(int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))),
		plays: 1}
	in := gifReader{data: data, at: header}
	in.skip(colourTable(data[10]))
	colours := data[header:min(in.at, len(data))]
	var control []byte // The graphic control extension, for the frame that follows.
	// rubbish: bytes that are not zero lay between blocks. What follows may be rubbish too, and is no damage then.
	rubbish := false
	for in.err == nil {
		const extension, picture, trailer = '!', ',', ';'
		start := in.at
		switch block := in.byte(); {
		case block == trailer || in.err != nil && start == len(data): // Some files have no trailer.
			return f, f.anyFrame()
		case in.err != nil:
		case block == extension:
			label := in.byte()
			first := in.at
			in.skipBlocks()
			if in.err != nil {
				break
			}
			switch {
			case label == 0xf9 && in.at-first >= 6:
				control = data[start:in.at]
			case label == 0xff && (bytes.HasPrefix(data[first:in.at], []byte("\x0bNETSCAPE2.0\x03\x01")) ||
				bytes.HasPrefix(data[first:in.at], []byte("\x0bANIMEXTS1.0\x03\x01"))):
				if f.plays = int(binary.LittleEndian.Uint16(data[first+14:])); f.plays > 0 {
					f.plays++ // It holds the number of repetitions of the animation.
				}
			}
		case block == picture:
			in.skip(8)
			in.skip(colourTable(in.byte()))
			in.skip(1)
			in.skipBlocks()
			if in.err != nil {
				break
			}
			if err := f.addGIFFrame(colours, control, data[start:in.at]); err != nil {
				if rubbish && len(f.parts) > 0 {
					return f, nil
				}
				return f, fmt.Errorf("frame %d: %w", len(f.parts)+1, err)
			}
			control = nil
		case block != 0:
			rubbish = true
		}
	}
	if rubbish && len(f.parts) > 0 {
		return f, nil
	}
	return f, in.err
}

// anyFrame returns an error if there is no frame.
func (f *file) anyFrame() error {
	if len(f.parts) == 0 {
		return errors.New("gif: there is no picture in it")
	}
	return nil
}

// colourTable returns the size of a colour table in bytes from the flags that announce it.
func colourTable(flags byte) int {
	const present = 1 << 7
	if flags&present == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// addGIFFrame adds a frame, of which the part on the canvas will be decoded.
func (f *file) addGIFFrame(colours, control, data []byte) error {
	le := binary.LittleEndian
	frame := gifFrame{colours: colours, control: control, data: data[10:], flags: data[9]}
	at := image.Pt(int(le.Uint16(data[1:])), int(le.Uint16(data[3:])))
	frame.size = image.Pt(int(le.Uint16(data[5:])), int(le.Uint16(data[7:])))
	if err := checkFrameSize(frame.size); err != nil {
		return err
	}
	if len(f.parts) == 0 {
		end := at.Add(frame.size)
		f.canvas = image.Pt(max(f.canvas.X, end.X), max(f.canvas.Y, end.Y))
		if err := checkSize(f.canvas); err != nil {
			return err
		}
	}
	frame.visible = image.Rectangle{Max: f.canvas}.Sub(at).Intersect(image.Rectangle{Max: frame.size})
	p := part{at: at, decode: func() (picture image.Image, err error) {
		defer recovered(&err)
		return frame.decode()
	}}
	if control != nil {
		p.delay = Delay{le.Uint16(control[4:]), 100}
		p.dispose = []disposal{disposeNone, disposeNone, disposeBackground, disposePrevious}[control[3]>>2&3]
	}
	f.parts = append(f.parts, p)
	return nil
}

// gifFrame is a frame of a GIF. It refers to the file's bytes, so that many frames of a few bytes take little memory.
type gifFrame struct {
	colours []byte // The file's palette.
	control []byte // The graphic control extension, or nil.
	flags   byte
	data    []byte // The frame's palette, if the flags announce one, and its pixels.
	size    image.Point
	visible image.Rectangle // The part of the frame that lies on the canvas.
}

// decode returns the visible part. Pixels too many are ignored.
func (g *gifFrame) decode() (image.Image, error) {
	own := colourTable(g.flags)
	litWidth := g.data[own]
	if litWidth < 2 || litWidth > 8 {
		return nil, fmt.Errorf("gif: there are no codes of %d bits for pixels", litWidth)
	}
	const longestRun = 4096 // Pixels that a code can stand for.
	if most := len(g.data) * 8 / int(litWidth+1) * longestRun; g.size.X*g.size.Y > most {
		return nil, fmt.Errorf("gif: not enough image data: %w", io.ErrUnexpectedEOF)
	}
	picture := image.NewPaletted(image.Rectangle{Max: g.visible.Size()}, g.palette(own))
	in := lzw.NewReader(&gifBlocks{data: g.data[own+1:]}, lzw.LSB, int(litWidth))
	defer in.Close()
	row := make([]byte, g.size.X)
	for y := range g.rows() {
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, fmt.Errorf("gif: not enough image data: %w", err)
		}
		if y >= g.visible.Min.Y && y < g.visible.Max.Y {
			copy(picture.Pix[(y-g.visible.Min.Y)*picture.Stride:][:picture.Stride], row[g.visible.Min.X:])
		}
	}
	return picture, nil
}

// rows iterates over the rows in the order in which they are stored, to the last visible one.
func (g *gifFrame) rows() iter.Seq[int] {
	const interlaced = 1 << 6
	passes := [][2]int{{0, 1}} // The first row, and the step to the next.
	if g.flags&interlaced != 0 {
		passes = [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	return func(yield func(int) bool) {
		for _, pass := range passes {
			end := g.size.Y
			if len(passes) == 1 {
				end = g.visible.Max.Y
			}
			for y := pass[0]; y < end; y += pass[1] {
				if !yield(y) {
					return
				}
			}
		}
	}
}

// palette returns the 256 colours that pixels may name. Those that the file lacks are black. A file without any palette
// is grey, as Pillow reads it.
func (g *gifFrame) palette(own int) color.Palette {
	colours := g.colours
	if own > 0 {
		colours = g.data[:own]
	}
	palette := make(color.Palette, 256)
	for i := range palette {
		switch {
		case len(colours) == 0:
			palette[i] = color.NRGBA{uint8(i), uint8(i), uint8(i), 255}
		case 3*i < len(colours):
			palette[i] = color.NRGBA{colours[3*i], colours[3*i+1], colours[3*i+2], 255}
		default:
			palette[i] = color.NRGBA{A: 255}
		}
	}
	const transparent = 1
	if g.control != nil && g.control[3]&transparent != 0 {
		palette[g.control[6]] = color.NRGBA{}
	}
	return palette
}

// gifBlocks joins sub-blocks, which begin with their length. They have been checked to lie in the file.
type gifBlocks struct {
	data []byte
	left int // In the current block.
}

func (b *gifBlocks) ReadByte() (byte, error) {
	if b.left == 0 {
		if len(b.data) == 0 || b.data[0] == 0 {
			return 0, io.EOF
		}
		b.left, b.data = int(b.data[0]), b.data[1:]
	}
	next := b.data[0]
	b.left, b.data = b.left-1, b.data[1:]
	return next, nil
}

func (b *gifBlocks) Read(to []byte) (n int, err error) {
	for n < len(to) && err == nil {
		if to[n], err = b.ReadByte(); err == nil {
			n++
		}
	}
	return n, err
}

// checkFrame returns an error if a frame of an animation is empty, larger than [MaxPixels] or not within the canvas. It
// is called before memory is allocated for the frame.
func checkFrame(size, at, canvas image.Point) error {
	if err := checkFrameSize(size); err != nil {
		return err
	}
	if place := (image.Rectangle{Max: size}).Add(at); !place.In(image.Rectangle{Max: canvas}) {
		return fmt.Errorf("it lies at %v, outside the canvas of %d×%d pixels", place, canvas.X, canvas.Y)
	}
	return nil
}

// checkFrameSize returns an error if a frame of an animation is empty or larger than [MaxPixels].
func checkFrameSize(size image.Point) error {
	if size.X < 1 || size.Y < 1 || int64(size.X)*int64(size.Y) > MaxPixels {
		return fmt.Errorf("the header says %d×%d pixels: it must be from 1 to %d million", size.X, size.Y,
			MaxPixels/1_000_000)
	}
	return nil
}

// gifReader goes through the blocks of a GIF.
type gifReader struct {
	data []byte
	at   int
	err  error
}

func (r *gifReader) skip(n int) {
	if r.at += n; r.at > len(r.data) {
		r.err = io.ErrUnexpectedEOF
	}
}

func (r *gifReader) byte() byte {
	if r.skip(1); r.err != nil {
		return 0
	}
	return r.data[r.at-1]
}

// skipBlocks skips sub-blocks, which begin with their length; the last is empty.
func (r *gifReader) skipBlocks() {
	for r.err == nil {
		n := r.byte()
		if n == 0 {
			return
		}
		r.skip(int(n))
	}
}
