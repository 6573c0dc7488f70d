package vector_test

import (
	"fmt"
	"image"
	"image/draw"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/moelab/moelab/internal/vector"
)

// scaled is a View that enlarges a drawing.
type scaled float64

func (s scaled) Pixel(p Point) Point { return p.Mul(float64(s)) }

func (s scaled) Centres(places []Point, x, y int) {
	for i := range places {
		places[i] = Pt(float64(x+i)+0.5, float64(y)+0.5).Mul(1 / float64(s))
	}
}

// newCanvas is black, with ten pixels a unit.
func newCanvas(width, height int) *Canvas {
	c := &Canvas{Picture: image.NewRGBA(image.Rect(0, 0, width, height)), View: scaled(10)}
	c.All(Grey(0))
	return c
}

// area is how much of the canvas is white, in square units.
func area(c *Canvas) float64 {
	sum := 0
	for i := 0; i < len(c.Picture.Pix); i += 4 {
		sum += int(c.Picture.Pix[i])
	}
	return float64(sum) / 255 / 100
}

func disc(centre Point, radius float64) Path { return Ellipse(centre, radius, radius, 200) }

func TestFilledShapesHaveTheirArea(t *testing.T) {
	for name, c := range map[string]struct {
		shape Path
		want  float64
	}{
		"disc":             {disc(Pt(5, 5), 3), math.Pi * 9},
		"ellipse":          {Ellipse(Pt(5, 5), 4, 1.5, 200), math.Pi * 6},
		"rectangle":        {Rect(1.03, 2.57, 8.41, 3.33), 7.38 * 0.76},
		"turned rectangle": {Rect(3, 4, 7, 6).Turned(Pt(5, 5), 0.7, 1.2), 8 * 1.44},
		"moved":            {Rect(0, 0, 2, 2).Moved(Pt(3.3, 4.4)), 4},
		"cut off":          {disc(Pt(0, 0), 3), math.Pi * 9 / 4},
		"far too large":    {Rect(-1e4, -1e4, 1e4, 5), 50},
		"outside":          {disc(Pt(-50, 5), 3), 0},
		"line":             {Path{Pt(1, 1), Pt(9, 9)}, 0},
		"empty":            {nil, 0},
		"not a number":     {disc(Pt(math.NaN(), 5), 3), 0},
	} {
		canvas := newCanvas(100, 100)
		canvas.Fill(Grey(255), c.shape)
		assert.InDelta(t, c.want, area(canvas), 0.05, name)
	}
}

func TestShapesPaintedTogetherAreTheirUnionOrHaveHoles(t *testing.T) {
	union, ring := newCanvas(100, 100), newCanvas(100, 100)
	union.Fill(Grey(255), Rect(1, 1, 5, 5), Path{}, Rect(3, 1, 7, 5))
	assert.InDelta(t, 24, area(union), 0.01)
	ring.Fill(Grey(255), disc(Pt(5, 5), 4), disc(Pt(5, 5), 2).Reversed())
	assert.InDelta(t, 12*math.Pi, area(ring), 0.05)
}

func TestStrokesHaveTheirWidth(t *testing.T) {
	spine := make(Path, 101)
	for i := range spine {
		spine[i] = Pt(1+8*float64(i)/100, 5)
	}
	for name, c := range map[string]struct {
		profile Profile
		want    float64 // mean width
	}{
		"even":       {Even(1.5), 1.5},
		"taper both": {TaperBoth(1.5), 1.5 * math.Pi / 4}, // half an ellipse
		"taper end":  {TaperEnd(1.5), 1.5 * 2 / 3},        // half a parabola
	} {
		canvas := newCanvas(100, 100)
		canvas.Stroke(Grey(255), spine, c.profile)
		assert.InDelta(t, 8*c.want, area(canvas), 0.05, name)
	}
	canvas := newCanvas(100, 100)
	canvas.Fill(Grey(255), Segment(Pt(2, 2), Pt(5, 6), 1, 3))
	assert.InDelta(t, 5*2, area(canvas), 0.05, "a wedge")
	canvas = newCanvas(100, 100)
	canvas.Outlined(Grey(255), disc(Pt(5, 5), 3), 1, Grey(255))
	assert.InDelta(t, math.Pi*3.5*3.5, area(canvas), 0.1, "half of the line lies outside")
}

func TestPaintMixesByOpacityAndCoverage(t *testing.T) {
	canvas := newCanvas(3, 1)
	canvas.Fill(RGB(0xff8000).Faded(0.5), Rect(0, 0, 0.15, 0.1))
	assert.Equal(t, []uint8{128, 64, 0, 255, 64, 32, 0, 255, 0, 0, 0, 255}, canvas.Picture.Pix)
}

func TestClipsLimitPainting(t *testing.T) {
	canvas := newCanvas(100, 100)
	canvas.ClipTo(Rect(1, 1, 4, 4), Rect(3, 1, 6, 4))
	canvas.All(Grey(255))
	assert.InDelta(t, 15, area(canvas), 0.1, "the union")

	canvas = newCanvas(100, 100)
	canvas.ClipTo(disc(Pt(5, 5), 4))
	canvas.ClipAlsoTo(Rect(0, 0, 5, 10))
	canvas.All(Grey(255))
	assert.InDelta(t, 8*math.Pi, area(canvas), 0.05, "half a disc")
	canvas.ClipAlsoTo(Rect(20, 20, 30, 30))
	canvas.All(Grey(0))
	assert.InDelta(t, 8*math.Pi, area(canvas), 0.05, "nothing is left of the clip")
	canvas.Unclip()
	canvas.All(Grey(0))
	assert.Zero(t, area(canvas))
}

func TestPartsOfPicturesAreClippedLikeWhole(t *testing.T) {
	whole, part := newCanvas(100, 100), newCanvas(100, 100)
	box := image.Rect(20, 30, 70, 80)
	part.Picture = part.Picture.SubImage(box).(*image.RGBA)
	for _, c := range []*Canvas{whole, part} {
		c.ClipTo(disc(Pt(4, 5), 4))
		c.ClipAlsoTo(Rect(3, 0, 10, 10))
		c.Fill(NewRamp(64, Grey(255), Grey(100)).Vertical(0, 10), disc(Pt(6, 6), 3))
	}
	wanted := image.NewRGBA(box)
	draw.Draw(wanted, box, whole.Picture, box.Min, draw.Src)
	got := image.NewRGBA(box)
	draw.Draw(got, box, part.Picture, box.Min, draw.Src)
	assert.Equal(t, wanted, got)
}

func TestBoundsAreWholePixels(t *testing.T) {
	canvas := newCanvas(100, 50)
	assert.Equal(t, image.Rect(12, 21, 35, 40), canvas.Bounds(Rect(1.29, 2.11, 2, 3), Rect(3, 3, 3.41, 4)))
	assert.Equal(t, image.Rect(0, 0, 100, 50), canvas.Bounds(Rect(-3, -3, 30, 30)))
	assert.True(t, canvas.Bounds().Empty())
	assert.True(t, Bounds([]Point{Pt(math.NaN(), 0), Pt(1, 1)}).Empty())
}

func TestGradientsGoFromTheirFirstInkToTheirLast(t *testing.T) {
	ramp := NewRamp(100, Grey(0), Grey(200), Grey(100))
	for name, c := range map[string]struct {
		paint Paint
		at    func(t float64) Point
	}{
		"linear":     {ramp.Linear(Pt(1, 1), Pt(4, 5)), func(t float64) Point { return Pt(1+3*t-4, 1+4*t+3) }},
		"horizontal": {ramp.Horizontal(2, 6), func(t float64) Point { return Pt(2+4*t, 9) }},
		"vertical":   {ramp.Vertical(2, 6), func(t float64) Point { return Pt(9, 2+4*t) }},
		"radial":     {ramp.Radial(Pt(5, 5), 3, 2), func(t float64) Point { return Pt(5+3*t*0.6, 5-2*t*0.8) }},
	} {
		for _, want := range []struct {
			t    float64
			grey uint8
		}{{0, 0}, {0.25, 100}, {0.5, 200}, {0.75, 150}, {1, 100}, {7, 100}} {
			assert.Equal(t, Grey(want.grey), c.paint.At(c.at(want.t)), "%s at %g", name, want.t)
		}
	}
	assert.Equal(t, Grey(0), ramp.Vertical(3, 3).At(Pt(0, 3)), "without extent")
	faded := NewRamp(2, RGB(0x123456).Opacities(1, 0)...)
	assert.Equal(t, Ramp{{0x12, 0x34, 0x56, 255}, {0x12, 0x34, 0x56, 128}, {0x12, 0x34, 0x56, 0}}, faded)
}

func TestShadersPaintEachPixelByItsMiddle(t *testing.T) {
	canvas := newCanvas(4, 3)
	canvas.All(Shader(func(p Point) Ink {
		return Opaque(uint8(math.Round(100*p.X)), uint8(math.Round(100*p.Y)), 0)
	}))
	assert.Equal(t, []uint8{35, 25, 0, 255}, canvas.Picture.Pix[canvas.Picture.PixOffset(3, 2):])
}

func TestColoursComeBackFromCIELCh(t *testing.T) {
	for _, c := range []Ink{RGB(0xff0000), RGB(0x3f7fd0), RGB(0x102030), Grey(255), Grey(0), Grey(77)} {
		assert.Equal(t, c, HCL(c.HCL()))
		hue, chroma, lightness := c.HCL()
		assert.Equal(t, c, HCL(hue-360, chroma, lightness), "another turn")
	}
	_, chroma, lightness := Grey(119).HCL()
	assert.InDelta(t, 0, chroma, 1e-4)
	assert.InDelta(t, 0.5, lightness, 0.002, "sRGB 119 is the middle grey")
	assert.InDelta(t, 1, Grey(0).Distance(Grey(255)), 1e-4)
	assert.Equal(t, Ink{50, 100, 150, 128}, Mix(Ink{0, 0, 100, 255}, Ink{100, 200, 200, 0}, 0.5))
	assert.Equal(t, uint8(255), Grey(1).Faded(3).A)
}

func TestPathsTurnAndJoin(t *testing.T) {
	p := Path{Pt(1, 0), Pt(2, 0)}
	assertNear(t, Path{Pt(0, 2), Pt(0, 4)}, p.Turned(Point{}, math.Pi/2, 2), "clockwise, with y down")
	assert.Equal(t, Path{Pt(-1, 0), Pt(-2, 0)}, p.Mirrored())
	assert.Equal(t, Path{Pt(2, 0), Pt(1, 0)}, p.Reversed())
	assert.Equal(t, Path{Pt(1, 0), Pt(2, 0), Pt(1, 0)}, p.Closed())
	long := append(p, Pt(9, 9))
	_ = long[:2].Then(p)
	assert.Equal(t, Pt(9, 9), long[2], "Then leaves what lies behind a part of a path")
	q, axis := Pt(3, 4), Pt(0.6, 0.8)
	assertNear(t, Path{q}, Path{q.Turned(axis).TurnedBack(axis)})
	assertNear(t, Path{Pt(5, 0)}, Path{q.TurnedBack(axis)})
	assert.Equal(t, 5.0, q.Length())
	assert.Equal(t, 5.0, q.Dot(axis))
	assert.Equal(t, Pt(2, 0.5), Between(Pt(1, 0), Pt(5, 2), 0.25))
}

func assertNear(t *testing.T, want, got Path, args ...any) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		assert.InDelta(t, 0, want[i].Sub(got[i]).Length(), 1e-12, args...)
	}
}

func TestBezierCurvesAreParabolas(t *testing.T) {
	for _, k := range []float64{0, 0.2, 0.5, 1} { // y = x² from -1 to 1
		x := 2*k - 1
		assertNear(t, Path{Pt(x, x*x)}, Path{Bezier(Pt(-1, 1), Pt(0, -1), Pt(1, 1), k)})
	}
}

func TestHermiteCurvesMeetTheirEndsAndTangents(t *testing.T) {
	a, b, ta, tb := Pt(1, 2), Pt(4, 3), Pt(2, -1), Pt(0.5, 3)
	at := func(t float64) Point { return Hermite(a, b, ta, tb, t) }
	assertNear(t, Path{a, b}, Path{at(0), at(1)})
	const h = 1e-7
	assert.InDelta(t, 0, at(h).Sub(a).Mul(1/h).Sub(ta).Length(), 1e-5)
	assert.InDelta(t, 0, b.Sub(at(1-h)).Mul(1/h).Sub(tb).Length(), 1e-5)
}

func TestRandomNumbersFillTheirRanges(t *testing.T) {
	r, again := NewRand(1, 2), NewRand(1, 2)
	const n = 20000
	within, stray, happened := 0.0, 0.0, 0
	seen := map[string]int{}
	for range n {
		v, s := r.Within(3, 5), r.Stray(2)
		require.True(t, 3 <= v && v < 5 && -2 <= s && s < 2)
		within, stray = within+v, stray+s
		if r.Chance(0.3) {
			happened++
		}
		seen[OneOf(r, "a", "b", "b")]++
	}
	assert.InDelta(t, 4, within/n, 0.02)
	assert.InDelta(t, 0, stray/n, 0.04)
	assert.InDelta(t, 0.3, float64(happened)/n, 0.015)
	assert.InDelta(t, 2.0/3, float64(seen["b"])/n, 0.015)
	assert.Len(t, seen, 2)
	assert.Equal(t, NewRand(1, 2).Uint64(), again.Uint64())
	assert.NotEqual(t, NewRand(1, 3).Uint64(), NewRand(1, 2).Uint64())
}

func ExampleCanvas() {
	canvas := &Canvas{Picture: image.NewRGBA(image.Rect(0, 0, 20, 20)), View: scaled(10)}
	canvas.All(Grey(255))
	canvas.Fill(NewRamp(64, RGB(0xff0000), RGB(0x800000)).Vertical(0, 2), Ellipse(Pt(1, 1), 0.8, 0.8, 40))
	canvas.Stroke(RGB(0x0000ff), Path{Pt(0, 1), Pt(2, 1)}, Even(0.2))
	fmt.Println(canvas.Picture.RGBAAt(0, 0), canvas.Picture.RGBAAt(10, 10))
	// Output: {255 255 255 255} {0 0 255 255}
}
