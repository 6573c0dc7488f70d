package illustration

import (
	"image"
	"image/color"
	"math"

	"github.com/moelab/moelab/dataset/portrait"
)

// mangaPage is black ink and screentone on white paper; comicPage is the same in colour.
func (s *scene) mangaPage() { s.page(true) }
func (s *scene) comicPage() { s.page(false) }

// page lays out panels and draws each on a layer, of which it is cut.
func (s *scene) page(printed bool) {
	paper := white
	if s.chance(0.25) {
		paper = hcl(85, s.within(0, 0.06), s.within(0.92, 0.99))
	}
	s.all(flat(paper))
	fine := 1 // Pixels of the layer for one of the page, each way: printed ones are black or white.
	if printed {
		fine = 2
	}
	layer := newCanvas(fine * s.img.Rect.Dx())
	whole := layer.img
	tone := screen{period: s.within(2.6, 6) * layer.scale, angle: oneOf(s, []float64{math.Pi / 4, math.Pi / 4, math.Pi / 6, 0}), reach: int(layer.scale + 0.5)}
	border := s.within(1.6, 3.6)
	for _, panel := range s.layout() {
		layer.img = whole
		layer.img = whole.SubImage(layer.bounds(panel)).(*image.RGBA)
		inside := &scene{canvas: layer, Rand: s.Rand, hour: s.hour, pen: s.pen}
		mouth := inside.panel(panel, printed)
		if printed {
			tone.print(layer.img)
		}
		low, high := panel.extent()
		inside.words(low, high, mouth)
		s.outlined(s.copied(layer.img, fine), panel, border, black)
	}
}

// bounds is the pixels of a path.
func (c *canvas) bounds(p path) image.Rectangle {
	low, high := p.extent()
	return c.box(low, high)
}

// extent is the corners of the box round a path.
func (p path) extent() (low, high point) {
	low, high = p[0], p[0]
	for _, a := range p {
		low, high = point{min(low.x, a.x), min(low.y, a.y)}, point{max(high.x, a.x), max(high.y, a.y)}
	}
	return low, high
}

// copied paints what a layer shows there, which has fine pixels each way for one of the picture.
func (c *canvas) copied(layer *image.RGBA, fine int) paint {
	scale := c.scale
	return paint{at: func(p point) ink {
		x, y := int(p.x*scale)*fine, int(p.y*scale)*fine
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
		return opaque(uint8(r/n), uint8(g/n), uint8(b/n))
	}}
}

// layout divides the page into rows and these into panels, by gutters that may slant.
func (s *scene) layout() []path {
	margin, gutter := s.within(4, 18), s.within(3, 7)
	type edge struct{ start, end float64 } // How far it is from one side at its two ends.
	divide := func(parts int, slant float64) []edge {
		edges := []edge{{margin, margin}}
		for k := 1; k < parts; k++ {
			at := side * (float64(k) + s.within(-0.22, 0.22)) / float64(parts)
			lean := s.within(-slant, slant)
			edges = append(edges, edge{at - lean, at + lean})
		}
		return append(edges, edge{side - margin, side - margin})
	}
	// Where an edge between rows (y at x) and one between panels (x at y) meet, near enough.
	meet := func(row, column edge) point {
		x := (column.start + column.end) / 2
		y := row.start + (row.end-row.start)*x/side
		x = column.start + (column.end-column.start)*y/side
		return point{x, y}
	}
	var panels []path
	rows := divide(oneOf(s, []int{1, 2, 2, 3, 3, 3, 4}), 18)
	for r := range len(rows) - 1 {
		columns := divide(oneOf(s, []int{1, 1, 2, 2, 3}), 26)
		for c := range len(columns) - 1 {
			p := path{meet(rows[r], columns[c]), meet(rows[r], columns[c+1]), meet(rows[r+1], columns[c+1]), meet(rows[r+1], columns[c])}
			in := []point{{gutter, gutter}, {-gutter, gutter}, {-gutter, -gutter}, {gutter, -gutter}}
			for i := range p {
				p[i] = p[i].add(in[i])
			}
			panels = append(panels, p)
		}
	}
	return panels
}

// panel draws what a panel shows, and returns where the mouth is that speaks there.
func (s *scene) panel(outline path, printed bool) (mouth point) {
	low, high := outline.extent()
	s.all(flat(white))
	s.seenThrough(low, high, func() { s.drawOne(panelGrounds) })
	width, height := high.x-low.x, high.y-low.y
	if s.chance(0.1) {
		return between(low, high, s.Float64())
	}
	person := s.somebody()
	if printed {
		s.printable(&person)
	}
	size := min(height*s.within(0.6, 1.05), 330)
	x := low.x + width*s.within(0.25, 0.75)
	y := high.y - size*s.within(0.88, 1)
	if s.chance(0.25) { // Close.
		size = max(width, height) * s.within(0.9, 1.5)
		x, y = low.x+width*s.within(0.4, 0.6), low.y+height/2-size*s.within(0.5, 0.65)
	}
	s.place(person, x, y, size)
	return point{x, y + 0.75*size}
}

// seenThrough draws as on a whole illustration, of which the box then shows a part, made smaller.
func (s *scene) seenThrough(low, high point, draw func()) {
	scale, origin := s.scale, s.origin
	zoom := max(high.x-low.x, high.y-low.y) / side * s.within(1, 1.5)
	s.scale = scale * zoom
	middle := between(low, high, 0.5)
	s.origin = point{side / 2, s.within(230, 300)}.sub(middle.mul(1 / zoom))
	draw()
	s.scale, s.origin = scale, origin
}

// The grounds of panels.
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

// tone is a screentone that fades, painted with the panel rather than printed.
func (s *scene) tone() {
	s.all(vertical(0, side, grey(uint8(s.within(130, 255))), grey(uint8(s.within(130, 255)))))
	if s.chance(0.5) {
		for range 8 + s.IntN(20) {
			s.sparkle(s.somewhere(), s.within(6, 30), white)
		}
	}
}

func (s *scene) attention() {
	centre := point{side / 2, side / 2}
	s.focusLines(centre, s.within(120, 220), black)
}

func (s *scene) haste() {
	if s.chance(0.3) {
		s.all(flat(black))
		s.speedLines(white)
		return
	}
	s.speedLines(black)
}

// gloom is hatching from the corners, a layer on another.
func (s *scene) gloom() {
	corner := oneOf(s, []point{{0, 0}, {side, 0}, {0, side}, {side, side}})
	for layer := range 2 + s.IntN(3) {
		d := direction(s.within(0, math.Pi))
		reach := s.within(200, 420) * (1 - 0.2*float64(layer))
		var strokes []path
		for range 420 {
			at := corner.add(direction(s.within(0, 2*math.Pi)).mul(reach * math.Sqrt(s.Float64())))
			length := s.within(12, 46)
			strokes = append(strokes, segment(at, at.add(d.mul(length)), s.within(0.9, 1.7), 0.4))
		}
		s.fill(flat(black), strokes...)
	}
}

// printable gives a person the colours of ink, paper and screentone.
func (s *scene) printable(p *portrait.Params) {
	solid := func(levels ...uint8) color.RGBA {
		v := oneOf(s, levels)
		return color.RGBA{v, v, v, 255}
	}
	p.Skin = solid(255)
	p.Hair = solid(255, 255, 214, 190, 170, 52)
	p.Iris = solid(60, 110, 150)
	p.Cloth = solid(255, 235, 200, 160, 48)
	p.Trim, p.Ribbon = solid(255, 180, 40), solid(255, 180, 40)
	p.FineLines = s.IntN(5)
	p.Line *= s.within(1.1, 1.5)
}
