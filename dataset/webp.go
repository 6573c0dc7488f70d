package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/moelab/moelab/internal/picture"
	"golang.org/x/image/draw"
	"golang.org/x/image/riff"
)

// decodeWebP reads a still WebP, or the first frame of an animated one, which package webp does not know.
func decodeWebP(file io.ReadSeeker) (image.Image, error) {
	frame, err := firstWebPFrame(file)
	if err != nil {
		return nil, err
	}
	if frame != nil {
		return frame.decode()
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return picture.DecodeWebP(file)
}

// webPFrame is one frame of an animated WebP. Its layout: https://developers.google.com/speed/webp/docs/riff_container
type webPFrame struct {
	at            image.Point
	width, height int
	alpha         bool
	chunks        []byte // The frame's own chunks: those of a still WebP.
}

// firstWebPFrame is the first frame of an animated WebP, and nil of a still one.
func firstWebPFrame(file io.Reader) (*webPFrame, error) {
	_, chunks, err := riff.NewReader(file)
	if err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		id, size, data, err := chunks.Next()
		if err == io.EOF && !first {
			return nil, errors.New("webp: an animation without frames")
		}
		if err != nil {
			return nil, err
		}
		const animated = 1 << 1
		switch id {
		case riff.FourCC{'V', 'P', '8', 'X'}:
			var flags [1]byte
			if _, err := io.ReadFull(data, flags[:]); err != nil {
				return nil, err
			}
			if flags[0]&animated == 0 {
				return nil, nil
			}
		case riff.FourCC{'A', 'N', 'M', 'F'}:
			return readWebPFrame(data, size)
		default:
			if first {
				return nil, nil // Only an extended file, which begins with VP8X, can be animated.
			}
		}
	}
}

func readWebPFrame(data io.Reader, size uint32) (*webPFrame, error) {
	const header = 16
	if size < header {
		return nil, errors.New("webp: a frame without a header")
	}
	all, err := io.ReadAll(data)
	if err != nil {
		return nil, err
	}
	if len(all) < int(size) {
		return nil, io.ErrUnexpectedEOF
	}
	uint24 := func(at int) int { return int(all[at]) | int(all[at+1])<<8 | int(all[at+2])<<16 }
	return &webPFrame{
		at:     image.Pt(2*uint24(0), 2*uint24(3)),
		width:  uint24(6) + 1,
		height: uint24(9) + 1,
		alpha:  bytes.HasPrefix(all[header:], []byte("ALPH")),
		chunks: all[header:],
	}, nil
}

// decode wraps the frame up as a still WebP, decodes that, and puts it in its place.
func (f *webPFrame) decode() (image.Image, error) {
	if int64(f.width)*int64(f.height) > MaxPixels {
		return nil, fmt.Errorf("the first frame says %d×%d pixels: more than the %d million that are read",
			f.width, f.height, MaxPixels/1_000_000)
	}
	body := []byte("WEBPVP8X\x0a\x00\x00\x00")
	var flags byte
	if f.alpha {
		flags = 1 << 4
	}
	body = append(body, flags, 0, 0, 0,
		byte(f.width-1), byte((f.width-1)>>8), byte((f.width-1)>>16),
		byte(f.height-1), byte((f.height-1)>>8), byte((f.height-1)>>16))
	body = append(body, f.chunks...)
	still := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	decoded, err := picture.DecodeWebP(bytes.NewReader(append(still, body...)))
	if err != nil || f.at == (image.Point{}) {
		return decoded, err
	}
	bounds := decoded.Bounds()
	moved := image.NewNRGBA(bounds.Add(f.at))
	draw.Draw(moved, moved.Rect, decoded, bounds.Min, draw.Src)
	return moved, nil
}
