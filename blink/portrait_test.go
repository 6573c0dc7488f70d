package blink

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAGreyPortraitBlinksInGrey(t *testing.T) {
	b, err := OpenShipped(openXLA(t))
	require.NoError(t, err)
	defer b.Close()
	clip, err := dataset.DrawnBlinks(20_260_102, 1, 128).Clip(t.Context(), 0)
	require.NoError(t, err)
	grey := image.NewGray(clip.Frames[0].Rect)
	draw.Draw(grey, grey.Rect, clip.Frames[0], image.Point{}, draw.Src)
	asRGB := image.NewNRGBA(grey.Rect)
	draw.Draw(asRGB, grey.Rect, grey, image.Point{}, draw.Src)
	for i := range asRGB.Pix { // As lossy formats leave it.
		if i%4 < 3 {
			asRGB.Pix[i] ^= uint8(i>>3) & 1
		}
	}
	for name, c := range map[string]struct {
		picture image.Image
		apart   int
		gray    bool
	}{"grey": {grey, 0, true}, "grey as RGB": {asRGB, 1, false}} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			require.NoError(t, png.Encode(&file, c.picture))
			portrait, err := ReadPortrait(&file)
			require.NoError(t, err)
			patches, err := b.Patches(t.Context(), portrait.Colours(), [][]image.Rectangle{clip.Eyes}, clip)
			require.NoError(t, err)
			for _, extension := range []string{".png", ".webp", ".gif"} {
				path := filepath.Join(t.TempDir(), "blink"+extension)
				require.NoError(t, Film{Portrait: portrait, Patches: patches}.Save(path))
				made, err := imaging.Open(path)
				require.NoError(t, err)
				assert.Equal(t, c.gray && extension == ".png", made.Gray, "pixels without colours, in %s", extension)
				apart := 0
				for frame, err := range made.Frames() {
					require.NoError(t, err)
					shown := imaging.OnWhite(frame.Pixels)
					for i := 0; i < len(shown.Pix); i += 4 {
						p := shown.Pix[i:]
						apart = max(apart, int(max(p[0], p[1], p[2])-min(p[0], p[1], p[2])))
					}
				}
				assert.LessOrEqual(t, apart, c.apart, extension)
			}
			first, shut := patches[0].Frames[0], patches[0].Frames[Closed(clip)]
			assert.False(t, bytes.Equal(first.Pix, shut.Pix), "the eye moves")
		})
	}
}
