package checkedjson

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object struct {
	Name   string             `json:"name"`
	Values map[string]float64 `json:"values,omitempty"`
	Number uint64             `json:"number"`
}

var written = object{"seed=1", map[string]float64{"FID": 12.5}, 1}

func TestObjectsReadAsWritten(t *testing.T) {
	line, err := Line(written)
	require.NoError(t, err)
	// The checksum is that of Python's zlib.crc32.
	assert.Equal(t, `{"name":"seed=1","values":{"FID":12.5},"number":1,"crc32":"8b3edb34"}`, string(line))
	file, err := File(written)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(file), "{\n  \"name\": \"seed=1\",\n"), string(file))
	for _, text := range [][]byte{line, file, []byte(`{"name":"seed=1","values":{"FID":12.5},"number":1}`)} {
		var read object
		require.NoError(t, Unmarshal(text, &read), string(text))
		assert.Equal(t, written, read)
	}
	assert.ErrorContains(t, Unmarshal(file[:20], &object{}), "the JSON breaks off")
}

func TestALostBitIsNoticed(t *testing.T) {
	line, err := Line(written)
	require.NoError(t, err)
	file, err := File(written)
	require.NoError(t, err)
	for _, text := range [][]byte{line, file} {
		for bit := range 8 * len(text) {
			damaged := slices.Clone(text)
			damaged[bit/8] ^= 1 << (bit % 8)
			assert.Error(t, Unmarshal(damaged, &object{}), "bit %d: %s", bit, damaged)
		}
	}
}
