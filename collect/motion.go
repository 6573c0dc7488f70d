package collect

import (
	"image"
	"math"
)

// shifts are the motion of a frame's parts in pixels, one for each cell of a grid.
type shifts [cells][cells]image.Point

// cells is the number of rows, and of columns, of the grid.
const cells = 4

// at returns the shift of a pixel of a frame of the given size.
func (s *shifts) at(x, y int, size image.Point) image.Point { return s[y*cells/size.Y][x*cells/size.X] }

// shiftsTo estimates how far the parts of the frame have moved in another frame: first as a whole, then each by itself,
// since a head turns before a background that stays.
func (s *softFrame) shiftsTo(other *softFrame) *shifts {
	var found shifts
	if s == other {
		return &found
	}
	all := s.shiftOf(image.Rect(0, 0, s.width, s.height), other, image.Point{})
	for row := range cells {
		for column := range cells {
			cell := image.Rect(column*s.width/cells, row*s.height/cells,
				(column+1)*s.width/cells, (row+1)*s.height/cells)
			// The cell and half a cell around it: a closing eye must not be all that is seen.
			found[row][column] = s.shiftOf(image.Rectangle{
				Min: cell.Min.Sub(cell.Size().Div(2)), Max: cell.Max.Add(cell.Size().Div(2)),
			}, other, all)
		}
	}
	return &found
}

// shiftOf estimates how many pixels a part has moved in another frame, assuming few. It descends from start to ever
// better neighbours.
func (s *softFrame) shiftOf(part image.Rectangle, other *softFrame, start image.Point) image.Point {
	const most, step = 6, 4
	inner := image.Rect(2*most, 2*most, s.width-2*most, s.height-2*most).Intersect(part)
	best, least := start, math.MaxInt
	cost := func(shift image.Point) (sum int) {
		for y := inner.Min.Y; y < inner.Max.Y && sum < least; y += step {
			from, to := s.pix[y*s.width:], other.pix[(y+shift.Y)*s.width+shift.X:]
			for x := inner.Min.X; x < inner.Max.X; x += step {
				d := int(from[x]) - int(to[x])
				sum += min(max(d, -d), 40) // Something else altogether must not count for more.
			}
		}
		return sum
	}
	least = cost(best)
	for range most {
		from := best
		for _, d := range []image.Point{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			if c := cost(from.Add(d)); c < least {
				best, least = from.Add(d), c
			}
		}
		if best == from {
			break
		}
	}
	return best
}
