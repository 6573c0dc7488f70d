package eyes

import (
	"cmp"
	"math"
	"slices"
)

const (
	// leastHeat is the least heat of a cell that counts as an eye's centre at a first look.
	leastHeat = 0.2
	// shut is the largest openness of an eye that counts as shut.
	shut = 0.2
)

// eye is a found eye, in pixels of the picture.
type eye struct {
	box
	middleX, middleY float64 // The predicted midpoint of the eyes of its face.
	heat, open       float64 // In [0, 1].
}

// read extracts the eyes of a window from the network's output: cells that are hotter than their neighbours.
//
//	said: [cells, cells, outputs]
func (c Config) read(said []float32, w window, least float64) (found []eye) {
	cells := c.cells()
	at := func(column, row int) []float32 { return said[(row*cells+column)*outputs:][:outputs] }
	for row := range cells {
		for column := range cells {
			cell := at(column, row)
			heat := logistic(cell[heatChannel])
			if heat < least {
				continue
			}
			hottest := true
			for y := max(row-1, 0); y <= min(row+1, cells-1); y++ {
				for x := max(column-1, 0); x <= min(column+1, cells-1); x++ {
					hottest = hottest && at(x, y)[heatChannel] <= cell[heatChannel]
				}
			}
			if !hottest {
				continue
			}
			x := (float64(column) + 0.5 + float64(cell[xChannel])) * stride
			y := (float64(row) + 0.5 + float64(cell[yChannel])) * stride
			width, height := c.length(cell[widthChannel]), c.length(cell[heightChannel])
			across := float64(cell[middleXChannel])
			if w.mirrored {
				x, across = float64(c.Size)-x, -across
			}
			placed := func(x, y float64) (float64, float64) { return w.x + x*w.scale, w.y + y*w.scale }
			e := eye{heat: heat, open: logistic(cell[openChannel])}
			e.x0, e.y0 = placed(x-width/2, y-height/2)
			e.x1, e.y1 = placed(x+width/2, y+height/2)
			e.middleX, e.middleY = placed(x+width*across, y+width*float64(cell[middleYChannel]))
			found = append(found, e)
		}
	}
	return found
}

func logistic(x float32) float64 { return 1 / (1 + math.Exp(-float64(x))) }

// length inverts [Config.logSize]. Its argument is bounded, to prevent overflow.
func (c Config) length(said float32) float64 {
	return usual * float64(c.Size) * math.Exp(min(max(float64(said), -3), 3))
}

// apart keeps the hottest of each group of overlapping eyes.
func apart(found []eye) (kept []eye) {
	slices.SortStableFunc(found, func(a, b eye) int { return cmp.Compare(b.heat, a.heat) })
	for _, e := range found {
		if !slices.ContainsFunc(kept, e.upon) {
			kept = append(kept, e)
		}
	}
	return kept
}

// upon reports whether two boxes are the same eye's.
func (e eye) upon(other eye) bool {
	smaller := min(e.width()*e.height(), other.width()*other.height())
	return e.overlap(other.box) > 0.4*smaller
}

// face is one or two eyes of a face, from left to right.
type face []eye

func (f face) width() float64 {
	sum := 0.0
	for _, e := range f {
		sum += e.width()
	}
	return sum / float64(len(f))
}

func (f face) heat() float64 {
	sum := 0.0
	for _, e := range f {
		sum += e.heat
	}
	return sum / float64(len(f))
}

// middle returns the midpoint of the two eyes, predicted if one is missing.
func (f face) middle() (x, y float64) {
	if len(f) == 1 {
		return f[0].middleX, f[0].middleY
	}
	leftX, leftY := f[0].box.middle()
	rightX, rightY := f[1].box.middle()
	return (leftX + rightX) / 2, (leftY + rightY) / 2
}

// pairs combines eyes into faces: two that agree on their midpoint belong together, those that agree best first.
func pairs(eyes []eye) []face {
	type pair struct {
		left, right int
		apart       float64
	}
	var possible []pair
	for i, left := range eyes {
		for j, right := range eyes {
			if i != j {
				if apart := disagreement(left, right); apart < 1 {
					possible = append(possible, pair{i, j, apart})
				}
			}
		}
	}
	slices.SortStableFunc(possible, func(a, b pair) int { return cmp.Compare(a.apart, b.apart) })
	var faces []face
	used := make([]bool, len(eyes))
	for _, p := range possible {
		if !used[p.left] && !used[p.right] {
			used[p.left], used[p.right] = true, true
			faces = append(faces, face{eyes[p.left], eyes[p.right]})
		}
	}
	for i, e := range eyes {
		if !used[i] {
			faces = append(faces, face{e})
		}
	}
	return faces
}

// disagreement measures how badly two eyes fit as the left and the right one of a face: at 1 or more they do not.
func disagreement(left, right eye) float64 {
	width := (left.width() + right.width()) / 2
	leftX, leftY := left.box.middle()
	rightX, rightY := right.box.middle()
	x, y := (leftX+rightX)/2, (leftY+rightY)/2
	if rightX-leftX < 0.5*width || math.Abs(rightY-leftY) > rightX-leftX { // Not side by side.
		return 1
	}
	off := math.Hypot(left.middleX-x, left.middleY-y) + math.Hypot(right.middleX-x, right.middleY-y)
	sizes := math.Abs(math.Log(left.width() / right.width()))
	return off/(1.2*width) + sizes/2
}

// among returns the face that a second look was for, among the faces it found, or nil.
func (f face) among(seen []face) (best face) {
	x, y := f.middle()
	for _, s := range seen {
		atX, atY := s.middle()
		near := math.Hypot(atX-x, atY-y) < f.width()
		ratio := s.width() / f.width()
		if near && ratio > 0.5 && ratio < 2 && (best == nil || float64(len(s))*s.heat() > float64(len(best))*best.heat()) {
			best = s
		}
	}
	return best
}

// agreed returns the mean of several second looks, or nil if fewer than two saw a face. If most saw two eyes, those
// looks count, otherwise those that saw one.
func agreed(seen []face) face {
	slices.SortStableFunc(
		seen, func(a, b face) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(b.heat(), a.heat())) },
	)
	if len(seen) < 2 {
		return nil
	}
	eyes := len(seen[1]) // The number that at least two of them saw.
	var mean face
	looks := 0.0
	for _, s := range seen {
		if len(s) != eyes {
			continue
		}
		if mean == nil {
			mean = make(face, eyes)
		} else if eyes == 1 && !s[0].upon(mean[0].dividedBy(looks)) {
			continue // Another eye of the face.
		}
		looks++
		for i := range mean {
			mean[i] = mean[i].plus(s[i])
		}
	}
	for i := range mean {
		mean[i] = mean[i].dividedBy(looks)
		mean[i].heat *= looks / float64(len(views)) // Looks that missed it count as 0.
	}
	return mean
}

// plus adds all numbers of two eyes, and dividedBy turns the sum into a mean.
func (e eye) plus(o eye) eye {
	return eye{
		box{
			e.x0 + o.x0,
			e.y0 + o.y0,
			e.x1 + o.x1,
			e.y1 + o.y1,
		}, e.middleX + o.middleX, e.middleY + o.middleY, e.heat + o.heat, e.open + o.open,
	}
}

func (e eye) dividedBy(n float64) eye {
	return eye{box{e.x0 / n, e.y0 / n, e.x1 / n, e.y1 / n}, e.middleX / n, e.middleY / n, e.heat / n, e.open / n}
}

// distinct keeps the surest of faces that share an eye, preferring two eyes to one.
func distinct(faces []face) (kept []face) {
	slices.SortStableFunc(faces, func(a, b face) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(b.heat(), a.heat()))
	})
	for _, f := range faces {
		shared := slices.ContainsFunc(kept, func(k face) bool {
			return slices.ContainsFunc(k, func(e eye) bool { return slices.ContainsFunc(f, e.upon) })
		})
		if !shared {
			kept = append(kept, f)
		}
	}
	return kept
}

// without returns those faces that lie on none of some others.
func without(faces, others []face) (kept []face) {
	for _, f := range faces {
		if !slices.ContainsFunc(others, f.on) {
			kept = append(kept, f)
		}
	}
	return kept
}

// on reports whether a face lies on another, whose middle is known: where its nose, mouth, cheeks and forehead are.
func (f face) on(other face) bool {
	x, y := f.middle()
	atX, atY := other.middle()
	return math.Hypot(x-atX, y-atY) < 1.2*other.apart()
}

// apart returns the distance between the eyes of a face, as is usual if one is missing.
func (f face) apart() float64 {
	if len(f) == 1 {
		return 1.5 * f.width()
	}
	leftX, leftY := f[0].box.middle()
	rightX, rightY := f[1].box.middle()
	return math.Hypot(rightX-leftX, rightY-leftY)
}
