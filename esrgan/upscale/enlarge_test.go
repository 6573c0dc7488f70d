package upscale

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened returns a picture and its frames.
func opened(t *testing.T, path string) (imaging.Info, []*image.NRGBA64) {
	t.Helper()
	p, err := imaging.Open(path)
	require.NoError(t, err)
	var frames []*image.NRGBA64
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		pixels := *frame.Pixels
		pixels.Pix = bytes.Clone(pixels.Pix)
		frames = append(frames, &pixels)
	}
	return p.Info, frames
}

// nearest opens a network that turns each pixel into a block of 4×4 equal pixels. It runs on GoMLX's own backend, which
// does not compile.
func nearest(t *testing.T) *esrgan.Upscaler {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Backend: "go:ops_sequential"})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	network, err := Open(backend, weightstest.NearestRRDB(t))
	require.NoError(t, err)
	t.Cleanup(network.Close)
	return network
}

// enlarger returns an enlarger by [nearest].
func enlarger(t *testing.T, scale float64) *Enlarger {
	t.Helper()
	e, err := NewEnlarger(nearest(t), Options{Scale: scale})
	require.NoError(t, err)
	return e
}

// enlarged enlarges a picture of the given bytes as a file, and reads the result.
func enlarged(t *testing.T, in, out string, data []byte, scale float64) (imaging.Info, []*image.NRGBA64) {
	t.Helper()
	dir := t.TempDir()
	from, to := imagingtest.PutFile(t, filepath.Join(dir, in), data), filepath.Join(dir, "sub", out)
	size, err := enlarger(t, scale).File(t.Context(), from, to)
	require.NoError(t, err)
	info, frames := opened(t, to)
	assert.Equal(t, image.Pt(info.Width, info.Height), size)
	return info, frames
}

func TestWhatIsInAPictureIsKept(t *testing.T) {
	small := imagingtest.Squares()
	clear := imagingtest.Squares()
	for i := 3; i < len(clear.Pix); i += 4 {
		clear.Pix[i] = uint8(i / 4 % 3 * 127)
	}
	gray, gray16, deep := image.NewGray(small.Rect), image.NewGray16(small.Rect), image.NewNRGBA64(small.Rect)
	for i := range gray16.Pix {
		gray16.Pix[i] = uint8(i * 53)
		gray.Pix[i/2] = uint8(i * 29)
	}
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * 31)
		if i%8 > 5 {
			deep.Pix[i] = uint8(200 + i%50)
		}
	}
	paletted := image.NewPaletted(small.Rect, palette.Plan9)
	for i := range paletted.Pix {
		paletted.Pix[i] = uint8(i * 2)
	}
	for name, c := range map[string]struct {
		picture            image.Image
		gray, alpha, depth bool
	}{
		"RGB":           {picture: small},
		"RGBA":          {picture: clear, alpha: true},
		"grey":          {picture: gray, gray: true},
		"grey, 16 bits": {picture: gray16, gray: true, depth: true},
		"RGBA, 16 bits": {picture: deep, alpha: true, depth: true},
		"paletted":      {picture: paletted},
		"one pixel":     {picture: small.SubImage(image.Rect(5, 5, 6, 6))},
	} {
		t.Run(name, func(t *testing.T) {
			info, frames := enlarged(t, "in.png", "out.png", imagingtest.PNG(t, c.picture), 0)
			assert.Equal(t, c.gray, info.Gray)
			assert.Equal(t, c.alpha, info.Alpha)
			assert.Equal(t, c.depth, info.Deep)
			_, before := opened(t, imagingtest.PutFile(t, filepath.Join(t.TempDir(), "in.png"), imagingtest.PNG(t, c.picture)))
			imagingtest.AssertBlocks(t, before[0], frames[0], 0)
		})
	}
}

func TestGreyPicturesStayGreyWhateverTheirType(t *testing.T) {
	noisy := imagingtest.Paint(12, 10, func(x, y, c int) int { return 40 + 9*x + 5*y + (x*7+y*13+c*29)%5 - 2 })
	sepia := imagingtest.Paint(12, 10, func(x, y, c int) int { return 40 + 9*x + 5*y - 10*c })
	for _, c := range []struct {
		picture *image.NRGBA
		apart   int
	}{{noisy, 0}, {sepia, 20}} {
		info, frames := enlarged(t, "in.png", "out.png", imagingtest.PNG(t, c.picture), 2.5)
		assert.False(t, info.Gray, "the file is in colour, as before")
		memory, err := enlarger(t, 2.5).Image(t.Context(), c.picture)
		require.NoError(t, err)
		for _, made := range []*image.NRGBA64{frames[0], memory} {
			for y := range made.Rect.Dy() {
				for x := range made.Rect.Dx() {
					p := made.NRGBA64At(x, y)
					apart := int(max(p.R, p.G, p.B)-min(p.R, p.G, p.B)) / 257
					require.InDelta(t, c.apart, apart, 1, "%v at %d, %d", p, x, y)
				}
			}
		}
	}
}

func TestColoursUnderTransparencyDoNotBleed(t *testing.T) {
	small := image.NewNRGBA(image.Rect(0, 0, 12, 10))
	for y := range 10 {
		for x := range 12 {
			small.SetNRGBA(x, y, color.NRGBA{R: 255, A: 0}) // Invisible red,
			if x > 3 && x < 9 && y > 3 {
				small.SetNRGBA(x, y, color.NRGBA{G: 200, B: 100, A: 255}) // around green.
			}
		}
	}
	_, frames := enlarged(t, "in.png", "out.png", imagingtest.PNG(t, small), 2.5) // Resampled: neighbours are mixed.
	assert.Equal(t, image.Pt(30, 25), frames[0].Rect.Size())
	seen := 0
	for y := range 25 {
		for x := range 30 {
			c := frames[0].NRGBA64At(x, y)
			if c.A > 0x100 {
				seen++
				assert.Less(t, c.R, uint16(0x800), "at %d, %d: %v", x, y, c)
			}
		}
	}
	assert.Greater(t, seen, 12*15)
}

func TestPicturesAreEnlargedToOtherScales(t *testing.T) {
	for scale, size := range map[float64]image.Point{1: {12, 10}, 1.5: {18, 15}, 2: {24, 20}, 3: {36, 30}, 4: {48, 40}} {
		info, _ := enlarged(t, "in.png", "out.png", imagingtest.PNG(t, imagingtest.Squares()), scale)
		assert.Equal(t, size, image.Pt(info.Width, info.Height), scale)
		assert.False(t, info.Alpha, scale)
	}
}

func TestTheNameNamesTheFormat(t *testing.T) {
	var jpg bytes.Buffer
	flat := image.NewGray(image.Rect(0, 0, 12, 10))
	for i := range flat.Pix {
		flat.Pix[i] = 90
	}
	require.NoError(t, jpeg.Encode(&jpg, flat, nil))
	info, frames := enlarged(t, "in.jpg", "out.JPEG", jpg.Bytes(), 0)
	assert.True(t, info.Gray)
	imagingtest.AssertBlocks(t, flat, frames[0], 2*257)

	_, before := opened(t, imagingtest.PutFile(t, filepath.Join(t.TempDir(), "a.gif"), imagingtest.Animation(t)))
	for _, out := range []string{"out.gif", "out.png"} {
		info, frames = enlarged(t, "in.gif", out, imagingtest.Animation(t), 0)
		require.Equal(t, 3, info.Frames, out)
		for i := range frames {
			imagingtest.AssertBlocks(t, before[i], frames[i], 0)
		}
	}
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "a.gif"), imagingtest.Animation(t))
	_, err := enlarger(t, 0).File(t.Context(), in, filepath.Join(dir, "a.jpg"))
	assert.ErrorContains(t, err, in+": an animation cannot be a JPEG: write it as .png or .gif")
	assert.NoFileExists(t, filepath.Join(dir, "a.jpg"))
}

func TestImageMakesWhatFileMakes(t *testing.T) {
	clear := imagingtest.Squares()
	for i := 3; i < len(clear.Pix); i += 4 {
		clear.Pix[i] = uint8(i / 4 % 3 * 127)
	}
	gray := image.NewGray(clear.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i * 29)
	}
	for name, picture := range map[string]image.Image{
		"RGB": imagingtest.Squares(), "RGBA": clear, "grey": gray,
		"a part": imagingtest.Squares().SubImage(image.Rect(3, 2, 9, 10)),
	} {
		t.Run(name, func(t *testing.T) {
			_, frames := enlarged(t, "in.png", "out.png", imagingtest.PNG(t, picture), 2.5)
			made, err := enlarger(t, 2.5).Image(t.Context(), picture)
			require.NoError(t, err)
			require.Equal(t, frames[0].Rect, made.Rect)
			for y := range made.Rect.Dy() {
				for x := range made.Rect.Dx() {
					file, memory := frames[0].NRGBA64At(x, y), made.NRGBA64At(x, y)
					for i, pair := range [][2]uint16{{file.R, memory.R}, {file.G, memory.G}, {file.B, memory.B}, {file.A, memory.A}} {
						// The file has 8 bits.
						assert.Equal(t, pair[0], uint16((uint32(pair[1])+128)/257*257), "channel %d at %d, %d", i, x, y)
					}
				}
			}
		})
	}
}

func TestProgressGrowsToTheWhole(t *testing.T) {
	in := imagingtest.PutFile(t, filepath.Join(t.TempDir(), "a.gif"), imagingtest.Animation(t))
	var shares []float64
	e, err := NewEnlarger(nearest(t), Options{Progress: func(share float64) { shares = append(shares, share) }})
	require.NoError(t, err)
	_, err = e.File(t.Context(), in, in+".png")
	require.NoError(t, err)
	require.NotEmpty(t, shares)
	assert.IsIncreasing(t, shares)
	assert.Equal(t, 1.0, shares[len(shares)-1])
}

func TestRequestsThatCannotBeAreNamed(t *testing.T) {
	network := nearest(t)
	for _, scale := range []float64{-1, 0.5, 4.01, math.NaN(), math.Inf(1)} {
		_, err := NewEnlarger(network, Options{Scale: scale})
		assert.ErrorContains(t, err, "nearest.safetensors enlarges 1 to 4 times")
		assert.ErrorAs(t, err, new(RequestError))
	}
	e, err := NewEnlarger(network, Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	for out, want := range map[string]string{
		in: "would overwrite", in + ".tiff": ".tiff cannot be written", dir: "no extension", Standard: "is not a file",
	} {
		_, err := e.File(t.Context(), in, out)
		assert.ErrorContains(t, err, want)
		assert.ErrorAs(t, err, new(RequestError))
	}
	_, err = e.File(t.Context(), in+".none", in+".png")
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = e.Image(t.Context(), image.NewGray(image.Rectangle{}))
	assert.ErrorContains(t, err, "no pixels")
	_, err = e.Image(t.Context(), image.NewUniform(color.White)) // It claims to be huge.
	assert.ErrorContains(t, err, "are too many")

	_, err = Open(nil, "nope")
	assert.ErrorAs(t, err, new(RequestError))
	assert.ErrorContains(t, err, `there is no model "nope": it must be`)
}
