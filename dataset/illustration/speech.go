package illustration

import (
	"math"
	"strings"
)

// words are speech bubbles and sounds in a part of the illustration. Speech comes from the mouth.
func (s *scene) words(low, high, mouth point) {
	width, height := high.x-low.x, high.y-low.y
	taken := []point{mouth} // Speech keeps away from there.
	for range oneOf(s, []int{0, 1, 1, 1, 2}) {
		rx, ry := width*s.within(0.16, 0.27), height*s.within(0.13, 0.24)
		if s.chance(0.5) { // As high as vertical writing needs.
			rx, ry = min(rx, ry)*0.9, max(rx, ry)
		}
		rx, ry = min(max(rx, 26), width*0.45), min(max(ry, 20), height*0.45)
		var at point
		farthest := -1.0
		for range 6 {
			try := point{s.within(low.x+rx, high.x-rx), s.within(low.y+ry, low.y+max(ry, height*0.45))}
			nearest := math.Inf(1)
			for _, other := range taken {
				nearest = min(nearest, try.sub(other).length())
			}
			if nearest > farthest {
				at, farthest = try, nearest
			}
		}
		taken = append(taken, at)
		s.bubble(at, rx, ry, mouth)
	}
	if s.chance(0.3) {
		s.sound(low, high)
	}
}

// bubble holds a sentence.
func (s *scene) bubble(at point, rx, ry float64, mouth point) {
	to := mouth.sub(at)
	tail := at.add(to.mul(s.within(0.5, 0.8) * min(1, 1.8*max(rx, ry)/max(to.length(), 1))))
	width := s.within(1, 2)
	var outline path
	loud := false
	switch s.IntN(5) {
	case 0: // Shouted.
		loud = true
		n := 14 + s.IntN(12)
		outline = make(path, 2*n)
		for i := range outline {
			reach := 0.9
			if i%2 == 0 {
				reach = s.within(1.1, 1.4)
			}
			d := direction(math.Pi * float64(i) / float64(n))
			outline[i] = at.add(point{d.x * rx * reach, d.y * ry * reach})
		}
	case 1: // Thought.
		n := 9 + s.IntN(5)
		var puffs, inner []path
		for k := range n {
			d := direction(2 * math.Pi * float64(k) / float64(n))
			puff := ellipse(at.add(point{d.x * rx * 0.8, d.y * ry * 0.8}), rx*0.36, ry*0.36)
			puffs = append(puffs, band(puff.closed(), even(2*width)))
			inner = append(inner, puff)
		}
		for k := 1.0; k < 4; k++ {
			drop := disc(between(at.add(to.mul(min(1, 1.25*ry/max(to.length(), 1)))), tail.add(to.mul(0.12)), k/4), 7-1.6*k)
			puffs, inner = append(puffs, band(drop.closed(), even(2*width))), append(inner, drop)
		}
		s.fill(flat(black), puffs...)
		s.fill(flat(white), append(inner, ellipse(at, rx*0.9, ry*0.9))...)
	case 2: // Told: a box.
		outline = rect(at.x-rx, at.y-ry, at.x+rx, at.y+ry)
	default:
		outline = ellipse(at, rx, ry)
		side := point{-to.y, to.x}.mul(min(rx, ry) * 0.22 / max(to.length(), 1))
		spike := path{at.add(side), at.sub(side), tail}
		s.fill(flat(black), band(spike.closed(), even(2*width)), band(outline.closed(), even(2*width)))
		s.fill(flat(white), spike, spike.reversed(), outline)
		outline = nil
	}
	if outline != nil {
		s.outlined(flat(white), outline, width*1.3, black)
	}
	s.say(at, rx*1.42, ry*1.42, loud)
}

// say writes into a box, across in letters or down in characters.
func (s *scene) say(at point, width, height float64, loud bool) {
	if s.chance(0.45) || height > 1.6*width {
		columns := 1 + s.IntN(3)
		size := min(width/(1.25*float64(columns)), height/4, 20)
		for k := range columns {
			x := at.x + size*1.25*(float64(columns)/2-float64(k)) - size*1.12
			n := max(int(height/(size*1.08))-s.IntN(3), 2)
			s.column(point{x, at.y - height/2}, size, n, black)
		}
		return
	}
	text := []string{oneOf(s, exclamations)}
	if !loud && s.chance(0.75) {
		words := oneOf(s, sentences)
		most := int(math.Sqrt(float64(len(strings.Join(words, " "))) * 2.2 * width / height))
		text = lines(words, max(most, 6))
	}
	if s.chance(0.6) {
		for i := range text {
			text[i] = strings.ToUpper(text[i])
		}
	}
	s.centred(oneOf(s, []typeface{regular, bold, slanted}), at, width, height, text, black)
}

// sound is large letters over everything.
func (s *scene) sound(low, high point) {
	width, height := high.x-low.x, high.y-low.y
	size := min(width, height) * s.within(0.15, 0.4)
	contours, length := lettering(oneOf(s, []typeface{bold, slanted}), size, oneOf(s, sounds))
	if length > width*0.9 {
		size *= width * 0.9 / length
		for i := range contours {
			contours[i] = contours[i].turned(point{}, 0, width*0.9/length)
		}
		length = width * 0.9
	}
	at := point{s.within(low.x, high.x-length), s.within(low.y+size, high.y)}
	contours = placed(contours, at, s.within(-0.35, 0.2))
	fill, rim := black, white
	if s.chance(0.4) {
		fill, rim = white, black
	}
	s.writeOutlined(contours, flat(fill), size*s.within(0.05, 0.14), rim)
}
