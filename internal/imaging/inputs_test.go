package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// The inputs of this file are assembled byte by byte, since no encoder writes most of them.

// speckled returns a small picture in which no two neighbours are alike.
func speckled(width, height int, alpha bool) *image.NRGBA {
	made := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range made.Pix {
		made.Pix[i] = uint8(i * 37)
		if i%4 == 3 && !alpha {
			made.Pix[i] = 255
		}
	}
	return made
}

// dotted returns a small picture of four colours, the last of which is transparent.
func dotted(place image.Rectangle) *image.Paletted {
	made := image.NewPaletted(place, color.Palette{
		color.RGBA{A: 255}, color.RGBA{R: 250, A: 255}, color.RGBA{G: 200, B: 90, A: 255}, color.RGBA{},
	})
	for i := range made.Pix {
		made.Pix[i] = uint8(i % 4)
	}
	return made
}

// encoded returns the output of an encoder.
func encoded[T any](t testing.TB, encode func(to *bytes.Buffer, picture T) error, picture T) []byte {
	t.Helper()
	var to bytes.Buffer
	require.NoError(t, encode(&to, picture))
	return to.Bytes()
}

func pngOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	return encoded(t, func(to *bytes.Buffer, p image.Image) error { return png.Encode(to, p) }, picture)
}

// animationOf returns frames in which a dot moves, in a format.
func animationOf(t testing.TB, format Format, width, height, frames int) []byte {
	t.Helper()
	var to bytes.Buffer
	w, err := NewWriter(&to, format, Info{Width: width, Height: height, Frames: frames, Alpha: true})
	require.NoError(t, err)
	for i := range frames {
		frame := toNRGBA64(speckled(width, height, true))
		frame.Set(i%width, i%height, color.White)
		require.NoError(t, w.Write(Frame{Pixels: frame, Delay: Delay{1, 10}}))
	}
	require.NoError(t, w.Close())
	return to.Bytes()
}

// pngWith inserts chunks into a PNG, after the one with the given number.
func pngWith(data []byte, after int, extra ...chunk) []byte {
	made := []byte(pngSignature)
	chunks, _ := readChunks(data)
	for _, c := range slices.Insert(slices.Clone(chunks), after+1, extra...) {
		made = c.append(made)
	}
	return made
}

// pngHeaderOf is an IHDR of 8 bits with alpha channel.
func pngHeaderOf(width, height uint32) chunk {
	return chunk{"IHDR", append(numbers(width, height), 8, 6, 0, 0, 0)}
}

// pngWithFrame changes the position and size of the last frame of an animated PNG.
func pngWithFrame(data []byte, width, height, x, y uint32) []byte {
	made := []byte(pngSignature)
	chunks, _ := readChunks(data)
	last := 0
	for i, c := range chunks {
		if c.name == "fcTL" {
			last = i
		}
	}
	for i, c := range chunks {
		if i == last {
			c.data = slices.Concat(c.data[:4], numbers(width, height, x, y), c.data[20:])
		}
		made = c.append(made)
	}
	return made
}

// gifFrames is a GIF with a global palette of 2 << table colours, and frames that share a size and position and hold
// one pixel each.
func gifFrames(table byte, canvas, size, at image.Point, frames int) []byte {
	le := binary.LittleEndian
	data := le.AppendUint16([]byte("GIF89a"), uint16(canvas.X))
	data = append(le.AppendUint16(data, uint16(canvas.Y)), 0x80|table, 0, 0)
	data = append(data, make([]byte, 3*(2<<table))...)
	for range frames {
		data = append(data, ',')
		for _, v := range []int{at.X, at.Y, size.X, size.Y} {
			data = le.AppendUint16(data, uint16(v))
		}
		data = append(data, 0, 2, 2, 0x44, 0x01, 0) // Clear, a pixel of colour 0, the end.
	}
	return append(data, ';')
}

// riff is a WebP of chunks.
func riff(chunks ...webPChunk) []byte {
	body := []byte("WEBP")
	for _, c := range chunks {
		body = appendWebP(body, c.name, c.data)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// vp8x is the header of an extended WebP.
func vp8x(flags byte, width, height int) webPChunk {
	return webPChunk{"VP8X", appendUint24(appendUint24([]byte{flags, 0, 0, 0}, width-1), height-1)}
}

// vp8 is a grey lossy picture: a key frame of which all bits are 0.
func vp8(width, height int) webPChunk {
	const first = 48 // Bytes of the first partition.
	tag := first<<5 | 1<<4
	data := append([]byte{byte(tag), byte(tag >> 8), byte(tag >> 16)}, 0x9d, 0x01, 0x2a)
	data = binary.LittleEndian.AppendUint16(data, uint16(width))
	data = binary.LittleEndian.AppendUint16(data, uint16(height))
	return webPChunk{"VP8 ", append(data, make([]byte, first+16)...)}
}

// vp8l is a lossless picture.
func vp8l(t testing.TB, picture *image.NRGBA) webPChunk {
	t.Helper()
	data := webPOf(t, picture)
	chunks, _ := webPChunks(data[webPHeader:])
	return chunks[0]
}

func webPOf(t testing.TB, picture *image.NRGBA) []byte {
	t.Helper()
	var to bytes.Buffer
	size := picture.Rect.Size()
	w, err := NewWriter(&to, WebP, Info{Width: size.X, Height: size.Y, Frames: 1})
	require.NoError(t, err)
	require.NoError(t, w.Write(Frame{Pixels: toNRGBA64(picture)}))
	require.NoError(t, w.Close())
	return to.Bytes()
}

// claiming changes the size that a lossless picture claims to have.
func claiming(c webPChunk, width, height int) webPChunk {
	bits := binary.LittleEndian.Uint32(c.data[1:])&^(1<<28-1) | uint32(width-1) | uint32(height-1)<<14
	return webPChunk{c.name, append(binary.LittleEndian.AppendUint32([]byte{c.data[0]}, bits), c.data[5:]...)}
}

// anmf is a frame of an animated WebP.
func anmf(x, y, width, height int, chunks ...webPChunk) webPChunk {
	var data []byte
	for _, v := range []int{x / 2, y / 2, width - 1, height - 1, 100} {
		data = appendUint24(data, v)
	}
	data = append(data, 0)
	for _, c := range chunks {
		data = appendWebP(data, c.name, c.data)
	}
	return webPChunk{"ANMF", data}
}

// anim is the header of an animation.
var anim = webPChunk{"ANIM", make([]byte, 6)}

// alph is an alpha channel that is not compressed.
func alph(width, height int) webPChunk {
	data := make([]byte, 1+width*height)
	for i := range width * height {
		data[1+i] = byte(i * 11)
	}
	return webPChunk{"ALPH", data}
}

// alphLossless is a compressed alpha channel.
func alphLossless(t testing.TB, picture *image.NRGBA) webPChunk {
	t.Helper()
	const header = 5 // The header of a VP8L, which an alpha channel lacks.
	return webPChunk{"ALPH", append([]byte{1}, vp8l(t, picture).data[header:]...)}
}

// tiffEntry is an entry of a TIFF's directory, of type SHORT or LONG, with its values.
type tiffEntry struct {
	tag, kind uint16
	values    []uint32
}

// Types of a TIFF's entries.
const (
	short = 3
	long  = 4
)

// tiffOf is a TIFF whose pixel data begins at byte 8.
func tiffOf(pixels []byte, entries ...tiffEntry) []byte {
	le := binary.LittleEndian
	data := le.AppendUint32([]byte("II*\x00"), uint32(8+len(pixels)))
	data = append(data, pixels...)
	data = le.AppendUint16(data, uint16(len(entries)))
	tail := len(data) + 12*len(entries) + 4
	var values []byte
	for _, e := range entries {
		var own []byte
		for _, v := range e.values {
			if e.kind == short {
				own = le.AppendUint16(own, uint16(v))
			} else {
				own = le.AppendUint32(own, v)
			}
		}
		data = le.AppendUint16(le.AppendUint16(data, e.tag), e.kind)
		data = le.AppendUint32(data, uint32(len(e.values)))
		if len(own) > 4 {
			data = le.AppendUint32(data, uint32(tail+len(values)))
			values = append(values, own...)
		} else {
			data = append(data, append(own, 0, 0, 0, 0)[:4]...)
		}
	}
	return append(append(data, 0, 0, 0, 0), values...)
}

// greyTIFF are the entries of a grey picture of strips, in order of their tags.
func greyTIFF(width, height, compression, rows uint32, offsets, counts []uint32, more ...tiffEntry) []tiffEntry {
	entries := append([]tiffEntry{
		{256, short, []uint32{width}}, {257, long, []uint32{height}}, {258, short, []uint32{8}},
		{259, short, []uint32{compression}}, {262, short, []uint32{1}}, {273, long, offsets},
		{278, long, []uint32{rows}}, {279, long, counts},
	}, more...)
	slices.SortStableFunc(entries, func(a, b tiffEntry) int { return int(a.tag) - int(b.tag) })
	return entries
}

// stripedTIFF is a whole one of 4×6 pixels in three strips.
func stripedTIFF(more ...tiffEntry) []byte {
	pixels := speckled(3, 2, true).Pix // 24 bytes.
	return tiffOf(pixels, greyTIFF(4, 6, 1, 2, []uint32{8, 16, 24}, []uint32{8, 8, 8}, more...)...)
}

// tiledTIFF is one of a tile that is larger than the picture.
func tiledTIFF(side uint32) []byte {
	return tiffOf(make([]byte, 256), []tiffEntry{
		{256, short, []uint32{5}}, {257, short, []uint32{5}}, {258, short, []uint32{8}}, {259, short, []uint32{1}},
		{262, short, []uint32{1}}, {322, long, []uint32{side}}, {323, long, []uint32{side}},
		{324, long, []uint32{8}}, {325, long, []uint32{256}},
	}...)
}

// bmpOf is a BMP with a palette of two colours, of 8 bits a pixel.
func bmpOf(width, height int32, pixels ...byte) []byte {
	le := binary.LittleEndian
	const header, palette = 54, 8
	data := le.AppendUint32([]byte("BM"), uint32(header+palette+len(pixels)))
	for _, v := range []uint32{0, header + palette, 40, uint32(width), uint32(height), 8<<16 | 1, 0, 0, 0, 0, 2, 0} {
		data = le.AppendUint32(data, v)
	}
	return append(append(data, 0, 0, 0, 0, 255, 255, 255, 0), pixels...)
}

// seeds are the inputs that fuzzing starts from, by target and name.
func seeds(t testing.TB) map[string]map[string][]byte {
	t.Helper()
	clear, opaque := speckled(5, 4, true), speckled(5, 4, false)
	grey := image.NewGray16(image.Rect(0, 0, 4, 3))
	copy(grey.Pix, opaque.Pix)
	moving := animationOf(t, PNG, 5, 4, 3)
	header, rows := pngParts(t, dotted(image.Rect(0, 0, 6, 5)))
	palette := chunk{"PLTE", make([]byte, 30)}
	profile := make([]byte, 132)
	copy(profile[16:], "RGB ")
	exif := tiffOf(nil, tiffEntry{orientationTag, short, []uint32{6}})
	film := gif.GIF{
		Image: []*image.Paletted{dotted(image.Rect(0, 0, 6, 5)), dotted(image.Rect(1, 2, 4, 4)),
			dotted(image.Rect(5, 0, 6, 5))},
		Disposal: []byte{gif.DisposalPrevious, gif.DisposalBackground, gif.DisposalNone}, Delay: []int{1, 20, 3},
		LoopCount: 2,
	}
	jpegOf := func(p image.Image) []byte {
		return encoded(t, func(to *bytes.Buffer, p image.Image) error { return jpeg.Encode(to, p, nil) }, p)
	}
	bmpFrom := func(p image.Image) []byte {
		return encoded(t, func(to *bytes.Buffer, p image.Image) error { return bmp.Encode(to, p) }, p)
	}
	tiffFrom := func(p image.Image, o *tiff.Options) []byte {
		return encoded(t, func(to *bytes.Buffer, p image.Image) error { return tiff.Encode(to, p, o) }, p)
	}
	made := map[string]map[string][]byte{
		"FuzzPNG": {
			"still":       pngOf(t, clear),
			"deep":        pngOf(t, grey),
			"palette":     pngOf(t, dotted(image.Rect(0, 0, 6, 5))),
			"animated":    moving,
			"profile":     pngWith(pngOf(t, opaque), 0, chunk{"iCCP", deflateProfile(profile)}),
			"turned":      pngWith(pngOf(t, opaque), 0, chunk{"eXIf", exif}),
			"two_headers": pngWith(moving, 0, chunk{"IHDR", nil}),
			"beyond":      pngWithFrame(moving, 5, 4, 3, 3),
			"vast":        pngWithFrame(moving, 9000, 9000, 0, 0),
			"mended":      chunked(header, chunk{"tRNS", []byte{9, 0}}, palette, chunk{"IDAT", deflated(t, append(rows, 7))}),
		},
		"FuzzGIF": {
			"animated": encoded(t, func(to *bytes.Buffer, g *gif.GIF) error { return gif.EncodeAll(to, g) }, &film),
			"still":    gifFrames(0, image.Pt(1, 1), image.Pt(1, 1), image.Point{}, 1),
			"small":    gifFrames(0, image.Pt(9, 7), image.Pt(1, 1), image.Pt(4, 3), 2),
			"beyond":   gifFrames(0, image.Pt(4, 4), image.Pt(4, 4), image.Pt(1, 0), 1),
		},
		"FuzzWebP": {
			"lossless":      webPOf(t, clear),
			"lossy":         riff(vp8(8, 6)),
			"alpha":         riff(vp8x(16, 8, 6), alph(8, 6), vp8(8, 6)),
			"alpha_squeeze": riff(vp8x(16, 5, 4), alphLossless(t, opaque), vp8(5, 4)),
			"alpha_large":   riff(vp8x(16, 40, 40), alph(40, 40), vp8(24, 20)),
			"animated":      animationOf(t, WebP, 5, 4, 3),
			"animated_vp8": riff(vp8x(18, 16, 12), anim, anmf(2, 4, 8, 6, alph(8, 6), vp8(8, 6)),
				anmf(0, 0, 16, 12, vp8(16, 12))),
			"solid":  riff(vp8x(2, 5, 4), anim, anmf(0, 0, 5, 4, claiming(vp8l(t, opaque), 1<<14, 1<<14))),
			"turned": riff(vp8x(8, 5, 4), vp8l(t, opaque), webPChunk{"EXIF", exif}),
		},
		"FuzzTIFF": {
			"exif": tiffOf(make([]byte, 8), greyTIFF(2, 4, 1, 4, []uint32{8}, []uint32{8}, tiffEntry{0x013b, short,
				[]uint32{1, 2, 3}}, tiffEntry{exifMore, long, []uint32{16}}, tiffEntry{exifPositions, long, []uint32{16}})...),
			"plain":   tiffFrom(clear, nil),
			"deflate": tiffFrom(opaque, &tiff.Options{Compression: tiff.Deflate, Predictor: true}),
			"deep":    tiffFrom(grey, nil),
			"palette": tiffFrom(dotted(image.Rect(0, 0, 6, 5)), nil),
			"strips":  stripedTIFF(tiffEntry{orientationTag, short, []uint32{5}}),
			"tile":    tiledTIFF(16),
		},
		"FuzzBMP": {
			"palette":  bmpOf(3, 2, 0, 1, 0, 0, 1, 1, 0, 0),
			"top_down": bmpOf(3, -2, 0, 1, 0, 0, 1, 1, 0, 0),
			"colours":  bmpFrom(opaque),
			"alpha":    bmpFrom(clear),
		},
		"FuzzJPEG": {"colours": jpegOf(opaque), "grey": jpegOf(grey)},
		"FuzzOrientation": {
			"little": exif,
			"big":    []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00"),
			"far": tiffOf(nil, tiffEntry{profileTag, 1, []uint32{1, 2, 3}},
				tiffEntry{orientationTag, short, []uint32{3, 3, 3}}),
		},
	}
	fileName := strings.NewReplacer(" ", "_", ",", "", "/", "")
	for name, data := range bmpKinds() {
		made["FuzzBMP"][fileName.Replace(name)] = data
	}
	made["FuzzJPEGDecoder"] = map[string][]byte{"colours": jpegOf(opaque), "grey": jpegOf(grey)}
	for _, name := range []string{"restart", "restart_progressive", "progressive_cmyk"} {
		made["FuzzJPEGDecoder"][name] = jpegFiles(t)[name]
	}
	for name, sampling := range unusualJPEGs() {
		made["FuzzJPEGDecoder"][fileName.Replace(name)] = flatJPEG(17, 9, sampling)
	}
	for _, name := range []string{"group3_0", "group3_two_1", "group4_1", "tiff_ccitt_0", "cmyk_big", "grey_alpha",
		"palette_big", "predictor", "jpeg_grey"} {
		made["FuzzTIFF"][name] = tiffFiles(t)[name]
	}
	made["FuzzTIFF"]["planes"] = tiffOf(make([]byte, 16), colourTIFF(8, 2, 2, 3, []uint32{4, 4, 4})...)
	made["FuzzJPEG"]["sampling"] = flatJPEG(17, 9, unusualJPEGs()["Cb unlike Cr"])
	rubbish := palettedGIF(t, image.Pt(3, 2), image.Rect(1, 0, 5, 3), image.Rect(0, 0, 9, 1))
	made["FuzzGIF"]["rubbish"] = joined(rubbish[:len(rubbish)-1], "\x00xyz,", nil)
	return made
}
