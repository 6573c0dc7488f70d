package main

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors/numpy"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shiftedWaves is a texture that is shifted to the right.
func shiftedWaves(right float64) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			fx, fy := float64(x)-right, float64(y)
			v := uint8(128 + 50*math.Sin(0.31*fx+0.1*fy) + 50*math.Cos(0.23*fy-0.12*fx))
			picture.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return picture
}

// More frames than are worked on at once, so that several programs run side by side.
func TestFlowOfAnAnimationIsThatOfItsFramesInOrder(t *testing.T) {
	const side = 400 // One frame of 400×400 is all that is worked on at once.
	dir := t.TempDir()
	file, out := filepath.Join(dir, "waves.gif"), filepath.Join(dir, "out")
	var film gif.GIF
	var palette color.Palette
	for v := range 256 {
		palette = append(palette, color.Gray{uint8(v)})
	}
	shifts := []float64{0, 2, -1, 3, 1, -2}
	for _, right := range shifts {
		frame := image.NewPaletted(image.Rect(0, 0, side, side), palette)
		for y := range side {
			for x := range side {
				fx, fy := float64(x)-right, float64(y)
				frame.SetColorIndex(x, y, uint8(128+50*math.Sin(0.31*fx+0.1*fy)+50*math.Cos(0.23*fy-0.12*fx)))
			}
		}
		film.Image, film.Delay = append(film.Image, frame), append(film.Delay, 5)
	}
	written, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, gif.EncodeAll(written, &film))
	require.NoError(t, written.Close())

	assert.Contains(t, succeed(t, "flow", file, "-o", out, "--levels", "0"), "5 in all")
	for i, right := range shifts[1:] {
		array, err := numpy.FromNpyFile(filepath.Join(out, fmt.Sprintf("waves_%03d.npy", i+2)))
		require.NoError(t, err)
		at := array.Value().([][][]float32)[side/2][side/2]
		assert.InDelta(t, right, at[0], 0.1, "frame %d", i+2)
		assert.InDelta(t, 0, at[1], 0.1, "frame %d", i+2)
	}
}

func TestFlowWritesArraysAndPictures(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	args := []string{"flow", "-o", out, "--levels", "1"}
	for _, frame := range []struct {
		name  string
		right float64
	}{{"a/first.png", 0}, {"a/second.png", 2}, {"b/second.png", -1}} {
		path := filepath.Join(dir, frame.name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, imaging.SavePNG(path, shiftedWaves(frame.right)))
		args = append(args, path)
	}
	assert.Contains(t, succeed(t, args...), out+": the flow from the first frame to each later one, 2 in all")
	for name, right := range map[string]float32{"second": 2, "second-2": -1} {
		array, err := numpy.FromNpyFile(filepath.Join(out, name+".npy"))
		require.NoError(t, err)
		values := array.Value().([][][]float32)
		require.Len(t, values, 48)
		require.Len(t, values[0], 64)
		assert.InDelta(t, right, values[24][32][0], 0.1)
		assert.InDelta(t, 0, values[24][32][1], 0.1)
		data, err := os.ReadFile(filepath.Join(out, name+".npy"))
		require.NoError(t, err)
		assert.Equal(t, "\x93NUMPY", string(data[:6]))
		assert.Equal(t, values[0][0][0], math.Float32frombits(binary.LittleEndian.Uint32(data[len(data)-48*64*2*4:])))
		assert.FileExists(t, filepath.Join(out, name+".png"))
	}
	assert.NoFileExists(t, filepath.Join(out, "first.npy"))
}

func TestFlowRejectsInvalidArguments(t *testing.T) {
	dir := t.TempDir()
	small, large := filepath.Join(dir, "small.png"), filepath.Join(dir, "large.png")
	require.NoError(t, imaging.SavePNG(small, image.NewRGBA(image.Rect(0, 0, 9, 9))))
	require.NoError(t, imaging.SavePNG(large, image.NewRGBA(image.Rect(0, 0, 10, 9))))
	text := filepath.Join(dir, "text.png")
	require.NoError(t, os.WriteFile(text, []byte("no picture"), 0o644))
	for says, args := range map[string][]string{
		"name the pictures":       {"-o", dir},
		"-o is missing":           {small, small},
		"there is only one frame": {small, "-o", dir},
		"large.png has 10×9 pixels, the first frame 9×9": {small, large, "-o", dir},
		"text.png: not a picture":                        {small, text, "-o", dir},
		"no such file":                                   {filepath.Join(dir, "none.png"), "-o", dir},
		"the window is 0":                                {small, small, "-o", dir, "--window", "0"},
	} {
		status, _, stderr := moelab(t, append([]string{"flow"}, args...)...)
		assert.Equal(t, statusUsage, status, says)
		assert.Contains(t, stderr, says)
	}
}
