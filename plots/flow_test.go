package plots

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uniform is a field of one vector.
func uniform(width, height int, right, down float32) FlowField {
	f := FlowField{Width: width, Height: height}
	for range width * height {
		f.Vectors = append(f.Vectors, right, down)
	}
	return f
}

func TestFlowColoursAreMiddleburys(t *testing.T) {
	// By hand: the wheel's steps mixed as the paper's code mixes them, for vectors of the longest length.
	for name, c := range map[string]struct {
		right, down float64
		want        color.RGBA
	}{
		"still":         {0, 0, color.RGBA{255, 255, 255, 255}},
		"right":         {1, 0, color.RGBA{255, 0, 0, 255}},
		"down":          {0, 1, color.RGBA{255, 229, 0, 255}},
		"left":          {-1, 0, color.RGBA{0, 208, 255, 255}},
		"half to right": {0.5, 0, color.RGBA{255, 127, 127, 255}},
		"too far":       {2, 0, color.RGBA{191, 0, 0, 255}},
		"unknown":       {math.NaN(), 0, color.RGBA{0, 0, 0, 255}},
	} {
		assert.Equal(t, c.want, flowColour(c.right, c.down), name)
	}
	assert.Len(t, wheel, 55)
	assert.Equal(t, color.RGBA{255, 0, 0, 255}, uniform(2, 2, 3, 0).Colours(3).RGBAAt(1, 1))
	slow := uniform(2, 2, 0.2, 0).Colours(0)
	assert.Equal(t, color.RGBA{255, 203, 203, 255}, slow.RGBAAt(0, 0), "motion of less than a pixel stays pale")
}

func TestFlowFigureShowsColoursArrowsAndTheWheel(t *testing.T) {
	fields := []FlowField{uniform(90, 60, 6, 0), uniform(90, 60, 0, -12)}
	figure, err := Flow{Title: "Motion", Fields: fields, Labels: []string{"frame 2", "frame 3"}}.Figure()
	require.NoError(t, err)
	var content bytes.Buffer
	require.NoError(t, figure.WriteSVG(&content))
	svg := content.String()
	for _, text := range []string{">Motion<", ">frame 2<", ">frame 3<", ">colours<", ">arrows<", ">rim: 12.0 px<"} {
		assert.Contains(t, svg, text)
	}

	arrows := fields[0].arrows(fitted(image.White, image.Pt(360, 240)), 4)
	bounds := arrows.Bounds()
	dark := 0
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			if r, _, _, _ := arrows.At(x, y).RGBA(); r < 0x4000 {
				dark++
			}
		}
	}
	unknown := uniform(90, 60, float32(math.NaN()), float32(math.Inf(1)))
	_, err = Flow{Fields: []FlowField{unknown}}.Figure()
	assert.NoError(t, err)
	grey := image.NewUniform(color.Gray{200})
	onGrey := fields[0].arrows(fitted(grey, image.Pt(360, 240)), 4)
	assert.Equal(t, color.RGBA{200, 200, 200, 255}, onGrey.At(1, 1), "the picture shows under the arrows")
	// Every 24 pixels an arrow of 24 pixels' length, 1.5 thick, with a head.
	assert.InDelta(t, 15*10*24*1.5, dark, 15*10*24)
}

func TestBadFlowsAreRejected(t *testing.T) {
	field := uniform(3, 2, 0, 0)
	for want, flow := range map[string]Flow{
		"without a field":         {},
		"field 0 has 3×3 pixels":  {Fields: []FlowField{{3, 3, field.Vectors}}},
		"field 1 has 2×3 pixels":  {Fields: []FlowField{field, uniform(2, 3, 0, 0)}},
		"1 pictures for 2 fields": {Fields: []FlowField{field, field}, Pictures: []image.Image{image.White}},
		"1 labels for 2 fields":   {Fields: []FlowField{field, field}, Labels: []string{"a"}},
		"a longest vector of -1":  {Fields: []FlowField{field}, Longest: -1},
		"a longest vector of NaN": {Fields: []FlowField{field}, Longest: math.NaN()},
	} {
		_, err := flow.Figure()
		assert.ErrorContains(t, err, want)
	}
}
