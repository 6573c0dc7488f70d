//go:build slow

package upscale

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The real networks, which are downloaded if they are not installed, enlarge a drawn portrait as ncnn does.
func TestPretrainedMatchNCNN(t *testing.T) {
	backend := openXLA(t)
	dir, err := Install(t.Context(), os.Stderr)
	require.NoError(t, err)
	picture := drawnPixels(96)
	for _, net := range pretrained {
		t.Run(net.name, func(t *testing.T) {
			upscaler, err := OpenPretrained(backend, net.short)
			require.NoError(t, err)
			defer upscaler.Close()
			assert.Equal(t, net.name, upscaler.Name)
			got, err := upscaler.Upscale(t.Context(), picture, esrgan.TileOptions{})
			require.NoError(t, err)
			want := runNCNN(t, filepath.Join(dir, net.name), net.scale, picture)
			require.Equal(t, [2]int{want.Width, want.Height}, [2]int{got.Width, got.Height})
			db := decibels(want.RGB, got.RGB)
			t.Logf("%.1f dB", db)
			assert.Greater(t, db, 90.0)
		})
	}
}

// drawnPixels returns a portrait.
func drawnPixels(size int) esrgan.Pixels {
	drawn := portrait.At(1, 0).Draw(size)
	picture := esrgan.Pixels{Width: size, Height: size}
	for i := 0; i < len(drawn.Pix); i += 4 {
		for _, level := range drawn.Pix[i : i+3] {
			picture.RGB = append(picture.RGB, float32(level)/255)
		}
	}
	return picture
}

// runNCNN enlarges a picture with ncnn.
func runNCNN(t *testing.T, net string, scale int, picture esrgan.Pixels) esrgan.Pixels {
	t.Helper()
	command := ncnnPython(t, "run", net, strconv.Itoa(picture.Width), strconv.Itoa(picture.Height))
	command.Stdin, command.Stderr = bytes.NewReader(weightstest.Raw(picture.RGB)), os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	large, err := weights.DecodeFloats(dtypes.Float32, out)
	require.NoError(t, err)
	return esrgan.Pixels{Width: scale * picture.Width, Height: scale * picture.Height, RGB: large}
}
