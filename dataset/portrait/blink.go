package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// A clip has BlinkFrames frames. At BlinkRate frames a second it lasts 0.9 s.
const (
	BlinkFrames = 16
	BlinkRate   = 18
)

// BlinkClip is one person who blinks once. Frames[i].EyeOpening is the aperture of frame i, and Frames[i].EyeBoxes are
// the boxes of its eyes.
type BlinkClip struct {
	Frames [BlinkFrames]Params
}

// Blink returns the index-th clip of the endless series of a seed: portrait At(seed, index) blinks. When, how fast and
// how far the eyes close varies. The head sways slightly, and breathing lifts it. In the first frame the eyes are open.
// Most blinks are quick, so that at each frame most clips have open eyes: the number of the frame does not give away
// whether they are closed.
func Blink(seed uint64, index int) BlinkClip {
	return At(seed, index).blink(NewRand(seed^blinkDomain, index), 1)
}

// BlinkVaried is [Blink] of a portrait of [AtVaried], whose head sways and breathes up to four times as much.
func BlinkVaried(seed uint64, index int) BlinkClip {
	return AtVaried(seed, index).blink(NewRand(seed^blinkDomain, index), 4)
}

// blink makes a person blink. The head moves up to some times as much as usual.
func (person Params) blink(r Rand, sways float64) BlinkClip {
	slow := 1.0
	if r.IntN(5) == 0 {
		slow = 1.7
	}
	closing, hold, opening := slow*r.Within(1, 2.4), slow*r.Within(0.2, 1.2), slow*r.Within(1.4, 3)
	start := r.Within(0.8, BlinkFrames-1.5-closing-hold-opening)
	depth := 1.0
	if r.IntN(4) == 0 {
		depth = r.Within(0.65, 1) // the eyes do not always close fully
	}
	phase, sway := r.Within(0, 2*math.Pi), r.Within(0, 0.008*sways)
	inhaled, breath := r.Within(0, 2*math.Pi), r.Within(0, 0.003*sways)
	var clip BlinkClip
	for i := range clip.Frames {
		frame := float64(i)
		p := person
		shut := ease((frame-start)/closing) - ease((frame-start-closing-hold)/opening)
		p.EyeOpening = person.EyeOpening * (1 - depth*shut)
		swing := math.Sin(phase+2*math.Pi*frame/40) - math.Sin(phase)
		p.Tilt += sway * swing
		p.Move.X += 0.25 * sway * swing
		p.Move.Y += breath * (math.Sin(inhaled+2*math.Pi*frame/60) - math.Sin(inhaled))
		clip.Frames[i] = p
	}
	return clip
}

// HeldStill returns the same blink without sway and breath: what a picture of the first frame should do to blink so.
func (c BlinkClip) HeldStill() BlinkClip {
	opening := c.Frames
	for i := range c.Frames {
		c.Frames[i] = opening[0]
		c.Frames[i].EyeOpening = opening[i].EyeOpening
	}
	return c
}

// ease goes smoothly from 0 to 1 as t does.
func ease(t float64) float64 {
	t = min(max(t, 0), 1)
	return t * t * (3 - 2*t)
}
