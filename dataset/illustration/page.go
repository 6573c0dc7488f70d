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
	tone := screen{period: s.within(3.4, 6) * s.scale, angle: oneOf(s, []float64{math.Pi / 4, math.Pi / 4, math.Pi / 6, 0})}
	layer := newCanvas(s.img.Rect.Dx())
	border := s.within(1.6, 3.6)
	for _, panel := range s.layout() {
		layer.img = image.NewRGBA(s.bounds(panel))
		inside := &scene{canvas: layer, Rand: s.Rand, hour: s.hour, line: s.line}
		mouth := inside.panel(panel, printed)
		if printed {
			tone.print(layer.img)
		}
		low, high := panel.extent()
		inside.words(low, high, mouth)
		s.outlined(copied(layer.img, s.scale), panel, border, black)
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

// copied paints what another picture shows at the same pixel.
func copied(from *image.RGBA, scale float64) paint {
	return paint{at: func(p point) ink {
		c := from.RGBAAt(int(p.x*scale), int(p.y*scale))
		return opaque(c.R, c.G, c.B)
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
	if s.chance(0.15) {
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
	page := *s.canvas
	zoom := max(high.x-low.x, high.y-low.y) / side * s.within(1, 1.5)
	s.scale = page.scale * zoom
	middle := between(low, high, 0.5)
	s.origin = point{side / 2, s.within(230, 300)}.sub(middle.mul(1 / zoom))
	draw()
	s.scale, s.origin = page.scale, page.origin
}

// The grounds of panels.
var panelGrounds = []choice{
	{4, (*scene).outdoors},
	{2, (*scene).plain},
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
}

// screen is how greys are printed.
type screen struct{ period, angle float64 } // The period is in pixels.

// print makes a picture black and white: what is dark is ink, what is light is paper, and between them are dots.
func (sc screen) print(picture *image.RGBA) {
	const ink, solid, paper = 0.36, 0.44, 0.93
	axis := direction(sc.angle).mul(1 / sc.period)
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		for x := picture.Rect.Min.X; x < picture.Rect.Max.X; x++ {
			pixel := picture.Pix[picture.PixOffset(x, y):][:4:4]
			light := (0.299*float64(pixel[0]) + 0.587*float64(pixel[1]) + 0.114*float64(pixel[2])) / 255
			value := 0.0
			switch {
			case light >= paper:
				value = 1
			case light > ink:
				u, v := float64(x), float64(y)
				level := 0.6 * (1 - (light-solid)/(paper-solid))
				value = 1 - dotCover(point{u*axis.x + v*axis.y, v*axis.x - u*axis.y}, level, sc.period)
				value *= min((light-ink)/(solid-ink), 1)
			}
			shade := uint8(20 + 235*value)
			pixel[0], pixel[1], pixel[2] = shade, shade, shade
		}
	}
}
