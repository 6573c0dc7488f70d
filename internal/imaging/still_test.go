package imaging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFormatReadsAsPillowReadsIt(t *testing.T) {
	type golden struct {
		File string
		Size int
		RGB  []int
	}
	dir := imagingtest.Stills(t)
	data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	require.NoError(t, err)
	var all []golden
	require.NoError(t, json.Unmarshal(data, &all))
	require.Greater(t, len(all), 40)

	// Pillow and Go round chroma and alpha differently. libjpeg and libwebp smooth subsampled chroma as they enlarge it,
	// and Go does not.
	subsampled := []string{"subsampled.jpg", "lossy.webp", "alpha.webp", "animated_alpha.webp"}
	for _, want := range all {
		t.Run(fmt.Sprintf("%s/%d", want.File, want.Size), func(t *testing.T) {
			still, err := imaging.OpenStill(filepath.Join(dir, want.File))
			require.NoError(t, err)
			square := still.Square(want.Size)
			require.Equal(t, image.Rect(0, 0, want.Size, want.Size), square.Rect)
			worst, sum := 0.0, 0.0
			for i, v := range want.RGB {
				off := math.Abs(float64(square.Pix[i/3*4+i%3]) - float64(v))
				worst = max(worst, off)
				sum += off
			}
			mean := sum / float64(len(want.RGB))
			worstAllowed, meanAllowed := 1.0, 0.4
			if slices.Contains(subsampled, want.File) {
				worstAllowed, meanAllowed = 6, 1
			}
			t.Logf("largest difference %.0f, mean %.3f", worst, mean)
			assert.LessOrEqual(t, worst, worstAllowed)
			assert.LessOrEqual(t, mean, meanAllowed)
		})
	}
}

func TestAFileThatClaimsToBeHugeTakesNoMemory(t *testing.T) {
	hugeGIF := bytes.Clone(imagingtest.Still(t, "plain.gif"))
	copy(hugeGIF[6:], "\x60\xea\x60\xea")
	farTIFF := bytes.Clone(imagingtest.Still(t, "plain.tiff"))
	farTIFF[7] = 0x80 // Its header claims that the directory is 2 GB away.
	for _, c := range []struct {
		data []byte
		says string
	}{
		{imagingtest.HugePNG(60000), "the header says 60000×60000 pixels: more than the 100 million that are read"},
		{hugeGIF, "the header says 60000×60000 pixels"},
		{farTIFF, "the file is cut short"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := imaging.DecodeStill(c.data)
		runtime.ReadMemStats(&after)
		require.ErrorContains(t, err, c.says)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), c.says)
	}
}

func TestACutFileIsAnErrorWhateverItsFormat(t *testing.T) {
	for _, name := range []string{"plain.png", "rgb16.png", "plain.jpg", "progressive.jpg", "cmyk.jpg", "plain.gif",
		"lossy.webp", "lossless.webp", "alpha.webp", "animated.webp", "plain.bmp", "plain.tiff", "lzw.tiff", "deflate.tiff"} {
		whole := imagingtest.Still(t, name)
		for _, part := range []int{1, 2, 5, 9} {
			_, err := imaging.DecodeStill(whole[:len(whole)*part/20])
			assert.Error(t, err, "%s, the first %d/20", name, part)
		}
	}
}

func TestAWebPWhoseFrameIsLargerThanItsCanvasIsRejected(t *testing.T) {
	for _, name := range []string{"alpha.webp", "animated_alpha.webp", "exif8.webp"} {
		damaged := imagingtest.Still(t, name)
		require.Equal(t, "VP8X", string(damaged[12:16]))
		damaged[24] = 9 // The canvas is ten pixels wide, the picture 64.
		_, err := imaging.DecodeStill(damaged)
		assert.Error(t, err, name)
	}
}

func TestDamagedFilesDoNotPanic(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(imagingtest.Stills(t), "*.*"))
	require.NoError(t, err)
	require.Greater(t, len(files), 30)
	for _, file := range files {
		whole, err := os.ReadFile(file)
		require.NoError(t, err)
		for at := 0; at < len(whole); at += 1 + len(whole)/60 {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0x5a
			if still, err := imaging.DecodeStill(damaged); err == nil {
				still.Square(4)
			}
		}
	}
}

func TestRangesMeetTheirEnds(t *testing.T) {
	assert.EqualValues(t, -1, imaging.Symmetric[0])
	assert.EqualValues(t, 1, imaging.Symmetric[255])
	assert.InDelta(t, 0, imaging.Symmetric[127]+imaging.Symmetric[128], 1e-7)
	assert.EqualValues(t, 0, imaging.Unit[0])
	assert.EqualValues(t, 1, imaging.Unit[255])
}

func TestValuesGoThereAndBack(t *testing.T) {
	waves := (*image.RGBA)(imagingtest.Waves(9, 7, 30, 0))
	values := make([]float32, 9*7*3)
	imaging.Symmetric.Put(values, waves, false)
	assert.Equal(t, waves.Pix, imaging.FromValues(values, 9, 7).Pix)
	mirrored := make([]float32, len(values))
	imaging.Symmetric.Put(mirrored, waves, true)
	assert.Equal(t, values[:3], mirrored[8*3:9*3])
	assert.Equal(t, []uint8{0, 255, 128, 255}, imaging.FromValues([]float32{-2, 2, 0.004}, 1, 1).Pix)
}

func TestJPEGLosesMoreTheLowerItsQuality(t *testing.T) {
	detailed := (*image.RGBA)(imagingtest.Waves(200, 150, 40, 0))
	loss := func(quality int) (sum float64) {
		for i, v := range imaging.ThroughJPEG(detailed, quality).Pix {
			sum += math.Abs(float64(v) - float64(detailed.Pix[i]))
		}
		return sum
	}
	assert.Greater(t, loss(30), 1.1*loss(60))
	assert.Greater(t, loss(60), 1.1*loss(95))
	assert.Greater(t, loss(95), 0.0)

	long := image.NewRGBA(image.Rect(0, 0, 1<<16, 1))
	assert.Equal(t, long, imaging.ThroughJPEG(long, 50), "too long for JPEG")
}
