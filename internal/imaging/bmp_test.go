package imaging

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bmpKind is a BMP to be made: a header of Windows 3 with masks behind it, or one of another size.
type bmpKind struct {
	size, depth, compression uint32
	masks                    []uint32
	palette                  []byte
}

// bmpFile is a BMP of a kind.
func bmpFile(width, height int, kind bmpKind, pixels ...byte) []byte {
	le := binary.LittleEndian
	var header []byte
	if kind.size == 12 {
		header = le.AppendUint32(nil, 12)
		for _, v := range []int{width, height, 1, int(kind.depth)} {
			header = le.AppendUint16(header, uint16(v))
		}
	} else {
		for _, v := range []uint32{kind.size, uint32(width), uint32(height), kind.depth<<16 | 1, kind.compression,
			uint32(len(pixels)), 0, 0, 0, 0} {
			header = le.AppendUint32(header, v)
		}
		for _, v := range kind.masks {
			header = le.AppendUint32(header, v)
		}
		header = append(header, make([]byte, max(0, int(kind.size)-len(header)))...)
	}
	data := le.AppendUint32([]byte("BM"), 0)
	data = le.AppendUint32(append(data, 0, 0, 0, 0), uint32(14+len(header)+len(kind.palette)))
	return joined(append(data, header...), string(kind.palette), pixels)
}

// redBlue are palettes of red, blue and white, with 4 and 3 bytes a colour.
var (
	redBlue      = []byte{0, 0, 255, 0, 255, 0, 0, 0, 255, 255, 255, 0}
	redBlueShort = []byte{0, 0, 255, 255, 0, 0, 255, 255, 255}
)

// bmpKinds are BMPs of the same picture of 5×2 pixels, rbbbb over rwbrr.
func bmpKinds() map[string][]byte {
	words := func(values ...uint16) (data []byte) {
		for _, v := range values {
			data = binary.LittleEndian.AppendUint16(data, v)
		}
		return data
	}
	longs := func(values ...uint32) (data []byte) {
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, v)
		}
		return data
	}
	const r5, b5, w5 = 0x7c00, 0x001f, 0x7fff
	const r6, b6, w6 = 0xf800, 0x001f, 0xffff
	const r8, b8, w8 = 0xff0000, 0x0000ff, 0xffffff
	return map[string][]byte{
		"indices": bmpFile(5, 2, bmpKind{size: 40, depth: 8, palette: redBlue},
			0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0),
		"RLE8": bmpFile(5, 2, bmpKind{size: 40, depth: 8, compression: 1, palette: redBlue},
			0, 3, 0, 2, 1, 0, 2, 0, 0, 0, 1, 0, 4, 1, 0, 1),
		"RLE4": bmpFile(5, 2, bmpKind{size: 40, depth: 4, compression: 2, palette: redBlue},
			0, 5, 0x02, 0x10, 0x00, 0, 0, 0, 1, 0x00, 4, 0x11, 0, 0),
		"OS/2": bmpFile(5, 2, bmpKind{size: 12, depth: 8, palette: redBlueShort},
			0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0),
		"OS/2, 2": bmpFile(5, 2, bmpKind{size: 64, depth: 4, palette: redBlue}, 0x02, 0x10, 0, 0, 0x01, 0x11, 0x10, 0),
		"555": bmpFile(5, 2, bmpKind{size: 40, depth: 16},
			words(r5, w5, b5, r5, r5, 0, r5, b5, b5, b5, b5, 0)...),
		"565": bmpFile(5, 2, bmpKind{size: 40, depth: 16, compression: 3, masks: []uint32{r6, 0x07e0, b6}},
			words(r6, w6, b6, r6, r6, 0, r6, b6, b6, b6, b6, 0)...),
		"565 in the header": bmpFile(5, 2, bmpKind{size: 108, depth: 16, compression: 3, masks: []uint32{r6, 0x07e0, b6}},
			words(r6, w6, b6, r6, r6, 0, r6, b6, b6, b6, b6, 0)...),
		"masks of 32 bits": bmpFile(5, 2, bmpKind{size: 40, depth: 32, compression: 3, masks: []uint32{b8, 0xff00, r8}},
			longs(b8, w8, r8, b8, b8, b8, r8, r8, r8, r8)...),
	}
}

func TestBMPsOfEachKindHaveTheSamePixels(t *testing.T) {
	for name, data := range bmpKinds() {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, [][]string{{"rbbbb", "rwbrr"}}, framesOf(t, data))
			p, err := read(data)
			require.NoError(t, err)
			assert.False(t, p.Alpha, "opaque")
			assert.ErrorContains(t, whole(data[:len(data)-6]), "cut short")
		})
	}
}

func TestPixelsThatRunsSkipHaveTheFirstColour(t *testing.T) {
	kind := bmpKind{size: 40, depth: 8, compression: 1, palette: redBlue}
	assert.Equal(t, [][]string{{"rrrb", "wrrr"}}, framesOf(t, bmpFile(4, 2, kind, 1, 2, 0, 2, 2, 1, 1, 1, 0, 1)))
	assert.Equal(t, [][]string{{"rrrr", "bbbb"}}, framesOf(t, bmpFile(4, 2, kind, 9, 1, 0, 1)), "a run over the border")
}

func TestColoursThatThePaletteOfABMPLacksAreBlack(t *testing.T) {
	runs := bmpKind{size: 40, depth: 8, compression: 1, palette: redBlue}
	assert.Equal(t, [][]string{{"kkbk", "rrrr"}}, framesOf(t, bmpFile(4, 2, runs, 4, 0, 0, 0, 2, 3, 1, 1, 1, 255, 0, 1)))
	plain := bmpKind{size: 40, depth: 8, palette: redBlue}
	assert.Equal(t, [][]string{{"rkbk"}}, framesOf(t, bmpFile(4, 1, plain, 0, 3, 1, 255)))
	plain.depth = 4
	assert.Equal(t, [][]string{{"rkbk"}}, framesOf(t, bmpFile(4, 1, plain, 0x03, 0x1f, 0, 0)))
}

func TestABMPWhoseAlphaIsAllZeroIsOpaque(t *testing.T) {
	masks := []uint32{0xff0000, 0xff00, 0xff, 0xff000000}
	for name, kind := range map[string]bmpKind{
		"version 4":              {size: 108, depth: 32},
		"version 5, with masks":  {size: 124, depth: 32, compression: 3, masks: masks},
		"version 5, without use": {size: 124, depth: 32, masks: masks},
	} {
		data := bmpFile(2, 1, kind, 0, 0, 255, 0, 255, 0, 0, 0)
		assert.Equal(t, [][]string{{"rb"}}, framesOf(t, data), name)
		p, err := read(data)
		require.NoError(t, err, name)
		assert.False(t, p.Alpha, name)
		assert.Equal(t, [][]string{{"-b"}}, framesOf(t, bmpFile(2, 1, kind, 0, 0, 0, 0, 255, 0, 0, 255)), name)
	}
}

func TestLevelsOfShortPixelsAreThoseOfPillow(t *testing.T) {
	var pixels []byte
	for level := range uint16(64) {
		pixels = binary.LittleEndian.AppendUint16(pixels, level<<5|level>>1)
	}
	p, err := read(bmpFile(64, 1, bmpKind{size: 40, depth: 16, compression: 3, masks: []uint32{0xf800, 0x07e0, 0x1f}},
		pixels...))
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		// Of 5 and 6 bits, read by Pillow 13.0.0.
		for level, want := range map[int][2]uint8{0: {0, 0}, 10: {41, 40}, 21: {82, 85}, 42: {172, 170}, 63: {255, 255}} {
			c := frame.Pixels.NRGBA64At(level, 0)
			assert.Equal(t, want, [2]uint8{uint8(c.B >> 8), uint8(c.G >> 8)}, "level %d", level)
		}
	}
}

func TestUnsupportedBMPsAreNamed(t *testing.T) {
	for name, data := range map[string][]byte{
		"JPEG":   bmpFile(5, 2, bmpKind{size: 40, depth: 0, compression: 4}),
		"64":     bmpFile(5, 2, bmpKind{size: 40, depth: 64}, make([]byte, 80)...),
		"header": bmpFile(5, 2, bmpKind{size: 2000, depth: 8}),
		"OS/2":   bmpFile(5, 2, bmpKind{size: 32, depth: 1, compression: 3}),
	} {
		assert.ErrorContains(t, whole(data), "unsupported: convert the picture to PNG", name)
	}
}
