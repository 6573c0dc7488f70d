//go:build slow

package collect

import (
	"encoding/csv"
	"fmt"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// artFolder is the folder named by MOELAB_ART, with pictures that may not be shipped: see CONTRIBUTING.md.
func artFolder(t *testing.T) string {
	t.Helper()
	art := os.Getenv("MOELAB_ART")
	if art == "" {
		t.Skip("set MOELAB_ART to a folder with faces/<colour>/*.png and sr")
	}
	return art
}

// artFace is a face that a person named in a picture of the art. Its box reaches from the fringe to the chin.
type artFace struct {
	picture string
	box     image.Rectangle
	kind    string
}

func readArtFaces(t *testing.T) (faces []artFace) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "art_faces.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		var sides [4]int
		for i := range sides {
			sides[i], err = strconv.Atoi(row[1+i])
			require.NoError(t, err)
		}
		faces = append(faces, artFace{row[0], image.Rect(sides[0], sides[1], sides[2], sides[3]), row[5]})
	}
	return faces
}

// shows reports whether a head's square is that of a face: it holds nearly all of it, and is not much larger.
func (f artFace) shows(head [4]int) bool {
	square := image.Rect(head[0], head[1], head[2], head[3])
	area := func(r image.Rectangle) int { return r.Dx() * r.Dy() }
	return area(square.Intersect(f.box)) > area(f.box)*8/10 && square.Dx() < 4*f.box.Dx()
}

// TestFacesOfArtAreFoundAndNothingElse compares the faces of an import with those that a person named. The art, which
// may not be shipped, is a folder with a folder sr, named by MOELAB_ART. The limits of likeness were chosen with half
// of the pictures; the other half, set aside, is counted by itself.
func TestFacesOfArtAreFoundAndNothingElse(t *testing.T) {
	art := artFolder(t)
	report, err := Import(t.Context(), newFinder(t), filepath.Join(art, "sr"), filepath.Join(t.TempDir(), "out"),
		Options{By: []string{ByLook}})
	require.NoError(t, err)
	t.Log(report)
	type counts struct{ named, found, other int }
	var halves [2]counts
	half := func(picture string) *counts { return &halves[crc32.ChecksumIEEE([]byte(picture))%2] }
	named := map[string][]artFace{}
	for _, face := range readArtFaces(t) {
		named[face.picture] = append(named[face.picture], face)
		half(face.picture).named++
	}
	for _, picture := range report.Pictures {
		name := filepath.ToSlash(picture.Name)
		left := named[name]
		for _, face := range picture.Faces {
			if face.Why == tiltedToo {
				continue // It is counted, but not taken.
			}
			at := -1
			for i, n := range left {
				if n.shows(face.Box) {
					at = i
				}
			}
			if at < 0 {
				half(name).other++
				t.Log(fmt.Sprintf("no face: %s at %v (%s%s)", name, face.Box, face.Colour, face.Why))
				continue
			}
			half(name).found++
			left = append(left[:at:at], left[at+1:]...)
		}
		for _, missed := range left {
			t.Logf("missed: %s, %s; it looks like %d faces and %d single eyes", name, missed.kind,
				len(picture.Perhaps), len(picture.OneEyed))
		}
	}
	for i, c := range halves {
		t.Logf("%s: %d of %d faces found, %d that are none", []string{"tuned on", "set aside"}[i], c.found, c.named, c.other)
		assert.Zero(t, c.other)
		assert.GreaterOrEqual(t, 100*c.found, 95*c.named)
	}
}
