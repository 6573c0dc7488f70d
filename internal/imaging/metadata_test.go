package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byteOrder is either order.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// cameraEXIF returns an EXIF block of a picture of 3×2 pixels that is to be turned by 90°: with 300×250 DPI, a maker,
// the size in a directory of its own, and the offset of a thumbnail's directory.
func cameraEXIF(order byteOrder) []byte {
	const first, entries, more = 8, 6, 200
	made := []byte("II*\x00")
	if order.Uint16([]byte{1, 0}) != 1 {
		made = []byte("MM\x00*")
	}
	made = order.AppendUint16(order.AppendUint32(made, first), entries)
	add := func(tag, kind uint16, count, value uint32) {
		made = order.AppendUint32(order.AppendUint16(order.AppendUint16(made, tag), kind), count)
		if kind == 3 && count == 1 {
			made = order.AppendUint16(order.AppendUint16(made, uint16(value)), 0)
		} else {
			made = order.AppendUint32(made, value)
		}
	}
	add(0x010f, 2, 6, 180) // The maker.
	add(exifOrientation, 3, 1, 6)
	add(exifX, 5, 1, 150)
	add(exifY, 5, 1, 158)
	add(exifUnit, 3, 1, 2)
	add(exifMore, 4, 1, more)
	made = order.AppendUint32(made, 100) // The thumbnail's.
	made = append(made, make([]byte, 150-len(made))...)
	for _, v := range []uint32{300, 1, 500, 2} {
		made = order.AppendUint32(made, v)
	}
	made = append(append(made, make([]byte, 180-len(made))...), "Maker\x00"...)
	made = append(made, make([]byte, more-len(made))...)
	made = order.AppendUint16(made, 2)
	add(exifPixelWidth, 3, 1, 3)
	add(exifPixelHeight, 4, 1, 2)
	return order.AppendUint32(made, 0)
}

// jpegOf returns a JPEG without metadata.
func jpegOf(t *testing.T) []byte {
	return encoded(t, func(to *bytes.Buffer, p image.Image) error { return jpeg.Encode(to, p, nil) },
		image.Image(speckled(3, 2, false)))
}

// sources returns files with the EXIF block, by format.
func sources(t *testing.T, exif []byte) map[string][]byte {
	picture := speckled(3, 2, false)
	plain := jpegOf(t)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(exifHeader) + len(exif))}, exifHeader...)
	still := animationOf(t, WebP, 3, 2, 1)
	chunks, _ := webPChunks(still[webPHeader:])
	return map[string][]byte{
		"PNG":  pngWith(pngOf(t, picture), 0, chunk{"eXIf", exif}),
		"JPEG": append(append(append([]byte{0xff, 0xd8}, segment...), exif...), plain[2:]...),
		"WebP": riff(vp8x(8, 3, 2), chunks[0], webPChunk{"EXIF", exif}),
	}
}

func TestEXIFIsKeptAndSaysThatThePictureIsUpright(t *testing.T) {
	for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
		exif := cameraEXIF(order)
		for from, data := range sources(t, exif) {
			p, err := Read(bytes.NewReader(data))
			require.NoError(t, err, from)
			require.EqualValues(t, 6, p.orientation, from)
			for _, format := range []Format{PNG, JPEG, WebP} {
				_, made, _ := written(t, format, p.Info, color.White)
				what := from + " to " + string(format)
				require.NotNil(t, made.embedded, what)
				assert.EqualValues(t, 1, made.orientation, what)
				assert.Equal(t, density{9843, 11811, true}, made.density, what)
				want := bytes.Clone(exif)
				entries, next := exifDirectory(want, order, 8)
				order.PutUint16(entries[1][8:], 1)
				swapDensity(entries, order) // The picture was turned.
				clear(next)
				more, _ := exifDirectory(want, order, 200)
				for _, entry := range more {
					order.PutUint16(entry[2:], 4)
					order.PutUint32(entry[8:], 2) // The picture that is written has 2×2 pixels.
				}
				assert.Equal(t, want, made.embedded, what)
			}
		}
	}
}

func TestDensityIsKeptInEveryFormatThatHasOne(t *testing.T) {
	jfif := func(unit byte, x, y uint16) []byte {
		plain := jpegOf(t)
		segment := []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02")
		segment = binary.BigEndian.AppendUint16(append(segment, unit), x)
		return append(append(binary.BigEndian.AppendUint16(segment, y), 0, 0), plain[2:]...)
	}
	png := func(x, y uint32, unit byte) []byte {
		return pngWith(pngOf(t, speckled(3, 2, false)), 0, chunk{"pHYs", append(numbers(x, y), unit)})
	}
	none := density{}
	for name, c := range map[string]struct {
		data []byte
		want density
		webP density
	}{
		"JPEG of 300 DPI":        {jfif(1, 300, 150), density{11811, 5906, true}, density{11811, 5906, true}},
		"JPEG of 118 per cm":     {jfif(2, 118, 118), density{11800, 11800, true}, density{11811, 11811, true}},
		"JPEG of broad pixels":   {jfif(0, 2, 1), density{2, 1, false}, none},
		"JPEG of square pixels":  {jfif(0, 1, 1), none, none},
		"PNG of 300 DPI":         {png(11811, 11811, 1), density{11811, 11811, true}, density{11811, 11811, true}},
		"PNG of broad pixels":    {png(2, 1, 0), density{2, 1, false}, none},
		"PNG that says nothing":  {pngOf(t, speckled(3, 2, false)), none, none},
		"PNG with damaged EXIF ": {pngWith(pngOf(t, speckled(3, 2, false)), 0, chunk{"eXIf", []byte("II*")}), none, none},
	} {
		p, err := Read(bytes.NewReader(c.data))
		require.NoError(t, err, name)
		_, made, _ := written(t, PNG, p.Info, color.White)
		assert.Equal(t, c.want, made.density, "%s to PNG", name)
		_, made, _ = written(t, JPEG, p.Info, color.White)
		for _, pair := range [][2]uint32{{c.want.x, made.density.x}, {c.want.y, made.density.y}} {
			assert.InDelta(t, pair[0], pair[1], 20, "%s to JPEG, whose numbers are whole ones an inch", name)
		}
		assert.Equal(t, c.want.metre, made.density.metre, "%s to JPEG", name)
		_, made, _ = written(t, WebP, p.Info, color.White)
		assert.Equal(t, c.webP, made.density, "%s to WebP", name)
	}
}

func TestSegmentsOfAJPEGMayLieInAnyOrderWithBytesBetween(t *testing.T) {
	exif := cameraEXIF(binary.BigEndian)
	exif = exif[:len(exif)-4]
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(exifHeader) + len(exif))}, exifHeader...)
	segment = append(segment, exif...)
	jfif := []byte("\xff\xe0\x00\x10JFIF\x00\x01\x02\x01\x00\x64\x00\x32\x00\x00") // 100×50 DPI, not EXIF's 300.
	body := jpegOf(t)[2:]
	for name, pieces := range map[string][][]byte{
		"EXIF, JFIF":                 {segment, jfif},
		"JFIF, EXIF":                 {jfif, segment},
		"JFIF, bytes, EXIF":          {jfif, []byte("\xff\xff"), segment},
		"a byte, EXIF, a byte, JFIF": {[]byte("\xff"), segment, []byte("\xff"), jfif},
	} {
		data := append([]byte("\xff\xd8"), bytes.Join(append(pieces, body), nil)...)
		p, err := Read(bytes.NewReader(data))
		require.NoError(t, err, name)
		assert.EqualValues(t, 6, p.orientation, name)
		assert.Equal(t, []int{2, 3}, []int{p.Width, p.Height}, name)
		assert.Equal(t, exif, p.embedded, name)
		assert.Equal(t, density{1969, 3937, true}, p.density, name+": turned")
	}
}

func TestWhatATIFFSaysOfItsPictureIsKept(t *testing.T) {
	le := binary.LittleEndian
	const made, taken = "An artist\x00", "2020:01:01 00:00:00\x00"
	pixels := []byte(made + taken)
	pixels = append(pixels, make([]byte, 6)...) // Of 3×2 pixels, and the rest of 36 bytes.
	const start, more = 8, 8 + 36
	pixels = le.AppendUint16(pixels, 2)
	for _, entry := range [][4]uint32{{0x9003, 2, 20, start + 10}, {exifPixelWidth, 4, 1, 3}} {
		pixels = le.AppendUint16(le.AppendUint16(pixels, uint16(entry[0])), uint16(entry[1]))
		pixels = le.AppendUint32(le.AppendUint32(pixels, entry[2]), entry[3])
	}
	pixels = append(pixels, 44, 1, 0, 0, 1, 0, 0, 0, 200, 0, 0, 0, 1, 0, 0, 0) // Densities of 300 and 200.
	const x = more + 2 + 2*12
	data := tiffOf(pixels, greyTIFF(3, 2, 1, 2, []uint32{start + 30}, []uint32{6},
		tiffEntry{exifOrientation, short, []uint32{6}}, tiffEntry{exifUnit, short, []uint32{2}},
		tiffEntry{exifMore, long, []uint32{more}})...)
	// Entries of other types are added by hand: the artist, and the densities.
	at := int(le.Uint32(data[4:]))
	count := int(le.Uint16(data[at:]))
	var others []byte
	for _, entry := range [][4]uint32{{exifX, 5, 1, x}, {exifY, 5, 1, x + 8}, {0x013b, 2, 10, start}} {
		others = le.AppendUint16(le.AppendUint16(others, uint16(entry[0])), uint16(entry[1]))
		others = le.AppendUint32(le.AppendUint32(others, entry[2]), entry[3])
	}
	le.PutUint16(data[at:], uint16(count+3))
	data = slices.Concat(data[:at+2+12*count], others, data[at+2+12*count:])

	p, err := Read(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, density{7874, 11811, true}, p.density, "turned")
	for _, format := range []Format{PNG, JPEG, WebP} {
		_, again, _ := written(t, format, p.Info, color.White)
		directory := tiffDirectoryOf(again.embedded)
		artist, _ := directory.value(0x013b)
		assert.Equal(t, made, string(artist), format)
		inner := directory.directory(uint64(directory.number(exifMore, 0)))
		time, _ := inner.value(0x9003)
		assert.Equal(t, taken, string(time), format)
		assert.Equal(t, 2, inner.number(exifPixelWidth, 0), "%s: of the picture that is written", format)
		assert.EqualValues(t, 1, again.orientation, format)
		assert.Equal(t, density{7874, 11811, true}, again.density, format)
		assert.Zero(t, directory.number(tagStripOffsets, 0), "%s: nothing of the pixels", format)
	}
	plain, err := Read(bytes.NewReader(stripedTIFF()))
	require.NoError(t, err)
	assert.Nil(t, plain.embedded, "it says nothing")
}

func TestEXIFOfATIFFFitsIntoAJPEG(t *testing.T) {
	long := make([]uint32, 9000)
	entries := greyTIFF(2, 4, 1, 4, []uint32{8}, []uint32{8})
	for i := range 100 { // As artists: the same tag again and again.
		entries = append(entries, tiffEntry{0x013b, 3, long[:1000*(i%9)+1]})
	}
	exif := tiffEXIF(tiffOf(make([]byte, 8), entries...))
	assert.NotEmpty(t, exif)
	assert.Less(t, len(exif), mostEXIF)
	assert.Nil(t, tiffEXIF([]byte("II*\x00\xff\xff\xff\xff")))
}

func TestEXIFOfAPNGMayBeWrappedOrInAText(t *testing.T) {
	exif := cameraEXIF(binary.LittleEndian)
	text := fmt.Sprintf("\nexif\n%8d\n%x\n", len(exifHeader)+len(exif), exifHeader+string(exif))
	var compressed bytes.Buffer
	out := zlib.NewWriter(&compressed)
	_, err := out.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	for name, c := range map[string]chunk{
		"wrapped":           {"eXIf", append([]byte(exifHeader), exif...)},
		"in a text":         {"tEXt", []byte(rawEXIF + text)},
		"in a packed text ": {"zTXt", []byte(rawEXIF + "\x00" + compressed.String())},
	} {
		p, err := Read(bytes.NewReader(pngWith(pngOf(t, speckled(3, 2, false)), 0, c)))
		require.NoError(t, err, name)
		assert.EqualValues(t, 6, p.orientation, name)
		assert.Equal(t, exif, p.embedded, name)
	}
	wrong := chunk{"tEXt", []byte(rawEXIF + "exif 2 xy")}
	p, err := Read(bytes.NewReader(pngWith(pngOf(t, speckled(3, 2, false)), 0, wrong)))
	require.NoError(t, err)
	assert.EqualValues(t, 0, p.orientation)
}

func TestWebPKeepsADensityBesideOtherEXIF(t *testing.T) {
	for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
		exif := cameraEXIF(order)
		entries, _ := exifDirectory(exif, order, 8)
		for i, tag := range []uint16{0x0131, 0x0132, 0x013b} { // Program, date and artist, instead of a density.
			order.PutUint16(entries[2+i], tag)
			order.PutUint16(entries[2+i][2:], 2)
			order.PutUint32(entries[2+i][8:], 0)
		}
		picture := pngWith(pngWith(pngOf(t, speckled(3, 2, false)), 0, chunk{"eXIf", exif}), 0,
			chunk{"pHYs", append(numbers(11811, 5906), 1)})
		p, err := Read(bytes.NewReader(picture))
		require.NoError(t, err)
		_, made, _ := written(t, WebP, p.Info, color.White)
		assert.Equal(t, density{5906, 11811, true}, made.density, "turned")
		kept, _ := exifDirectory(made.embedded, order, order.Uint32(made.embedded[4:]))
		require.Len(t, kept, 9)
		for i := range kept[1:] {
			assert.Less(t, order.Uint16(kept[i]), order.Uint16(kept[i+1]), "in order")
		}
		assert.EqualValues(t, 1, made.orientation)
	}
}
