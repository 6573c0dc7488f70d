package illustration

import (
	"image"
	"image/color"
	"math"

	"github.com/moelab/moelab/dataset/portrait"
	. "github.com/moelab/moelab/internal/vector"
)

// mangaPage is black ink and screentone on white paper; comicPage is the same in colour.
func (s *scene) mangaPage() { s.page(true) }
func (s *scene) comicPage() { s.page(false) }

// page lays out panels and draws each on a layer, which it is cut from.
func (s *scene) page(printed bool) {
	paper := white
	if s.Chance(0.25) {
		paper = HCL(85, s.Within(0, 0.06), s.Within(0.92, 0.99))
	}
	s.All(paper)
	fine := 1 // pixels of the layer for one of the page, each way: those of a print are black or white
	if printed {
		fine = 2
	}
	layer := newScene(fine*s.Picture.Rect.Dx(), s.Rand)
	layer.hour, layer.pen = s.hour, s.pen
	whole := layer.Picture
	tone := screen{
		period: s.Within(2.6, 6) * layer.scale,
		angle:  OneOf(s.Rand, math.Pi/4, math.Pi/4, math.Pi/6, 0),
		reach:  int(layer.scale + 0.5),
	}
	border := s.Within(1.6, 3.6)
	for _, panel := range s.layout() {
		layer.Picture = whole
		layer.Picture = whole.SubImage(layer.Bounds(panel)).(*image.RGBA)
		mouth := layer.panel(panel, printed)
		if printed {
			tone.print(layer.Picture)
		}
		low, high := panel.Extent()
		layer.words(low, high, mouth)
		s.Outlined(s.copied(layer.Picture, fine), panel, border, black)
	}
}

// copied paints what a layer shows, which has fine × fine pixels for one of the picture.
func (s *scene) copied(layer *image.RGBA, fine int) Paint {
	scale := s.scale
	return Shader(func(p Point) Ink {
		x, y := int(p.X*scale)*fine, int(p.Y*scale)*fine
		var r, g, b, n int
		for dy := range fine {
			for dx := range fine {
				if at := image.Pt(x+dx, y+dy); at.In(layer.Rect) {
					pixel := layer.Pix[layer.PixOffset(at.X, at.Y):]
					r, g, b, n = r+int(pixel[0]), g+int(pixel[1]), b+int(pixel[2]), n+1
				}
			}
		}
		n = max(n, 1)
		return Opaque(uint8(r/n), uint8(g/n), uint8(b/n))
	})
}

// layout divides the page into rows, and these into panels. Gutters may slant.
func (s *scene) layout() []Path {
	margin, gutter := s.Within(4, 18), s.Within(3, 7)
	type edge struct{ start, end float64 } // distance from a side of the page, at both ends
	divide := func(parts int, slant float64) []edge {
		edges := []edge{{margin, margin}}
		for k := 1; k < parts; k++ {
			at := side * (float64(k) + s.Within(-0.22, 0.22)) / float64(parts)
			lean := s.Within(-slant, slant)
			edges = append(edges, edge{at - lean, at + lean})
		}
		return append(edges, edge{side - margin, side - margin})
	}
	// Where an edge between rows (y at x) and an edge between panels (x at y) meet, approximately.
	meet := func(row, column edge) Point {
		x := (column.start + column.end) / 2
		y := row.start + (row.end-row.start)*x/side
		x = column.start + (column.end-column.start)*y/side
		return Pt(x, y)
	}
	var panels []Path
	rows := divide(OneOf(s.Rand, 1, 2, 2, 3, 3, 3, 4), 18)
	for r := range len(rows) - 1 {
		columns := divide(OneOf(s.Rand, 1, 1, 2, 2, 3), 26)
		for c := range len(columns) - 1 {
			panels = append(panels, Path{
				meet(rows[r], columns[c]).Add(Pt(gutter, gutter)),
				meet(rows[r], columns[c+1]).Add(Pt(-gutter, gutter)),
				meet(rows[r+1], columns[c+1]).Add(Pt(-gutter, -gutter)),
				meet(rows[r+1], columns[c]).Add(Pt(gutter, -gutter)),
			})
		}
	}
	return panels
}

// panel draws the content of a panel, and returns the mouth that speaks there.
func (s *scene) panel(outline Path, printed bool) (mouth Point) {
	low, high := outline.Extent()
	s.All(white)
	s.seenThrough(low, high, func() { s.drawOne(panelGrounds) })
	width, height := high.X-low.X, high.Y-low.Y
	if s.Chance(0.1) {
		return Between(low, high, s.Float64())
	}
	person := s.somebody()
	if printed {
		s.printable(&person)
	}
	size := min(height*s.Within(0.6, 1.05), 330)
	x := low.X + width*s.Within(0.25, 0.75)
	y := high.Y - size*s.Within(0.88, 1)
	if s.Chance(0.25) { // Close.
		size = max(width, height) * s.Within(0.9, 1.5)
		x, y = low.X+width*s.Within(0.4, 0.6), low.Y+height/2-size*s.Within(0.5, 0.65)
	}
	s.place(person, x, y, size)
	return Pt(x, y+0.75*size)
}

// seenThrough draws a whole illustration, made smaller, of which the box shows a part.
func (s *scene) seenThrough(low, high Point, draw func()) {
	whole := *s.view
	zoom := max(high.X-low.X, high.Y-low.Y) / side * s.Within(1, 1.5)
	s.scale *= zoom
	s.origin = Pt(side/2, s.Within(230, 300)).Sub(Between(low, high, 0.5).Mul(1 / zoom))
	draw()
	*s.view = whole
}

// panelGrounds are the grounds of panels.
var panelGrounds = []choice{
	{4, (*scene).outdoors},
	{1, (*scene).plain},
	{3, (*scene).tone},
	{3, (*scene).attention},
	{2, (*scene).haste},
	{2, (*scene).gloom},
	{1, (*scene).library},
	{1, (*scene).classroom},
	{1, (*scene).shops},
	{1, (*scene).forest},
	{1, (*scene).pattern},
}

func (s *scene) plain() {}

// tone is a gradient of grey, which becomes screentone in print.
func (s *scene) tone() {
	s.All(ramp(Grey(uint8(s.Within(130, 255))), Grey(uint8(s.Within(130, 255)))).Vertical(0, side))
	if s.Chance(0.5) {
		for range 8 + s.IntN(20) {
			s.sparkle(s.somewhere(), s.Within(6, 30), white)
		}
	}
}

func (s *scene) attention() { s.focusLines(s.Within(120, 220), black) }

func (s *scene) haste() {
	if s.Chance(0.3) {
		s.All(black)
		s.speedLines(white)
		return
	}
	s.speedLines(black)
}

// gloom is layers of hatching around a corner.
func (s *scene) gloom() {
	corner := OneOf(s.Rand, Pt(0, 0), Pt(side, 0), Pt(0, side), Pt(side, side))
	for layer := range 2 + s.IntN(3) {
		d := Direction(s.Within(0, math.Pi))
		reach := s.Within(200, 420) * (1 - 0.2*float64(layer))
		s.Fill(black, several(420, func(int) Path {
			at := corner.Add(Direction(s.Within(0, 2*math.Pi)).Mul(reach * math.Sqrt(s.Float64())))
			return Segment(at, at.Add(d.Mul(s.Within(12, 46))), s.Within(0.9, 1.7), 0.4)
		})...)
	}
}

// printable gives a person the colours of ink, paper and screentone.
func (s *scene) printable(p *portrait.Params) {
	solid := func(levels ...uint8) color.RGBA {
		v := OneOf(s.Rand, levels...)
		return color.RGBA{v, v, v, 255}
	}
	p.Skin = solid(255)
	p.Hair = solid(255, 255, 214, 190, 170, 52)
	p.Iris = solid(60, 110, 150)
	p.Cloth = solid(255, 235, 200, 160, 48)
	p.Trim, p.Ribbon = solid(255, 180, 40), solid(255, 180, 40)
	p.FineLines = s.IntN(5)
	p.Line *= s.Within(1.1, 1.5)
}
