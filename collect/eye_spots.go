package collect

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// changeLevel is the least change that counts, in grey levels: more than JPEG makes.
const changeLevel = 14

// leastChange is the least average change of a region, in grey levels. Lids change most of what they cover; of things
// that sway, only the edges change.
const leastChange = 12

// spot is a region that changes.
type spot struct {
	box  image.Rectangle
	mass float64 // The sum of the changes in grey levels.
}

// eyesIn returns the two regions, or the one, that change most and look as eyes may, from left to right, and how much
// changes in them. It returns nil if there are none, or if as much changes elsewhere.
func eyesIn(change []uint8, size image.Point) ([]image.Rectangle, float64) {
	var best []image.Rectangle
	mass, all := 0.0, 0.0
	spots := spotsIn(change, size)
	for _, s := range spots {
		all += s.mass
	}
	for i, a := range spots {
		for _, b := range spots[i+1:] {
			if sum := a.mass + b.mass; sum > mass && a.pairsWith(b) {
				best, mass = []image.Rectangle{a.box, b.box}, sum
			}
		}
	}
	// A single region must be clearer, as nothing else speaks for it.
	if best == nil && len(spots) > 0 && spots[0].clear() && spots[0].likeAnEye() {
		best, mass = []image.Rectangle{spots[0].box}, spots[0].mass
	}
	if 2*mass < all {
		return nil, 0
	}
	slices.SortFunc(best, func(a, b image.Rectangle) int { return cmp.Compare(a.Min.X, b.Min.X) })
	return best, mass
}

// clear reports whether a region changes enough to be an eye without a second one.
func (s spot) clear() bool {
	const clear = 2
	return s.mass >= clear*leastChange*float64(s.box.Dx()*s.box.Dy())
}

// likeAnEye reports whether a region has a form that an eye may have.
func (s spot) likeAnEye() bool {
	w, h := s.box.Dx(), s.box.Dy()
	return w >= 5 && h >= 3 && 6*h >= w && 3*w >= h && s.mass >= leastChange*float64(w*h)
}

// pairsWith reports whether two regions may be the eyes of a face: of similar sizes and at similar heights.
func (s spot) pairsWith(o spot) bool {
	if !s.likeAnEye() || !o.likeAnEye() {
		return false
	}
	wide, high := float64(s.box.Dx()+o.box.Dx())/2, float64(s.box.Dy()+o.box.Dy())/2
	apart := s.box.Min.Add(s.box.Max).Sub(o.box.Min.Add(o.box.Max))
	x, y := math.Abs(float64(apart.X))/2, math.Abs(float64(apart.Y))/2
	alike := func(a, b, least float64) bool { return min(a, b) >= least*max(a, b) }
	return x > 1.05*wide && x < 5*wide && y < 0.4*x && y < 1.2*high &&
		alike(float64(s.box.Dx()), float64(o.box.Dx()), 0.4) &&
		alike(float64(s.box.Dy()), float64(o.box.Dy()), 0.35) &&
		alike(s.mass, o.mass, 0.2)
}

// spotsIn returns the largest regions that change, the largest first. Parts that lie close together are one region.
func spotsIn(change []uint8, size image.Point) []spot {
	near := max(1, max(size.X, size.Y)/80)
	seen := make([]bool, len(change))
	var spots []spot
	var queue []image.Point
	for p, v := range change {
		if v < changeLevel || seen[p] {
			continue
		}
		seen[p] = true
		queue = append(queue[:0], image.Pt(p%size.X, p/size.X))
		var s spot
		for len(queue) > 0 {
			at := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			pixel := image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))}
			s.box = s.box.Union(pixel)
			s.mass += float64(change[at.Y*size.X+at.X])
			around := pixel.Inset(-near).Intersect(image.Rectangle{Max: size})
			for y := around.Min.Y; y < around.Max.Y; y++ {
				for x := around.Min.X; x < around.Max.X; x++ {
					if q := y*size.X + x; change[q] >= changeLevel && !seen[q] {
						seen[q] = true
						queue = append(queue, image.Pt(x, y))
					}
				}
			}
		}
		if s.box.Dx() < size.X/2 && s.box.Dy() < size.Y/2 {
			spots = append(spots, s)
		}
	}
	slices.SortStableFunc(spots, func(a, b spot) int { return cmp.Compare(b.mass, a.mass) })
	return spots[:min(len(spots), 8)]
}

// sumIn adds up the values in a box.
func sumIn(values []uint8, size image.Point, box image.Rectangle) (sum float64) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for _, v := range values[y*size.X+box.Min.X : y*size.X+box.Max.X] {
			sum += float64(v)
		}
	}
	return sum
}

// maxIn returns the greatest value in a box.
func maxIn(values []uint8, size image.Point, box image.Rectangle) (most uint8) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		most = max(most, slices.Max(values[y*size.X+box.Min.X:y*size.X+box.Max.X]))
	}
	return most
}

// boxAbove returns the bounding box of the values within a part that reach a level.
func boxAbove(values []uint8, size image.Point, part image.Rectangle, level uint8) (box image.Rectangle) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if values[y*size.X+x] >= level {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}
