package textfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesAreShownOnOneLineWithoutEscapeCodes(t *testing.T) {
	for path, want := range map[string]string{
		"a b/ä漢字.png":           "a b/ä漢字.png",
		"two\nlines.png":        `"two\nlines.png"`,
		"esc\x1b[31mred.png":    `"esc\x1b[31mred.png"`,
		"\xff.png":              `"\xff.png"`,
		"right\u202eto left.px": `"right\u202eto left.px"`,
	} {
		assert.Equal(t, want, Name(path))
	}
}
