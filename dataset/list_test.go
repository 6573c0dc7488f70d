package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestALineOfLabelsNamesAFile(t *testing.T) {
	for _, file := range []string{"", ".", "a/..", "./"} {
		_, err := readLabels(strings.NewReader("file,colour\n"+file+",blue\n"), nil)
		assert.ErrorContains(t, err, "is not in the folder", "%q", file)
	}
}
