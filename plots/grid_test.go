package plots_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/plots"
)

// noise is an opaque picture in which every pixel differs from its neighbours. Its corner is not at (0, 0).
func noise(width, height, seed int) image.Image {
	picture := image.NewNRGBA(image.Rect(3, 5, 3+width, 5+height))
	for i := range width * height {
		n := (i + 1) * (seed + 1) * 2654435761
		picture.SetNRGBA(3+i%width, 5+i/width, color.NRGBA{R: uint8(n >> 8), G: uint8(n >> 16), B: uint8(n >> 24), A: 255})
	}
	return picture
}

func plain(size int, colour color.Color) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		picture.Set(i%size, i/size, colour)
	}
	return picture
}

func TestGridShowsEveryPixelAsASquare(t *testing.T) {
	first, second := noise(32, 24, 1), noise(32, 24, 2)
	figure, err := plots.Grid{Pictures: [][]image.Image{{first}, {second}}, Scale: 2, Gap: 10}.Figure()
	require.NoError(t, err)
	width, height := figure.Size()
	assert.Equal(t, 14+32*2+14, width)
	assert.Equal(t, 14+24*2+10+24*2+14, height)
	for y := range 24 * 4 {
		for x := range 32 * 4 {
			want := color.RGBAModel.Convert(first.At(3+x/4, 5+y/4))
			require.Equal(t, want, color.RGBAModel.Convert(figure.Image().At(28+x, 28+y)), "first, at %d, %d", x, y)
			want = color.RGBAModel.Convert(second.At(3+x/4, 5+y/4))
			require.Equal(t, want, color.RGBAModel.Convert(figure.Image().At(28+x, 28+24*4+20+y)), "second, at %d, %d", x, y)
		}
	}
}

func TestGridFitsTheNotebook(t *testing.T) {
	tests := []struct {
		name                string
		size, rows, columns int
		width               int // in points; 0: at most 900
	}{
		{"small pictures grow to 192 points", 32, 1, 3, 14 + 3*192 + 2*4 + 14},
		{"by whole pixels of the screen", 100, 1, 2, 14 + 2*150 + 4 + 14},
		{"and no further than fits", 64, 2, 9, 14 + 9*64 + 8*4 + 14},
		{"large ones shrink", 512, 2, 4, 0},
		{"many shrink", 128, 2, 20, 0},
		{"one is left as it is", 512, 1, 1, 14 + 256 + 14},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			picture := noise(test.size, test.size, 1)
			pictures := make([][]image.Image, test.rows)
			for i := range pictures {
				for range test.columns {
					pictures[i] = append(pictures[i], picture)
				}
			}
			figure, err := plots.Grid{Pictures: pictures}.Figure()
			require.NoError(t, err)
			width, _ := figure.Size()
			if test.width > 0 {
				assert.Equal(t, test.width, width)
				return
			}
			assert.LessOrEqual(t, width, 900)
			assert.Greater(t, width, 800)
		})
	}
}

func TestGridLeavesMissingPicturesBlank(t *testing.T) {
	red := color.NRGBA{R: 255, A: 255}
	picture := plain(10, red)
	figure, err := plots.Grid{Pictures: [][]image.Image{{picture, nil, picture}, {picture}, {}}, Scale: 1, Gap: 2}.Figure()
	require.NoError(t, err)
	assert.Equal(t, 3*20*20, count(figure.Image(), figure.Image().Bounds(), red))
	cell := func(row, column int) image.Rectangle {
		corner := image.Pt(28+column*24, 28+row*24)
		return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(20, 20))}
	}
	for _, blank := range []image.Rectangle{cell(0, 1), cell(1, 1), cell(1, 2), cell(2, 0)} {
		assert.Equal(t, 400, count(figure.Image(), blank, color.White))
	}
}

func TestGridSmoothEnlargesWithoutSquares(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(255 * (i % 2))
	}
	grays := func(smooth bool) map[color.Color]bool {
		figure, err := plots.Grid{Pictures: [][]image.Image{{picture}}, Scale: 4, Smooth: smooth}.Figure()
		require.NoError(t, err)
		seen := map[color.Color]bool{}
		for x := 28; x < 28+64; x++ {
			seen[figure.Image().At(x, 60)] = true
		}
		return seen
	}
	assert.Len(t, grays(false), 2)
	assert.Greater(t, len(grays(true)), 4)
}

func TestGridPutsTransparentPicturesOnWhite(t *testing.T) {
	figure, err := plots.Grid{Pictures: [][]image.Image{{plain(16, color.NRGBA{R: 255, A: 0})}}}.Figure()
	require.NoError(t, err)
	bounds := figure.Image().Bounds()
	assert.Equal(t, bounds.Dx()*bounds.Dy(), count(figure.Image(), bounds, color.White))
}

func TestGridHasLabelsAndSwatches(t *testing.T) {
	silver := color.NRGBA{R: 200, G: 205, B: 215, A: 255}
	grid := plots.Grid{
		Title:         "Fixed noise",
		Pictures:      [][]image.Image{{noise(64, 64, 1), noise(64, 64, 2)}},
		RowLabels:     []string{"noise 1"},
		ColumnLabels:  []string{"silver", "blue & green"},
		ColumnColours: []color.Color{silver, color.Black},
	}
	figure, err := grid.Figure()
	require.NoError(t, err)
	assert.ElementsMatch(t, texts(t, figure), []string{"Fixed noise", "noise 1", "silver", "blue & green"})
	swatch := count(figure.Image(), figure.Image().Bounds(), silver)
	assert.GreaterOrEqual(t, swatch, 20*20, "a swatch of 11 points within its frame")

	_, flat := figure.Size()
	grid.Scale = 0.25 // too narrow for the labels, which are turned upright
	figure, err = grid.Figure()
	require.NoError(t, err)
	_, upright := figure.Size()
	assert.Greater(t, upright-16, 14+60, "room for the turned labels, flat it was %d", flat)
	assert.Contains(t, texts(t, figure), "silver")
	assert.GreaterOrEqual(t, count(figure.Image(), figure.Image().Bounds(), silver), 20*20)
}

func TestCaptionsAreUnderTheirPictures(t *testing.T) {
	pictures := [][]image.Image{{noise(40, 30, 1), noise(40, 30, 2)}, {noise(40, 30, 3)}}
	grid := plots.Grid{Pictures: pictures, Scale: 1, Captions: [][]string{{"", "two"}, {"three"}}}
	figure, err := grid.Figure()
	require.NoError(t, err)
	_, height := figure.Size()
	assert.Equal(t, 14+30+20+4+30+20+14, height)
	inked := func(x, y int) (n int) { // Below a picture, in points.
		for py := 2 * y; py < 2*(y+20); py++ {
			for px := 2 * x; px < 2*(x+40); px++ {
				if r, _, _, _ := figure.Image().At(px, py).RGBA(); r < 0x8000 {
					n++
				}
			}
		}
		return n
	}
	assert.Zero(t, inked(14, 14+30))
	assert.NotZero(t, inked(14+44, 14+30))
	assert.NotZero(t, inked(14, 14+54+30))
	assert.Zero(t, inked(14+44, 14+54+30))
	assert.Equal(t,
		color.RGBAModel.Convert(pictures[1][0].At(3, 5)),
		color.RGBAModel.Convert(figure.Image().At(28, 28+2*54)),
		"a row is lower by the captions above it")

	grid.Captions = [][]string{{"one", "two"}, {"three", "four"}}
	_, err = grid.Figure()
	assert.ErrorContains(t, err, "row 1 has captions that are under no picture")
	grid.Captions = [][]string{nil, nil, {"five"}}
	_, err = grid.Figure()
	assert.ErrorContains(t, err, "row 2 has captions")
}

func TestGridHasNoNumbers(t *testing.T) {
	figure, err := plots.Grid{Pictures: [][]image.Image{{noise(8, 8, 1)}}}.Figure()
	require.NoError(t, err)
	assert.ErrorIs(t, figure.SaveCSV(t.TempDir()+"/grid.csv"), plots.ErrNoNumbers)
}

func TestBadGridsAreRejected(t *testing.T) {
	one := [][]image.Image{{noise(8, 8, 1)}}
	tests := []struct {
		name string
		grid plots.Grid
		want string
	}{
		{"nothing", plots.Grid{}, "without a picture"},
		{"nothing but blanks", plots.Grid{Pictures: [][]image.Image{{nil}, {}}}, "without a picture"},
		{"empty picture", plots.Grid{Pictures: [][]image.Image{{image.NewGray(image.Rectangle{})}}},
			"row 0, column 0 is empty"},
		{"sizes", plots.Grid{Pictures: [][]image.Image{{noise(8, 8, 1)}, {nil, noise(8, 9, 1)}}},
			"row 1, column 1 has 8×9 pixels, that in row 0, column 0 8×8"},
		{"row labels", plots.Grid{Pictures: one, RowLabels: []string{"a", "b"}}, "2 row labels for 1 rows"},
		{"column labels", plots.Grid{Pictures: one, ColumnLabels: []string{"a", "b"}}, "2 column labels for 1 columns"},
		{"colours", plots.Grid{Pictures: one, ColumnColours: []color.Color{color.Black}},
			"1 column colours for 0 column labels"},
		{"gap", plots.Grid{Pictures: one, Gap: -1}, "a gap of -1"},
		{"huge gap", plots.Grid{Pictures: [][]image.Image{{noise(8, 8, 1), noise(8, 8, 1)}}, Gap: math.MaxInt}, "a gap of"},
		{"scale", plots.Grid{Pictures: one, Scale: -1}, "a scale of -1"},
		{"a scale of NaN", plots.Grid{Pictures: one, Scale: math.NaN()}, "a scale of NaN"},
		{"scale infinite", plots.Grid{Pictures: one, Scale: math.Inf(1)}, "too large"},
		{"huge", plots.Grid{Pictures: one, Scale: 1e12}, "too large"},
		{"too many rows", plots.Grid{Pictures: make([][]image.Image, 100_000), Scale: 1}, "without a picture"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.grid.Figure()
			assert.ErrorContains(t, err, test.want)
		})
	}
	many := make([][]image.Image, 2000)
	for i := range many {
		many[i] = one[0]
	}
	_, err := plots.Grid{Pictures: many}.Figure()
	assert.ErrorContains(t, err, "more than 16384 on a side")
}
