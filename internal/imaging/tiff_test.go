package imaging

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tiffFiles are the TIFFs of testdata/tiff, by name.
func tiffFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "tiff", "*.tif"))
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		files[strings.TrimSuffix(filepath.Base(path), ".tif")] = data
	}
	return files
}

// pixelsOfFile returns the RGBA values of a still picture, rounded to 8 bits.
func pixelsOfFile(t *testing.T, data []byte) []byte {
	t.Helper()
	p, err := read(data)
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		return toNRGBA(frame.Pixels).Pix
	}
	return nil
}

func TestTIFFsAreReadAsPillowReadsThem(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "tiff", "golden.json"))
	require.NoError(t, err)
	var golden map[string]string
	require.NoError(t, json.Unmarshal(text, &golden))
	files := tiffFiles(t)
	for name := range golden {
		t.Run(name, func(t *testing.T) {
			data := files[name]
			want, err := hex.DecodeString(golden[name])
			require.NoError(t, err)
			got := pixelsOfFile(t, data)
			require.Len(t, got, len(want))
			levels := 0.
			if strings.HasPrefix(name, "jpeg") {
				levels = 3 // Decoders may round differently.
			}
			for i := range want {
				require.InDelta(t, want[i], got[i], levels, "channel %d of pixel %d", i%4, i/4)
			}
			p, err := read(data)
			require.NoError(t, err)
			grey := strings.Contains(name, "grey") || strings.HasSuffix(name, "_0") || strings.HasSuffix(name, "_1") ||
				name == "group4_reversed"
			assert.Equal(t, grey, p.Gray, "grey")
			assert.Equal(t, strings.Contains(name, "alpha") || strings.HasPrefix(name, "rgba"), p.Alpha, "alpha")
		})
	}
}

func TestAPictureIsTheSameInAnyCompressionOfTIFF(t *testing.T) {
	files := tiffFiles(t)
	require.GreaterOrEqual(t, len(files), 30)
	for name, data := range files {
		kind, _, _ := strings.Cut(name, "_")
		plain := "raw_1"
		switch {
		case kind == "noise" || kind == "wide":
			plain = kind + "_raw"
		case !strings.HasSuffix(name, "_0") && !strings.HasSuffix(name, "_1") && name != "group4_reversed":
			continue
		}
		assert.True(t, bytes.Equal(pixelsOfFile(t, files[plain]), pixelsOfFile(t, data)), name)
	}
}

// colourTIFF are the entries of a picture of 2×2 pixels in one strip a sample, or in one for all.
func colourTIFF(depth, photometric, planar uint32, samples int, counts []uint32, more ...tiffEntry) []tiffEntry {
	depths := make([]uint32, samples)
	for i := range depths {
		depths[i] = depth
	}
	offsets := []uint32{8}
	for _, n := range counts[1:] {
		offsets = append(offsets, offsets[len(offsets)-1]+n)
	}
	return append([]tiffEntry{
		{256, short, []uint32{2}}, {257, short, []uint32{2}}, {258, short, depths}, {259, short, []uint32{1}},
		{262, short, []uint32{photometric}}, {273, long, offsets}, {277, short, []uint32{uint32(samples)}},
		{279, long, counts}, {284, short, []uint32{planar}},
	}, more...)
}

func TestPlanesOfATIFFMayLieApart(t *testing.T) {
	want := []byte{1, 5, 9, 255, 2, 6, 10, 255, 3, 7, 11, 255, 4, 8, 12, 255}
	apart := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	assert.Equal(t, want, pixelsOfFile(t, tiffOf(apart, colourTIFF(8, 2, 2, 3, []uint32{4, 4, 4})...)))
	together := []byte{1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12}
	assert.Equal(t, want, pixelsOfFile(t, tiffOf(together, colourTIFF(8, 2, 1, 3, []uint32{12})...)))
	assert.ErrorContains(t, whole(tiffOf(apart, colourTIFF(8, 2, 2, 3, []uint32{4, 4})...)), "too few strips")

	separate, associated := tiffEntry{338, short, []uint32{2}}, tiffEntry{338, short, []uint32{1}}
	grey := []byte{10, 20, 30, 40, 0, 100, 200, 255}
	assert.Equal(t, []byte{10, 10, 10, 0, 20, 20, 20, 100, 30, 30, 30, 200, 40, 40, 40, 255},
		pixelsOfFile(t, tiffOf(grey, colourTIFF(8, 1, 2, 2, []uint32{4, 4}, separate)...)))
	assert.Equal(t, []byte{0, 0, 0, 0, 51, 51, 51, 100, 38, 38, 38, 200, 40, 40, 40, 255},
		pixelsOfFile(t, tiffOf(grey, colourTIFF(8, 1, 2, 2, []uint32{4, 4}, associated)...)))
	deep := make([]byte, 16)
	for i, v := range []uint16{0x0102, 0x0304, 0x0506, 0x0708, 0x1112, 0x1314, 0x1516, 0xffff} {
		binary.LittleEndian.PutUint16(deep[2*i:], v)
	}
	p, err := read(tiffOf(deep, colourTIFF(16, 0, 2, 2, []uint32{8, 8}, separate)...))
	require.NoError(t, err)
	assert.Equal(t, []bool{true, true, true}, []bool{p.Gray, p.Deep, p.Alpha})
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		assert.Equal(t, []uint16{0xfefd, 0xfefd, 0xfefd, 0x1112}, []uint16{binary.BigEndian.Uint16(frame.Pixels.Pix),
			binary.BigEndian.Uint16(frame.Pixels.Pix[2:]), binary.BigEndian.Uint16(frame.Pixels.Pix[4:]),
			binary.BigEndian.Uint16(frame.Pixels.Pix[6:])})
	}
}

func TestStripsOfATIFFDoNotShareTheirBytes(t *testing.T) {
	offsets, counts := make([]uint32, 400), make([]uint32, 400)
	for i := range offsets {
		offsets[i], counts[i] = 8, 3000
	}
	assert.ErrorContains(t, whole(tiffOf(make([]byte, 3000), greyTIFF(2, 400, 1, 1, offsets, counts)...)), "overlap")
}

func TestABigTIFFIsTurnedUpright(t *testing.T) {
	data := tiffFiles(t)["rgba_big"]
	require.True(t, begins(data, "II+\x00"))
	le := binary.LittleEndian
	directory := int(le.Uint64(data[8:]))
	n := int(le.Uint64(data[directory:]))
	entries := data[directory+8 : directory+8+20*n]
	at := 0 // The orientation takes the place of the last entry before it.
	for i := range n {
		if le.Uint16(entries[20*i:]) == 284 { // The default of this one is what it says.
			at = 20 * i
		}
	}
	require.NotZero(t, at)
	le.PutUint16(entries[at:], orientationTag)
	le.PutUint64(entries[at+12:], 6)
	p, err := read(data)
	require.NoError(t, err)
	assert.Equal(t, []int{13, 19}, []int{p.Width, p.Height})
}

func TestUnsupportedTIFFsAreNamed(t *testing.T) {
	for says, entries := range map[string][]tiffEntry{
		"compression with Zstandard":  greyTIFF(2, 4, 50000, 4, []uint32{8}, []uint32{8}),
		"compression 999":             greyTIFF(2, 4, 999, 4, []uint32{8}, []uint32{8}),
		"a sample of 32 bits":         colourTIFF(32, 1, 1, 1, []uint32{16}),
		"colours of kind 8":           colourTIFF(8, 8, 1, 3, []uint32{12}),
		"floating-point":              colourTIFF(16, 1, 1, 1, []uint32{8}, tiffEntry{339, short, []uint32{3}}),
		"luma and chroma":             colourTIFF(8, 6, 1, 3, []uint32{12}),
		"with 1 samples a pixel":      colourTIFF(8, 2, 1, 1, []uint32{4}),
		"for more than black and whi": greyTIFF(2, 4, 4, 4, []uint32{8}, []uint32{8}),
	} {
		assert.ErrorContains(t, whole(tiffOf(make([]byte, 16), entries...)), says)
	}
}

func TestTilesOfATIFFAreJoined(t *testing.T) {
	// 3×3 pixels in 4 tiles of 2×2, of which 99 marks what lies outside.
	tiles := []byte{1, 2, 4, 5, 3, 99, 6, 99, 7, 8, 99, 99, 9, 99, 99, 99}
	data := tiffOf(tiles, []tiffEntry{
		{256, short, []uint32{3}}, {257, short, []uint32{3}}, {258, short, []uint32{8}}, {259, short, []uint32{1}},
		{262, short, []uint32{1}}, {322, long, []uint32{2}}, {323, long, []uint32{2}},
		{324, long, []uint32{8, 12, 16, 20}}, {325, long, []uint32{4, 4, 4, 4}},
	}...)
	pixels := pixelsOfFile(t, data)
	for i := range 9 {
		assert.Equal(t, byte(i+1), pixels[4*i])
	}
}

func TestSamplesOfATIFFMayHaveAnyNumberOfBits(t *testing.T) {
	for depth, pixels := range map[uint32][]byte{
		2:  {0b00_01_0000, 0b10_11_0000},
		4:  {0x05, 0xaf},
		12: {0x00, 0x05, 0x55, 0xaa, 0xaf, 0xff},
		16: {0, 0, 0x55, 0x55, 0xaa, 0xaa, 0xff, 0xff},
	} {
		got := pixelsOfFile(t, tiffOf(pixels, colourTIFF(depth, 1, 1, 1, []uint32{uint32(len(pixels))})...))
		assert.Equal(t, []byte{0, 85, 170, 255}, []byte{got[0], got[4], got[8], got[12]}, "%d bits", depth)
	}
}

func TestPagesOfATIFFAreCounted(t *testing.T) {
	le := binary.LittleEndian
	// pages chains copies of a TIFF's directory, each of some kind.
	pages := func(kinds ...uint32) []byte {
		first := tiffOf(make([]byte, 8), greyTIFF(2, 4, 1, 4, []uint32{8}, []uint32{8}, tiffEntry{254, long, []uint32{0}})...)
		directory := first[16:]
		data := bytes.Clone(first)
		for _, kind := range kinds {
			le.PutUint32(data[len(data)-4:], uint32(len(data)))
			page := bytes.Clone(directory)
			le.PutUint32(page[2+8:], kind) // The first entry.
			data = append(data, page...)
		}
		return data
	}
	loop := pages(0)
	le.PutUint32(loop[len(loop)-4:], 16)
	for _, c := range []struct {
		data []byte
		want int
	}{{pages(), 1}, {pages(0), 2}, {pages(0, 2, 0), 4}, {pages(1, 0), 2}} {
		p, err := read(c.data)
		require.NoError(t, err)
		assert.Equal(t, c.want, p.Pages)
	}
	p, err := read(loop)
	require.NoError(t, err)
	assert.Equal(t, 2, p.Pages, "a chain that ends in itself")
}

func TestATIFFMayLackWhatFollowsFromTheRest(t *testing.T) {
	whole := stripedTIFF()
	without := func(tag uint16) []byte {
		var kept []tiffEntry
		for _, e := range greyTIFF(4, 6, 1, 2, []uint32{8, 16, 24}, []uint32{8, 8, 8}) {
			if e.tag != tag {
				kept = append(kept, e)
			}
		}
		return tiffOf(speckled(3, 2, true).Pix, kept...)
	}
	want := pixelsOfFile(t, whole)
	assert.Equal(t, want, pixelsOfFile(t, without(tagStripCounts)))
	for i, v := range pixelsOfFile(t, without(tagPhotometric)) { // White is zero, as for Pillow.
		if i%4 < 3 {
			require.Equal(t, 255-want[i], v)
		}
	}
}

func TestPalettesAndInksOfATIFFMayHaveAlpha(t *testing.T) {
	extra := tiffEntry{338, short, []uint32{2}}
	colours := make([]uint32, 3*256)
	colours[1], colours[256+2], colours[512+3] = 0xffff, 0xffff, 0xffff
	indexed := []byte{1, 255, 2, 128, 3, 0, 1, 7}
	palette := append(colourTIFF(8, 3, 1, 2, []uint32{8}), tiffEntry{320, short, colours}, extra)
	assert.Equal(t, []byte{255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 255, 0, 255, 0, 0, 7},
		pixelsOfFile(t, tiffOf(indexed, palette...)))

	printed := bytes.Repeat([]byte{0, 255, 255, 0, 128}, 4)
	got := pixelsOfFile(t, tiffOf(printed, append(colourTIFF(8, 5, 1, 5, []uint32{20}), extra)...))
	assert.Equal(t, []byte{255, 0, 0, 128}, got[:4])
	wide := bytes.Repeat([]byte{0, 0, 255, 255, 255, 255, 0, 0, 0, 128}, 4)
	got = pixelsOfFile(t, tiffOf(wide, append(colourTIFF(16, 5, 1, 5, []uint32{40}), extra)...))
	assert.Equal(t, []byte{255, 0, 0, 128}, got[:4])
}
