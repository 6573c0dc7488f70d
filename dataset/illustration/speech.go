package illustration

import (
	"math"
	"strings"

	. "github.com/moelab/moelab/internal/vector"
)

// words writes speech bubbles and sounds into a box of the illustration. Speech comes from the mouth.
func (s *scene) words(low, high, mouth Point) {
	width, height := high.X-low.X, high.Y-low.Y
	taken := []Point{mouth} // bubbles keep away from these
	for range OneOf(s.Rand, 0, 1, 1, 1, 2) {
		rx, ry := width*s.Within(0.16, 0.27), height*s.Within(0.13, 0.24)
		if s.Chance(0.5) { // As high as vertical writing needs.
			rx, ry = min(rx, ry)*0.9, max(rx, ry)
		}
		rx, ry = min(max(rx, 26), width*0.45), min(max(ry, 20), height*0.45)
		var at Point
		farthest := -1.0
		for range 6 {
			try := Pt(s.Within(low.X+rx, high.X-rx), s.Within(low.Y+ry, low.Y+max(ry, height*0.45)))
			nearest := math.Inf(1)
			for _, other := range taken {
				nearest = min(nearest, try.Sub(other).Length())
			}
			if nearest > farthest {
				at, farthest = try, nearest
			}
		}
		taken = append(taken, at)
		s.bubble(at, rx, ry, mouth)
	}
	s.maybe(0.3, func() { s.sound(low, high) })
}

// bubble holds a sentence.
func (s *scene) bubble(at Point, rx, ry float64, mouth Point) {
	to := mouth.Sub(at)
	tail := at.Add(to.Mul(s.Within(0.5, 0.8) * min(1, 1.8*max(rx, ry)/max(to.Length(), 1))))
	width := s.Within(1, 2)
	var outline Path
	loud := false
	switch s.IntN(5) {
	case 0: // Shouted.
		loud = true
		n := 14 + s.IntN(12)
		outline = make(Path, 2*n)
		for i := range outline {
			reach := 0.9
			if i%2 == 0 {
				reach = s.Within(1.1, 1.4)
			}
			d := Direction(math.Pi * float64(i) / float64(n))
			outline[i] = at.Add(Pt(d.X*rx*reach, d.Y*ry*reach))
		}
	case 1: // Thought.
		n := 9 + s.IntN(5)
		puffs := several(n, func(k int) Path {
			d := Direction(2 * math.Pi * float64(k) / float64(n))
			return ellipse(at.Add(Pt(d.X*rx*0.8, d.Y*ry*0.8)), rx*0.36, ry*0.36)
		})
		for k := 1.0; k < 4; k++ {
			first := at.Add(to.Mul(min(1, 1.25*ry/max(to.Length(), 1))))
			puffs = append(puffs, disc(Between(first, tail.Add(to.Mul(0.12)), k/4), 7-1.6*k))
		}
		s.Fill(black, several(len(puffs), func(k int) Path { return Band(puffs[k].Closed(), Even(2*width)) })...)
		s.Fill(white, append(puffs, ellipse(at, rx*0.9, ry*0.9))...)
	case 2: // Narrated.
		outline = Rect(at.X-rx, at.Y-ry, at.X+rx, at.Y+ry)
	default:
		outline = ellipse(at, rx, ry)
		side := Pt(-to.Y, to.X).Mul(min(rx, ry) * 0.22 / max(to.Length(), 1))
		spike := Path{at.Add(side), at.Sub(side), tail}
		s.Fill(black, Band(spike.Closed(), Even(2*width)), Band(outline.Closed(), Even(2*width)))
		s.Fill(white, spike, spike.Reversed(), outline)
		outline = nil
	}
	if outline != nil {
		s.Outlined(white, outline, width*1.3, black)
	}
	s.say(at, rx*1.42, ry*1.42, loud)
}

// say writes into a box: letters across, or characters down.
func (s *scene) say(at Point, width, height float64, loud bool) {
	if s.Chance(0.45) || height > 1.6*width {
		columns := 1 + s.IntN(3)
		size := min(width/(1.25*float64(columns)), height/4, 20)
		for k := range columns {
			x := at.X + size*1.25*(float64(columns)/2-float64(k)) - size*1.12
			n := max(int(height/(size*1.08))-s.IntN(3), 2)
			s.column(Pt(x, at.Y-height/2), size, n, black)
		}
		return
	}
	text := []string{OneOf(s.Rand, exclamations...)}
	if !loud && s.Chance(0.75) {
		sentence := OneOf(s.Rand, sentences...)
		most := int(math.Sqrt(float64(len(sentence)) * 2.2 * width / height))
		text = lines(strings.Fields(sentence), max(most, 6))
	}
	if s.Chance(0.6) {
		for i := range text {
			text[i] = strings.ToUpper(text[i])
		}
	}
	s.centred(OneOf(s.Rand, regular, bold, slanted), at, width, height, black, text...)
}

// sound is large letters across a box.
func (s *scene) sound(low, high Point) {
	width, height := high.X-low.X, high.Y-low.Y
	size := min(width, height) * s.Within(0.15, 0.4)
	contours, length := lettering(OneOf(s.Rand, bold, slanted), size, OneOf(s.Rand, sounds...))
	fit := min(1, width*0.9/length)
	size *= fit
	at := Pt(s.Within(low.X, high.X-length*fit), s.Within(low.Y+size, high.Y))
	contours = placed(contours, at, s.Within(-0.35, 0.2), fit)
	fill, rim := black, white
	if s.Chance(0.4) {
		fill, rim = white, black
	}
	s.writeOutlined(contours, fill, size*s.Within(0.05, 0.14), rim)
}
