package portrait_test

import (
	"fmt"
	"image"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/vector/vectortest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVariedEyesChangeNothingElse(t *testing.T) {
	const size = 160
	check := func(name string, p portrait.Params) {
		boxes := p.EyeBoxes(size)
		open := p.Draw(size)
		for _, opening := range []float64{0, 0.3, 0.8} {
			p.EyeOpening = opening
			_, outside := changes(open, p.Draw(size), boxes)
			require.Zero(t, outside, "%s at opening %g: pixels changed outside of %v", name, opening, boxes)
		}
	}
	for i := range 150 {
		check(fmt.Sprint("portrait ", i), portrait.AtVaried(5, i))
	}
	for _, hard := range portrait.HardCases {
		for i := range 10 {
			check(fmt.Sprint(hard.Name, " ", i), hard.Blink(6, i).Frames[0])
		}
	}
}

func TestVariedPortraitsAreAsRecorded(t *testing.T) {
	var drawings []vectortest.Drawing
	add := func(name string, picture *image.RGBA) {
		drawings = append(drawings, vectortest.Drawing{Name: name, Bytes: picture.Pix})
	}
	for i := range 60 {
		p := portrait.AtVaried(1, i)
		p.EyeOpening *= []float64{1, 0.4, 0}[i%3]
		add(fmt.Sprintf("portrait %d", i), p.Draw(96))
	}
	for _, hard := range portrait.HardCases {
		for i, frame := range []int{0, 5} {
			add(fmt.Sprintf("%s, frame %d", hard.Name, frame), hard.Blink(2, i).Frames[frame].Draw(96))
		}
	}
	vectortest.CheckHashes(t, "varied.txt", drawings)
}

func TestVariedEyesDiffer(t *testing.T) {
	looks := map[portrait.Look]bool{}
	kinds := map[string]int{}
	const n = 400
	for i := range n {
		p := portrait.AtVaried(3, i)
		looks[p.Look] = true
		kinds[fmt.Sprintf("lower lashes %d", p.Lower)]++
		kinds[fmt.Sprintf("glints %d", p.Glints)]++
		kinds[fmt.Sprintf("fold %d", p.Fold)]++
		kinds[fmt.Sprintf("glasses %d", p.Glasses)]++
		kinds[fmt.Sprintf("loose hair %t", p.Loose > 0)]++
		assert.Greater(t, p.EyeOpening, 0.45, "portrait %d has open eyes", i)
	}
	assert.Len(t, looks, n)
	assert.Len(t, kinds, 4+5+4+4+2)
	for kind, times := range kinds {
		assert.Greater(t, times, n/100, kind)
	}
}
