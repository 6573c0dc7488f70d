package blink

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// randomValues returns values in [-1, 1].
func randomValues(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(2*rng.Float64() - 1)
	}
	return values
}

func TestLidsLeaveOpenEyesAsTheyAre(t *testing.T) {
	config, err := Experiment.Preset("smoke-lids")
	require.NoError(t, err)
	size := config.Size
	picture := randomValues(size * size * 3)
	store := model.NewStore()
	exec, err := model.NewExec(openXLA(t), store, func(scope *model.Scope, inputs []*Node) []*Node {
		given := Given{Picture: inputs[0], Reference: inputs[1]}
		given.Openings = Const(inputs[0].Graph(), [][]float32{{1, 0}})
		return []*Node{Lids(scope, config, given), Openings(scope, config, inputs[1])}
	})
	require.NoError(t, err)
	defer exec.Finalize()
	outputs, err := exec.Call(
		tensors.FromFlatDataAndDimensions(picture, 1, size, size, 3),
		tensors.FromFlatDataAndDimensions(randomValues(2*size*size*3), 1, 2, size, size, 3),
	)
	require.NoError(t, err)
	drawn, openings := valuesOf(t, outputs[0]), valuesOf(t, outputs[1])
	assert.Equal(t, picture, drawn[:len(picture)], "an open eye has no paint")
	changed, border := 0.0, 0.0
	for i, v := range drawn[len(picture):] {
		difference := math.Abs(float64(v - picture[i]))
		changed += difference / float64(len(picture))
		if x := i / 3 % size; x == 0 {
			border = max(border, difference)
		}
		assert.LessOrEqual(t, math.Abs(float64(v)), 1+1e-6, "paint has the picture's colours")
	}
	assert.Greater(t, changed, 0.05, "a shut eye has")
	assert.Less(t, border, 0.3*2, "but little of it at the border of the square")
	assert.Equal(t, float32(1), openings[0], "the first frame is as open as it is")
	assert.NotEqual(t, float32(1), openings[1])
}

func TestPaintOverAPictureIsThatOfTheGraph(t *testing.T) {
	const size = 32
	painted := randomValues(size * size * 9)
	for i := range painted {
		if i%9 < 3 {
			painted[i] *= 4 // Logits.
		} else if i%9 >= 6 {
			painted[i] = painted[i%9] // The lashes have one colour.
		}
	}
	picture := image.NewRGBA(image.Rect(0, 0, 50, 40))
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(rng.IntN(256)) | uint8(255*(i%4/3))
	}
	view := view{x: 26, y: 19, side: size}
	at := func(first, n int) (values []float32) {
		for i := range size * size {
			values = append(values, painted[9*i+first:][:n]...)
		}
		return values
	}
	cut := make([]float32, size*size*3)
	imaging.Symmetric.Put(cut, view.cut(picture, size), false)
	exec, err := model.NewExec(openXLA(t), model.NewStore(), func(_ *model.Scope, inputs []*Node) *Node {
		expanded := func(x *Node) *Node { return ExpandAxes(x, 0, 1) }
		p := Painted{expanded(inputs[1]), expanded(inputs[2]), expanded(inputs[3])}
		return p.over(ExpandAxes(inputs[0], 0), Const(inputs[0].Graph(), [][]float32{{0.94}}))
	})
	require.NoError(t, err)
	defer exec.Finalize()
	square := func(values []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(values, size, size, 3)
	}
	output, err := exec.Call1(square(cut), square(at(0, 3)), square(at(3, 3)),
		tensors.FromFlatDataAndDimensions(painted[6:9], 1, 1, 3))
	require.NoError(t, err)
	want := imaging.FromValues(valuesOf(t, output), size, size)

	p := painter{size: size}
	before := *picture
	before.Pix = append([]uint8{}, picture.Pix...)
	p.over(picture, view, painted, 0.94)
	changed := 0
	eachPixel(picture.Rect, func(x, y int) {
		if !image.Pt(x, y).In(view.bounds()) {
			assert.Equal(t, before.RGBAAt(x, y), picture.RGBAAt(x, y), "outside the square")
			return
		}
		got, want := picture.RGBAAt(x, y), want.RGBAAt(x-10, y-3)
		for c, v := range []uint8{got.R, got.G, got.B} {
			assert.InDelta(t, []uint8{want.R, want.G, want.B}[c], v, 2, "pixel %d, %d", x, y)
		}
		if got != before.RGBAAt(x, y) {
			changed++
		}
	})
	assert.Greater(t, changed, size*size/2)
}

func TestViewsOfTiltedEyesAreLevel(t *testing.T) {
	// A picture of two discs on a line that falls by 30 degrees, each with a bar along it.
	picture := image.NewRGBA(image.Rect(0, 0, 200, 200))
	sin, cos := math.Sincos(math.Pi / 6)
	left, right := [2]float64{60, 70}, [2]float64{60 + 80*cos, 70 + 80*sin}
	eachPixel(picture.Rect, func(x, y int) {
		grey := uint8(0)
		for _, eye := range [][2]float64{left, right} {
			dx, dy := float64(x)+0.5-eye[0], float64(y)+0.5-eye[1]
			if along, across := dx*cos+dy*sin, dy*cos-dx*sin; math.Abs(along) < 15 && math.Abs(across) < 3 {
				grey = 255
			}
		}
		picture.SetRGBA(x, y, color.RGBA{grey, grey, grey, 255})
	})
	box := func(eye [2]float64) image.Rectangle {
		return image.Rect(-20, -20, 20, 20).Add(image.Pt(int(math.Round(eye[0])), int(math.Round(eye[1]))))
	}
	views := viewsOf([]image.Rectangle{box(left), box(right)})
	require.Len(t, views, 2)
	for _, v := range views {
		assert.InDelta(t, math.Pi/6, v.angle, 0.02)
		assert.InDelta(t, 52/(sin+cos), v.side, 0.1, "the box of a tilted eye is larger than that of a level one")
		cut := v.cut(picture, 38)
		for x := 8; x < 30; x++ {
			assert.Greater(t, cut.RGBAAt(x, 19).R, uint8(200), "the bar is level: column %d", x)
			assert.Less(t, cut.RGBAAt(x, 11).R, uint8(40))
			assert.Less(t, cut.RGBAAt(x, 27).R, uint8(40))
		}
	}
	level := viewsOf([]image.Rectangle{image.Rect(10, 20, 50, 50)})
	require.Len(t, level, 1)
	assert.Equal(t, view{x: 30, y: 35, side: 52}, level[0])
	m := view{x: 3, y: -4, side: 7, angle: 1}.onto(5)
	back := inverse(m)
	assert.InDelta(t, 1, m[0]*back[0]+m[1]*back[3], 1e-12)
	assert.InDelta(t, 0, m[0]*back[2]+m[1]*back[5]+m[2], 1e-12)
	assert.InDelta(t, 0, m[3]*back[2]+m[4]*back[5]+m[5], 1e-12)
}

func TestLidsTrainAndAreUsed(t *testing.T) {
	config, err := Experiment.Preset("smoke-lids")
	require.NoError(t, err)
	dir, backend := t.TempDir(), openXLA(t)
	summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
	require.NoError(t, err)
	for _, metric := range config.Metrics() {
		assert.Positive(t, summary.Values[metric], metric)
	}
	b, err := Open(backend, dir)
	require.NoError(t, err)
	defer b.Close()
	clip, err := dataset.VariedBlinks(1, 2, 64).Clip(t.Context(), 1)
	require.NoError(t, err)
	frames, err := b.Blink(t.Context(), clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
	require.NoError(t, err)
	require.Len(t, frames, Frames)
	assert.Equal(t, clip.Frames[0].Pix, frames[0].Pix, "the first frame is the picture")
	for _, curve := range []string{"content", "lids"} {
		_, err = Experiment.CurveFigure(dir, curve)
		assert.NoError(t, err, curve)
	}
	for _, figure := range figures(t.Context(), dir, b, lab.FigureOptions{}) {
		_, err := figure.Draw()
		if figure.Name == "seam" {
			assert.ErrorIs(t, err, lab.ErrLacks, "paint has no border")
		} else {
			assert.NoError(t, err, figure.Name)
		}
	}
	config.Part = "face"
	assert.ErrorContains(t, config.Validate(), `network is "lids", but part is "face"`)
}
