package collect

import (
	"image"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Numbers of frames at portrait.BlinkRate.
const (
	longestBlink   = 27               // 1.5 s.
	shortestBlink  = 3                // From the last open frame to the first.
	longestClosing = 7                // From the last open frame until mostly shut: lids are quick.
	reach          = 2 * longestBlink // How far around its middle a blink is looked at.
	keptFrames     = 6 * reach        // In memory.
)

// closing is a moment of footage at which eyes close and open again.
type closing struct {
	last, shut, first int               // The last open frame before it, the most closed one, the first open one after.
	eyes              []image.Rectangle // In soft frames.
	mass              float64           // How much changes: a sum of grey levels.
	aperture          []float64         // Of all frames from last to first.
}

// closingAt returns the closing whose middle is frame m of the recent ones, if any.
func (f *blinkFinder) closingAt(m int) []closing {
	var best closing
	for _, lag := range []int{4, 7, 13} {
		if c, ok := f.changeAt(m, max(0, m-lag), min(m+lag, len(f.recent)-1)); ok && c.mass > best.mass {
			best = c
		}
	}
	if best.eyes == nil {
		return nil
	}
	if c, ok := f.limits(best, m); ok {
		return []closing{c}
	}
	return nil
}

// limits finds when a closing begins and ends.
func (f *blinkFinder) limits(c closing, m int) (closing, bool) {
	from, to := max(0, m-longestBlink), min(m+longestBlink, len(f.recent)-1)
	curve := f.apertures(c.eyes, c.last, m, from, to)
	const open = 0.9
	last, first := m-from, m-from
	for last > 0 && curve[last] < open {
		last--
	}
	for first < len(curve)-1 && curve[first] < open {
		first++
	}
	if curve[last] < open || curve[first] < open {
		return c, false
	}
	// On to the frame before the first that has begun to change.
	for last > 0 && curve[last] < 0.97 && curve[last-1] > curve[last] {
		last--
	}
	for first < len(curve)-1 && curve[first] < 0.97 && curve[first+1] > curve[first] {
		first++
	}
	if d := first - last; d < shortestBlink || d > longestBlink || !mostlyOpen(curve[:last+1], curve[first:]) {
		return c, false
	}
	shut := last + floats.MinIdx(curve[last:first+1])
	mostlyShut := func(aperture float64) bool { return aperture < 0.25 }
	if shutting := slices.IndexFunc(curve[last:], mostlyShut); shutting < 0 || shutting > longestClosing {
		return c, false
	}
	if len(c.eyes) > 1 && !f.together(c, from+last, from+first) {
		return c, false
	}
	c.last, c.shut, c.first = from+last, from+shut, from+first
	if f.eyes == nil {
		c.eyes = f.changed(c.eyes, c.last, c.first)
	}
	c.aperture = f.apertures(c.eyes, c.last, c.shut, c.last, c.first)
	c.last, c.shut, c.first = c.last+f.first, c.shut+f.first, c.first+f.first
	return c, true
}

// mostlyOpen reports whether eyes are open in most frames before and after a blink. Otherwise it was the moment between
// two blinks, in which they open.
func mostlyOpen(before, after []float64) bool {
	open := 0
	for _, aperture := range slices.Concat(before, after) {
		if aperture > 0.7 {
			open++
		}
	}
	return 2*open > len(before)+len(after)
}

// together reports whether both eyes close at the same time.
func (f *blinkFinder) together(c closing, from, to int) bool {
	shut := c.shut
	a, b := f.apertures(c.eyes[:1], c.last, shut, from, to), f.apertures(c.eyes[1:], c.last, shut, from, to)
	return stat.Correlation(a, b, nil) > 0.7
}

// changeAt looks for eyes that differ in frame m from both frames s and e, in which they are the same.
func (f *blinkFinder) changeAt(m, s, e int) (closing, bool) {
	if m-s < 1 || e-m < 1 {
		return closing{}, false
	}
	change := f.change(s, m, e)
	c := closing{last: s, shut: m, first: e, eyes: f.eyes}
	if f.eyes == nil {
		c.eyes, c.mass = eyesIn(change, f.recent[0].size())
		return c, c.eyes != nil
	}
	area := 0
	for _, eye := range f.eyes {
		area += eye.Dx() * eye.Dy()
		c.mass += sumIn(change, f.recent[0].size(), eye)
	}
	const faintest = 2 // Grey levels, on average.
	return c, c.mass > faintest*float64(area)
}

// change returns by how many grey levels each pixel of frame m is lighter, or darker, than in both s and e. Motion by a
// pixel does not count.
func (f *blinkFinder) change(s, m, e int) []uint8 {
	start, middle, end := f.recent[s], f.recent[m], f.recent[e]
	backs, forths := start.shiftsTo(middle), start.shiftsTo(end)
	size := start.size()
	made := make([]uint8, size.X*size.Y)
	for y := range size.Y {
		for x := range size.X {
			p, back, forth := start.at(x, y), backs.at(x, y, size), forths.at(x, y, size)
			q, r := middle.at(x+back.X, y+back.Y), end.at(x+forth.X, y+forth.Y)
			before, after := start.beyond(p, middle.pix[q]), end.beyond(r, middle.pix[q])
			if before < 0 {
				before, after = -before, -after
			}
			stayed := start.beyond(p, end.pix[r])
			made[p] = uint8(max(0, min(before, after)-max(stayed, -stayed)))
		}
	}
	return made
}

// changed returns the boxes of all that changes near some boxes between frames s and e, in which the eyes are open.
func (f *blinkFinder) changed(near []image.Rectangle, s, e int) []image.Rectangle {
	size := f.recent[0].size()
	most := make([]uint8, size.X*size.Y)
	for m := s + 1; m < e; m++ {
		for p, v := range f.change(s, m, e) {
			most[p] = max(most[p], v)
		}
	}
	var boxes []image.Rectangle
	for i, box := range near {
		part := box.Inset(-max(box.Dx(), box.Dy()) / 3).Intersect(image.Rectangle{Max: size})
		for j, other := range near { // Not beyond the middle between two eyes.
			switch middle := (box.Min.X + box.Max.X + other.Min.X + other.Max.X) / 4; {
			case j > i:
				part.Max.X = min(part.Max.X, middle)
			case j < i:
				part.Min.X = max(part.Min.X, middle)
			}
		}
		exact := boxAbove(most, size, part, max(changeLevel, maxIn(most, size, part)/8))
		if exact.Empty() {
			exact = box
		}
		// For fainter changes, and those that were taken for motion by a pixel.
		margin := 1 + max(exact.Dx(), exact.Dy())/20
		boxes = append(boxes, exact.Inset(-margin).Intersect(image.Rectangle{Max: size}))
	}
	return boxes
}

// apertures estimates how far the eyes are open in the frames from…to, 0 shut … 1 open: how little there is, in
// both eyes, of the difference between the frames open and shut.
func (f *blinkFinder) apertures(eyes []image.Rectangle, open, shut, from, to int) []float64 {
	start, closed := f.recent[open], f.recent[shut]
	backs, size := start.shiftsTo(closed), start.size()
	curve := make([]float64, 0, to-from+1)
	for t := from; t <= to; t++ {
		frame := f.recent[t]
		shifts := start.shiftsTo(frame)
		var part, all float64
		for _, eye := range eyes {
			middle := eye.Min.Add(eye.Max).Div(2)
			back, shift := backs.at(middle.X, middle.Y, size), shifts.at(middle.X, middle.Y, size)
			for y := eye.Min.Y; y < eye.Max.Y; y++ {
				for x := eye.Min.X; x < eye.Max.X; x++ {
					p := float64(start.pix[start.at(x, y)])
					d := float64(closed.pix[closed.at(x+back.X, y+back.Y)]) - p
					part += d * (float64(frame.pix[frame.at(x+shift.X, y+shift.Y)]) - p)
					all += d * d
				}
			}
		}
		curve = append(curve, 1-min(max(part/max(all, 1), 0), 1))
	}
	return curve
}
