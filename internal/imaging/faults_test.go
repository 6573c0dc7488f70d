package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// whole decodes all frames of a file, and returns the first error.
func whole(data []byte) error {
	p, err := read(data)
	if err != nil {
		return err
	}
	for _, err := range p.Frames() {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAPictureThatContradictsItsContainerIsRejectedBeforeMemoryIsSetAside(t *testing.T) {
	const vast = 1 << 14 // The largest side of a WebP, 268 million pixels in all.
	opaque := speckled(5, 4, false)
	solid := claiming(vp8l(t, opaque), vast, vast)
	moving := animationOf(t, PNG, 5, 4, 3)
	vastTIFF := tiffOf(make([]byte, 8), greyTIFF(60000, 60000, 1, 60000, []uint32{8}, []uint32{8})...)
	greedyTIFF := tiffOf(make([]byte, 8), greyTIFF(2, 4, 1, 4, []uint32{8}, []uint32{1<<32 - 1})...)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"WebP: a frame's bitstream": {riff(vp8x(2, 5, 4), anim, anmf(0, 0, 5, 4, solid), anmf(0, 0, 5, 4, solid)),
			"frame 1: webp: the picture has 16384×16384 pixels, its header says 5×4"},
		"WebP: a frame": {riff(vp8x(2, 5, 4), anim, anmf(0, 0, vast, vast, solid)), "frame 1: the header says 16384×16384"},
		"WebP: a frame beyond the canvas": {riff(vp8x(2, 5, 4), anim, anmf(2, 0, 5, 4, vp8l(t, opaque))),
			"frame 1: it lies at (2,0)-(7,4), outside the canvas of 5×4 pixels"},
		"WebP: a canvas after its frames": {
			riff(vp8x(2, 50, 40), anim, anmf(2, 0, 5, 4, vp8l(t, opaque)), vp8x(2, 5, 4)), "the file has a second header"},
		"WebP: the bitstream": {riff(vp8x(0, 5, 4), solid),
			"the picture has 16384×16384 pixels, its header says 5×4"},
		"WebP: the lossy bitstream": {riff(vp8x(0, 5, 4), vp8(9000, 9000)), "the picture has 9000×9000 pixels"},
		"WebP: no canvas at all":    {riff(alph(40, 40), vp8(24, 20)), "invalid format"},
		"WebP: an alpha channel larger than the picture": {
			riff(vp8x(16, 40, 40), alph(40, 40), vp8(24, 20)), "the picture has 24×20 pixels, its header says 40×40"},
		"WebP: an alpha channel smaller than the picture": {riff(vp8x(16, 24, 20), alph(12, 20), vp8(24, 20)), "cut short"},
		"WebP: an alpha channel of a vast canvas": {
			riff(vp8x(16, 1<<24, 1<<24), webPChunk{"ALPH", []byte{0}}, vp8(24, 20)), "the picture has 24×20 pixels"},
		"APNG: a frame": {pngWithFrame(moving, 1<<31-1, 1<<31-1, 0, 0),
			"frame 3: the header says 2147483647×21474"},
		"APNG: a frame beyond the canvas": {pngWithFrame(moving, 9000, 9000, 0, 0),
			"frame 3: it lies at (0,0)-(9000,9000), outs"},
		"APNG: a frame far away": {pngWithFrame(moving, 1, 1, 1<<32-1, 0), "outside the canvas of 5×4 pixels"},
		"APNG: an empty frame":   {pngWithFrame(moving, 0, 4, 0, 0), "frame 3: the header says 0×4 pixels"},
		"GIF: a frame": {gifFrames(0, image.Pt(4, 4), image.Pt(65535, 65535), image.Point{}, 1),
			"header says 65535×65535"},
		"GIF: a frame beyond the canvas": {gifFrames(0, image.Pt(4, 4), image.Pt(9000, 9000), image.Point{}, 1),
			"not enough image data"},
		"GIF: a frame over the border": {gifFrames(0, image.Pt(4, 4), image.Pt(4, 4), image.Pt(1, 0), 2),
			"frame 1: gif: not enough image data"},
		"GIF: a canvas that grows too large": {gifFrames(0, image.Pt(4, 4), image.Pt(1, 1), image.Pt(65535, 65535), 1),
			"the header says 65536×65536 pixels"},
		"TIFF: the picture": {vastTIFF, "the header says 60000×60000 pixels: more than the 100 million"},
		"TIFF: a strip":     {greedyTIFF, "strip or tile 1 does not lie in the file"},
		"TIFF: a tile":      {tiledTIFF(1 << 30), "tile size is too large"},
		"BMP: the picture": {bmpOf(60000, -60000, 0),
			"the header says 60000×60000 pixels: more than the 100 million"},
		"BMP: a side": {bmpOf(-5, 4, 0), "unsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := allocated(func() { err = whole(c.data) })
			require.ErrorContains(t, err, c.says)
			assert.Less(t, took, int64(2<<20), "bytes allocated")
			assert.NotPanics(t, func() { _, _ = DecodeStill(c.data) })
		})
	}
}

func TestASecondHeaderOfAPNGIsAnError(t *testing.T) {
	still, moving := pngOf(t, speckled(5, 4, true)), animationOf(t, PNG, 5, 4, 4)
	for name, c := range map[string]struct {
		data     []byte
		salvaged int
	}{
		"empty":           {pngWith(still, 0, chunk{"IHDR", nil}), 0},
		"other":           {pngWith(still, 0, pngHeaderOf(50, 40)), 0},
		"animated, empty": {pngWith(moving, 0, chunk{"IHDR", nil}), 0},
		"animated, same":  {pngWith(moving, 0, pngHeaderOf(5, 4)), 0},
		"at last, empty":  {pngWith(moving, 8, chunk{"IHDR", nil}), 3},
		"at last, vast":   {pngWith(moving, 8, pngHeaderOf(9000, 9000)), 3},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, whole(c.data), "the file has a second header")
			path := filepath.Join(t.TempDir(), "picture")
			require.NoError(t, os.WriteFile(path, c.data, 0o644))
			p := Salvage(path)
			if c.salvaged == 0 {
				assert.Nil(t, p)
				return
			}
			require.NotNil(t, p)
			frames := 0
			for frame, err := range p.Frames() {
				require.NoError(t, err)
				assert.Equal(t, image.Rect(0, 0, 5, 4), frame.Pixels.Rect)
				frames++
			}
			assert.Equal(t, c.salvaged, frames, "the frames before it are whole")
		})
	}
}

func TestOnlyOneProfileOfAPNGIsInflated(t *testing.T) {
	bomb := chunk{"iCCP", deflateProfile(make([]byte, 10<<20))}
	data := pngWith(pngOf(t, speckled(5, 4, false)), 0, slices.Repeat([]chunk{bomb}, 20)...)
	took := allocated(func() { _, _ = read(data) })
	assert.Less(t, took, int64(100<<20), "bytes allocated")
}

func TestAProfileOfMoreThan16MiBIsNone(t *testing.T) {
	profile := make([]byte, 16<<20+1)
	copy(profile[16:], "RGB ")
	for size, kept := range map[int]bool{16 << 20: true, 16<<20 + 1: false} {
		data := pngWith(pngOf(t, speckled(5, 4, false)), 0, chunk{"iCCP", deflateProfile(profile[:size])})
		p, err := read(data)
		require.NoError(t, err)
		assert.Equal(t, kept, p.Profile != nil, "%d bytes", size)
	}
}

func TestThePaletteOfAGIFIsNotKeptForEachFrame(t *testing.T) {
	const frames = 20000
	data := gifFrames(7, image.Pt(9, 7), image.Pt(1, 1), image.Pt(4, 3), frames)
	var parsed file
	took := allocated(func() {
		var err error
		parsed, err = open(data)
		require.NoError(t, err)
	})
	assert.Len(t, parsed.parts, frames)
	assert.Less(t, took, int64(32*len(data)), "bytes allocated")
}

func TestStripsOfATIFFMustLieInTheFile(t *testing.T) {
	require.NoError(t, whole(stripedTIFF()))
	pixels := make([]byte, 8)
	for name, entries := range map[string][]tiffEntry{
		"beyond the end": greyTIFF(2, 4, 1, 2, []uint32{8, 1 << 31}, []uint32{4, 4}),
		"too short":      greyTIFF(2, 4, 1, 2, []uint32{8, 12}, []uint32{4, 3}),
		"too few":        greyTIFF(2, 4, 1, 2, []uint32{8}, []uint32{4}),
		"none":           greyTIFF(2, 4, 1, 2, nil, nil),
		"no LZW":         greyTIFF(2, 4, 5, 2, []uint32{8, 12}, []uint32{4, 4}),
		"no Deflate":     greyTIFF(2, 4, 8, 2, []uint32{8, 12}, []uint32{4, 4}),
	} {
		assert.Error(t, whole(tiffOf(pixels, entries...)), name)
	}
}

func TestTheRowsOfABMPMayLieEitherWay(t *testing.T) {
	for height, want := range map[int32][]bool{2: {true, true, false, false, true, false},
		-2: {false, true, false, true, true, false}} {
		p, err := read(bmpOf(3, height, 0, 1, 0, 0, 1, 1, 0, 0))
		require.NoError(t, err)
		for frame, err := range p.Frames() {
			require.NoError(t, err)
			var got []bool
			for i := 0; i < len(frame.Pixels.Pix); i += 8 {
				got = append(got, frame.Pixels.Pix[i] == 255)
			}
			assert.Equal(t, want, got, "height %d", height)
		}
	}
}

func TestAlphaChannelsOfLossyWebPsAreRead(t *testing.T) {
	opaque := speckled(5, 4, false)
	for name, c := range map[string]struct {
		data  []byte
		alpha func(i int) uint8
	}{
		"as it is": {riff(vp8x(16, 5, 4), alph(5, 4), vp8(5, 4)), func(i int) uint8 { return uint8(i * 11) }},
		"compressed": {riff(vp8x(16, 5, 4), alphLossless(t, opaque), vp8(5, 4)),
			func(i int) uint8 { return opaque.Pix[4*i+1] }},
		"animated": {riff(vp8x(18, 5, 4), anim, anmf(0, 0, 5, 4, alph(5, 4), vp8(5, 4)), anmf(0, 0, 5, 4, vp8(5, 4))),
			func(i int) uint8 { return uint8(i * 11) }},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := read(c.data)
			require.NoError(t, err)
			require.True(t, p.Alpha)
			for frame, err := range p.Frames() {
				require.NoError(t, err)
				for i := range 20 {
					want := 257 * uint16(c.alpha(i))
					require.Equal(t, want, binary.BigEndian.Uint16(frame.Pixels.Pix[8*i+6:]), "pixel %d", i)
				}
				break
			}
		})
	}
}

func TestAWebPWithoutTheFlagOfAlphaIsOpaque(t *testing.T) {
	clear := speckled(5, 4, true)
	lossless := vp8l(t, clear)
	lossless.data = slices.Clone(lossless.data)
	lossless.data[4] &^= 1 << 4
	for name, data := range map[string][]byte{
		"lossless":           riff(lossless),
		"lossless, extended": riff(vp8x(webPAlpha, 5, 4), lossless),
		"lossless, animated": riff(vp8x(18, 5, 4), anim, anmf(0, 0, 5, 4, lossless), anmf(0, 0, 5, 4, lossless)),
		"lossy":              riff(vp8x(0, 5, 4), alph(5, 4), vp8(5, 4)),
	} {
		p, err := read(data)
		require.NoError(t, err, name)
		for frame, err := range p.Frames() {
			require.NoError(t, err, name)
			require.True(t, frame.Pixels.Opaque(), name)
			if name != "lossy" {
				assert.Equal(t, clear.Pix[0], frame.Pixels.Pix[0], name)
				assert.Equal(t, clear.Pix[5], frame.Pixels.Pix[10], name)
			}
		}
	}
}

func TestAFrameThatGivesWayToTheOneBeforeTakesItsOwnMemoryOnly(t *testing.T) {
	const side, frames = 1000, 50
	control := "!\xf9\x04\x0c\x0a\x00\x00\x00" // 100 ms, and the canvas is restored.
	data := gifFrames(0, image.Pt(side, side), image.Pt(1, 1), image.Pt(5, 5), frames)
	data = bytes.ReplaceAll(data, []byte(","), []byte(control+","))
	p, err := read(data)
	require.NoError(t, err)
	n := 0
	took := allocated(func() {
		for frame, err := range p.Frames() {
			require.NoError(t, err)
			require.Equal(t, color.NRGBA64{A: 0xffff}, frame.Pixels.NRGBA64At(5, 5))
			require.Zero(t, frame.Pixels.NRGBA64At(6, 5))
			n++
		}
	})
	assert.Equal(t, frames, n)
	assert.Less(t, took, int64(2*8*side*side), "bytes allocated: less than two canvases")
}
