package illustration

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	. "github.com/moelab/moelab/internal/vector"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIllustrationsAreDecidedBySeedAndIndex(t *testing.T) {
	for i := range 12 {
		require.Equal(t, Draw(1, i, 128), Draw(1, i, 128), "illustration %d", i)
	}
	assert.NotEqual(t, Draw(1, 0, 128), Draw(2, 0, 128))
	assert.NotEqual(t, Draw(1, 0, 128), Draw(1, 1, 128))
	assert.NotPanics(t, func() { Draw(1, -1, 32) })
}

func TestIllustrationsAreDrawnByManyAtOnce(t *testing.T) {
	const n = 16
	alone, together := make([]*image.RGBA, n), make([]*image.RGBA, n)
	var drawing sync.WaitGroup
	for i := range n {
		drawing.Go(func() { together[i] = Draw(3, i, 96) })
	}
	for i := range n {
		alone[i] = Draw(3, i, 96)
	}
	drawing.Wait()
	assert.Equal(t, alone, together)
}

func TestIllustrationsAreOpaqueAtEverySize(t *testing.T) {
	for _, size := range []int{1, 2, 17, 64, 200} {
		for i := range 30 {
			picture := Draw(5, i, size)
			require.Equal(t, image.Rect(0, 0, size, size), picture.Rect)
			require.True(t, picture.Opaque(), "illustration %d at %d", i, size)
		}
	}
	assert.True(t, Draw(1, 1, 0).Rect.Empty())
	assert.True(t, Draw(1, 1, -4).Rect.Empty())
}

// detail is the mean difference of neighbours across, in levels of green.
func detail(picture *image.RGBA) float64 {
	sum, n := 0.0, 0
	for y := range picture.Rect.Dy() {
		for x := 1; x < picture.Rect.Dx(); x++ {
			at := picture.PixOffset(x, y) + 1
			sum += math.Abs(float64(picture.Pix[at]) - float64(picture.Pix[at-4]))
			n++
		}
	}
	return sum / float64(n)
}

func TestIllustrationsAreRichAndDiverse(t *testing.T) {
	const n = 40
	sum, grey := 0.0, 0
	var means []float64
	for i := range n {
		picture := Draw(7, i, side)
		d := detail(picture)
		require.Greater(t, d, 0.7, "illustration %d is nearly plain", i)
		sum += d
		mean, coloured := 0.0, false
		for at := 0; at < len(picture.Pix); at += 4 {
			mean += float64(picture.Pix[at+1])
			coloured = coloured || abs(int(picture.Pix[at])-int(picture.Pix[at+2])) > 60
		}
		means = append(means, mean/float64(len(picture.Pix)/4))
		if !coloured {
			grey++
		}
	}
	t.Logf("neighbours differ by %.1f levels, %d of %d are black and white", sum/n, grey, n)
	assert.Greater(t, sum/n, 5.0)
	assert.InDelta(t, n/4, grey, 8)
	low, high := means[0], means[0]
	for _, m := range means {
		low, high = min(low, m), max(high, m)
	}
	assert.Greater(t, high-low, 80.0, "dark ones and light ones")
}

func TestEveryKindOfSceneIsDrawn(t *testing.T) {
	kinds := map[string][]choice{"compositions": compositions, "grounds": grounds, "panel grounds": panelGrounds}
	for name, from := range kinds {
		for i, c := range from {
			for seed := range uint64(8) {
				s := newScene(64, NewRand(seed, 1))
				s.hour, s.pen = hour(seed%3), 1
				s.All(white)
				assert.NotPanics(t, func() { c.draw(s) }, "%s %d of seed %d", name, i, seed)
			}
		}
	}
}

func TestDotsCoverWhatTheyShould(t *testing.T) {
	for _, level := range []float64{0, 0.1, 0.3, 0.5, 0.7, 0.95, 1} {
		const n = 200
		sum := 0.0
		for y := range n {
			for x := range n {
				sum += dotCover(Pt(float64(x)/n, float64(y)/n), level, 50)
			}
		}
		assert.InDelta(t, level, sum/(n*n), 0.02)
	}
}

func TestPrintingKeepsLinesAndScreensGreys(t *testing.T) {
	picture := image.NewRGBA(image.Rect(10, 20, 90, 100))
	for y := 20; y < 100; y++ {
		for x := 10; x < 90; x++ {
			c := Grey(255)
			if y >= 60 {
				c = Grey(170)
			}
			if x == 30 {
				c = Grey(140)
			}
			picture.Set(x, y, color.NRGBA(c))
		}
	}
	screen{period: 6, angle: math.Pi / 4, reach: 1}.print(picture)
	levels := map[uint8]int{}
	for y := 65; y < 100; y++ {
		for x := 40; x < 90; x++ {
			levels[picture.RGBAAt(x, y).R]++
		}
	}
	assert.Greater(t, levels[20], 200, "ink of the dots")
	assert.Greater(t, levels[255], 400, "paper between them")
	for y := 21; y < 59; y++ {
		require.Equal(t, uint8(20), picture.RGBAAt(30, y).R, "the line")
		require.Equal(t, uint8(255), picture.RGBAAt(50, y).R, "the paper")
	}
}

func TestTextHasItsLength(t *testing.T) {
	contours, length := lettering(regular, 20, "Moe")
	low, high := contours[0].Extent()
	for _, p := range contours {
		a, b := p.Extent()
		low, high = Pt(min(low.X, a.X), min(low.Y, a.Y)), Pt(max(high.X, b.X), max(high.Y, b.Y))
	}
	assert.Len(t, contours, 5, "M, two of o, two of e")
	assert.InDelta(t, length, high.X, 2)
	assert.InDelta(t, -14.5, low.Y, 1.5)
	assert.Equal(t, []string{"to be or", "not to be"}, lines([]string{"to", "be", "or", "not", "to", "be"}, 9))
}

func abs(v int) int { return max(v, -v) }

// BenchmarkDraw512 draws on all processors. Two of them must do 15 illustrations/s.
func BenchmarkDraw512(b *testing.B) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(1e6); pb.Next(); i++ {
			Draw(1, i, side)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "illustrations/s")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
}
