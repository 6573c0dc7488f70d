package imaging

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pngParts returns the header of a PNG and its pixels, as they are inflated.
func pngParts(t testing.TB, picture image.Image) (header chunk, rows []byte) {
	t.Helper()
	chunks, err := readChunks(pngOf(t, picture))
	require.NoError(t, err)
	var stream []byte
	for _, c := range chunks {
		if c.name == "IDAT" {
			stream = append(stream, c.data...)
		}
	}
	in, err := zlib.NewReader(bytes.NewReader(stream))
	require.NoError(t, err)
	var inflated bytes.Buffer
	_, err = inflated.ReadFrom(in)
	require.NoError(t, err)
	return chunks[0], inflated.Bytes()
}

func deflated(t testing.TB, rows []byte) []byte {
	t.Helper()
	var made bytes.Buffer
	w := zlib.NewWriter(&made)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return made.Bytes()
}

// chunked is a PNG of chunks, without any other.
func chunked(chunks ...chunk) []byte {
	made := []byte(pngSignature)
	for _, c := range chunks {
		made = c.append(made)
	}
	return made
}

// changed returns data with another byte; a negative index counts from its end.
func changed(data []byte, at int) []byte {
	made := bytes.Clone(data)
	made[(at+len(made))%len(made)] ^= 1
	return made
}

// Each of these was tried with Pillow 13.0.0.
func TestFaultyPNGsAreReadAsPillowReadsThem(t *testing.T) {
	picture := speckled(5, 4, false)
	header, rows := pngParts(t, picture)
	stream := deflated(t, rows)
	pixels, end := chunk{"IDAT", stream}, chunk{"IEND", nil}
	start := chunked(header, pixels)
	text := chunk{"tEXt", []byte("a\x00b")}
	var want []uint8
	for _, v := range picture.Pix {
		want = append(want, v, v)
	}
	for name, data := range map[string][]byte{
		"no end":                    start,
		"half an end":               append(bytes.Clone(start), end.append(nil)[:5]...),
		"a checksum of the end":     changed(chunked(header, pixels, end), -1),
		"a checksum behind pixels":  append(changed(chunked(header, pixels, text), -1), end.append(nil)...),
		"a surplus byte":            chunked(header, chunk{"IDAT", deflated(t, append(bytes.Clone(rows), 0))}, end),
		"surplus rows":              chunked(header, chunk{"IDAT", deflated(t, append(bytes.Clone(rows), rows...))}, end),
		"bytes behind the stream":   chunked(header, chunk{"IDAT", append(bytes.Clone(stream), "abc"...)}, end),
		"no checksum in the stream": chunked(header, chunk{"IDAT", stream[:len(stream)-4]}, end),
		"a checksum of pixels":      append(changed(start, -1), end.append(nil)...),
		"empty chunks":              chunked(header, chunk{"IDAT", nil}, pixels, chunk{"IDAT", nil}, end),
		"a palette of colours":      chunked(header, chunk{"PLTE", nil}, chunk{"PLTE", make([]byte, 30)}, pixels, end),
		"late transparency":         chunked(header, pixels, chunk{"tRNS", make([]byte, 6)}, end),
	} {
		p, err := read(data)
		require.NoError(t, err, name)
		for frame, err := range p.Frames() {
			require.NoError(t, err, name)
			assert.Equal(t, want, frame.Pixels.Pix, name)
		}
	}
	flipped := changed(stream, len(stream)/2)
	for name, data := range map[string][]byte{
		"a flipped bit":                  append(changed(start, -len(stream)/2-4), end.append(nil)...),
		"another checksum in the stream": chunked(header, chunk{"IDAT", changed(stream, -1)}, end),
		"a flipped bit and no checksum":  changed(chunked(header, chunk{"IDAT", stream[:len(stream)-4]}, end), -20),
		"a flipped bit, new checksum":    chunked(header, chunk{"IDAT", flipped}, end),
		"a surplus byte, flipped bit": changed(
			chunked(header, chunk{"IDAT", deflated(t, append(bytes.Clone(rows), 0))}, end), -40),
		"a checksum before pixels": append(changed(chunked(header, text), -1), chunked(pixels, end)[8:]...),
		"text between pixels":      chunked(header, chunk{"IDAT", stream[:9]}, text, chunk{"IDAT", stream[9:]}, end),
		"too few pixels":           chunked(header, chunk{"IDAT", deflated(t, rows[1:])}, end),
		"cut pixels":               start[:len(start)-9],
		"no pixels":                chunked(header, end),
	} {
		assert.Error(t, whole(data), name)
	}
}

func TestAFlippedBitOfAPNGIsAnErrorOrDoesNoHarm(t *testing.T) {
	picture := speckled(9, 7, true)
	header, rows := pngParts(t, picture)
	stream := deflated(t, rows)
	for name, data := range map[string][]byte{
		"whole": pngOf(t, picture),
		"no checksum in the stream": chunked(header, chunk{"IDAT", stream[:20]}, chunk{"IDAT", stream[20 : len(stream)-4]},
			chunk{"IEND", nil}),
		"surplus": chunked(header, chunk{"IDAT", deflated(t, append(bytes.Clone(rows), 1, 2, 3))}),
	} {
		want := pixelsOfFile(t, data)
		for bit := range 8 * len(data) {
			flipped := bytes.Clone(data)
			flipped[bit/8] ^= 1 << (bit % 8)
			p, err := read(flipped)
			if err != nil {
				continue
			}
			for frame, err := range p.Frames() {
				require.NoError(t, err)
				require.Equal(t, want, toNRGBA(frame.Pixels).Pix, "%s, bit %d", name, bit)
			}
		}
	}
}

func TestPalettesAndTransparencyOfPNGsAreReadAsPillowReadsThem(t *testing.T) {
	indices := image.NewPaletted(image.Rect(0, 0, 3, 1), color.Palette{
		color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 0, 255}, color.RGBA{0, 0, 255, 255}})
	indices.Pix = []uint8{0, 1, 2}
	indexed, rows := pngParts(t, indices)
	pixels := chunk{"IDAT", deflated(t, rows)}
	palette, other := chunk{"PLTE", []byte("\xff\x00\x00\x00\x00\x00\x00\x00\xff")}, chunk{"PLTE", make([]byte, 9)}
	clear := chunk{"tRNS", []byte{255, 0}}
	vast := chunk{"tRNS", append([]byte{255, 0, 255}, make([]byte, 300)...)}
	long := chunk{"PLTE", slices.Concat(palette.data, make([]byte, 60))} // More than 4 colours, for 2 bits a pixel.
	grey, greyRows := pngParts(t, image.NewGray(image.Rect(0, 0, 3, 1)))
	greyPixels := chunk{"IDAT", deflated(t, greyRows)}
	alpha, alphaRows := pngParts(t, &image.NRGBA{Pix: []uint8{255, 0, 0, 255, 0, 0, 0, 0, 0, 255, 0, 255}, Stride: 12,
		Rect: image.Rect(0, 0, 3, 1)})
	alphaPixels, black, end := chunk{"IDAT", deflated(t, alphaRows)}, chunk{"tRNS", make([]byte, 6)}, chunk{"IEND", nil}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"transparency first":        {chunked(indexed, clear, palette, pixels, end), "r-b"},
		"two palettes":              {chunked(indexed, other, palette, pixels, end), "rkb"},
		"two transparencies":        {chunked(indexed, palette, chunk{"tRNS", []byte{0}}, clear, pixels, end), "r-b"},
		"long transparency":         {chunked(indexed, palette, vast, pixels, end), "r-b"},
		"an empty palette":          {chunked(indexed, chunk{"PLTE", nil}, pixels, end), "kkk"},
		"a long palette":            {chunked(indexed, long, pixels, end), "rkb"},
		"grey with a palette":       {chunked(grey, palette, greyPixels, end), "kkk"},
		"grey, long transparency":   {chunked(grey, black, greyPixels, end), "---"},
		"alpha with transparency":   {chunked(alpha, black, alphaPixels, end), "r-g"},
		"grey, colour transparency": {chunked(grey, chunk{"tRNS", []byte{0, 1, 0, 0, 0, 0}}, greyPixels, end), "kkk"},
	} {
		assert.Equal(t, [][]string{{c.want}}, framesOf(t, c.data), name)
	}
	for name, data := range map[string][]byte{
		"no palette":         chunked(indexed, pixels, end),
		"short transparency": chunked(grey, chunk{"tRNS", []byte{0}}, greyPixels, end),
	} {
		assert.Error(t, whole(data), name)
	}
}

func TestMendedPNGsHaveThePixelsOfEveryKind(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {5, 3}, {9, 8}, {300, 170}} {
		for depth, colours := range map[int][]byte{1: {0, 3}, 2: {0}, 4: {0}, 8: {0, 2, 4, 6}, 16: {0, 2, 4, 6}} {
			for _, colour := range colours {
				for interlaced := range byte(2) {
					header := chunk{"IHDR", append(numbers(uint32(size.X), uint32(size.Y)), byte(depth), colour, 0, 0, interlaced)}
					rows := make([]byte, pngBytes(header.data))
					chunks := []chunk{header, {"PLTE", []byte("abcdef")}, {"IDAT", deflated(t, rows)}, {"IEND", nil}}
					if colour != 3 {
						chunks = slices.Delete(chunks, 1, 2)
					}
					require.NoError(t, whole(chunked(chunks...)), "%v", header.data)
					require.NoError(t, whole(chunked(chunks[:len(chunks)-1]...)), "%v, mended", header.data)
				}
			}
		}
	}
}

func TestSurplusPixelsOfAPNGTakeNoMemory(t *testing.T) {
	header, rows := pngParts(t, speckled(5, 4, false))
	data := chunked(header, chunk{"IDAT", deflated(t, append(rows, make([]byte, 20<<20)...))}, chunk{"IEND", nil})
	took := allocated(func() { assert.NoError(t, whole(data)) })
	assert.Less(t, took, int64(1<<20), "bytes allocated")
}

func TestTheFramesOfAnAPNGThatAreThereArePlayed(t *testing.T) {
	moving := animationOf(t, PNG, 5, 4, 3)
	chunks, err := readChunks(moving)
	require.NoError(t, err)
	announced := func(frames uint32) []byte {
		made := slices.Clone(chunks)
		made[slices.IndexFunc(made, func(c chunk) bool { return c.name == "acTL" })].data = numbers(frames, 0)
		return chunked(made...)
	}
	frames := func(data []byte) int {
		p, err := read(data)
		require.NoError(t, err)
		require.NoError(t, whole(data))
		return p.Info.Frames
	}
	assert.Equal(t, 3, frames(announced(2)))
	assert.Equal(t, 3, frames(announced(7)))
	assert.Equal(t, 3, frames(moving[:len(moving)-12]), "without an end")
	assert.Equal(t, 3, frames(moving[:len(moving)-7]), "with half an end")
	assert.Equal(t, 3, frames(changed(moving, -1)), "with another checksum of the end")

	still := pngOf(t, speckled(5, 4, false))
	assert.Equal(t, 1, frames(pngWith(still, 0, chunk{"acTL", numbers(5, 0)})), "announced, not there")
	var late []chunk
	for _, c := range chunks {
		if c.name != "acTL" {
			late = append(late, c)
		}
	}
	last := len(late) - 1
	assert.Equal(t, 1, frames(chunked(slices.Insert(late, last, chunk{"acTL", numbers(3, 0)})...)), "announced too late")

	shorter := chunked(chunks[:len(chunks)-3]...) // As of an interrupted download.
	assert.ErrorContains(t, whole(shorter), "cut short")
	assert.ErrorContains(t, whole(moving[:len(moving)-20]), "cut short")
}
