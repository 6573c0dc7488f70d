package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// palettedGIF is a GIF of frames of one colour each, at positions, on a screen. The colours are red, green, blue and
// white.
func palettedGIF(t testing.TB, screen image.Point, frames ...image.Rectangle) []byte {
	t.Helper()
	colours := color.Palette{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255},
		color.White}
	film := gif.GIF{Config: image.Config{ColorModel: colours}}
	for i, place := range frames {
		frame := image.NewPaletted(place, colours)
		for j := range frame.Pix {
			frame.Pix[j] = uint8(i)
		}
		film.Image, film.Delay = append(film.Image, frame), append(film.Delay, 10)
		film.Config.Width = max(film.Config.Width, place.Max.X) // The encoder refuses frames beyond the screen.
		film.Config.Height = max(film.Config.Height, place.Max.Y)
	}
	data := encoded(t, func(to *bytes.Buffer, g *gif.GIF) error { return gif.EncodeAll(to, g) }, &film)
	binary.LittleEndian.PutUint16(data[6:], uint16(screen.X))
	binary.LittleEndian.PutUint16(data[8:], uint16(screen.Y))
	return data
}

// framesOf reads all frames as rows of letters, r, g, b, w or - for transparent.
func framesOf(t *testing.T, data []byte) (frames [][]string) {
	t.Helper()
	p, err := read(data)
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		var rows []string
		for y := range p.Height {
			row := ""
			for x := range p.Width {
				c := frame.Pixels.NRGBA64At(x, y)
				row += map[color.NRGBA64]string{
					{R: 0xffff, A: 0xffff}: "r", {G: 0xffff, A: 0xffff}: "g", {B: 0xffff, A: 0xffff}: "b",
					{0xffff, 0xffff, 0xffff, 0xffff}: "w", {}: "-", {A: 0xffff}: "k",
				}[c]
			}
			rows = append(rows, row)
		}
		frames = append(frames, rows)
	}
	return frames
}

func TestFramesOfAGIFAreClippedToTheCanvas(t *testing.T) {
	screen := image.Pt(3, 2)
	for name, c := range map[string]struct {
		data []byte
		want [][]string
	}{
		"a later frame over the border": {
			palettedGIF(t, screen, image.Rect(0, 0, 3, 2), image.Rect(2, 1, 9, 9), image.Rect(0, 0, 1, 1)),
			[][]string{{"rrr", "rrr"}, {"rrr", "rrg"}, {"brr", "rrg"}}},
		"a later frame outside": {
			palettedGIF(t, screen, image.Rect(0, 0, 3, 2), image.Rect(5, 5, 9, 9), image.Rect(0, 0, 1, 1)),
			[][]string{{"rrr", "rrr"}, {"rrr", "rrr"}, {"brr", "rrr"}}},
		"a screen smaller than the first frame": {
			palettedGIF(t, screen, image.Rect(1, 0, 5, 3), image.Rect(0, 0, 9, 1)),
			[][]string{{"-rrrr", "-rrrr", "-rrrr"}, {"ggggg", "-rrrr", "-rrrr"}}},
		"no screen": {palettedGIF(t, image.Point{}, image.Rect(0, 0, 2, 1)), [][]string{{"rr"}}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, framesOf(t, c.data)) })
	}
}

func TestRubbishInAGIFIsSkipped(t *testing.T) {
	place := image.Rect(0, 0, 2, 1)
	whole := palettedGIF(t, place.Max, place, place)
	want := [][]string{{"rr"}, {"gg"}}
	require.Equal(t, want, framesOf(t, whole))
	body := whole[:len(whole)-1] // Without the trailer.
	second := bytes.LastIndex(whole, []byte("!\xf9"))
	for name, data := range map[string][]byte{
		"zeros between blocks":   joined(whole[:second], "\x00\x00", whole[second:]),
		"letters between blocks": joined(whole[:second], "xyz", whole[second:]),
		"zeros at the end":       joined(body, "\x00\x00;", nil),
		"no trailer":             body,
		"letters at the end":     joined(body, "\x07hello", nil),
		"half blocks in letters": joined(body, "\x07hel,lo!!", nil),
		"behind the trailer":     joined(whole, "hello, ;", nil),
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, want, framesOf(t, data)) })
	}
	for n := second + 9; n < len(body); n++ { // The extension before the frame has 8 bytes.
		_, err := read(whole[:n])
		assert.ErrorContains(t, err, "cut short", "%d bytes", n)
	}
}

func TestSurplusPixelsOfAGIFAreIgnored(t *testing.T) {
	rows := func(pixels string) []byte { // 2×1 pixels in a palette of red and blue.
		return []byte("GIF89a\x02\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\xff,\x00\x00\x00\x00\x02\x00\x01\x00\x00" +
			"\x02" + pixels + "\x00;")
	}
	// Codes of 3 bits, the lowest bit first: clear 4, pixels 1 and 0, and the end 5.
	assert.Equal(t, [][]string{{"br"}}, framesOf(t, rows("\x02\x0c\x0a")))
	assert.Equal(t, [][]string{{"br"}}, framesOf(t, rows("\x03\x0c\x00\x00")), "more pixels 0, and no end")
	assert.Equal(t, [][]string{{"kr"}}, framesOf(t, rows("\x02\x1c\x0a")), "a colour that the palette lacks is black")
	_, err := read(rows("\x01\x0c"))
	assert.ErrorContains(t, err, "cut short")
}

func TestAVastFrameOfAGIFTakesLittleMemory(t *testing.T) {
	data := palettedGIF(t, image.Pt(2, 2), image.Rect(0, 0, 2, 2), image.Rect(0, 0, 3000, 3000))
	took := allocated(func() { assert.Equal(t, [][]string{{"rr", "rr"}, {"gg", "gg"}}, framesOf(t, data)) })
	assert.Less(t, took, int64(2<<20), "bytes allocated")
}

// joined is a file of pieces.
func joined(before []byte, between string, after []byte) []byte {
	return append(append(bytes.Clone(before), between...), after...)
}

func TestPicturesThatCannotBeReadAreNamed(t *testing.T) {
	for start, says := range map[string]string{
		"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf": "AVIF pictures cannot be read: convert it to PNG or JPEG",
		"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf": "AVIF",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic":     "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic":     "HEIC",
		"\xff\x0a":                     "JPEG XL",
		"\x00\x00\x00\x1cftypisom":     "not a picture that can be read",
		"\xff\xff\xff\xffftyp":         "not a picture that can be read",
		"\x00\x00\x00\x00ftypavif":     "not a picture that can be read",
		"\xff\xff\xff\xffftypavif\x00": "AVIF",
	} {
		_, err := read([]byte(start))
		assert.ErrorContains(t, err, says, "%q", start)
	}
	for _, name := range []string{"a.avif", "b/A.HEIC", "c.heif", "d.jxl"} {
		assert.True(t, HasExtension(name) && Unreadable(name), name)
	}
	for _, name := range []string{"a.jfif", "a.JPE", "a.png"} {
		assert.True(t, HasExtension(name) && !Unreadable(name), name)
	}
	for _, name := range []string{"a.jfif", "a.jpe"} {
		format, err := FormatOf(name)
		require.NoError(t, err)
		assert.Equal(t, JPEG, format)
	}
}

func TestTheOnlyFrameOfAnAPNGHidesItsDefault(t *testing.T) {
	red, green := image.NewNRGBA(image.Rect(0, 0, 2, 1)), image.NewNRGBA(image.Rect(0, 0, 1, 1))
	for i := range 2 {
		red.Set(i, 0, color.NRGBA{255, 0, 0, 255})
	}
	green.Set(0, 0, color.NRGBA{0, 255, 0, 255})
	pixels := func(m *image.NRGBA) (data []byte) {
		chunks, err := readChunks(pngOf(t, m))
		require.NoError(t, err)
		for _, c := range chunks {
			if c.name == "IDAT" {
				data = append(data, c.data...)
			}
		}
		return data
	}
	still, err := readChunks(pngOf(t, red))
	require.NoError(t, err)
	animated, control := chunk{"acTL", numbers(1, 0)}, chunk{"fcTL", append(numbers(0, 1, 1, 1, 0), 0, 1, 0, 10, 0, 0)}
	frame := chunk{"fdAT", append(numbers(1), pixels(green)...)}
	file := func(chunks ...chunk) []byte {
		data := []byte(pngSignature)
		for _, c := range chunks {
			data = c.append(data)
		}
		return data
	}
	end := still[len(still)-1]
	hidden := file(still[0], animated, chunk{"IDAT", pixels(red)}, control, frame, end)
	assert.Equal(t, [][]string{{"-g"}}, framesOf(t, hidden))
	control.data = append(numbers(0, 2, 1, 0, 0), 0, 1, 0, 10, 0, 0)
	assert.Equal(t, [][]string{{"rr"}}, framesOf(t, file(still[0], animated, control, chunk{"IDAT", pixels(red)}, end)))
	p, err := read(hidden)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, []int{p.Info.Frames, p.Plays})
}
