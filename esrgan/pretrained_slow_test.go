//go:build slow

package esrgan

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The real networks, which are downloaded where they are not installed, give what ncnn makes of a drawn portrait.
func TestPretrainedMatchNCNN(t *testing.T) {
	backend := openXLA(t)
	dir, err := InstallPretrained(t.Context(), os.Stderr)
	require.NoError(t, err)
	picture := drawnPixels(96)
	for _, net := range pretrained {
		t.Run(net.name, func(t *testing.T) {
			upscaler, err := OpenPretrained(backend, net.short)
			require.NoError(t, err)
			defer upscaler.Close()
			assert.Equal(t, net.name, upscaler.Name)
			got, err := upscaler.enlarge(picture)
			require.NoError(t, err)
			want := runNCNN(t, filepath.Join(dir, net.name), net.scale, picture)
			require.Equal(t, [2]int{want.Width, want.Height}, [2]int{got.Width, got.Height})
			db := decibels(want.RGB, got.RGB)
			t.Logf("%.1f dB", db)
			assert.Greater(t, db, 90.0)
		})
	}
}

// drawnPixels is a portrait.
func drawnPixels(size int) Pixels {
	drawn := portrait.At(1, 0).Draw(size)
	picture := Pixels{size, size, nil}
	for i := 0; i < len(drawn.Pix); i += 4 {
		picture.RGB = append(picture.RGB, float32(drawn.Pix[i])/255, float32(drawn.Pix[i+1])/255, float32(drawn.Pix[i+2])/255)
	}
	return picture
}

// runNCNN enlarges a picture with ncnn.
func runNCNN(t *testing.T, net string, scale int, picture Pixels) Pixels {
	t.Helper()
	command := ncnnPython(t, "run", net, strconv.Itoa(picture.Width), strconv.Itoa(picture.Height))
	command.Stdin, command.Stderr = bytes.NewReader(raw(picture.RGB)), os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	large, err := decodeFloats(dtypes.Float32, out)
	require.NoError(t, err)
	return Pixels{scale * picture.Width, scale * picture.Height, large}
}
