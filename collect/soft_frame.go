package collect

import (
	"image"

	"github.com/moelab/moelab/internal/imaging"
)

// softFrame is a small, grey, slightly blurred frame: noise and fine texture are gone, eyes are not.
type softFrame struct {
	width, height int
	pix           []uint8 // Grey levels, row by row.
	low, high     []uint8 // The minimum and maximum of the 3 × 3 pixels around each one.
}

// smallSide is the longer side of soft frames in pixels.
const smallSide = 256

func soften(frame *image.RGBA) *softFrame {
	size := frame.Rect.Size()
	if long := max(size.X, size.Y); long > smallSide {
		size = image.Pt(max(1, size.X*smallSide/long), max(1, size.Y*smallSide/long))
		frame = imaging.Bicubic(frame, size.X, size.Y)
	}
	s := &softFrame{width: size.X, height: size.Y}
	grey := make([]uint8, size.X*size.Y)
	for y := range size.Y {
		row := frame.Pix[y*frame.Stride:]
		for x := range size.X {
			r, g, b := int(row[4*x]), int(row[4*x+1]), int(row[4*x+2])
			grey[y*size.X+x] = uint8((299*r + 587*g + 114*b + 500) / 1000) // The luma of JPEG.
		}
	}
	s.pix = s.around(grey, func(a, b, c uint8) uint8 { return uint8((int(a) + 2*int(b) + int(c) + 2) / 4) })
	s.low = s.around(s.pix, func(a, b, c uint8) uint8 { return min(a, b, c) })
	s.high = s.around(s.pix, func(a, b, c uint8) uint8 { return max(a, b, c) })
	return s
}

// around combines each pixel with its neighbours, first left and right, then above and below.
func (s *softFrame) around(pix []uint8, of func(a, b, c uint8) uint8) []uint8 {
	rows, made := make([]uint8, len(pix)), make([]uint8, len(pix))
	for y := range s.height {
		for x := range s.width {
			rows[s.at(x, y)] = of(pix[s.at(x-1, y)], pix[s.at(x, y)], pix[s.at(x+1, y)])
		}
	}
	for y := range s.height {
		for x := range s.width {
			made[s.at(x, y)] = of(rows[s.at(x, y-1)], rows[s.at(x, y)], rows[s.at(x, y+1)])
		}
	}
	return made
}

func (s *softFrame) size() image.Point { return image.Pt(s.width, s.height) }

// at returns the index of a pixel, or of the nearest one inside the frame.
func (s *softFrame) at(x, y int) int {
	return min(max(y, 0), s.height-1)*s.width + min(max(x, 0), s.width-1)
}

// beyond returns how far a grey level lies above all those around pixel p or, as a negative number, below them.
func (s *softFrame) beyond(p int, level uint8) int {
	return max(0, int(level)-int(s.high[p])) + min(0, int(level)-int(s.low[p]))
}
