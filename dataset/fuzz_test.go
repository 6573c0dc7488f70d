package dataset

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a labels.csv says, its pictures are in its folder, each is listed once and has a class, and a rewritten file
// gives the same ones.
func FuzzReadLabels(f *testing.F) {
	for _, text := range []string{
		"file,colour\na.png,red\n", "\ufefffile,colour,eyes\r\nb/a.png, Red ,Blue\r\n", "colour,file\nred,../a.png\n",
		"file,colour\n/a.png,red\n", "file,colour\na.png\n", "file,colour\na.png,red\n./a.png,blue\n", "file,colour\n", "",
		"file,colour\n\"a\nb.png\",red,more\n", "FILE , Color\nx/../a.png,red\n", "file,colour\na.png, \n",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "labels.csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		lines, wrong, err := ReadLabels(path)
		if err != nil {
			require.Empty(t, lines)
			require.ErrorContains(t, err, path)
			return
		}
		require.NotEmpty(t, lines)
		for _, err := range wrong {
			require.ErrorContains(t, err, "line ")
		}
		require.LessOrEqual(t, len(lines), bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+1)
		header := []string{"file", "colour"}
		for _, attribute := range Attributes() {
			header = append(header, attribute.Name)
		}
		rows := [][]string{header}
		named := map[string]bool{}
		for _, line := range lines {
			require.True(t, filepath.IsLocal(line.File), "%q", line.File)
			require.Equal(t, filepath.Clean(line.File), line.File)
			require.False(t, named[line.File], "%q", line.File)
			named[line.File] = true
			require.NotEmpty(t, line.Class)
			require.Equal(t, strings.TrimSpace(line.Class), line.Class)
			row := []string{filepath.ToSlash(line.File), line.Class}
			for _, attribute := range Attributes() {
				row = append(row, line.Attributes[attribute.Name])
			}
			for name, class := range line.Attributes {
				require.Contains(t, header[2:], name)
				require.NotEmpty(t, class)
			}
			rows = append(rows, row)
		}
		if bytes.Contains(data, []byte("\r")) {
			return // encoding/csv reads \r\n as \n.
		}
		var text bytes.Buffer
		require.NoError(t, csv.NewWriter(&text).WriteAll(rows))
		require.NoError(t, os.WriteFile(path, text.Bytes(), 0o644))
		again, _, err := ReadLabels(path)
		require.NoError(t, err)
		require.Len(t, again, len(lines))
		for i, line := range lines {
			require.Equal(t, line.File, again[i].File)
			require.Equal(t, line.Class, again[i].Class)
			require.Equal(t, line.Attributes, again[i].Attributes)
		}
	})
}

// Whatever an eyes.json says, it gives one or two eyes, from left to right and not empty, and a rewritten file gives
// the same ones.
func FuzzReadEyes(f *testing.F) {
	for _, text := range []string{
		`{"left": [1, 2, 3, 4], "right": [10, 2, 3, 4]}`, `{"left": [9, 2, 3, 4], "right": [-1, 2, 3, 4]}`,
		`{"right": [1, 2, 3, 4], "note": "one eye"}`, `{"left": [1, 2, 3]}`, `{"left": [1, 2, 0, 4]}`,
		`{"left": [1, 2, -3, 4]}`,
		`{"left": null}`, `{}`, `null`, `{"left": [1e3, 2, 3, 4]}`, `{"left": [1.5, 2, 3, 4]}`, `[`, ``,
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), EyesFile)
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		eyes, err := ReadEyes(path)
		if err != nil {
			require.Empty(t, eyes)
			require.ErrorContains(t, err, path)
			return
		}
		require.NotEmpty(t, eyes)
		require.LessOrEqual(t, len(eyes), 2)
		for i, eye := range eyes {
			require.False(t, eye.Empty(), "%v", eye)
			require.Positive(t, eye.Dx())
			require.Positive(t, eye.Dy())
			require.LessOrEqual(t, eyes[0].Min.X, eyes[i].Min.X)
		}
		require.NoError(t, SaveEyes(path, eyes))
		again, err := ReadEyes(path)
		require.NoError(t, err)
		require.Equal(t, eyes, again)
	})
}
