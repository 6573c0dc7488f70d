package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math/bits"
	"slices"
)

// Compressions of a BMP.
const (
	bmpPlain      = 0
	bmpRLE8       = 1
	bmpRLE4       = 2
	bmpMasks      = 3
	bmpAlphaMasks = 6
)

// bitmap is a BMP: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage
type bitmap struct {
	width, height int
	topDown       bool
	depth         int // Bits a pixel.
	compression   uint32
	masks         [4]uint32 // Of red, green, blue and alpha, for 16 and 32 bits a pixel.
	palette       color.Palette
	pixels        []byte
}

// openBMP reads a BMP of Windows or OS/2.
func openBMP(data []byte) (file, error) {
	b, err := bitmapOf(data)
	if err != nil {
		return file{}, err
	}
	decode := func() (picture image.Image, err error) {
		defer recovered(&err)
		return b.decode()
	}
	return file{canvas: image.Pt(b.width, b.height), parts: []part{{decode: decode, replace: true}}}, nil
}

// bitmapOf reads the header.
func bitmapOf(data []byte) (*bitmap, error) {
	const fileHeader, core, info = 14, 12, 40 // core is the header of OS/2 1, with sides of 16 bits.
	le := binary.LittleEndian
	if len(data) < fileHeader+core {
		return nil, io.ErrUnexpectedEOF
	}
	size := int64(le.Uint32(data[fileHeader:]))
	switch {
	case size != core && (size < 16 || size > 1<<10):
		return nil, fmt.Errorf("bmp: a header of %d bytes is unsupported: convert the picture to PNG", size)
	case fileHeader+size > int64(len(data)):
		return nil, io.ErrUnexpectedEOF
	}
	header := append(data[fileHeader:fileHeader+size:fileHeader+size], make([]byte, 56)...) // What is missing is zero.
	b := &bitmap{}
	var colours uint32
	if size == core {
		b.width, b.height = int(le.Uint16(header[4:])), int(le.Uint16(header[6:]))
		b.depth = int(le.Uint16(header[10:]))
	} else {
		b.width, b.height = int(int32(le.Uint32(header[4:]))), int(int32(le.Uint32(header[8:])))
		b.depth = int(le.Uint16(header[14:]))
		b.compression, colours = le.Uint32(header[16:]), le.Uint32(header[32:])
	}
	if b.height < 0 {
		b.height, b.topDown = -b.height, true
	}
	if b.width < 0 {
		return nil, errors.New("bmp: a negative width is unsupported")
	}
	table := fileHeader + size
	masked := b.compression == bmpMasks || b.compression == bmpAlphaMasks
	if masked && size == info { // The masks follow the header instead of being a part of it.
		n := int64(12)
		if b.compression == bmpAlphaMasks {
			n = 16
		}
		if table+n > int64(len(data)) {
			return nil, io.ErrUnexpectedEOF
		}
		copy(header[info:], data[table:table+n])
		table += n
	}
	if err := b.check(size > 16 && size < info); err != nil {
		return nil, err
	}
	b.findMasks(header[info:], masked, size > info)
	offset := int64(le.Uint32(data[10:]))
	if b.depth <= 8 {
		entry := int64(4)
		if size == core {
			entry = 3
		}
		n := int64(colours)
		if n == 0 || n > 1<<b.depth {
			n = 1 << b.depth
		}
		if offset > table { // Some programs shorten the palette without saying so.
			n = min(n, (offset-table)/entry)
		}
		if table+n*entry > int64(len(data)) {
			return nil, io.ErrUnexpectedEOF
		}
		for i := range n {
			c := data[table+i*entry:]
			b.palette = append(b.palette, color.NRGBA{c[2], c[1], c[0], 255})
		}
		for len(b.palette) < 1<<b.depth { // The colours that a palette lacks are black, as for Pillow.
			b.palette = append(b.palette, color.NRGBA{A: 255})
		}
		table += n * entry
	}
	if offset == 0 {
		offset = table
	}
	if offset > int64(len(data)) {
		return nil, io.ErrUnexpectedEOF
	}
	b.pixels = data[offset:]
	return b, nil
}

// check returns an error for kinds of pixels that cannot be read. OS/2 2 gives other meanings to the compressions from
// 3 on.
func (b *bitmap) check(os2 bool) error {
	known := false
	switch b.compression {
	case bmpPlain:
		known = slices.Contains([]int{1, 2, 4, 8, 16, 24, 32}, b.depth)
	case bmpRLE8:
		known = b.depth == 8 && !b.topDown
	case bmpRLE4:
		known = b.depth == 4 && !b.topDown
	case bmpMasks, bmpAlphaMasks:
		known = (b.depth == 16 || b.depth == 32) && !os2
	}
	if !known {
		return fmt.Errorf("bmp: %d bits a pixel with compression %d are unsupported: convert the picture to PNG", b.depth,
			b.compression)
	}
	return nil
}

// findMasks finds which bits of a pixel hold which channel. Headers longer than Windows 3's have a mask of alpha;
// without masks their pixels of 32 bits have alpha too, as in browsers.
func (b *bitmap) findMasks(header []byte, masked, long bool) {
	switch {
	case masked:
		for c := range 4 {
			b.masks[c] = binary.LittleEndian.Uint32(header[4*c:])
		}
	case b.depth == 16:
		b.masks = [4]uint32{0x7c00, 0x03e0, 0x001f, 0}
	case b.depth == 32:
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
		if long {
			b.masks[3] = 0xff000000
		}
	}
}

// decode returns the pixels.
func (b *bitmap) decode() (image.Image, error) {
	canvas := image.Rect(0, 0, b.width, b.height)
	if b.compression == bmpRLE8 || b.compression == bmpRLE4 {
		picture := image.NewPaletted(canvas, b.palette)
		return picture, b.expand(picture)
	}
	stride := (b.width*b.depth + 31) / 32 * 4
	used := (b.width*b.depth + 7) / 8
	if len(b.pixels) < (b.height-1)*stride+used { // Some programs leave out the padding of the last row.
		return nil, io.ErrUnexpectedEOF
	}
	row := func(y int) []byte {
		if !b.topDown {
			y = b.height - 1 - y
		}
		return b.pixels[y*stride:][:used]
	}
	switch {
	case b.depth <= 8:
		picture := image.NewPaletted(canvas, b.palette)
		for y := range b.height {
			b.indices(picture.Pix[y*picture.Stride:][:b.width], row(y))
		}
		return picture, nil
	case b.depth == 24:
		picture := image.NewRGBA(canvas)
		for y := range b.height {
			from, to := row(y), picture.Pix[y*picture.Stride:]
			for x := range b.width {
				to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = from[3*x+2], from[3*x+1], from[3*x], 255
			}
		}
		return picture, nil
	default:
		picture := image.NewNRGBA(canvas)
		levels := b.levels()
		for y := range b.height {
			from, to := row(y), picture.Pix[y*picture.Stride:]
			for x := range b.width {
				var pixel uint32
				if b.depth == 16 {
					pixel = uint32(binary.LittleEndian.Uint16(from[2*x:]))
				} else {
					pixel = binary.LittleEndian.Uint32(from[4*x:])
				}
				for c, level := range levels {
					to[4*x+c] = level(pixel)
				}
			}
		}
		makeVisible(picture)
		return picture, nil
	}
}

// makeVisible makes a picture opaque if all of it is transparent: many programs leave the bits of alpha 0.
func makeVisible(picture *image.NRGBA) {
	for i := 3; i < len(picture.Pix); i += 4 {
		if picture.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(picture.Pix); i += 4 {
		picture.Pix[i] = 255
	}
}

// indices unpacks a row of a picture with a palette.
func (b *bitmap) indices(to, from []byte) {
	perByte := 8 / b.depth
	for x := range to {
		to[x] = from[x/perByte] >> (8 - b.depth*(x%perByte+1)) & (1<<b.depth - 1)
	}
}

// levels returns functions that extract the channels of a pixel.
func (b *bitmap) levels() (levels [4]func(pixel uint32) uint8) {
	for c, mask := range b.masks {
		shift := bits.TrailingZeros32(mask)
		most := uint64(mask) >> shift
		switch {
		case mask == 0 && c == 3:
			levels[c] = func(uint32) uint8 { return 255 }
		case mask == 0:
			levels[c] = func(uint32) uint8 { return 0 }
		default:
			levels[c] = func(pixel uint32) uint8 { return uint8(uint64(pixel&mask) >> shift * 255 / most) }
		}
	}
	return levels
}

// expand decodes runs. Pixels that they skip have colour 0. A run may not leave its row.
func (b *bitmap) expand(picture *image.Paletted) error {
	const endOfLine, endOfPicture, move = 0, 1, 2
	in := b.pixels
	x, y := 0, 0 // y counts from the bottom.
	put := func(index uint8) {
		if x < b.width {
			picture.Pix[(b.height-1-y)*picture.Stride+x] = index
		}
		x++
	}
	// pixel returns a pixel of a byte, which holds two of 4 bits.
	pixel := func(pair byte, i int) byte {
		if b.depth == 8 {
			return pair
		}
		return pair >> (4 - 4*(i%2)) & 15
	}
	for y < b.height {
		if len(in) < 2 && y == b.height-1 && x >= b.width {
			return nil // All pixels are there, but not the end.
		}
		if len(in) < 2 {
			return io.ErrUnexpectedEOF
		}
		n, second := int(in[0]), int(in[1])
		in = in[2:]
		switch {
		case n > 0:
			for i := range n {
				put(pixel(byte(second), i))
			}
		case second == endOfLine:
			x, y = 0, y+1
		case second == endOfPicture:
			return nil
		case second == move:
			if len(in) < 2 {
				return io.ErrUnexpectedEOF
			}
			x, y, in = x+int(in[0]), y+int(in[1]), in[2:]
		default: // So many pixels, padded to 16 bits.
			used := (second*b.depth + 7) / 8
			if padded := (used + 1) &^ 1; len(in) < padded {
				return io.ErrUnexpectedEOF
			}
			for i := range second {
				put(pixel(in[i*b.depth/8], i))
			}
			in = in[(used+1)&^1:]
		}
	}
	return nil
}
