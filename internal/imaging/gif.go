package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"io"
	"slices"
)

// openGIF finds the frames of a GIF. Each is decoded as a separate GIF.
func openGIF(data []byte) (file, error) {
	const header = 13
	if len(data) < header {
		return file{}, io.ErrUnexpectedEOF
	}
	f := file{canvas: image.Pt(int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))),
		plays: 1}
	in := gifReader{data: data, at: header}
	in.skip(colourTable(data[10]))
	head := data[:min(in.at, len(data))]
	var control []byte // The graphic control extension, for the frame that follows.
	for in.err == nil {
		const extension, picture, trailer = '!', ',', ';'
		start := in.at
		switch block := in.byte(); {
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
			case label == 0xff && bytes.HasPrefix(data[first:in.at], []byte("\x0bNETSCAPE2.0\x03\x01")):
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
			frame, err := gifFrame(head, control, data[start:in.at], f.canvas)
			if err != nil {
				return f, fmt.Errorf("frame %d: %w", len(f.parts)+1, err)
			}
			f.parts, control = append(f.parts, frame), nil
		case block == trailer || in.err != nil && start == len(data): // Some files have no trailer; browsers accept them.
			if len(f.parts) == 0 {
				return f, errors.New("gif: there is no picture in it")
			}
			return f, nil
		case in.err == nil:
			return f, fmt.Errorf("gif: there is no block of type %#02x", block)
		}
	}
	return f, in.err
}

// colourTable returns the size of a colour table in bytes from the flags that announce it.
func colourTable(flags byte) int {
	const present = 1 << 7
	if flags&present == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifFrame cuts a frame out: the header of the file, the frame's extension, the frame, and the end. It must lie on the
// canvas.
func gifFrame(head, control, frame []byte, canvas image.Point) (part, error) {
	le := binary.LittleEndian
	at := image.Pt(int(le.Uint16(frame[1:])), int(le.Uint16(frame[3:])))
	if err := checkFrame(image.Pt(int(le.Uint16(frame[5:])), int(le.Uint16(frame[7:]))), at, canvas); err != nil {
		return part{}, err
	}
	p := part{at: at, decode: func() (image.Image, error) {
		// Put together only now: a frame of a few bytes may follow a palette of hundreds.
		return decoder(slices.Concat(head, control, frame, []byte(";")), gif.Decode)()
	}}
	if control != nil {
		p.delay = Delay{le.Uint16(control[4:]), 100}
		p.dispose = []disposal{disposeNone, disposeNone, disposeBackground, disposePrevious}[control[3]>>2&3]
	}
	return p, nil
}

// checkFrame returns an error if a frame of an animation is empty, larger than [MaxPixels] or not within the canvas. It
// is called before memory is allocated for the frame.
func checkFrame(size, at, canvas image.Point) error {
	if size.X < 1 || size.Y < 1 || int64(size.X)*int64(size.Y) > MaxPixels {
		return fmt.Errorf("the header says %d×%d pixels: it must be from 1 to %d million", size.X, size.Y,
			MaxPixels/1_000_000)
	}
	if place := (image.Rectangle{Max: size}).Add(at); !place.In(image.Rectangle{Max: canvas}) {
		return fmt.Errorf("it lies at %v, outside the canvas of %d×%d pixels", place, canvas.X, canvas.Y)
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
