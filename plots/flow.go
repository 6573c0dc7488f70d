package plots

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"math"
	"slices"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// FlowField is the motion of the pixels of a picture.
type FlowField struct {
	Width, Height int
	// Vectors [height, width, (right, down)] are in pixels. A vector that is not finite is unknown, and drawn black.
	Vectors []float32
}

// at is the vector of a pixel.
func (f FlowField) at(x, y int) (right, down float64) {
	i := 2 * (y*f.Width + x)
	return float64(f.Vectors[i]), float64(f.Vectors[i+1])
}

// longest is the 99th percentile of the lengths of all known vectors, and at least 1 so that noise stays pale.
func longest(fields []FlowField) float64 {
	var lengths []float64
	for _, f := range fields {
		for i := 0; i < len(f.Vectors); i += 2 {
			if length := math.Hypot(float64(f.Vectors[i]), float64(f.Vectors[i+1])); isFinite(length) {
				lengths = append(lengths, length)
			}
		}
	}
	if len(lengths) == 0 {
		return 1
	}
	slices.Sort(lengths)
	return max(1, stat.Quantile(0.99, stat.Empirical, lengths, nil))
}

// wheel is the colour wheel of Baker et al. 2011, "A database and evaluation methodology for optical flow": six arcs of
// hues, starting at red, each with as many steps as the eye can tell apart.
var wheel = func() (colours [][3]float64) {
	arcs := []struct {
		steps        int
		full, moving int // channels: one stays at 1, one changes
		up           bool
	}{
		{15, 0, 1, true}, {6, 1, 0, false}, {4, 1, 2, true}, {11, 2, 1, false}, {13, 2, 0, true}, {6, 0, 2, false},
	}
	for _, arc := range arcs {
		for i := range arc.steps {
			var colour [3]float64
			colour[arc.full] = 1
			colour[arc.moving] = float64(i) / float64(arc.steps)
			if !arc.up {
				colour[arc.moving] = 1 - colour[arc.moving]
			}
			colours = append(colours, colour)
		}
	}
	return colours
}()

// flowColour is the colour of a vector in units of the longest: white at 0, saturated at 1, darker beyond.
func flowColour(right, down float64) color.RGBA {
	length := math.Hypot(right, down)
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return color.RGBA{A: 255}
	}
	turn := (math.Atan2(-down, -right)/math.Pi + 1) / 2 * float64(len(wheel)-1)
	first := int(turn)
	second, share := (first+1)%len(wheel), turn-float64(first)
	var rgb [3]uint8
	for c := range rgb {
		v := (1-share)*wheel[first][c] + share*wheel[second][c]
		if length <= 1 {
			v = 1 - length*(1-v)
		} else {
			v *= 0.75
		}
		rgb[c] = uint8(255 * v)
	}
	return color.RGBA{rgb[0], rgb[1], rgb[2], 255}
}

// Colours draws each vector as a colour. The hue is its direction: right is red, down yellow, left cyan, up violet.
// Vectors of length longestShown, in pixels, are saturated, shorter ones paler, longer ones darker. 0 stands for the
// 99th percentile of the lengths, at least 1.
func (f FlowField) Colours(longestShown float64) *image.RGBA {
	if longestShown == 0 {
		longestShown = longest([]FlowField{f})
	}
	picture := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for y := range f.Height {
		for x := range f.Width {
			right, down := f.at(x, y)
			picture.SetRGBA(x, y, flowColour(right/longestShown, down/longestShown))
		}
	}
	return picture
}

// wheelField is a square field whose picture is the colour wheel, with vectors of length 1 at the rim.
func wheelField(side int) FlowField {
	f := FlowField{side, side, make([]float32, 0, 2*side*side)}
	half := float64(side) / 2
	for y := range side {
		for x := range side {
			right, down := (float64(x)+0.5-half)/half, (float64(y)+0.5-half)/half
			if math.Hypot(right, down) > 1 {
				right, down = 0, 0
			}
			f.Vectors = append(f.Vectors, float32(right), float32(down))
		}
	}
	return f
}

// Flow is a figure of optical flow: a column per field, with its colours above its arrows, and the colour wheel at the
// right.
type Flow struct {
	Title string
	// Fields all have one size.
	Fields []FlowField
	// Pictures, if any, has one entry per field, drawn under its arrows. The default is white.
	Pictures []image.Image
	// Labels, if any, has one entry per field.
	Labels []string
	// Longest is the length of saturated colours, in pixels, ≥ 0. 0 stands for the 99th percentile, at least 1.
	Longest float64
}

const (
	flowCell   = 360 // least width of a field in the figure's pixels
	arrowPitch = 24  // from arrow to arrow, in the same pixels
)

// Figure draws the fields. It returns an error if there are none, if they differ in size, or if the number of
// pictures or labels differs from that of fields.
func (f Flow) Figure() (*Figure, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	longestShown := f.Longest
	if longestShown == 0 {
		longestShown = longest(f.Fields)
	}
	first := f.Fields[0]
	zoom := max(1, (flowCell+first.Width-1)/first.Width)
	size := image.Pt(first.Width*zoom, first.Height*zoom)
	grid := Grid{Title: f.Title, RowLabels: []string{"colours", "arrows"}, Pictures: make([][]image.Image, 2)}
	for i, field := range f.Fields {
		var under image.Image = image.White
		if f.Pictures != nil {
			under = f.Pictures[i]
		}
		grid.Pictures[0] = append(grid.Pictures[0], fitted(field.Colours(longestShown), size))
		grid.Pictures[1] = append(grid.Pictures[1], field.arrows(fitted(under, size), zoom))
		if f.Labels != nil {
			grid.ColumnLabels = append(grid.ColumnLabels, f.Labels[i])
		} else {
			grid.ColumnLabels = append(grid.ColumnLabels, "")
		}
	}
	legend := image.NewRGBA(image.Rectangle{Max: size})
	imagedraw.Draw(legend, legend.Rect, image.White, image.Point{}, imagedraw.Src)
	side := min(size.X, size.Y)
	circle := wheelField(side).Colours(1)
	imagedraw.Draw(legend, circle.Rect.Add(size.Sub(circle.Rect.Size()).Div(2)), circle, image.Point{}, imagedraw.Src)
	grid.Pictures[0] = append(grid.Pictures[0], legend)
	grid.ColumnLabels = append(grid.ColumnLabels, fmt.Sprintf("rim: %.1f px", longestShown))
	return grid.Figure()
}

func (f Flow) check() error {
	if len(f.Fields) == 0 {
		return errors.New("plots: flow without a field")
	}
	for i, field := range f.Fields {
		if field.Width < 1 || field.Height < 1 || len(field.Vectors) != 2*field.Width*field.Height {
			return fmt.Errorf("plots: field %d has %d×%d pixels and %d numbers, not 2 for each",
				i, field.Width, field.Height, len(field.Vectors))
		}
		if field.Width != f.Fields[0].Width || field.Height != f.Fields[0].Height {
			return fmt.Errorf("plots: field %d has %d×%d pixels, field 0 %d×%d: bring them to one size first",
				i, field.Width, field.Height, f.Fields[0].Width, f.Fields[0].Height)
		}
	}
	if f.Pictures != nil && len(f.Pictures) != len(f.Fields) {
		return fmt.Errorf("plots: %d pictures for %d fields", len(f.Pictures), len(f.Fields))
	}
	if f.Labels != nil && len(f.Labels) != len(f.Fields) {
		return fmt.Errorf("plots: %d labels for %d fields", len(f.Labels), len(f.Fields))
	}
	if !(f.Longest >= 0) {
		return fmt.Errorf("plots: a longest vector of %g is not 0 or more", f.Longest)
	}
	return nil
}

// fitted is a picture enlarged or reduced to a size.
func fitted(picture image.Image, size image.Point) *image.RGBA {
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	if picture.Bounds().Dx() > 1<<20 { // image.White has no end.
		imagedraw.Draw(canvas, canvas.Rect, picture, image.Point{}, imagedraw.Src)
		return canvas
	}
	xdraw.NearestNeighbor.Scale(canvas, canvas.Rect, picture, picture.Bounds(), xdraw.Src, nil)
	return canvas
}

// arrows draws spaced arrows over a picture, each zoom times as long as its vector. Motion of less than half a pixel
// becomes a dot, an unknown vector nothing.
func (f FlowField) arrows(picture *image.RGBA, zoom int) image.Image {
	size := picture.Rect.Size()
	canvas := vgimg.NewWith(
		vgimg.UseWH(vg.Length(size.X), vg.Length(size.Y)), vgimg.UseDPI(72), vgimg.UseBackgroundColor(color.Transparent),
	)
	c := draw.New(canvas)
	height := vg.Length(picture.Rect.Dy())
	step := max(1, arrowPitch/zoom)
	for y := step / 2; y < f.Height; y += step {
		for x := step / 2; x < f.Width; x += step {
			right, down := f.at(x, y)
			length := math.Hypot(right, down)
			if math.IsNaN(length) || math.IsInf(length, 0) {
				continue
			}
			from := vg.Point{
				X: vg.Length((float64(x) + 0.5) * float64(zoom)),
				Y: height - vg.Length((float64(y)+0.5)*float64(zoom)),
			}
			to := vg.Point{X: from.X + vg.Length(right*float64(zoom)), Y: from.Y - vg.Length(down*float64(zoom))}
			drawArrow(c, from, to, length < 0.5)
		}
	}
	imagedraw.Draw(picture, picture.Rect, canvas.Image(), image.Point{}, imagedraw.Over)
	return picture
}

// drawArrow draws an arrow or a dot, with a white edge so that it shows on any picture.
func drawArrow(c draw.Canvas, from, to vg.Point, dot bool) {
	var path vg.Path
	if dot {
		path.Move(vg.Point{X: from.X + 1, Y: from.Y})
		path.Arc(from, 1, 0, 2*math.Pi)
	} else {
		const head, spread = 6, 0.5
		angle := math.Atan2(float64(to.Y-from.Y), float64(to.X-from.X))
		path.Move(from)
		path.Line(to)
		for _, side := range []float64{-spread, spread} {
			path.Move(to)
			path.Line(vg.Point{X: to.X - vg.Length(head*math.Cos(angle+side)), Y: to.Y - vg.Length(head*math.Sin(angle+side))})
		}
	}
	for _, line := range []struct {
		width  vg.Length
		colour color.Color
	}{{3.5, color.White}, {1.5, Palette[0]}} {
		c.SetLineStyle(draw.LineStyle{Width: line.width, Color: line.colour})
		c.Stroke(path)
	}
}
