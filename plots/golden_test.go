package plots_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/plots"
)

var update = flag.Bool("update", false, "draw the golden pictures in testdata anew")

// golden are the figures in testdata, by the name of their file. Together they show everything that each kind of figure
// can draw, and stay small.
var golden = map[string]interface{ Figure() (*plots.Figure, error) }{
	"curves":              goldenCurves(),
	"curves_smoothed":     goldenLosses(),
	"curves_asinh":        goldenMargins(),
	"curves_many":         goldenManyCurves(),
	"grid":                goldenGrid(),
	"grid_upright_labels": goldenNarrowGrid(),
	"confusion":           goldenConfusion(4),
	"confusion_many":      goldenConfusion(15),
	"bars":                goldenBars(),
	"dots":                goldenDots(),
	"histograms":          goldenHistograms(false),
	"histograms_log":      goldenHistograms(true),
	"flow":                goldenFlow(),
	"film":                goldenFilm(),
}

// goldenCurves has a gap, a single point and marks whose labels do not fit into one row.
func goldenCurves() plots.Curves {
	return plots.Curves{
		Title: "Fréchet distance of two runs",
		X:     "step",
		Y:     "FID",
		Series: []plots.Series{
			{Name: "baseline", Steps: []int{0, 1000, 2000, 3000, 4000}, Values: []float64{180, 95, 62, 48, 41}},
			{
				Name:   "with augmentation",
				Steps:  []int{0, 500, 1000, 1500, 2000, 2500, 3000},
				Values: []float64{175, 120, math.NaN(), 70, math.Inf(1), 45, 33},
			},
		},
		Marks: []plots.Mark{
			{Step: 1500, Label: "resumed"},
			{Step: 1600, Label: "learning rate halved"},
			{Step: 3900, Label: "last snapshot"},
		},
	}
}

// goldenLosses is positive, so that its logarithmic axis has no linear part.
func goldenLosses() plots.Curves {
	random := rand.New(rand.NewPCG(1, 2))
	series := plots.Series{Name: "generator"}
	for step := range 80 {
		series.Steps = append(series.Steps, 10*step)
		value := 3*math.Exp(-float64(step)/20) + 0.02
		series.Values = append(series.Values, value*(0.8+0.4*random.Float64()))
	}
	return plots.Curves{
		Title:  "Loss of the generator",
		X:      "step",
		Y:      "L1 loss",
		Series: []plots.Series{series},
		Log:    true,
		Smooth: 0.9,
	}
}

func goldenMargins() plots.Curves {
	steps, values := make([]int, 100), make([]float64, 100)
	for i := range steps {
		steps[i] = i
		values[i] = math.Sinh(float64(i-50) / 6)
	}
	return plots.Curves{
		X:      "step",
		Y:      "D(real) − D(fake)",
		Series: []plots.Series{{Steps: steps, Values: values}},
		Log:    true,
	}
}

// goldenManyCurves has more series than colours, and a legend of two rows.
func goldenManyCurves() plots.Curves {
	curves := plots.Curves{X: "step", Y: "accuracy (%)"}
	for i := range 16 {
		curves.Series = append(curves.Series, plots.Series{
			Name:   fmt.Sprintf("fold %d", i+1),
			Steps:  []int{0, 100},
			Values: []float64{50 + 3*float64(i), 50 + 3*float64(i)},
		})
	}
	return curves
}

// goldenPicture goes from a colour to white.
func goldenPicture(width, height int, colour color.NRGBA) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		x, y := i%width, i/width
		share := float64(x+y) / float64(width+height-2)
		fade := func(c uint8) uint8 { return uint8(float64(c) + share*float64(255-c)) }
		picture.SetNRGBA(x, y, color.NRGBA{fade(colour.R), fade(colour.G), fade(colour.B), 255})
	}
	return picture
}

// goldenGrid lacks pictures inside and at the end of a row.
func goldenGrid() plots.Grid {
	picture := func(i int) image.Image { return goldenPicture(24, 16, plots.Palette[i]) }
	return plots.Grid{
		Title:         "One noise vector, three colours of hair",
		Pictures:      [][]image.Image{{picture(0), picture(1), picture(2)}, {picture(3), nil, picture(4)}, {picture(5)}},
		RowLabels:     []string{"noise 1", "noise 2", "noise 3"},
		ColumnLabels:  []string{"blue", "red", "green"},
		ColumnColours: []color.Color{plots.Palette[0], plots.Palette[1], plots.Palette[2]},
		Captions:      [][]string{{"as asked", "", "D = −0.3"}, nil, {"1"}},
		Scale:         4,
	}
}

func goldenNarrowGrid() plots.Grid {
	grid := plots.Grid{
		Title:        "Enlarged smoothly",
		ColumnLabels: []string{"aqua", "long hair", "open mouth"},
		RowColours:   []color.Color{plots.Palette[4], plots.Palette[5]},
		RowLabels:    []string{"orange", "sky"},
		Scale:        5,
		Gap:          10,
		Smooth:       true,
	}
	for i := range 2 {
		var row []image.Image
		for j := range 3 {
			row = append(row, goldenPicture(8, 8, plots.Palette[3*i+j]))
		}
		grid.Pictures = append(grid.Pictures, row)
	}
	return grid
}

// goldenConfusion has an empty row and shares that round to 0 and 100 %.
func goldenConfusion(classes int) plots.Confusion {
	m := plots.Confusion{Title: "Hair colour", Asked: "asked for", Counts: make([][]int, classes)}
	for i := range m.Counts {
		m.Classes = append(m.Classes, fmt.Sprintf("colour %d", i+1))
		m.Colours = append(m.Colours, plots.Palette[i%len(plots.Palette)])
		m.Counts[i] = make([]int, classes)
		if i == 2 {
			continue
		}
		m.Counts[i][i] = 1200 / (i + 1)
		m.Counts[i][(i+1)%classes] = 1 + 40*i
	}
	return m
}

// goldenDots has rows of several values, of one, of none and of some that are not finite.
func goldenDots() plots.Dots {
	return plots.Dots{
		Title: "FID",
		X:     "a dot for each seed; line and bar: mean and standard deviation",
		Names: []string{
			"conditioning=projection", "conditioning=ac-gan", "conditioning=input", "conditioning=hidden", "none",
		},
		Values: [][]float64{
			{0.31, 0.36, 0.33}, {0.52, 0.71, 0.49, 0.6}, {0.44}, {math.NaN(), 0.58, math.Inf(1), 0.62}, nil,
		},
	}
}

func goldenBars() plots.Bars {
	return plots.Bars{
		Title:  "Training portraits by hair colour",
		X:      "pictures (thousands)",
		Names:  []string{"blonde", "two-coloured", "aqua", "none"},
		Values: []float64{1200, 834.2, 0.0567, 0},
		Colours: []color.Color{
			color.NRGBA{R: 0xF0, G: 0xD2, B: 0x78, A: 0xFF},
			nil,
			color.NRGBA{G: 0xFF, B: 0xFF, A: 0xFF},
			color.White,
		},
	}
}

func goldenHistograms(log bool) plots.Histograms {
	h := plots.Histograms{
		Title: "Colours of the enlarged pictures",
		X:     "value",
		Y:     "pixels (%)",
		Low:   0,
		High:  256,
		Names: []string{"truth", "ESRGAN"},
		Log:   log,
	}
	for i, name := range []string{"red", "green"} {
		panel := plots.HistogramPanel{Name: name}
		for j := range h.Names {
			counts := make([]float64, 16)
			for bin := range counts {
				distance := float64(bin-5-3*i) / float64(2+j)
				counts[bin] = 20 * math.Exp(-distance*distance/2)
			}
			panel.Counts = append(panel.Counts, counts)
		}
		h.Panels = append(h.Panels, panel)
	}
	return h
}

// goldenFlow is a picture that turns, with an unknown corner.
func goldenFlow() plots.Flow {
	field := plots.FlowField{Width: 24, Height: 16}
	for y := range field.Height {
		for x := range field.Width {
			right, down := 7.5-float32(y), float32(x)-11.5
			if x < 4 && y < 4 {
				right = float32(math.NaN())
			}
			field.Vectors = append(field.Vectors, right/6, down/6)
		}
	}
	return plots.Flow{
		Title:    "Motion",
		Fields:   []plots.FlowField{field},
		Pictures: []image.Image{goldenPicture(field.Width, field.Height, plots.Palette[4])},
		Labels:   []string{"turning"},
	}
}

func goldenFilm() plots.Film {
	film := plots.Film{Title: "Two films", Clips: make([][]image.Image, 2), Labels: []string{"one", "two"}, Rate: 4}
	for i := range film.Clips {
		for frame := range 3 {
			film.Clips[i] = append(film.Clips[i], goldenPicture(16, 16, plots.Palette[3*i+frame]))
		}
	}
	return film
}

// tolerance is the maximum difference of a channel, from 0 to 255: other CPUs round differently at the edges of lines.
const tolerance = 2

func TestFiguresAreDrawnAsTheirGoldenPictures(t *testing.T) {
	for name, kind := range golden {
		t.Run(name, func(t *testing.T) {
			figure, err := kind.Figure()
			require.NoError(t, err)
			_, isFilm := kind.(plots.Film)
			drawn, path := file(t, figure, isFilm), filepath.Join("testdata", name+".png")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, drawn, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "go test ./plots -update draws it")
			if err := compare(want, drawn); err != nil {
				folder, saveErr := saveDifference(want, drawn, name)
				require.NoError(t, saveErr)
				t.Errorf("%s: %v: see what was drawn, and the difference, in %s; "+
					"if the change is intended, run go test ./plots -update", path, err, folder)
			}
		})
	}
}

func TestEveryGoldenPictureHasItsFigure(t *testing.T) {
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	var total int64
	for _, file := range files {
		assert.Contains(t, golden, strings.TrimSuffix(file.Name(), ".png"))
		info, err := file.Info()
		require.NoError(t, err)
		total += info.Size()
	}
	assert.Len(t, files, len(golden))
	assert.Less(t, total, int64(400_000), "bytes of golden pictures")
}

func TestGoldenPicturesAreComparedInEveryFrame(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	written := func(film plots.Film) []byte {
		figure, err := film.Figure()
		require.NoError(t, err)
		return file(t, figure, true)
	}
	film := goldenFilm()
	want := written(film)
	assert.NoError(t, compare(want, want))

	film.Rate = 5
	assert.ErrorContains(t, compare(want, written(film)), "frame 0 lasts 200ms, not 250ms")

	film.Rate = 4
	film.Clips[1][2].(*image.NRGBA).SetNRGBA(5, 5, color.NRGBA{A: 255})
	drawn := written(film)
	assert.ErrorContains(t, compare(want, drawn), "frame 2 differs")
	folder, err := saveDifference(want, drawn, "film")
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(folder, "film.png"))
	assert.NoFileExists(t, filepath.Join(folder, "film_difference_0.png"))
	assert.FileExists(t, filepath.Join(folder, "film_difference_2.png"))

	film.Clips[0], film.Clips[1] = film.Clips[0][:2], film.Clips[1][:2]
	assert.ErrorContains(t, compare(want, written(film)), "2 frames, not 3")
	film.Title = ""
	assert.ErrorContains(t, compare(want, written(film)), "pixels")
}

// file returns a figure as a PNG with one pixel a point, which WritePNG writes only for films: at full size the files
// would be three times as large.
func file(t *testing.T, figure *plots.Figure, isFilm bool) []byte {
	t.Helper()
	var content bytes.Buffer
	if isFilm {
		require.NoError(t, figure.WritePNG(&content))
		return content.Bytes()
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(t, encoder.Encode(&content, halved(figure.Image().(*image.RGBA))))
	return content.Bytes()
}

// halved averages squares of four pixels.
func halved(picture *image.RGBA) *image.RGBA {
	small := image.NewRGBA(image.Rect(0, 0, picture.Rect.Dx()/2, picture.Rect.Dy()/2))
	for i := range small.Pix {
		channel, x, y := i%4, i%small.Stride/4, i/small.Stride
		corner := picture.PixOffset(2*x, 2*y) + channel
		sum := 2 // rounds
		for _, offset := range []int{0, 4, picture.Stride, picture.Stride + 4} {
			sum += int(picture.Pix[corner+offset])
		}
		small.Pix[i] = uint8(sum / 4)
	}
	return small
}

// compare returns the differences of two PNG files, which may be animated.
func compare(want, got []byte) error {
	wanted, delays, err := frames(want)
	if err != nil {
		return err
	}
	drawn, drawnDelays, err := frames(got)
	if err != nil {
		return err
	}
	if a, b := drawn[0].Bounds(), wanted[0].Bounds(); a != b {
		return fmt.Errorf("%d×%d pixels, not %d×%d", a.Dx(), a.Dy(), b.Dx(), b.Dy())
	}
	if len(drawn) != len(wanted) {
		return fmt.Errorf("%d frames, not %d", len(drawn), len(wanted))
	}
	for i := range wanted {
		if drawnDelays[i] != delays[i] {
			return fmt.Errorf("frame %d lasts %v, not %v", i, drawnDelays[i], delays[i])
		}
		if _, different := difference(wanted[i], drawn[i]); different > 0 {
			return fmt.Errorf("frame %d differs in %d pixels", i, different)
		}
	}
	return nil
}

// difference draws the pixels that differ in black on white, and counts them. Pixels that only one picture has differ
// too.
func difference(want, got *image.RGBA) (picture *image.Gray, different int) {
	picture = image.NewGray(want.Rect.Union(got.Rect))
	for i := range picture.Pix {
		x, y := i%picture.Stride, i/picture.Stride
		a, b := want.RGBAAt(x, y), got.RGBAAt(x, y)
		off := max(distance(a.R, b.R), distance(a.G, b.G), distance(a.B, b.B), distance(a.A, b.A))
		if off > tolerance {
			different++
			continue
		}
		picture.Pix[i] = 255
	}
	return picture, different
}

func distance(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// frames decodes a PNG file. A still picture is one frame.
func frames(file []byte) (pictures []*image.RGBA, delays []time.Duration, err error) {
	film, err := imaging.Read(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	for frame, err := range film.Frames() {
		if err != nil {
			return nil, nil, err
		}
		pictures = append(pictures, imaging.Colours(frame.Pixels))
		delays = append(delays, frame.Delay.Duration())
	}
	return pictures, delays, nil
}

// saveDifference writes the drawn file, and a picture of each frame's differences, to a new folder that is kept.
func saveDifference(want, got []byte, name string) (folder string, err error) {
	folder, err = os.MkdirTemp("", "plots-golden-")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), got, 0o644); err != nil {
		return "", err
	}
	wanted, _, err := frames(want)
	if err != nil {
		return "", err
	}
	drawn, _, err := frames(got)
	if err != nil {
		return "", err
	}
	for i := range min(len(wanted), len(drawn)) {
		picture, different := difference(wanted[i], drawn[i])
		if different == 0 {
			continue
		}
		path := filepath.Join(folder, fmt.Sprintf("%s_difference_%d.png", name, i))
		if err := imaging.SavePNG(path, picture); err != nil {
			return "", err
		}
	}
	return folder, nil
}
