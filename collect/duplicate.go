package collect

import (
	"fmt"
	"image"
	"math/bits"

	"github.com/corona10/goimagehash"
	"github.com/moelab/moelab/internal/imaging"
)

// fingerprint identifies a picture even after it has been enlarged, reduced or compressed.
type fingerprint struct {
	// Hash is the perceptual hash: the signs of 16 × 16 low frequencies of the brightness.
	Hash []uint64 `json:"hash"`
	// Colours are the picture's at 4 × 4 pixels, RGBA: the hash does not see colour, and the same face with other hair is
	// another picture.
	Colours []byte `json:"colours"`
}

const (
	// sameBits is the greatest number of the 256 bits in which hashes of one picture differ, and sameColour the greatest
	// average distance of its values in Colours, of 255.
	sameBits   = 12
	sameColour = 5
)

func fingerprintOf(picture *image.RGBA) (fingerprint, error) {
	hash, err := goimagehash.ExtPerceptionHash(picture, 16, 16)
	if err != nil {
		return fingerprint{}, fmt.Errorf("hash a picture: %w", err)
	}
	return fingerprint{hash.GetHash(), imaging.Bicubic(picture, 4, 4).Pix}, nil
}

// same reports whether two fingerprints are of the same picture.
func (f fingerprint) same(other fingerprint) bool {
	if len(f.Hash) != len(other.Hash) || len(f.Colours) != len(other.Colours) {
		return false
	}
	differ := 0
	for i := range f.Hash {
		differ += bits.OnesCount64(f.Hash[i] ^ other.Hash[i])
	}
	if differ > sameBits {
		return false
	}
	sum := 0
	for i := range f.Colours {
		sum += max(int(f.Colours[i])-int(other.Colours[i]), int(other.Colours[i])-int(f.Colours[i]))
	}
	return sum <= sameColour*3*len(f.Colours)/4 // A quarter of them is opacity, which never differs.
}
