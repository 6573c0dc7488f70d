package eyes

import "math"

// Channels of the targets for a cell: heat, and the rest as in the network's outputs; see [outputs].
const (
	// weightChannel, which has no counterpart in the outputs, is the weight of the cell's losses.
	weightChannel = outputs
	targets       = outputs + 1
)

// drawnEye is an eye of a training window. Lengths are in pixels of the window.
type drawnEye struct {
	x, y             float64 // Centre of its box.
	width, height    float64
	middleX, middleY float64 // Between the eyes of its face.
	open             float64 // 0 shut … 1 open.
	vague            bool    // Cut off, too small or too large: finding it is neither right nor wrong.
}

// target writes the targets for a window.
//
//	eyes, → into: [cells, cells, targets]
func (c Config) target(into []float32, eyes []drawnEye) {
	clear(into)
	cells := c.cells()
	at := func(column, row int) []float32 { return into[(row*cells+column)*targets:][:targets] }
	for _, eye := range eyes {
		x, y := eye.x/stride-0.5, eye.y/stride-0.5 // In cells, from the centre of the first.
		// A cell's offset from the eye is relative to the eye's size, so that a large eye's heat is wide.
		spreadX, spreadY := max(eye.width/stride/6, 0.55), max(eye.height/stride/6, 0.55)
		peakX, peakY := int(math.Round(x)), int(math.Round(y))
		reachX, reachY := int(3*spreadX)+1, int(3*spreadY)+1
		if eye.vague {
			reachX, reachY = int(eye.width/stride/2)+1, int(eye.height/stride/2)+1
		}
		for row := max(peakY-reachY, 0); row <= min(peakY+reachY, cells-1); row++ {
			for column := max(peakX-reachX, 0); column <= min(peakX+reachX, cells-1); column++ {
				cell := at(column, row)
				if eye.vague {
					if cell[heatChannel] == 0 {
						cell[heatChannel] = -1
					}
					continue
				}
				dx, dy := x-float64(column), y-float64(row)
				heat := float32(math.Exp(-dx*dx/(2*spreadX*spreadX) - dy*dy/(2*spreadY*spreadY)))
				if column == peakX && row == peakY {
					heat = 1
				}
				if heat <= cell[heatChannel] {
					continue
				}
				cell[heatChannel] = min(heat, 1)
				if heat < 0.5 {
					continue
				}
				cell[weightChannel] = heat
				cell[openChannel] = float32(eye.open)
				cell[xChannel], cell[yChannel] = float32(dx), float32(dy)
				cell[widthChannel], cell[heightChannel] = c.logSize(eye.width), c.logSize(eye.height)
				cell[middleXChannel] = float32((eye.middleX - eye.x) / eye.width)
				cell[middleYChannel] = float32((eye.middleY - eye.y) / eye.width)
			}
		}
	}
}

// logSize returns a length in pixels of the window in the network's form.
func (c Config) logSize(length float64) float32 {
	return float32(math.Log(length / (usual * float64(c.Size))))
}
