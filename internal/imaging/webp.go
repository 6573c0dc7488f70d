package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"

	"golang.org/x/image/webp"
)

// webPChunk is a piece of a WebP: https://developers.google.com/speed/webp/docs/riff_container
type webPChunk struct {
	name string
	data []byte
}

// webPChunks iterates over the chunks. The last may be cut short.
func webPChunks(data []byte) (chunks []webPChunk, cut bool) {
	for len(data) >= 8 {
		name, size := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		data = data[8:]
		if size > int64(len(data)) {
			return append(chunks, webPChunk{name, data}), true
		}
		chunks = append(chunks, webPChunk{name, data[:size]})
		data = data[min(size+size%2, int64(len(data))):]
	}
	return chunks, len(data) > 0
}

// openWebP reads a still or an animated WebP.
func openWebP(data []byte) (file, error) {
	chunks, cut := webPChunks(data[webPHeader:])
	var f file
	extended, alpha := false, false
	for i, c := range chunks {
		switch {
		case c.name == "VP8X" && len(c.data) >= 10:
			if f.canvas != (image.Point{}) {
				return f, errSecondHeader // Frames were already compared with the first.
			}
			f.canvas = image.Pt(uint24(c.data[4:])+1, uint24(c.data[7:])+1)
			extended, alpha = true, c.data[0]&webPAlpha != 0
		case c.name == "ANIM" && len(c.data) >= 6:
			f.plays = int(binary.LittleEndian.Uint16(c.data[4:]))
		case c.name == "ANMF":
			if cut && i == len(chunks)-1 {
				return f, io.ErrUnexpectedEOF
			}
			frame, err := webPFrame(c.data, f.canvas)
			if err != nil {
				return f, fmt.Errorf("frame %d: %w", len(f.parts)+1, err)
			}
			f.parts = append(f.parts, frame)
		case c.name == "ICCP":
			f.profile = c.data
		case c.name == "EXIF":
			f.exif = bytes.TrimPrefix(c.data, []byte(exifHeader))
		}
	}
	if len(f.parts) > 0 {
		return f, nil
	}
	if f.canvas != (image.Point{}) {
		if err := checkWebPSize(chunks, f.canvas); err != nil {
			return f, err
		}
	}
	if extended && !alpha { // As for other programs, although the pixels have an alpha channel.
		chunks = slices.DeleteFunc(chunks, func(c webPChunk) bool { return c.name == "ALPH" })
	}
	size, err := webp.DecodeConfig(bytes.NewReader(simpleWebP(chunks, f.canvas)))
	if err != nil {
		return file{exif: f.exif, profile: f.profile}, err
	}
	f.canvas = image.Pt(size.Width, size.Height)
	f.parts, f.plays = []part{{decode: webPDecoder(chunks, f.canvas), replace: true}}, 0
	return f, nil
}

// checkWebPSize returns an error unless the bitstream among the chunks has the size that its container announces:
// decoders allocate memory for the bitstream's size.
func checkWebPSize(chunks []webPChunk, size image.Point) error {
	for _, c := range chunks {
		if c.name != "VP8 " && c.name != "VP8L" {
			continue
		}
		inner, err := webp.DecodeConfig(bytes.NewReader(simpleWebP([]webPChunk{c}, size)))
		if err != nil {
			return err
		}
		if inner.Width != size.X || inner.Height != size.Y {
			return fmt.Errorf("webp: the picture has %d×%d pixels, its header says %d×%d", inner.Width, inner.Height, size.X,
				size.Y)
		}
	}
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// noBlend is the flag of a frame whose transparent pixels replace those below.
const noBlend = 2

// webPFrame extracts a frame of an animation as a still WebP. It must lie on the canvas.
func webPFrame(data []byte, canvas image.Point) (part, error) {
	const header = 16
	if len(data) < header {
		return part{}, errors.New("it has no header")
	}
	const dispose = 1
	flags := data[15]
	size := image.Pt(uint24(data[6:])+1, uint24(data[9:])+1)
	chunks, _ := webPChunks(data[header:])
	p := part{
		decode:  webPDecoder(chunks, size),
		at:      image.Pt(2*uint24(data), 2*uint24(data[3:])),
		replace: flags&noBlend != 0,
		delay:   milliseconds(uint24(data[12:])),
	}
	if flags&dispose != 0 {
		p.dispose = disposeBackground
	}
	if err := checkFrame(size, p.at, canvas); err != nil {
		return p, err
	}
	return p, checkWebPSize(chunks, size)
}

// webPAlpha is the flag of a file with an alpha channel.
const webPAlpha = 1 << 4

// webPDecoder returns a function that decodes the picture in chunks. A lossless one without alpha has other bits in its
// place.
func webPDecoder(chunks []webPChunk, size image.Point) func() (image.Image, error) {
	decode := decoder(simpleWebP(chunks, size), DecodeWebP)
	const flags, alpha = 4, 1 << 4 // The byte with the flag, and the flag.
	opaque := slices.ContainsFunc(chunks, func(c webPChunk) bool {
		return c.name == "VP8L" && len(c.data) > flags && c.data[flags]&alpha == 0
	})
	return func() (image.Image, error) {
		picture, err := decode()
		if pixels, ok := picture.(*image.NRGBA); ok && opaque {
			for i := 3; i < len(pixels.Pix); i += 4 {
				pixels.Pix[i] = 255
			}
		}
		return picture, err
	}
}

// simpleWebP makes a file of the chunks that hold pixels. Package webp reads the extended format only with a separate
// alpha channel, and fails on lossless pictures in that format, which need none.
func simpleWebP(chunks []webPChunk, size image.Point) []byte {
	body := []byte("WEBP")
	for _, c := range chunks {
		switch c.name {
		case "ALPH":
			body = appendWebP(body, "VP8X", []byte{webPAlpha, 0, 0, 0,
				byte(size.X - 1), byte((size.X - 1) >> 8), byte((size.X - 1) >> 16), byte(size.Y - 1), byte((size.Y - 1) >> 8),
				byte((size.Y - 1) >> 16)})
			body = appendWebP(body, c.name, c.data)
		case "VP8 ", "VP8L":
			body = appendWebP(body, c.name, c.data)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func appendWebP(to []byte, name string, data []byte) []byte {
	to = append(binary.LittleEndian.AppendUint32(append(to, name...), uint32(len(data))), data...)
	return append(to, make([]byte, len(data)%2)...)
}

// DecodeWebP decodes a still WebP with package webp and corrects the colours: a lossy WebP has luma in 16…235 and
// chroma in 16…240, but package image takes both for 0…255, which would turn black into grey.
func DecodeWebP(in io.Reader) (image.Image, error) {
	picture, err := webp.Decode(in)
	if err != nil {
		return nil, err
	}
	switch p := picture.(type) {
	case *image.YCbCr:
		toFullRange(p)
	case *image.NYCbCrA:
		toFullRange(&p.YCbCr)
	}
	return interpolated(picture), nil
}

func toFullRange(p *image.YCbCr) {
	var luma, chroma [256]uint8
	for v := range 256 {
		luma[v] = clampToByte(math.Round(float64(v-16) * 255 / 219))
		chroma[v] = clampToByte(math.Round(float64(v-128)*255/224) + 128)
	}
	apply := func(table *[256]uint8, plane []uint8) {
		for i, v := range plane {
			plane[i] = table[v]
		}
	}
	apply(&luma, p.Y)
	apply(&chroma, p.Cb)
	apply(&chroma, p.Cr)
}

func clampToByte(v float64) uint8 { return uint8(min(255, max(0, v))) }
