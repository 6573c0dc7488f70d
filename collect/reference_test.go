package collect

import (
	"image"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPictureIsHeldAsLongAsABlinkNeeds(t *testing.T) {
	counted := func(shown ...int) (n []int) {
		frames := func(yield func(footage.Frame, error) bool) {
			for _, times := range shown {
				picture := image.NewRGBA(image.Rect(0, 0, 2, 2))
				for range times {
					if !yield(footage.Frame{Picture: picture}, nil) {
						return
					}
				}
			}
		}
		var last *image.RGBA
		for frame, err := range held(frames) {
			require.NoError(t, err)
			if frame.Picture != last {
				n = append(n, 0)
			}
			n[len(n)-1]++
			last = frame.Picture
		}
		return n
	}
	assert.Equal(t, []int{3, 1, longestHold, 2}, counted(3, 1, 1000, 2))
	assert.Equal(t, []int{1, portrait.BlinkFrames - 1}, counted(1, 2), "the last one goes on until a blink could be over")
}
