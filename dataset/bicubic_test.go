package dataset

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBicubicIsPillows(t *testing.T) {
	var all []struct {
		Width, Height int
		RGB           []int
	}
	require.NoError(t, json.Unmarshal(fixture(t, "bicubic.json"), &all))
	require.Len(t, all, 11)
	d, err := decodeFile(filepath.Join(fixtures(t), "edges.png"))
	require.NoError(t, err)
	picture := d.whole()
	for _, want := range all {
		t.Run(fmt.Sprintf("%d×%d", want.Width, want.Height), func(t *testing.T) {
			got := Bicubic(picture, want.Width, want.Height)
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
	d, err := decodeFile(filepath.Join(fixtures(t), "edges.png"))
	require.NoError(t, err)
	picture := d.whole()
	part := picture.SubImage(image.Rect(13, 7, 45, 31)).(*image.RGBA)
	alone := continued(part, part.Rect)
	require.Equal(t, picture.RGBAAt(13, 7), alone.RGBAAt(0, 0))
	assert.Equal(t, Bicubic(alone, 8, 6), Bicubic(part, 8, 6))
	assert.Equal(t, Bicubic(alone, 50, 60), Bicubic(part, 50, 60))
}

func TestBicubicLeavesPlainPicturesPlain(t *testing.T) {
	for _, v := range []uint8{0, 1, 127, 254, 255} {
		picture := image.NewRGBA(image.Rect(0, 0, 10, 10))
		for i := range picture.Pix {
			picture.Pix[i] = v
		}
		for _, size := range []int{3, 9, 11, 40} {
			for _, got := range Bicubic(picture, size, size).Pix {
				require.True(t, got == v || got == 255)
			}
			require.Equal(t, v, Bicubic(picture, size, size).Pix[0])
		}
	}
}

func TestBicubicOfNothingIsNothing(t *testing.T) {
	for _, size := range []int{0, -3} {
		assert.True(t, Bicubic(plain(4, color.RGBA{}), size, 4).Rect.Empty())
	}
	assert.True(t, Bicubic(image.NewRGBA(image.Rectangle{}), 4, 4).Rect.Empty())
}
