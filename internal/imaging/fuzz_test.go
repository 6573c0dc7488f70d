package imaging

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the seeds of testdata/fuzz anew")

// Fuzzed pictures are small: faults do not need large ones.
const (
	longestInput = 1 << 14
	mostPixels   = 1 << 16
	mostFrames   = 8
)

// Memory that a reader may allocate, in bytes, including what it frees at once.
const (
	perByte    = 256       // Chunks and frames are noted.
	perPixel   = 128       // For each frame: the decoder's picture, and wide, rotated and kept copies.
	forReading = 100 << 20 // A profile inflates to 16 MiB at most, in a buffer that grows.
	forAFrame  = 1 << 20   // Tables of decoders.
	forVP8L    = 64 << 20  // Lossless WebPs may have 65,536 groups of Huffman codes.
)

// allocated returns how many bytes a function allocates.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func FuzzPNG(f *testing.F)  { fuzzReader(f, forAFrame, pngSignature) }
func FuzzGIF(f *testing.F)  { fuzzReader(f, forAFrame, "GIF8?a") }
func FuzzWebP(f *testing.F) { fuzzReader(f, forVP8L, "RIFF????WEBP") }

// A tile is at most 1024×1024 pixels larger than the picture, and may be a progressive JPEG.
func FuzzTIFF(f *testing.F) {
	fuzzReader(f, forAFrame+24<<20, "II*\x00", "MM\x00*", "II+\x00", "MM\x00+")
}
func FuzzBMP(f *testing.F)  { fuzzReader(f, forAFrame, "BM") }
func FuzzJPEG(f *testing.F) { fuzzReader(f, forAFrame, "\xff\xd8") }

func fuzzReader(f *testing.F, forAFrame int64, magic ...string) {
	f.Fuzz(func(t *testing.T, data []byte) {
		recognised := false
		for _, m := range magic {
			recognised = recognised || begins(data, m)
		}
		if recognised && len(data) <= longestInput {
			checkReader(t, data, forAFrame)
		}
	})
}

// checkReader asserts invariants that hold for any bytes.
func checkReader(t *testing.T, data []byte, forAFrame int64) {
	var parsed file
	var err error
	took := allocated(func() { parsed, err = open(data) })
	require.LessOrEqual(t, took, forReading+perByte*int64(len(data)), "bytes allocated for the structure of the file")
	pixels := int64(parsed.canvas.X) * int64(parsed.canvas.Y)
	if pixels > mostPixels && pixels <= MaxPixels {
		return
	}
	if err == nil {
		require.NotEmpty(t, parsed.parts)
	}
	forPixels := forAFrame + perPixel*pixels
	if pixels > mostPixels {
		forPixels = 0 // Nothing is decoded yet.
	}

	var still Still
	var stillErr error
	took = allocated(func() {
		if still, stillErr = DecodeStill(data); stillErr == nil {
			still.Square(4)
		}
	})
	require.LessOrEqual(t, took, forReading+perByte*int64(len(data))+forPixels, "bytes allocated for the first frame")

	picture, err := read(data)
	if err != nil {
		picture = salvage(data)
	}
	if picture == nil {
		return
	}
	require.LessOrEqual(t, pixels, int64(mostPixels), "larger pictures are rejected")
	assert.Equal(t, image.Pt(picture.Width, picture.Height), picture.orientation.size(picture.canvas))
	if stillErr == nil {
		assert.Equal(t, image.Rect(0, 0, picture.Width, picture.Height), still.Whole().Rect)
	}
	checkFrames(t, picture, forPixels)
}

// checkFrames decodes the frames of a picture. They have its size, and survive being written and read again.
func checkFrames(t *testing.T, picture *Picture, forPixels int64) {
	if picture.Info.Frames > mostFrames {
		return
	}
	var frames []Frame
	took := allocated(func() {
		for frame, err := range picture.Frames() {
			if err != nil {
				return
			}
			frame.Pixels = clone(frame.Pixels)
			frames = append(frames, frame)
		}
	})
	require.LessOrEqual(t, took, forPixels*int64(picture.Info.Frames), "bytes allocated for the frames")
	for _, frame := range frames {
		require.Equal(t, image.Rect(0, 0, picture.Width, picture.Height), frame.Pixels.Rect)
	}
	if len(frames) < picture.Info.Frames {
		return
	}
	for _, format := range []Format{PNG, WebP} {
		checkCopy(t, format, picture.Info, frames)
	}
}

// checkCopy writes frames in a lossless format and reads them again.
func checkCopy(t *testing.T, format Format, info Info, frames []Frame) {
	var written bytes.Buffer
	w, err := NewWriter(&written, format, info)
	if err != nil {
		require.ErrorContains(t, err, "cannot have more than") // A WebP has 16,384 pixels a side.
		return
	}
	for _, frame := range frames {
		require.NoError(t, w.Write(frame), format)
	}
	require.NoError(t, w.Close(), format)
	again, err := read(written.Bytes())
	require.NoError(t, err, format)
	require.Equal(t, []int{info.Width, info.Height, info.Frames}, []int{again.Width, again.Height, again.Info.Frames},
		format)
	i := 0
	for frame, err := range again.Frames() {
		require.NoError(t, err, format)
		requireSame(t, frames[i].Pixels, frame.Pixels, info.Deep && format == PNG, fmt.Sprintf("%s, frame %d", format, i+1))
		i++
	}
}

// requireSame compares pixels, rounded to 8 bits unless they are deep. Transparent pixels may have any colour.
func requireSame(t *testing.T, want, got *image.NRGBA64, deep bool, what string) {
	round := narrow
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			a, b := want.NRGBA64At(x, y), got.NRGBA64At(x, y)
			if !deep {
				a.R, a.G, a.B, a.A = uint16(round(a.R)), uint16(round(a.G)), uint16(round(a.B)), uint16(round(a.A))
				b.R, b.G, b.B, b.A = uint16(round(b.R)), uint16(round(b.G)), uint16(round(b.B)), uint16(round(b.A))
			}
			if a != b && (a.A > 0 || b.A > 0) {
				require.Equal(t, a, b, "%s: pixel %d, %d", what, x, y)
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	stored := toNRGBA64(speckled(3, 2, true))
	f.Fuzz(func(t *testing.T, exif []byte) {
		var o orientation
		took := allocated(func() { o = orientationOf(exif) })
		require.Less(t, took, int64(1<<16), "bytes allocated")
		require.LessOrEqual(t, o, orientation(8))
		directory := tiffDirectoryOf(exif)
		value, _ := directory.value(profileTag)
		require.LessOrEqual(t, len(value), len(exif))
		size := image.Pt(3, 2)
		if o >= 5 {
			size = image.Pt(2, 3)
		}
		require.Equal(t, image.Rectangle{Max: size}, o.upright64(stored).Rect)
	})
}

func TestEveryReaderHasSeedsToFuzzFrom(t *testing.T) {
	all := seeds(t)
	size := 0
	for target, named := range all {
		dir := filepath.Join("testdata", "fuzz", target)
		if *update {
			require.NoError(t, os.MkdirAll(dir, 0o755))
			for name, data := range named {
				text := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", data)
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
			}
		}
		for name := range maps.Keys(named) {
			assert.FileExists(t, filepath.Join(dir, name))
		}
		kept, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		for _, path := range kept {
			info, err := os.Stat(path)
			require.NoError(t, err)
			size += int(info.Size())
		}
	}
	assert.Less(t, size, 100_000, "bytes of all seeds")
}
