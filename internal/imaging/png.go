package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// chunk is a piece of a PNG.
type chunk struct {
	name string
	data []byte
}

// append appends the chunk in its file format.
func (c chunk) append(to []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(c.data)))
	start := len(to)
	to = append(append(to, c.name...), c.data...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[start:]))
}

// errNoEnd is the error of a PNG that lacks nothing but its last chunk, or a part of that.
var errNoEnd = fmt.Errorf("its end is missing: %w", io.ErrUnexpectedEOF)

// readChunks returns the chunks of a PNG up to its end or the first error. The last chunk has no contents, so its
// checksum does not count.
func readChunks(data []byte) (chunks []chunk, err error) {
	for rest := data[len(pngSignature):]; ; {
		const around = 12 // Length, name, checksum.
		if len(rest) >= 8 && string(rest[4:8]) == "IEND" {
			return append(chunks, chunk{"IEND", nil}), nil
		}
		if bytes.HasPrefix(chunk{"IEND", nil}.append(nil), rest) {
			return chunks, errNoEnd
		}
		if len(rest) < around {
			return chunks, io.ErrUnexpectedEOF
		}
		size := int64(binary.BigEndian.Uint32(rest))
		if size > int64(len(rest)-around) {
			return chunks, io.ErrUnexpectedEOF
		}
		end := 8 + size
		c := chunk{string(rest[4:8]), rest[8:end]}
		if crc32.ChecksumIEEE(rest[4:end]) != binary.BigEndian.Uint32(rest[end:]) {
			return chunks, fmt.Errorf("the checksum of a piece %q is wrong", c.name)
		}
		chunks = append(chunks, c)
		rest = rest[end+4:]
	}
}

var errSecondHeader = errors.New("the file has a second header")

// openPNG reads a still or an animated PNG. Faults of a still one are left to the decoder.
func openPNG(data []byte) (file, error) {
	size, err := pngSize(data)
	if err != nil {
		return file{}, err
	}
	f := file{canvas: size, parts: []part{{decode: pngDecoder(data), replace: true}}}
	chunks, err := readChunks(data)
	profiled, described, pixels, animated := false, false, false, false
	for i, c := range chunks {
		f.addColour(c)
		switch c.name {
		case "IHDR": // The decoder has found the first one whole.
			if i > 0 {
				return f, errSecondHeader
			}
			depth, colours := c.data[8], c.data[9]
			f.gray, f.deep = colours == 0 || colours == 4, depth == 16
		case "eXIf":
			f.exif = bytes.TrimPrefix(c.data, []byte(exifHeader)) // Which some writers leave in.
		case "tEXt", "zTXt": // Where older programs put it.
			if f.exif == nil && !described && bytes.HasPrefix(c.data, []byte(rawEXIF)) {
				f.exif, described = rawProfile(c), true
			}
		case "iCCP":
			if !profiled { // Each may inflate to megabytes.
				f.profile, profiled = inflateProfile(c.data), true
			}
		case "pHYs":
			if len(c.data) == 9 {
				f.density = density{binary.BigEndian.Uint32(c.data), binary.BigEndian.Uint32(c.data[4:]), c.data[8] == 1}
			}
		case "IDAT":
			pixels = true
		case "acTL":
			if pixels || animated { // As in browsers: behind the pixels it makes no animation.
				continue
			}
			animated = true
			if len(c.data) < 8 {
				return f, errors.New("the header of the animation is too short")
			}
			if n := binary.BigEndian.Uint32(c.data); n > 1 || n == 1 && hidesDefault(chunks) {
				return f.openAnimation(chunks, c.data, err)
			}
		}
	}
	return f, nil
}

// pngSize returns the size that the header says. The palette may have faults that can be mended, so another one stands
// in for it.
func pngSize(data []byte) (image.Point, error) {
	header := data[:min(len(data), pngHeader)]
	if len(header) == pngHeader {
		header = chunk{"tRNS", []byte{0}}.append(chunk{"PLTE", make([]byte, 3)}.append(bytes.Clone(header)))
	}
	config, err := png.DecodeConfig(bytes.NewReader(header))
	return image.Pt(config.Width, config.Height), err
}

// openAnimation reads an animated PNG, of which f is the still picture. control is its acTL, and damage what is wrong
// with the file, or nil. As in browsers, the frames that are there are played, however many are announced.
func (f file) openAnimation(chunks []chunk, control []byte, damage error) (file, error) {
	if damage != nil && !errors.Is(damage, errNoEnd) {
		return f, damage
	}
	stills, frames := f.parts, binary.BigEndian.Uint32(control)
	err := f.readAnimation(chunks)
	switch n := len(f.parts); {
	case err != nil:
		return f, err
	case damage != nil && uint32(n) < frames:
		return f, fmt.Errorf("%w: it has %d of %d frames", io.ErrUnexpectedEOF, n, frames)
	case n == 0:
		f.parts = stills
		return f, nil
	case damage != nil: // The last frame may lack a chunk too.
		if _, err := f.parts[n-1].decode(); err != nil {
			return f, fmt.Errorf("frame %d: %w: %w", n, io.ErrUnexpectedEOF, err)
		}
	}
	if len(f.parts) > 1 {
		f.plays = int(binary.BigEndian.Uint32(control[4:]))
	}
	return f, nil
}

// hidesDefault reports whether the frames of an animated PNG replace its still picture, which is then only for programs
// that show no animations.
func hidesDefault(chunks []chunk) bool {
	still := false
	for _, c := range chunks {
		switch c.name {
		case "fcTL":
			if !still {
				return false
			}
		case "IDAT":
			still = true
		case "fdAT":
			return still
		}
	}
	return false
}

// inflateProfile returns what is compressed behind a chunk's keyword, such as an ICC profile, or nil.
func inflateProfile(data []byte) []byte {
	const largest = 16 << 20
	_, compressed, found := bytes.Cut(data, []byte{0})
	if !found || len(compressed) < 1 {
		return nil
	}
	in, err := zlib.NewReader(bytes.NewReader(compressed[1:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(in, largest+1))
	if err != nil || len(profile) > largest {
		return nil
	}
	return profile
}

// rawEXIF is the keyword of EXIF data in a text.
const rawEXIF = "Raw profile type exif\x00"

// rawProfile returns the EXIF data in a text: after a name and their length, hexadecimal digits.
func rawProfile(c chunk) []byte {
	text := c.data[len(rawEXIF):]
	if c.name == "zTXt" {
		text = inflateProfile(c.data)
	}
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	data, err := hex.DecodeString(string(bytes.Join(fields[2:], nil)))
	if err != nil {
		return nil
	}
	return bytes.TrimPrefix(data, []byte(exifHeader))
}

// readAnimation finds the frames of an animated PNG: https://www.w3.org/TR/png-3/#apng-frame-based-animation
func (f *file) readAnimation(chunks []chunk) error {
	f.parts = nil
	var shared []chunk // The chunks before the pixels that are needed to decode them.
	var header []byte
	var current *apngFrame
	finish := func() error {
		if current == nil {
			return nil
		}
		frame, err := current.part(header, shared, f.canvas)
		if err != nil {
			return fmt.Errorf("frame %d: %w", len(f.parts)+1, err)
		}
		f.parts, current = append(f.parts, frame), nil
		return nil
	}
	for _, c := range chunks {
		switch c.name {
		case "IHDR":
			if header != nil {
				return errSecondHeader
			}
			header = c.data
		case "PLTE", "tRNS":
			shared = append(shared, c)
		case "fcTL":
			if err := finish(); err != nil {
				return err
			}
			if len(c.data) < 26 {
				return errors.New("the header of a frame is too short")
			}
			current = &apngFrame{control: c.data}
		case "IDAT":
			// Without a frame before them, these pixels are not part of the animation, but a fallback for other programs.
			if current != nil {
				current.pixels = append(current.pixels, chunk{"IDAT", c.data})
			}
		case "fdAT":
			if current == nil || len(c.data) < 4 {
				return errors.New("a frame without a header")
			}
			current.pixels = append(current.pixels, chunk{"IDAT", c.data[4:]})
		}
	}
	return finish()
}

// apngFrame is a frame of an animated PNG.
type apngFrame struct {
	control []byte // fcTL
	pixels  []chunk
}

// part cuts the frame out as a still PNG. It must lie on the canvas.
func (a *apngFrame) part(header []byte, shared []chunk, canvas image.Point) (part, error) {
	be := binary.BigEndian
	size := a.control[4:12]
	p := part{
		at:      image.Pt(int(be.Uint32(a.control[12:])), int(be.Uint32(a.control[16:]))),
		delay:   Delay{be.Uint16(a.control[20:]), be.Uint16(a.control[22:])},
		replace: a.control[25] == 0,
		decode: func() (picture image.Image, err error) {
			defer recovered(&err)
			data := chunk{"IHDR", append(bytes.Clone(size), header[8:]...)}.append([]byte(pngSignature))
			for _, c := range append(append([]chunk{}, shared...), a.pixels...) {
				data = c.append(data)
			}
			return pngDecoder(chunk{"IEND", nil}.append(data))()
		},
	}
	switch a.control[24] {
	case 1:
		p.dispose = disposeBackground
	case 2:
		p.dispose = disposePrevious
	}
	return p, checkFrame(image.Pt(int(be.Uint32(size)), int(be.Uint32(size[4:]))), p.at, canvas)
}

// numbers are big-endian.
func numbers(values ...uint32) (data []byte) {
	for _, v := range values {
		data = binary.BigEndian.AppendUint32(data, v)
	}
	return data
}
