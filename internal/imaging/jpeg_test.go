package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flatJPEG is a JPEG of blocks of one level each, 64 + 40·component + 3·column + 5·row of the block, with any sampling.
func flatJPEG(width, height int, sampling [][2]int, extra ...byte) []byte {
	hMax, vMax := 0, 0
	for _, s := range sampling {
		hMax, vMax = max(hMax, s[0]), max(vMax, s[1])
	}
	data := []byte{0xff, 0xd8}
	segment := func(marker byte, body ...byte) {
		data = binary.BigEndian.AppendUint16(append(data, 0xff, marker), uint16(len(body)+2))
		data = append(data, body...)
	}
	data = append(data, extra...)
	segment(markDQT, append([]byte{0}, bytes.Repeat([]byte{8}, 64)...)...) // A DC coefficient is the level then.
	frame := []byte{8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), byte(len(sampling))}
	scan := []byte{byte(len(sampling))}
	for i, s := range sampling {
		frame = append(frame, byte(i+1), byte(s[0]<<4|s[1]), 0)
		scan = append(scan, byte(i+1), 0)
	}
	segment(markSOF0, frame...)
	// DC: codes of 4 bits for sizes 0 to 8. AC: a code of 1 bit, the end of the block.
	segment(markDHT, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	segment(markDHT, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	segment(markSOS, append(scan, 0, 63, 0)...)
	bits, n := 0, 0
	put := func(v, size int) {
		bits, n = bits<<size|v, n+size
		for ; n >= 8; n -= 8 {
			if data = append(data, byte(bits>>(n-8))); data[len(data)-1] == 0xff {
				data = append(data, 0)
			}
		}
	}
	last := make([]int, len(sampling))
	for y := range ceil(height, 8*vMax) {
		for x := range ceil(width, 8*hMax) {
			for c, s := range sampling {
				for i := range s[0] * s[1] {
					level := flatLevel(c, x*s[0]+i%s[0], y*s[1]+i/s[0]) - 128
					difference, size := level-last[c], 0
					for v := max(difference, -difference); v > 0; v >>= 1 {
						size++
					}
					if put(size, 4); difference < 0 {
						difference += 1<<size - 1
					}
					put(difference, size)
					put(0, 1)
					last[c] = level
				}
			}
		}
	}
	put(127, 7)
	return append(data, 0xff, 0xd9)
}

func flatLevel(component, x, y int) int { return 64 + 40*component + 3*x + 5*y }

// unusualJPEGs are those that package jpeg refuses, by their sampling.
func unusualJPEGs() map[string][][2]int {
	return map[string][][2]int{
		"Cb unlike Cr":       {{2, 2}, {1, 1}, {1, 2}},
		"Cr like luma":       {{2, 2}, {1, 1}, {2, 2}},
		"luma of 1x4":        {{1, 4}, {1, 1}, {1, 1}},
		"luma of 3x1":        {{3, 1}, {1, 1}, {1, 1}},
		"luma below chroma":  {{1, 1}, {2, 2}, {2, 2}},
		"CMYK without Adobe": {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
		"CMYK, small K":      {{2, 2}, {1, 1}, {1, 1}, {1, 2}},
	}
}

func TestJPEGsOfAnySamplingAreRead(t *testing.T) {
	const width, height = 53, 45
	for name, sampling := range unusualJPEGs() {
		t.Run(name, func(t *testing.T) {
			data := flatJPEG(width, height, sampling)
			_, err := jpeg.Decode(bytes.NewReader(data))
			require.True(t, isUnsupported(err), "package jpeg: %v", err)
			p, err := read(data)
			require.NoError(t, err)
			assert.Equal(t, []any{width, height, false, false}, []any{p.Width, p.Height, p.Alpha, p.Gray})
			hMax, vMax := 0, 0
			for _, s := range sampling {
				hMax, vMax = max(hMax, s[0]), max(vMax, s[1])
			}
			for frame, err := range p.Frames() {
				require.NoError(t, err)
				for y := range height {
					for x := range width {
						if (x+1)%8 < 2 || (y+1)%8 < 2 {
							continue // Smaller components are interpolated across the border of blocks.
						}
						var levels [4]uint8
						for c, s := range sampling {
							levels[c] = uint8(flatLevel(c, x*s[0]/hMax/8, y*s[1]/vMax/8))
						}
						var want color.Color = color.YCbCr{Y: levels[0], Cb: levels[1], Cr: levels[2]}
						if len(sampling) == 4 {
							want = color.CMYK{C: 255 - levels[0], M: 255 - levels[1], Y: 255 - levels[2], K: 255 - levels[3]}
						}
						near(t, want, frame.Pixels.At(x, y), 1, "pixel %d, %d", x, y)
					}
				}
			}
			assert.ErrorContains(t, whole(data[:len(data)-20]), "cut short")
		})
	}
}

// near asserts that two colours differ by some levels of 255 at most.
func near(t *testing.T, want, got color.Color, levels int, format string, values ...any) {
	t.Helper()
	a, b := color.NRGBAModel.Convert(want).(color.NRGBA), color.NRGBAModel.Convert(got).(color.NRGBA)
	for _, pair := range [][2]uint8{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}, {a.A, b.A}} {
		if difference := int(pair[0]) - int(pair[1]); difference > levels || -difference > levels {
			require.Equal(t, a, b, append([]any{format}, values...)...)
		}
	}
}

func TestUnusualJPEGsAreTurnedUpright(t *testing.T) {
	exif := append([]byte(exifHeader), tiffOf(nil, tiffEntry{orientationTag, short, []uint32{6}})...)
	app1 := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	p, err := read(flatJPEG(53, 45, unusualJPEGs()["luma of 1x4"], app1...))
	require.NoError(t, err)
	assert.Equal(t, image.Pt(45, 53), image.Pt(p.Width, p.Height))
}

// jpegFiles are the JPEGs of testdata/jpeg, by name.
func jpegFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"restart", "restart_progressive", "no_restart", "progressive",
		"progressive_cmyk", "grey"} {
		data, err := os.ReadFile(filepath.Join("testdata", "jpeg", name+".jpg"))
		require.NoError(t, err)
		files[name] = data
	}
	return files
}

func TestProgressiveCMYKNeedsNoMarkerOfAdobe(t *testing.T) {
	data := jpegFiles(t)["progressive_cmyk"]
	at := bytes.Index(data, []byte{0xff, markAPP14})
	require.Positive(t, at)
	bare := joined(data[:at], "", data[at+2+int(binary.BigEndian.Uint16(data[at+2:])):])
	want, got := pixelsOfFile(t, data), pixelsOfFile(t, bare)
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], 3, "channel %d of pixel %d", i%4, i/4)
	}
}

func TestProgressiveJPEGsMayHaveRestartMarkers(t *testing.T) {
	files := jpegFiles(t)
	_, err := jpeg.Decode(bytes.NewReader(files["restart_progressive"]))
	require.Error(t, err, "package jpeg reads them: the other decoder is not needed for them any more")
	want, got := pixelsOfFile(t, files["no_restart"]), pixelsOfFile(t, files["restart_progressive"])
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], 4, "channel %d of pixel %d", i%4, i/4)
	}
}

func TestOwnJPEGDecoderAgreesWithPackageJPEG(t *testing.T) {
	files := map[string][]byte{
		"small": encoded(t, func(to *bytes.Buffer, p image.Image) error { return jpeg.Encode(to, p, nil) },
			image.Image(imagingtest.Waves(37, 29, 9, 0))),
	}
	for name, data := range jpegFiles(t) {
		if name != "restart_progressive" { // Package jpeg fails.
			files[name] = data
		}
	}
	files["cmyk"] = imagingtest.Still(t, "cmyk.jpg")
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			want, err := jpeg.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			want = interpolated(want)
			d, err := decodeJPEG(nil, data)
			require.NoError(t, err)
			got := d.picture()
			require.Equal(t, want.Bounds(), got.Bounds())
			for y := range want.Bounds().Dy() {
				for x := range want.Bounds().Dx() {
					near(t, want.At(x, y), got.At(x, y), 4, "pixel %d, %d", x, y)
				}
			}
		})
	}
}

func FuzzJPEGDecoder(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := readJPEGHeader(data)
		if err != nil || header.width*header.height > mostPixels || len(data) > longestInput {
			return
		}
		took := allocated(func() {
			if d, err := decodeJPEG(nil, data); err == nil {
				require.Equal(t, image.Rect(0, 0, header.width, header.height), d.picture().Bounds())
			}
		})
		// Components are padded to MCUs of 32×32 pixels, and progressive ones have coefficients.
		padded := int64(header.width+32) * int64(header.height+32)
		require.LessOrEqual(t, took, forAFrame+16*padded+perByte*int64(len(data)), "bytes allocated")
	})
}

func TestJPEGsOfTwoComponentsAreRefusedOutsideTIFFs(t *testing.T) {
	data := []byte("\xff\xd8\xff\xc0\x00\x0e\x08\x00\x08\x00\x08\x02\x01\x11\x00\x02\x11\x00\xff\xd9")
	assert.ErrorContains(t, whole(data), "2 components are unsupported")
}

// Adobe's marker decides, whatever the components are called, as for libjpeg.
func TestAdobesMarkerDecidesTheColoursOfAJPEG(t *testing.T) {
	data := flatJPEG(16, 16, [][2]int{{1, 1}, {1, 1}, {1, 1}})
	want := pixelsOfFile(t, data)
	frame, scan := bytes.Index(data, []byte{0xff, markSOF0}), bytes.Index(data, []byte{0xff, markSOS})
	for i, name := range []byte("RGB") {
		data[frame+10+3*i], data[scan+5+2*i] = name, name
	}
	adobe := func(transform byte) []byte {
		return joined(data[:2], "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"+string(rune(transform)), data[2:])
	}
	assert.Equal(t, []byte{64, 104, 144, 255}, pixelsOfFile(t, adobe(0))[:4])
	assert.Equal(t, []byte{64, 104, 144, 255}, pixelsOfFile(t, data)[:4])
	for i, v := range pixelsOfFile(t, adobe(1)) {
		require.InDelta(t, want[i], v, 1, "rounded otherwise than by package jpeg")
	}
}

func TestALittleThatAJPEGLacksIsGrey(t *testing.T) {
	const side = 800 // 100×100 blocks, of one byte each or more.
	whole := flatJPEG(side, 8, [][2]int{{1, 1}})
	end := len(whole) - 2
	cut := func(n int) []byte { return joined(whole[:end-n], "\xff\xd9", nil) }
	want, got := pixelsOfFile(t, whole), pixelsOfFile(t, cut(6))
	assert.Equal(t, want[:4*90*8], got[:4*90*8])
	assert.Equal(t, []byte{128, 128, 128, 255}, got[4*(side-1):4*side])
	_, err := read(cut(40))
	assert.ErrorContains(t, err, "the data of a scan is too short")
	_, err = read(whole[:end-6])
	assert.ErrorContains(t, err, "the file is cut short", "without an end")
}

func TestAnIntervalWhoseRestartMarkerIsMissingIsGrey(t *testing.T) {
	for _, name := range []string{"restart", "restart_progressive"} {
		data := jpegFiles(t)[name]
		decoded := func(data []byte) *image.RGBA {
			d, err := decodeJPEG(nil, data)
			require.NoError(t, err, name)
			return d.picture().(*image.RGBA)
		}
		var markers []int
		for at := bytes.Index(data, []byte{0xff, markSOS}); at < len(data)-1; at++ {
			if data[at] == 0xff && data[at+1] >= markRST0 && data[at+1] <= markRST7 {
				markers = append(markers, at)
			}
		}
		require.NotEmpty(t, markers, name)
		at := markers[len(markers)-2]
		want, got := decoded(data).Pix, decoded(joined(data[:at], "", data[at+2:])).Pix
		different := 0
		for i := 0; i < len(want); i += 4 {
			if !bytes.Equal(want[i:i+4], got[i:i+4]) {
				different++
			}
		}
		assert.LessOrEqual(t, different, len(want)/4/4, name)
		if name == "restart" {
			assert.Positive(t, different, name)
		}
	}
}

func TestPiecesOfAProfileAreJoinedByTheirNumbers(t *testing.T) {
	profile := append(make([]byte, 128), "the tags"...)
	copy(profile[16:], "RGB ")
	first, second := profile[:70], profile[70:]
	piece := func(number, of byte, data []byte) string {
		body := profileHeader + string([]byte{number, of}) + string(data)
		return "\xff\xe2" + string([]byte{0, byte(len(body) + 2)}) + body
	}
	for name, c := range map[string]struct {
		pieces string
		want   []byte
	}{
		"in order":      {piece(1, 2, first) + piece(2, 2, second), profile},
		"out of order":  {piece(2, 2, second) + piece(1, 2, first), profile},
		"one is lacked": {piece(1, 2, first), nil},
		"one too many":  {piece(1, 1, first) + piece(2, 1, second), nil},
	} {
		plain := flatJPEG(8, 8, [][2]int{{1, 1}, {1, 1}, {1, 1}})
		p, err := read(joined(plain[:2], c.pieces, plain[2:]))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, p.Profile, name)
	}
}
