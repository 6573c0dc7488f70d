package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written writes a still picture of one colour, and returns the file and what is read of it.
func written(t *testing.T, format Format, info Info, colour color.Color) ([]byte, *Picture, color.NRGBA64) {
	t.Helper()
	pixels := image.NewNRGBA64(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		pixels.Set(i%2, i/2, colour)
	}
	info.Width, info.Height, info.Frames = 2, 2, 1
	var file bytes.Buffer
	w, err := NewWriter(&file, format, info)
	require.NoError(t, err)
	require.NoError(t, w.Write(Frame{Pixels: pixels}))
	require.NoError(t, w.Close())
	p, err := Read(bytes.NewReader(file.Bytes()))
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		return file.Bytes(), p, frame.Pixels.NRGBA64At(0, 0)
	}
	return nil, nil, color.NRGBA64{}
}

// grayProfile is a profile for grey values of gamma 1.75.
func grayProfile() []byte {
	curve := append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 1, 0xc0)
	profile := make([]byte, 128)
	copy(profile[12:], "mntrGRAYXYZ ")
	profile = append(append(profile, numbers(1)...), "kTRC"...)
	return append(append(profile, numbers(144, uint32(len(curve)))...), curve...)
}

func TestProfilesFitThePixelsThatAreWritten(t *testing.T) {
	colours := (&colourSpace{chromaticities: p3, light: srgbLight}).profile()
	grey := color.NRGBA{90, 90, 90, 255}
	for _, c := range []struct {
		name    string
		format  Format
		gray    bool
		profile []byte
		space   string // Of the profile that is written; none if empty.
		isGray  bool   // The pixels that are written.
	}{
		{"grey", PNG, true, grayProfile(), "GRAY", true},
		{"grey", JPEG, true, grayProfile(), "GRAY", true},
		{"grey", WebP, true, grayProfile(), "RGB ", false},
		{"grey values in colours", PNG, false, grayProfile(), "RGB ", false},
		{"colours in grey", PNG, true, colours, "RGB ", false},
		{"colours in grey", JPEG, true, colours, "RGB ", false},
		{"no curve", WebP, true, append(grayProfile()[:128], 0, 0, 0, 0), "", false},
	} {
		_, p, colour := written(t, c.format, Info{Gray: c.gray, Profile: c.profile}, grey)
		assert.Equal(t, c.isGray, p.Gray, "%s, %s", c.name, c.format)
		assert.Equal(t, c.space, profileSpace(p.Profile), "%s, %s", c.name, c.format)
		assert.Equal(t, color.NRGBA64{90 * 257, 90 * 257, 90 * 257, 0xffff}, colour, "%s, %s", c.name, c.format)
		if c.space == "RGB " && profileSpace(c.profile) == "GRAY" {
			for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
				assert.Equal(t, iccTag(c.profile, "kTRC"), iccTag(p.Profile, name), "the curve is kept")
			}
		}
	}
}

func TestAPaletteOfGreysKeepsItsProfileForColours(t *testing.T) {
	profile := (&colourSpace{chromaticities: p3, light: srgbLight}).profile()
	greys := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Gray{90}, color.Gray{10}})
	p, err := Read(bytes.NewReader(pngWith(pngOf(t, greys), 0, chunk{"iCCP", deflateProfile(profile)})))
	require.NoError(t, err)
	_, made, _ := written(t, PNG, p.Info, color.Gray{90})
	assert.Equal(t, profile, made.Profile)
	assert.False(t, made.Gray)
}

func TestAMadeProfileIsThatOfSRGBForItsPrimaries(t *testing.T) {
	profile := (&colourSpace{chromaticities: rec709, light: srgbLight}).profile()
	assert.EqualValues(t, len(profile), binary.BigEndian.Uint32(profile))
	// From the profile of the ICC, https://www.color.org/srgbprofiles.xalter.
	for name, want := range map[string][3]float64{
		"rXYZ": {0.43607, 0.22249, 0.01392}, "gXYZ": {0.38515, 0.71687, 0.09708}, "bXYZ": {0.14307, 0.06061, 0.71410},
	} {
		for i, v := range want {
			got := float64(int32(binary.BigEndian.Uint32(iccTag(profile, name)[8+4*i:]))) / 0x10000
			assert.InDelta(t, v, got, 0.0003, "%s %d", name, i)
		}
	}
}

// Chunks of files that are not sRGB.
var (
	gamaChunk = chunk{"gAMA", numbers(55100)}
	chrmChunk = chunk{"cHRM", numbers(31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)}
	p3Chunk   = chunk{"cICP", []byte{12, 13, 0, 1}}
)

func TestPNGKeepsTheChunksThatSayWhatColoursMean(t *testing.T) {
	made := pngWith(pngOf(t, speckled(3, 3, false)), 0, gamaChunk, chrmChunk, p3Chunk, gamaChunk)
	p, err := Read(bytes.NewReader(made))
	require.NoError(t, err)
	file, _, _ := written(t, PNG, p.Info, color.White)
	chunks, err := readChunks(file)
	require.NoError(t, err)
	assert.Equal(t, []chunk{gamaChunk, chrmChunk, p3Chunk}, chunks[1:4], "each once, before the pixels")
}

func TestFormatsWithoutTheseChunksShowTheSameColours(t *testing.T) {
	given := color.NRGBA{128, 64, 200, 255}
	for _, c := range []struct {
		name   string
		chunks []chunk
		want   [3]int // By LittleCMS.
	}{
		{"nothing", nil, [3]int{128, 64, 200}},
		{"sRGB", []chunk{{"sRGB", []byte{0}}, gamaChunk}, [3]int{128, 64, 200}},
		{"gAMA of sRGB", []chunk{{"gAMA", numbers(45455)}}, [3]int{128, 64, 200}},
		{"gAMA", []chunk{gamaChunk}, [3]int{146, 80, 210}},
		{"gAMA, cHRM", []chunk{gamaChunk, chrmChunk}, [3]int{163, 80, 213}},
		{"cICP", []chunk{p3Chunk, gamaChunk}, [3]int{138, 59, 207}},
		{"a cHRM that cannot be", []chunk{{"cHRM", make([]byte, 32)}}, [3]int{128, 64, 200}},
	} {
		p, err := Read(bytes.NewReader(pngWith(pngOf(t, speckled(3, 3, false)), 0, c.chunks...)))
		require.NoError(t, err)
		_, _, shown := written(t, GIF, p.Info, given)
		for i, v := range []uint16{shown.R, shown.G, shown.B} {
			assert.InDelta(t, c.want[i], int(v/257), 2, "%s as a GIF, channel %d", c.name, i)
		}
		for _, format := range []Format{JPEG, WebP} {
			_, made, _ := written(t, format, p.Info, given)
			same := c.want == [3]int{128, 64, 200}
			assert.Equal(t, same, made.Profile == nil, "%s as a %s", c.name, format)
		}
	}
}

func TestGreyPicturesWithTheseChunksStayGrey(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 3, 2))
	for name, chunks := range map[string][]chunk{"gAMA": {gamaChunk}, "cICP": {p3Chunk}, "cHRM": {gamaChunk, chrmChunk}} {
		p, err := Read(bytes.NewReader(pngWith(pngOf(t, grey), 0, chunks...)))
		require.NoError(t, err)
		require.True(t, p.Gray)
		curve := colourSpaceOf(chunks).curve()
		for format, space := range map[Format]string{PNG: "", JPEG: "GRAY", WebP: "RGB "} {
			_, made, shown := written(t, format, p.Info, color.Gray{90})
			what := name + " as a " + string(format)
			assert.Equal(t, format != WebP, made.Gray, what)
			assert.Equal(t, space, profileSpace(made.Profile), what)
			assert.EqualValues(t, []uint16{90 * 257, 90 * 257}, []uint16{shown.R, shown.B}, what)
			if tag := map[Format]string{JPEG: "kTRC", WebP: "gTRC"}[format]; tag != "" {
				assert.Equal(t, curve, iccTag(made.Profile, tag), what)
				assert.EqualValues(t, len(made.Profile), binary.BigEndian.Uint32(made.Profile), what)
			}
		}
	}
}

func TestChunksOfAWrongLengthSayNothingOfColours(t *testing.T) {
	given := pngWith(pngOf(t, speckled(3, 3, false)), 0, chunk{"gAMA", []byte{0}}, chunk{"cICP", nil},
		chunk{"sRGB", nil}, chunk{"cHRM", make([]byte, 40)}, gamaChunk)
	p, err := Read(bytes.NewReader(given))
	require.NoError(t, err)
	assert.Equal(t, []chunk{gamaChunk}, p.colour)
}
