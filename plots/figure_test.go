package plots_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"html"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/plots"
)

// count returns how many pixels within r have exactly this colour.
func count(picture image.Image, r image.Rectangle, colour color.Color) int {
	want := color.RGBAModel.Convert(colour)
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if color.RGBAModel.Convert(picture.At(x, y)) == want {
				n++
			}
		}
	}
	return n
}

// svg returns the figure as SVG, having checked that it is well-formed.
func svg(t *testing.T, figure *plots.Figure) string {
	t.Helper()
	var content bytes.Buffer
	require.NoError(t, figure.WriteSVG(&content))
	decoder := xml.NewDecoder(bytes.NewReader(content.Bytes()))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return content.String()
		} else {
			require.NoError(t, err)
		}
	}
}

// texts returns all text in the figure, line by line.
func texts(t *testing.T, figure *plots.Figure) []string {
	t.Helper()
	var found []string
	for _, match := range textElement.FindAllStringSubmatch(svg(t, figure), -1) {
		found = append(found, html.UnescapeString(match[1]))
	}
	return found
}

var textElement = regexp.MustCompile(`<text[^>]*>([^<]*)</text>`)

// savedCSV returns the output of SaveCSV.
func savedCSV(t *testing.T, figure *plots.Figure) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "numbers.csv")
	require.NoError(t, figure.SaveCSV(path))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func smallFigure(t *testing.T) *plots.Figure {
	t.Helper()
	figure, err := plots.Bars{Title: "Pictures", Names: []string{"blue", "red"}, Values: []float64{3, 1}}.Figure()
	require.NoError(t, err)
	return figure
}

func TestSaveMakesFoldersAndReplacesOlderFile(t *testing.T) {
	figure := smallFigure(t)
	folder := filepath.Join(t.TempDir(), "run", "figures")
	path := filepath.Join(folder, "bars.PNG")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(path, []byte("older"), 0o644))
	require.NoError(t, figure.Save(path))
	require.NoError(t, figure.Save(filepath.Join(folder, "more", "bars.svg")))

	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	assert.Equal(t, figure.Image().Bounds(), picture.Bounds())

	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 2, "the picture and the folder, no temporary file")
}

func TestSaveExplainsAnInvalidName(t *testing.T) {
	figure := smallFigure(t)
	path := filepath.Join(t.TempDir(), "bars.jpg")
	assert.ErrorContains(t, figure.Save(path), path+": the name has to end in .png or .svg")
	assert.NoFileExists(t, path)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.ErrorContains(t, figure.Save(filepath.Join(file, "bars.png")), file)
	assert.ErrorContains(t, figure.SaveCSV(filepath.Join(file, "bars.csv")), file)
}

func TestFailedSaveKeepsOlderFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "taken.png")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "inside"), 0o755)) // a folder cannot be replaced by a file
	require.Error(t, smallFigure(t).Save(path))
	assert.DirExists(t, filepath.Join(path, "inside"))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file is left")
}

func TestFigureHasTwoPixelsAPoint(t *testing.T) {
	figure := smallFigure(t)
	width, height := figure.Size()
	assert.Equal(t, 900, width)
	assert.Equal(t, image.Rect(0, 0, 2*width, 2*height), figure.Image().Bounds())
}

func TestShowOutsideANotebookSaysSo(t *testing.T) {
	assert.ErrorIs(t, smallFigure(t).Show(), plots.ErrNoNotebook)
}

func TestFigureIsDrawnFromACopyOfItsData(t *testing.T) {
	series := plots.Series{Name: "loss", Steps: []int{0, 1, 2}, Values: []float64{1, 2, 3}}
	figure, err := plots.Curves{Series: []plots.Series{series}}.Figure()
	require.NoError(t, err)
	before, numbers := svg(t, figure), savedCSV(t, figure)
	series.Values[1], series.Steps[2] = -50, 99
	assert.Equal(t, before, svg(t, figure))
	assert.Equal(t, numbers, savedCSV(t, figure))
}
