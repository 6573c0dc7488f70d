package illustration

import (
	"image"

	"github.com/moelab/moelab/dataset/portrait"
)

// Draw paints the index-th illustration of the endless series of a seed, size × size opaque pixels.
// It may be called by many goroutines at once.
func Draw(seed uint64, index, size int) *image.RGBA {
	return portrait.At(seed, index).Draw(size)
}
