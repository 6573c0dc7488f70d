package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"

	"github.com/HugoSmits86/nativewebp"
)

// webPHeader is the length of the start of a file: RIFF, size, WEBP.
const webPHeader = 12

// webpWriter writes a lossless WebP with 8 bits a channel. The library encodes pictures but neither positions frames
// nor writes profiles, so the file around them is assembled here:
// https://developers.google.com/speed/webp/docs/riff_container
type webpWriter struct {
	w       io.Writer
	info    Info
	changes changes
	clock   clock // In milliseconds.
	frames  int
	alpha   bool
	pixels  []byte // The chunks of the frames.
}

func (p *webpWriter) Write(frame Frame) error {
	part, _ := p.changes.next(frame.Pixels)
	pixels := toNRGBA(part)
	p.alpha = p.alpha || !pixels.Opaque()
	at, size := pixels.Rect.Min.Sub(frame.Pixels.Rect.Min), pixels.Rect.Size()
	pixels.Rect = image.Rectangle{Max: size} // The library only works with this corner.
	var still bytes.Buffer
	if err := nativewebp.Encode(&still, pixels, nil); err != nil {
		return fmt.Errorf("encode the WebP: %w", err)
	}
	chunks, _ := webPChunks(still.Bytes()[webPHeader:])
	var encoded []byte
	for _, c := range chunks {
		encoded = appendWebP(encoded, c.name, c.data)
	}
	p.frames++
	if p.info.Frames == 1 {
		p.pixels = encoded
		return nil
	}
	var header []byte
	delay := min(p.clock.pass(frame.Delay.Duration()), 1<<24-1)
	for _, v := range []int{at.X / 2, at.Y / 2, size.X - 1, size.Y - 1, delay} {
		header = appendUint24(header, v)
	}
	p.pixels = appendWebP(p.pixels, "ANMF", append(append(header, noBlend), encoded...))
	return nil
}

func (p *webpWriter) Close() error {
	if p.frames != p.info.Frames {
		return fmt.Errorf("%d of %d frames were written", p.frames, p.info.Frames)
	}
	body := []byte("WEBP")
	exif := p.info.exifOf(true)
	if p.info.Frames > 1 || p.info.Profile != nil || exif != nil {
		body = p.appendExtended(body, exif != nil)
	}
	body = append(body, p.pixels...)
	if exif != nil {
		body = appendWebP(body, "EXIF", exif)
	}
	if uint64(len(body)) > math.MaxUint32 {
		return errors.New("it is too large for a WebP: write it as .png")
	}
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	_, err := p.w.Write(append(file, body...))
	return err
}

// appendExtended appends the chunks before the pixels of an extended file.
func (p *webpWriter) appendExtended(body []byte, hasEXIF bool) []byte {
	const animated, exif, alpha, profile = 1 << 1, 1 << 3, 1 << 4, 1 << 5
	flags := byte(0)
	if hasEXIF {
		flags |= exif
	}
	if p.info.Frames > 1 {
		flags |= animated
	}
	if p.alpha {
		flags |= alpha
	}
	if p.info.Profile != nil {
		flags |= profile
	}
	body = appendWebP(body, "VP8X", appendUint24(appendUint24([]byte{flags, 0, 0, 0}, p.info.Width-1), p.info.Height-1))
	if p.info.Profile != nil {
		body = appendWebP(body, "ICCP", p.info.Profile)
	}
	if p.info.Frames > 1 {
		background := []byte{0, 0, 0, 0}
		body = appendWebP(body, "ANIM", binary.LittleEndian.AppendUint16(background, uint16(min(p.info.Plays, 1<<16-1))))
	}
	return body
}

func appendUint24(to []byte, v int) []byte { return append(to, byte(v), byte(v>>8), byte(v>>16)) }
