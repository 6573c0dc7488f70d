package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math"

	"golang.org/x/image/webp"
)

// openWebP reads a still or an animated WebP. The layout: https://developers.google.com/speed/webp/docs/riff_container
func openWebP(data []byte) (file, error) {
	const header = 12 // RIFF, size, WEBP.
	var f file
	for rest := data[header:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		if size > int64(len(rest)-8) {
			if name == "ANMF" {
				return f, io.ErrUnexpectedEOF
			}
			break // The decoder says what is wrong with it.
		}
		chunk := rest[8 : 8+size]
		switch {
		case name == "VP8X" && size >= 10:
			f.canvas = image.Pt(uint24(chunk[4:])+1, uint24(chunk[7:])+1)
		case name == "ANIM" && size >= 6:
			f.plays = int(binary.LittleEndian.Uint16(chunk[4:]))
		case name == "ANMF":
			frame, err := webPFrame(chunk)
			if err != nil {
				return f, err
			}
			f.parts = append(f.parts, frame)
		case name == "ICCP":
			f.profile = chunk
		case name == "EXIF":
			f.exif = bytes.TrimPrefix(chunk, []byte(exifHeader))
		}
		rest = rest[min(8+size+size%2, int64(len(rest))):]
	}
	if len(f.parts) > 0 {
		return f, nil
	}
	one, err := still(data, webp.DecodeConfig, decodeWebP)
	one.exif, one.profile = f.exif, f.profile
	return one, err
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// webPFrame cuts a frame of an animation out as a still WebP.
func webPFrame(chunk []byte) (part, error) {
	const header = 16
	if len(chunk) < header {
		return part{}, errors.New("webp: a frame without a header")
	}
	const dispose, noBlend = 1, 2
	flags, chunks := chunk[15], chunk[header:]
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	const alpha, flagsAt = 1 << 4, 12
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		body[flagsAt] = alpha
	}
	body = append(append(body, chunk[6:12]...), chunks...)
	data := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
	p := part{
		decode:  decoder(data, decodeWebP),
		at:      image.Pt(2*uint24(chunk), 2*uint24(chunk[3:])),
		replace: flags&noBlend != 0,
		delay:   milliseconds(uint24(chunk[12:])),
	}
	if flags&dispose != 0 {
		p.dispose = disposeBackground
	}
	return p, checkFrame(image.Pt(uint24(chunk[6:])+1, uint24(chunk[9:])+1))
}

// decodeWebP decodes with package webp and puts the colours right: a lossy WebP has luma in 16…235 and chroma in 16…240, but package image
// takes both for 0…255, which would leave black grey.
func decodeWebP(in io.Reader) (image.Image, error) {
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
	return picture, nil
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
