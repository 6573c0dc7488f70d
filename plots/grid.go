package plots

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"

	imagedraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Grid is a table of pictures of one size, with labels.
type Grid struct {
	Title string
	// Pictures [row][column] all have one size. Nil pictures, and the missing ends of shorter rows, stay blank.
	Pictures [][]image.Image
	// RowLabels and ColumnLabels, if any, have one entry per row and column.
	RowLabels, ColumnLabels []string
	// RowColours and ColumnColours, if any, put a colour sample before each label.
	RowColours, ColumnColours []color.Color
	// Captions [row][column], if any, stand under the pictures. Rows may be missing or shorter than those of Pictures.
	Captions [][]string
	// Gap is the space between pictures in points; 0 stands for 4.
	Gap int
	// Scale is the size of a picture's pixel in points, ≥ 0. 0 chooses it: small pictures grow by a whole factor, in
	// screen pixels, up to 192 points wide or high. Pictures shrink, down to 24 points wide, if the grid would exceed
	// 900 points.
	Scale float64
	// Smooth enlarges by cubic interpolation, and by any factor. Without it each pixel becomes a square if Scale is a
	// multiple of 1/2, so that no detail is made up. Pictures always shrink smoothly.
	Smooth bool
}

const (
	defaultGap = 4
	// Limits in points: small pictures grow up to the first, large ones shrink down to the second.
	largestCell, smallestCell = 192, 24
	// captionHeight is in points.
	captionHeight = 20
)

// Figure draws the grid. It returns an error if there is no picture, if pictures differ in size, if the number of
// labels differs from that of rows or columns, if a caption is under no picture, or if Gap or Scale is negative.
func (g Grid) Figure() (*Figure, error) {
	size, columns, err := g.check()
	if err != nil {
		return nil, err
	}
	rows := len(g.Pictures)
	rowLabels := labels{texts: g.RowLabels, colours: g.RowColours}
	columnLabels := labels{texts: g.ColumnLabels, colours: g.ColumnColours}
	gap := g.Gap
	if gap == 0 {
		gap = defaultGap
	}
	gap *= pixelsPerPoint // from here on in pixels
	caption := 0
	if g.Captions != nil {
		caption = captionHeight * pixelsPerPoint
	}

	left := rowLabels.widthBeside()
	room := int((notebookWidth-2*margin-left)*pixelsPerPoint) - (columns-1)*gap
	cell := g.cellSize(size, max(room/columns, min(size.X, smallestCell*pixelsPerPoint)))
	if cell.X > maxPixels || cell.Y > maxPixels {
		return nil, fmt.Errorf("plots: pictures of %d×%d pixels at scale %g are too large to draw", size.X, size.Y, g.Scale)
	}
	pitch := image.Pt(cell.X+gap, cell.Y+caption+gap)
	width, height := columns*pitch.X-gap, rows*pitch.Y-gap
	if width > maxPixels || height > maxPixels {
		return nil, fmt.Errorf(
			"plots: a grid of %d×%d pictures would have %d×%d pixels, more than %d on a side: show less, or smaller",
			rows, columns, width, height, maxPixels)
	}
	sheet := g.sheet(cell, pitch, image.Pt(width, height))

	pitchX, pitchY := points(pitch.X), points(pitch.Y)
	top := columnLabels.heightAbove(pitchX)
	total := max(2*margin+left+points(width), min(notebookWidth, 2*margin+titleStyle().Width(g.Title)))
	text := newTexts(total-2*margin, g.Title, "", nil)
	return newFigure(total, 2*margin+text.height()+top+points(height), func(canvas draw.Canvas) {
		c := text.draw(inset(canvas))
		x, y := c.Min.X+left, c.Max.Y-top
		c.DrawImage(vg.Rectangle{
			Min: vg.Point{X: x, Y: y - points(height)},
			Max: vg.Point{X: x + points(width), Y: y},
		}, sheet)
		rowLabels.drawBeside(c, x, y-points(cell.Y)/2, pitchY)
		columnLabels.drawAbove(c, x+points(cell.X)/2, y, pitchX)
		for i, row := range g.Captions {
			for j, text := range row {
				centre := x + points(cell.X)/2 + vg.Length(j)*pitchX
				middle := y - points(cell.Y) - captionHeight/2 - vg.Length(i)*pitchY
				drawText(c, rowLabels.style(), centre, middle, draw.XCenter, text)
			}
		}
	})
}

// points converts a number of the figure's pixels to a length.
func points(pixels int) vg.Length { return vg.Length(pixels) / pixelsPerPoint }

// check also returns the pictures' size and the number of columns.
func (g Grid) check() (size image.Point, columns int, err error) {
	var first string
	for i, row := range g.Pictures {
		columns = max(columns, len(row))
		for j, picture := range row {
			if picture == nil {
				continue
			}
			here := fmt.Sprintf("row %d, column %d", i, j)
			switch s := picture.Bounds().Size(); {
			case s.X <= 0 || s.Y <= 0:
				return size, 0, fmt.Errorf("plots: the picture in %s is empty", here)
			case first == "":
				size, first = s, here
			case s != size:
				return size, 0, fmt.Errorf(
					"plots: the picture in %s has %d×%d pixels, that in %s %d×%d: bring them to one size first",
					here, s.X, s.Y, first, size.X, size.Y)
			}
		}
	}
	if first == "" {
		return size, 0, errors.New("plots: a grid without a picture")
	}
	for i, row := range g.Captions {
		if i >= len(g.Pictures) || len(row) > len(g.Pictures[i]) {
			return size, 0, fmt.Errorf("plots: row %d has captions that are under no picture", i)
		}
	}
	if g.Gap < 0 || g.Gap > maxPixels {
		return size, 0, fmt.Errorf("plots: a gap of %d is outside [0, %d]", g.Gap, maxPixels)
	}
	if !(g.Scale >= 0) {
		return size, 0, fmt.Errorf("plots: a scale of %g is not 0 or more", g.Scale)
	}
	for _, axis := range []struct {
		name   string
		labels labels
		count  int
	}{
		{"row", labels{g.RowLabels, g.RowColours}, len(g.Pictures)},
		{"column", labels{g.ColumnLabels, g.ColumnColours}, columns},
	} {
		if err := axis.labels.check(axis.name, axis.count); err != nil {
			return size, 0, err
		}
	}
	return size, columns, nil
}

// cellSize is the size of a picture in the figure's pixels, at most room wide unless Scale is set.
func (g Grid) cellSize(size image.Point, room int) image.Point {
	scale := g.Scale * pixelsPerPoint
	if scale == 0 {
		scale = float64(room) / float64(size.X)
		if scale >= 1 {
			enlarged := largestCell * pixelsPerPoint / float64(max(size.X, size.Y))
			scale = min(scale, max(1, enlarged))
			if !g.Smooth {
				scale = math.Floor(scale)
			}
		}
	}
	return image.Pt(scaled(size.X, scale), scaled(size.Y, scale))
}

func scaled(length int, scale float64) int {
	return int(min(max(1, math.Round(float64(length)*scale)), maxPixels+1))
}

// sheet draws all pictures on white, without labels, their corners pitch apart.
func (g Grid) sheet(cell, pitch, size image.Point) *image.RGBA {
	sheet := image.NewRGBA(image.Rectangle{Max: size})
	imagedraw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, imagedraw.Src)
	for i, row := range g.Pictures {
		for j, picture := range row {
			if picture == nil {
				continue
			}
			corner := image.Pt(j*pitch.X, i*pitch.Y)
			place := image.Rectangle{Min: corner, Max: corner.Add(cell)}
			g.scaler(cell, picture.Bounds().Size()).Scale(sheet, place, picture, picture.Bounds(), imagedraw.Over, nil)
		}
	}
	return sheet
}

func (g Grid) scaler(cell, size image.Point) imagedraw.Scaler {
	whole := cell.X%size.X == 0 && cell.Y%size.Y == 0
	if cell == size || whole && !g.Smooth {
		return imagedraw.NearestNeighbor
	}
	return imagedraw.CatmullRom
}
