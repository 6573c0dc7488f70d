package collect

import (
	"cmp"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// FoundBlink says where in a footage somebody blinks.
type FoundBlink struct {
	// Frames are the numbers of [portrait.BlinkFrames] frames of the footage, the first is 0: a few before the eyes close, until after they are open again.
	// They follow each other, but some are left out where a blink is slower than a clip is long, and the last is repeated where the footage ends or the eyes
	// close once more.
	Frames []int
	// Eyes are the boxes of what the blink changes, from left to right as seen, in pixels of the first of the frames.
	Eyes []image.Rectangle
	// Aperture estimates how far the eyes are open in each of the frames: 1 as in the first, 0 as in the most closed. It is nil where hardly anything changes.
	Aperture []float64
	// Slow is how many times as long as a clip the blink is: 1, or more where frames are left out.
	Slow float64
}

// FindBlinksOptions say what [FindBlinks] looks for.
type FindBlinksOptions struct {
	// Eyes are the boxes of one or two eyes in pixels, from left to right, if they are known; they hold for all of the footage. Nil: they are found.
	Eyes []image.Rectangle
	// Whole: footage of [portrait.BlinkFrames] frames is one clip already, of which nothing is cut off. Where it has more frames, this says nothing.
	Whole bool
}

// FindBlinks looks for places where, while everything else is nearly still, two regions side by side change at the same time, and are what they were after
// 0.2 to 1.5 seconds. Where a footage has no such pair anywhere, single regions are taken: a profile has one eye, but a mouth is one region too. The
// frames are [portrait.BlinkRate] a second.
//
// It knows nothing of faces, so show people what it found. It looks at frames shrunk to 256 pixels and keeps some seconds of those in memory. Blinks are in
// the order of time. An error of the frames comes with the blinks before it. To find none is no error, unless there are too few frames to hold one.
func FindBlinks(frames iter.Seq2[footage.Frame, error], options FindBlinksOptions) ([]FoundBlink, error) {
	f := blinkFinder{options: options}
	for frame, err := range frames {
		if err != nil {
			return f.finish(), err
		}
		if err := f.add(frame.Picture); err != nil {
			return nil, err
		}
	}
	if n := f.count(); n < portrait.BlinkFrames {
		return nil, fmt.Errorf("there are %d frames at %d a second, a blink has %d", n, portrait.BlinkRate, portrait.BlinkFrames)
	}
	return f.finish(), nil
}

// Numbers of frames at portrait.BlinkRate.
const (
	longestBlink   = 27               // 1.5 s.
	shortestBlink  = 3                // From the last open frame to the first.
	longestClosing = 7                // From the last open frame until most is shut. Lids are quick; what sways is not.
	reach          = 2 * longestBlink // How far around its middle a blink is looked at.
	keptFrames     = 6 * reach        // In memory.
)

// blinkFinder looks at frames as they come.
type blinkFinder struct {
	options FindBlinksOptions
	size    image.Point // Of the frames.
	eyes    []image.Rectangle
	first   int          // Which frame recent[0] is.
	recent  []*softFrame // The latest ones.
	next    int          // The frame that is to be looked at next as the middle of a blink.
	found   []closing
}

func (f *blinkFinder) count() int { return f.first + len(f.recent) }

// add takes the next frame, and looks for blinks when there are many.
func (f *blinkFinder) add(picture *image.RGBA) error {
	if f.size == (image.Point{}) {
		f.size = picture.Rect.Size()
		for _, eye := range f.options.Eyes {
			if eye.Empty() || !eye.In(picture.Rect) {
				return fmt.Errorf("there can be no eye at %d,%d,%d,%d (x, y, width, height): the frames have %d×%d pixels",
					eye.Min.X, eye.Min.Y, eye.Dx(), eye.Dy(), f.size.X, f.size.Y)
			}
		}
	}
	f.recent = append(f.recent, soften(picture))
	if f.eyes == nil && f.options.Eyes != nil {
		for _, eye := range f.options.Eyes {
			f.eyes = append(f.eyes, scaleBox(eye, f.size, f.recent[0].size()))
		}
	}
	if len(f.recent) >= keptFrames {
		f.look(f.count() - reach)
		drop := max(0, f.next-reach-f.first)
		f.recent = slices.Delete(f.recent, 0, drop)
		f.first += drop
	}
	return nil
}

// look looks at the frames before end.
func (f *blinkFinder) look(end int) {
	for ; f.next < end; f.next++ {
		f.found = append(f.found, f.closingAt(f.next-f.first)...)
	}
}

// closing is a blink in a footage.
type closing struct {
	last, shut, first int               // The last open frame before it, the most closed one, the first open one after it.
	eyes              []image.Rectangle // In the small frames.
	mass              float64           // How much changes.
	aperture          []float64         // Of all frames from last to first.
}

// finish makes blinks of what was found.
func (f *blinkFinder) finish() []FoundBlink {
	if f.options.Whole && f.count() == portrait.BlinkFrames {
		return f.whole()
	}
	f.look(f.count())
	closings := f.found
	// A mouth opens and shuts alone; where there are pairs, what is not one is none.
	pairs := func(c closing) bool { return len(c.eyes) > 1 }
	if f.eyes == nil && slices.ContainsFunc(closings, pairs) {
		closings = slices.DeleteFunc(closings, func(c closing) bool { return !pairs(c) })
	}
	// Nor is what is faint beside the others.
	clearest := 0.0
	for _, c := range closings {
		clearest = max(clearest, c.mass)
	}
	closings = slices.DeleteFunc(closings, func(c closing) bool { return c.mass < clearest/10 })
	// Of those that are one blink, seen from several frames, the clearest.
	slices.SortStableFunc(closings, func(a, b closing) int { return cmp.Compare(b.mass, a.mass) })
	var chosen []closing
	for _, c := range closings {
		if !slices.ContainsFunc(chosen, func(o closing) bool { return c.last < o.first && o.last < c.first }) {
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b closing) int { return cmp.Compare(a.last, b.last) })
	var blinks []FoundBlink
	for i, c := range chosen {
		earliest, latest := 0, f.count()-1
		if i > 0 {
			earliest = chosen[i-1].first
		}
		if i+1 < len(chosen) {
			latest = chosen[i+1].last
		}
		blinks = append(blinks, f.cut(c, earliest, latest))
	}
	return blinks
}

// before is how many open frames a clip begins with.
const before = 3

// cut chooses the frames of a clip, from earliest to latest.
func (f *blinkFinder) cut(c closing, earliest, latest int) FoundBlink {
	const n = portrait.BlinkFrames
	blink := FoundBlink{Slow: 1, Eyes: f.fullSize(c.eyes)}
	start, span := max(earliest, c.last-before+1), float64(n-1)
	if longest := float64(c.first - c.last); longest > span {
		start, span = c.last, longest
		blink.Slow = longest / (n - 1)
	} else {
		start = max(earliest, min(start, latest-n+1))
		start = max(start, c.first-n+1)
	}
	for i := range n {
		at := min(start+int(math.Round(float64(i)*span/(n-1))), latest)
		blink.Frames = append(blink.Frames, at)
		aperture := 1.0
		if at > c.last && at < c.first {
			aperture = c.aperture[at-c.last]
		}
		blink.Aperture = append(blink.Aperture, aperture)
	}
	return blink
}

// whole makes one blink of all frames.
func (f *blinkFinder) whole() []FoundBlink {
	best := closing{eyes: f.eyes}
	for m := 1; m < f.count(); m++ {
		if c, ok := f.changeAt(m, 0, f.count()-1); ok && c.mass > best.mass {
			best = c
		}
	}
	if best.eyes == nil {
		return nil
	}
	if f.eyes == nil {
		best.eyes = f.changed(best.eyes, 0, best.shut, f.count()-1)
	}
	blink := FoundBlink{Slow: 1, Eyes: f.fullSize(best.eyes)}
	for i := range f.recent {
		blink.Frames = append(blink.Frames, i)
	}
	if best.mass > 0 {
		blink.Aperture = f.apertures(best.eyes, 0, best.shut, 0, f.count()-1)
	}
	return []FoundBlink{blink}
}

// fullSize are boxes in the frames themselves.
func (f *blinkFinder) fullSize(small []image.Rectangle) []image.Rectangle {
	if f.options.Eyes != nil {
		return f.options.Eyes
	}
	var boxes []image.Rectangle
	for _, box := range small {
		boxes = append(boxes, scaleBox(box, f.recent[0].size(), f.size))
	}
	return boxes
}

// scaleBox takes a box from pictures of one size to those of another. What it touches is in it, and it is never empty.
func scaleBox(box image.Rectangle, from, to image.Point) image.Rectangle {
	x, y := float64(to.X)/float64(from.X), float64(to.Y)/float64(from.Y)
	return image.Rect(int(math.Floor(float64(box.Min.X)*x)), int(math.Floor(float64(box.Min.Y)*y)),
		int(math.Ceil(float64(box.Max.X)*x)), int(math.Ceil(float64(box.Max.Y)*y))).Intersect(image.Rectangle{Max: to})
}

// closingAt is a blink whose middle is frame m of the recent ones, or none.
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

// limits finds when the blink begins and ends.
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
	// The frame before the first that has begun to change.
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
	if shutting := slices.IndexFunc(curve[last:], func(aperture float64) bool { return aperture < 0.25 }); shutting < 0 || shutting > longestClosing {
		return c, false
	}
	if len(c.eyes) > 1 && !f.together(c, from+last, from+first) {
		return c, false
	}
	c.last, c.shut, c.first = from+last, from+shut, from+first
	if f.eyes == nil {
		c.eyes = f.changed(c.eyes, c.last, c.shut, c.first)
	}
	c.aperture = f.apertures(c.eyes, c.last, c.shut, c.last, c.first)
	c.last, c.shut, c.first = c.last+f.first, c.shut+f.first, c.first+f.first
	return c, true
}

// mostlyOpen says whether eyes are open in most frames before and after a blink. Else it was the moment between two blinks, in which they open.
func mostlyOpen(before, after []float64) bool {
	open := 0
	for _, aperture := range slices.Concat(before, after) {
		if aperture > 0.7 {
			open++
		}
	}
	return 2*open > len(before)+len(after)
}

// together says whether both eyes close at the same time.
func (f *blinkFinder) together(c closing, from, to int) bool {
	shut := c.shut
	a, b := f.apertures(c.eyes[:1], c.last, shut, from, to), f.apertures(c.eyes[1:], c.last, shut, from, to)
	return stat.Correlation(a, b, nil) > 0.7
}

// changeAt is what is different in frame m from both frames s and e, which are equal.
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

// change is by how many grey levels each pixel of frame m is lighter, or darker, than in both s and e, beyond what may have moved by a pixel.
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

// changed are the boxes of all that changes near some between frames s and e, in which the eyes are open.
func (f *blinkFinder) changed(near []image.Rectangle, s, shut, e int) []image.Rectangle {
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
		// What has changed by less, and what was taken for moved by a pixel.
		margin := 1 + max(exact.Dx(), exact.Dy())/20
		boxes = append(boxes, exact.Inset(-margin).Intersect(image.Rectangle{Max: size}))
	}
	return boxes
}

// apertures estimate how far the eyes are open in the frames from…to: how little of the difference between the frames open and shut there is, in both eyes.
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

// softFrame is a small, grey, slightly blurred frame.
type softFrame struct {
	width, height int
	pix           []uint8 // Grey levels, row by row.
	low, high     []uint8 // The least and the greatest of the pixels around each one.
}

// smallSide is the longer side of small frames in pixels.
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

// around combines each pixel with its neighbours, first those left and right, then those above and below.
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

// at is the number of a pixel, or of the nearest one of the picture.
func (s *softFrame) at(x, y int) int {
	return min(max(y, 0), s.height-1)*s.width + min(max(x, 0), s.width-1)
}

// beyond is by how much a grey level is above all those around pixel p, or, below 0, below them.
func (s *softFrame) beyond(p int, level uint8) int {
	return max(0, int(level)-int(s.high[p])) + min(0, int(level)-int(s.low[p]))
}

// shifts are by how many pixels the parts of a picture have moved, each a cell of a grid.
type shifts [cells][cells]image.Point

// cells are in a row, and in a column, of the grid.
const cells = 4

// at is the shift of a pixel of a picture of the given size.
func (s *shifts) at(x, y int, size image.Point) image.Point { return s[y*cells/size.Y][x*cells/size.X] }

// shiftsTo are by how much the parts of the picture have moved in another frame: first as a whole, then each by itself. A head turns before a background that
// stays.
func (s *softFrame) shiftsTo(other *softFrame) *shifts {
	var found shifts
	if s == other {
		return &found
	}
	all := s.shiftOf(image.Rect(0, 0, s.width, s.height), other, image.Point{})
	for row := range cells {
		for column := range cells {
			cell := image.Rect(column*s.width/cells, row*s.height/cells, (column+1)*s.width/cells, (row+1)*s.height/cells)
			// The cell and half a cell around it: an eye that closes shall not be all that is seen.
			found[row][column] = s.shiftOf(image.Rectangle{
				Min: cell.Min.Sub(cell.Size().Div(2)), Max: cell.Max.Add(cell.Size().Div(2)),
			}, other, all)
		}
	}
	return &found
}

// shiftOf is by how many pixels a part has moved in another frame, if by few, from where it may be: the best of ever better neighbours.
func (s *softFrame) shiftOf(part image.Rectangle, other *softFrame, start image.Point) image.Point {
	const most, step = 6, 4
	inner := image.Rect(2*most, 2*most, s.width-2*most, s.height-2*most).Intersect(part)
	best, least := start, math.MaxInt
	cost := func(shift image.Point) (sum int) {
		for y := inner.Min.Y; y < inner.Max.Y && sum < least; y += step {
			from, to := s.pix[y*s.width:], other.pix[(y+shift.Y)*s.width+shift.X:]
			for x := inner.Min.X; x < inner.Max.X; x += step {
				d := int(from[x]) - int(to[x])
				sum += min(max(d, -d), 40) // What is another thing altogether shall not count more.
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

// sumIn adds up what is in a box.
func sumIn(values []uint8, size image.Point, box image.Rectangle) (sum float64) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for _, v := range values[y*size.X+box.Min.X : y*size.X+box.Max.X] {
			sum += float64(v)
		}
	}
	return sum
}

// changeLevel is the least change that is one, in grey levels: what JPEG does is less.
const changeLevel = 14

// maxIn is the greatest of what is in a part.
func maxIn(values []uint8, size image.Point, part image.Rectangle) (most uint8) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		most = max(most, slices.Max(values[y*size.X+part.Min.X:y*size.X+part.Max.X]))
	}
	return most
}

// boxAbove is the box of what is at least a level within a part.
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

// spot is a region that changes.
type spot struct {
	box  image.Rectangle
	mass float64
}

// eyesIn are the two regions, or the one, that change most and look as eyes may, and how much changes in them. It is nil where there are none, or where
// as much changes elsewhere.
func eyesIn(change []uint8, size image.Point) ([]image.Rectangle, float64) {
	var best []image.Rectangle
	mass, all := 0.0, 0.0
	spots := spotsIn(change, size)
	for _, s := range spots {
		all += s.mass
	}
	for i, a := range spots {
		for _, b := range spots[i+1:] {
			if sum := a.mass + b.mass; sum > mass && a.besides(b) {
				best, mass = []image.Rectangle{a.box, b.box}, sum
			}
		}
	}
	// One alone must be clearer, as nothing else speaks for it.
	const clear = 2
	if best == nil && len(spots) > 0 && spots[0].mass >= clear*leastChange*float64(spots[0].box.Dx()*spots[0].box.Dy()) && spots[0].likeAnEye() {
		best, mass = []image.Rectangle{spots[0].box}, spots[0].mass
	}
	if 2*mass < all {
		return nil, 0
	}
	slices.SortFunc(best, func(a, b image.Rectangle) int { return cmp.Compare(a.Min.X, b.Min.X) })
	return best, mass
}

// leastChange is the least change of a region on average, in grey levels. Lids change most of what they cover; of what sways, the edges change.
const leastChange = 12

// likeAnEye says whether a region has a form that an eye may have.
func (s spot) likeAnEye() bool {
	w, h := s.box.Dx(), s.box.Dy()
	return w >= 5 && h >= 3 && 6*h >= w && 3*w >= h && s.mass >= leastChange*float64(w*h)
}

// besides says whether two regions may be the eyes of a face: of similar sizes and at similar heights.
func (s spot) besides(o spot) bool {
	if !s.likeAnEye() || !o.likeAnEye() {
		return false
	}
	wide, high := float64(s.box.Dx()+o.box.Dx())/2, float64(s.box.Dy()+o.box.Dy())/2
	apart := s.box.Min.Add(s.box.Max).Sub(o.box.Min.Add(o.box.Max))
	x, y := math.Abs(float64(apart.X))/2, math.Abs(float64(apart.Y))/2
	alike := func(a, b, least float64) bool { return min(a, b) >= least*max(a, b) }
	return x > 1.05*wide && x < 5*wide && y < 0.4*x && y < 1.2*high &&
		alike(float64(s.box.Dx()), float64(o.box.Dx()), 0.4) && alike(float64(s.box.Dy()), float64(o.box.Dy()), 0.35) && alike(s.mass, o.mass, 0.2)
}

// spotsIn are the largest regions that change, the largest first. Parts that lie close are one.
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
			s.box = s.box.Union(image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))})
			s.mass += float64(change[at.Y*size.X+at.X])
			around := image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))}.Inset(-near).Intersect(image.Rectangle{Max: size})
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
