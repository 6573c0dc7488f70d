//go:build slow

package collect

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The folder named by MOELAB_ART holds faces/<colour>/<character>.png: portraits that moelab did not draw. Every second
// one gets a hat that moelab draws.
func TestLookTellsTheHairOfArt(t *testing.T) {
	art := artFolder(t)
	files, err := filepath.Glob(filepath.Join(art, "faces", "*", "*.png"))
	require.NoError(t, err)
	require.NotEmpty(t, files, art)
	all, right := map[string]int{}, map[string]int{}
	for i, file := range files {
		picture, err := dataset.ReadPicture(file)
		require.NoError(t, err)
		want := filepath.Base(filepath.Dir(file))
		count := func(kind string) {
			seen := look(picture)
			all[kind]++
			if _, ok := seen.verdict(); ok && seen.Colour.String() == want {
				right[kind]++
			} else {
				t.Logf("%s, %s: %s", file, kind, cmp.Or(seen.Other, seen.Colour.String()))
			}
		}
		count("as it is")
		hat := portrait.AtDressed(20261126, i, 1)
		if hat.Headwear == 0 {
			continue
		}
		hat.Tilt, hat.Move, hat.Scale = 0, portrait.Offset{}, 1.05 // As the heads of the art lie.
		hat.WearOver(picture, 0, 0, float64(picture.Rect.Dx()))
		count("with a hat")
		count(hat.Headwear.String())
	}
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		fmt.Printf("%s: %d of %d\n", kind, right[kind], all[kind])
	}
	assert.GreaterOrEqual(t, float64(right["as it is"]), 0.98*float64(all["as it is"]))
	assert.GreaterOrEqual(t, float64(right["with a hat"]), 0.95*float64(all["with a hat"]))
}
