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

// openGIF finds the frames of a GIF, each of which is decoded as a GIF of its own.
func openGIF(data []byte) (file, error) {
	const header = 13
	if len(data) < header {
		return file{}, io.ErrUnexpectedEOF
	}
	f := file{canvas: image.Pt(int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))), plays: 1}
	in := gifReader{data: data, at: header}
	in.skip(colourTable(data[10]))
	head := data[:min(in.at, len(data))]
	var control []byte // The graphic control extension: of the frame that follows.
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
					f.plays++ // It says how often the animation is repeated.
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
			frame, err := gifFrame(head, control, data[start:in.at])
			if err != nil {
				return f, fmt.Errorf("frame %d: %w", len(f.parts)+1, err)
			}
			f.parts, control = append(f.parts, frame), nil
		case block == trailer || in.err != nil && start == len(data): // Some have no trailer, and browsers do not mind.
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

// colourTable is the size of a colour table in bytes by the flags that announce it.
func colourTable(flags byte) int {
	const present = 1 << 7
	if flags&present == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifFrame cuts a frame out: the header of the file, the frame's extension, the frame, and the end.
func gifFrame(head, control, frame []byte) (part, error) {
	le := binary.LittleEndian
	at := image.Pt(int(le.Uint16(frame[1:])), int(le.Uint16(frame[3:])))
	if err := checkFrame(image.Pt(int(le.Uint16(frame[5:])), int(le.Uint16(frame[7:])))); err != nil {
		return part{}, err
	}
	// Package gif makes the picture's bounds what the frame says.
	decode := func(in io.Reader) (image.Image, error) { return gif.Decode(in) }
	p := part{decode: decoder(slices.Concat(head, control, frame, []byte(";")), decode), at: at}
	if control != nil {
		p.delay = Delay{le.Uint16(control[4:]), 100}
		p.dispose = []disposal{disposeNone, disposeNone, disposeBackground, disposePrevious}[control[3]>>2&3]
	}
	return p, nil
}

// checkFrame refuses frames of an animation that are too large, before memory is set aside for them.
func checkFrame(size image.Point) error {
	if size.X < 1 || size.Y < 1 || int64(size.X)*int64(size.Y) > MaxPixels {
		return fmt.Errorf("the header says %d×%d pixels: it must be from 1 to %d million", size.X, size.Y, MaxPixels/1_000_000)
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
