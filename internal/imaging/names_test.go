package imaging

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumbersInNamesCountAsNumbers(t *testing.T) {
	names := []string{"10.png", "9.png", "a10b2.png", "a9b10.png", "007.png", "7.png", "a.png"}
	slices.SortFunc(names, CompareNames)
	assert.Equal(t, []string{"7.png", "007.png", "9.png", "10.png", "a.png", "a9b10.png", "a10b2.png"}, names)
}

// The index of package dataset remembers which files can be decoded.
func TestTheIndexOfPicturesKnowsTheFormats(t *testing.T) {
	var magics []string
	for _, format := range formats {
		magics = append(magics, format.magic)
	}
	assert.Equal(t, []string{
		pngSignature, "\xff\xd8", "GIF8?a", "RIFF????WEBP", "BM", "II*\x00", "MM\x00*", "II+\x00", "MM\x00+",
	}, magics, "more files can be decoded: raise indexVersion in package dataset, then change this list")
}
