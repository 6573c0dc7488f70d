package imaging_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBicubicIsPillows(t *testing.T) {
	var all []struct {
		Width, Height int
		RGB           []int
	}
	require.NoError(t, json.Unmarshal(imagingtest.Still(t, "bicubic.json"), &all))
	require.Len(t, all, 11)
	edges, err := imaging.Load(filepath.Join(imagingtest.Stills(t), "edges.png"))
	require.NoError(t, err)
	for _, want := range all {
		t.Run(fmt.Sprintf("%d×%d", want.Width, want.Height), func(t *testing.T) {
			got := imaging.Bicubic(edges, want.Width, want.Height)
			require.Equal(t, image.Rect(0, 0, want.Width, want.Height), got.Rect)
			require.True(t, got.Opaque())
			different := 0
			for i, v := range want.RGB {
				is := int(got.Pix[i/3*4+i%3])
				require.InDelta(t, v, is, 1, "value %d", i)
				if is != v {
					different++
				}
			}
			assert.Zero(t, different, "values that are off by one")
		})
	}
}

func TestBicubicReadsPartsOfPictures(t *testing.T) {
	edges, err := imaging.Load(filepath.Join(imagingtest.Stills(t), "edges.png"))
	require.NoError(t, err)
	part := edges.SubImage(image.Rect(13, 7, 45, 31)).(*image.RGBA)
	alone := imaging.CopyPart(part, part.Rect)
	require.Equal(t, edges.RGBAAt(13, 7), alone.RGBAAt(0, 0))
	assert.Equal(t, imaging.Bicubic(alone, 8, 6), imaging.Bicubic(part, 8, 6))
	assert.Equal(t, imaging.Bicubic(alone, 50, 60), imaging.Bicubic(part, 50, 60))
}

func TestBicubicLeavesPlainPicturesPlain(t *testing.T) {
	for _, v := range []uint8{0, 1, 127, 254, 255} {
		level := image.NewRGBA(image.Rect(0, 0, 10, 10))
		for i := range level.Pix {
			level.Pix[i] = v
		}
		for _, size := range []int{3, 9, 11, 40} {
			for _, got := range imaging.Bicubic(level, size, size).Pix {
				require.True(t, got == v || got == 255)
			}
			require.Equal(t, v, imaging.Bicubic(level, size, size).Pix[0])
		}
	}
}

func TestBicubicOfNothingIsNothing(t *testing.T) {
	for _, size := range []int{0, -3} {
		assert.True(t, imaging.Bicubic(image.NewRGBA(image.Rect(0, 0, 4, 4)), size, 4).Rect.Empty())
	}
	assert.True(t, imaging.Bicubic(image.NewRGBA(image.Rectangle{}), 4, 4).Rect.Empty())
}

func TestBlurKeepsTheMeanAndSpreadsAPoint(t *testing.T) {
	point := image.NewRGBA(image.Rect(0, 0, 31, 31))
	point.SetRGBA(15, 15, color.RGBA{255, 255, 255, 255})
	const sigma = 1.5
	blurred := imaging.Blur(point, sigma)
	at := func(x, y int) float64 { return float64(blurred.RGBAAt(x, y).R) }
	top := 255 / (2 * math.Pi * sigma * sigma)
	assert.InDelta(t, top, at(15, 15), 1.5)
	assert.InDelta(t, top*math.Exp(-4/(2*sigma*sigma)), at(17, 15), 1.5)
	assert.InDelta(t, top*math.Exp(-5/(2*sigma*sigma)), at(16, 13), 1.5)
}

func TestCopiesContinueAsMirrorImages(t *testing.T) {
	row := image.NewRGBA(image.Rect(0, 0, 3, 1))
	for x := range 3 {
		row.Pix[4*x] = uint8(x)
	}
	for place, want := range map[int]uint8{-1: 0, -3: 2, -4: 2, -6: 0, -7: 0, 0: 0, 2: 2, 3: 2, 5: 0, 6: 0} {
		copied := imaging.CopyPart(row, image.Rect(place, 0, place+1, 1))
		assert.Equal(t, want, copied.Pix[0], "place %d of 3", place)
	}
}

// BenchmarkBicubic shrinks a decoded picture.
func BenchmarkBicubic(b *testing.B) {
	large := image.NewRGBA(image.Rect(0, 0, 512, 512))
	for _, size := range []int{64, 128, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				imaging.Bicubic(large, size, size)
			}
		})
	}
}
