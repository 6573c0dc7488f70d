package imaging

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/png"
	"io"
)

// pngDecoder returns a function that decodes a still PNG. Package png is stricter than other programs, so what it
// refuses is tried again as Pillow reads it: see [mendPNG].
func pngDecoder(data []byte) func() (image.Image, error) {
	return func() (picture image.Image, err error) {
		defer recovered(&err)
		picture, err = decoder(data, png.Decode)()
		if err == nil {
			return picture, nil
		}
		if mended := mendPNG(data); mended != nil {
			if picture, mendedErr := png.Decode(mended); mendedErr == nil {
				return picture, nil
			}
		}
		return nil, err
	}
}

// mendPNG returns a PNG with the pixels of a faulty one, or nil if there are none. Faults behind the pixels, surplus
// pixels, palettes and transparency that are superfluous, too long or in the wrong order are mended. A flipped bit
// among the pixels is not: either the checksums of their chunks must be right or the one in their stream.
func mendPNG(data []byte) io.Reader {
	m := pngMender{intact: true}
	var palette, transparency []byte
	var streams []io.Reader
chunks:
	for rest := data[len(pngSignature):]; len(rest) >= 8; {
		name, size := string(rest[4:8]), int64(binary.BigEndian.Uint32(rest))
		body := rest[8:]
		whole := size+4 <= int64(len(body))
		body = body[:min(size, int64(len(body)))]
		right := whole && crc32.ChecksumIEEE(rest[4:8+size]) == binary.BigEndian.Uint32(rest[8+size:])
		switch {
		case name == "IDAT":
			streams = append(streams, bytes.NewReader(body))
			m.intact = m.intact && right
		case len(streams) > 0:
			break chunks
		case !right:
			return nil
		case name == "IHDR":
			if m.header != nil || size != 13 {
				return nil
			}
			m.header = body
		case name == "PLTE":
			palette = body
		case name == "tRNS":
			transparency = body
		}
		if !whole {
			break
		}
		rest = rest[size+12:]
	}
	if m.header == nil || len(streams) == 0 {
		return nil
	}
	m.left = pngBytes(m.header)
	m.in = bufio.NewReader(io.MultiReader(streams...))
	m.ready = chunk{"IHDR", m.header}.append([]byte(pngSignature))
	m.appendPalette(palette, transparency)
	return &m
}

// appendPalette appends what the colour type allows of the palette and the transparency.
func (m *pngMender) appendPalette(palette, transparency []byte) {
	const grey, colours, indexed = 0, 2, 3
	most := 0 // Bytes of transparency.
	switch m.header[9] {
	case grey:
		most = 2
	case colours:
		most = 6
	case indexed:
		n := min(len(palette)/3, 1<<min(m.header[8], 8))
		if palette != nil && n == 0 { // The colours that a palette lacks are black.
			palette, n = make([]byte, 3), 1
		}
		if n > 0 {
			m.ready = chunk{"PLTE", palette[:3*n]}.append(m.ready)
		}
		most = 256
	}
	if n := min(len(transparency), most); n > 0 {
		m.ready = chunk{"tRNS", transparency[:n]}.append(m.ready)
	}
}

// pngMender is the mended file. It is made while it is read: a file may inflate to much more than its size.
type pngMender struct {
	header   []byte // IHDR
	intact   bool   // The checksums of the chunks with pixels are right.
	in       *bufio.Reader
	inflated io.Reader   // Nil before the first pixel.
	given    hash.Hash32 // Of all that was inflated.
	made     hash.Hash32 // Of what was passed on.
	left     int64       // Bytes of pixels.
	ready    []byte      // Of the file, to be read.
	err      error
}

func (m *pngMender) Read(to []byte) (int, error) {
	for len(m.ready) == 0 {
		if m.err != nil {
			return 0, m.err
		}
		m.ready, m.err = m.next()
	}
	n := copy(to, m.ready)
	m.ready = m.ready[n:]
	return n, nil
}

// next returns the next chunks, and io.EOF with the last. Pixels are not compressed again.
func (m *pngMender) next() ([]byte, error) {
	var stream []byte
	if m.inflated == nil {
		var start [2]byte
		if _, err := io.ReadFull(m.in, start[:]); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		const method, dictionary = 8, 1 << 5
		if binary.BigEndian.Uint16(start[:])%31 != 0 || start[0]&15 != method || start[1]&dictionary != 0 {
			return nil, errPixelData
		}
		m.given, m.made = adler32.New(), adler32.New()
		m.inflated = io.TeeReader(flate.NewReader(m.in), m.given)
		stream = append(stream, 0x78, 0x01)
	}
	const most = 1 << 15 // Bytes of a block.
	block := make([]byte, min(most, m.left))
	if _, err := io.ReadFull(m.inflated, block); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	m.made.Write(block)
	m.left -= int64(len(block))
	last := byte(0)
	if m.left == 0 {
		last = 1
	}
	size := uint16(len(block))
	stream = append(stream, last, byte(size), byte(size>>8), byte(^size), byte(^size>>8))
	stream = append(stream, block...)
	if last == 0 {
		return chunk{"IDAT", stream}.append(nil), nil
	}
	if !m.sound() {
		return nil, errPixelData
	}
	stream = m.made.Sum(stream)
	return chunk{"IEND", nil}.append(chunk{"IDAT", stream}.append(nil)), io.EOF
}

var errPixelData = errors.New("the pixel data is damaged")

// sound reports whether checksums vouch for the pixels. Surplus pixels count for the one in the stream.
func (m *pngMender) sound() bool {
	const mostSurplus = 1 << 20
	surplus := io.LimitReader(m.inflated, mostSurplus)
	if n, err := io.Copy(io.Discard, surplus); err != nil || n == mostSurplus {
		return m.intact
	}
	sum := make([]byte, 4)
	if _, err := io.ReadFull(m.in, sum); err != nil {
		return m.intact
	}
	return m.given.Sum32() == binary.BigEndian.Uint32(sum)
}

// pngBytes returns how many bytes the pixels have, with the byte before each row that says how it is filtered.
func pngBytes(header []byte) (bytes int64) {
	width, height := int64(binary.BigEndian.Uint32(header)), int64(binary.BigEndian.Uint32(header[4:]))
	bits := int64(header[8]) * map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[header[9]]
	passes := [][4]int64{{0, 0, 1, 1}} // The first column and row, and the steps to the next.
	if header[12] == 1 {
		passes = [][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, p := range passes {
		columns, rows := (width-p[0]+p[2]-1)/p[2], (height-p[1]+p[3]-1)/p[3]
		if columns > 0 && rows > 0 {
			bytes += rows * (1 + (columns*bits+7)/8)
		}
	}
	return bytes
}
