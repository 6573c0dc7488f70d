package portrait

import (
	"math"
	"math/rand/v2"
)

// BlinkFrames is the length of a clip; at BlinkRate frames a second it lasts 0.9 s.
const (
	BlinkFrames = 16
	BlinkRate   = 18
)

// BlinkClip is one person who blinks once. Frames[i].EyeOpening is the aperture of frame i, and Frames[i].EyeBoxes says
// where the eyes are.
type BlinkClip struct {
	Frames [BlinkFrames]Params
}

// Blink returns the index-th clip of the endless series of a seed: portrait At(seed, index) blinks. When, how fast and how
// far the eyes close varies, the head sways slightly, and the breath lifts it. The first frame's eyes are open. Most blinks are quick, so
// that in each frame most of the clips' eyes are open: nothing but the clip itself tells when they are not.
func Blink(seed uint64, index int) BlinkClip {
	person := At(seed, index)
	rng := rand.New(rand.NewPCG(seed^blinkDomain, uint64(index)))
	within := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	slow := 1.0
	if rng.IntN(5) == 0 {
		slow = 1.7
	}
	closing, hold, opening := slow*within(1, 2.4), slow*within(0.2, 1.2), slow*within(1.4, 3)
	start := within(0.8, BlinkFrames-1.5-closing-hold-opening)
	depth := 1.0
	if rng.IntN(4) == 0 {
		depth = within(0.65, 1) // the eyes do not always close whole
	}
	phase, sway := within(0, 2*math.Pi), within(0, 0.008)
	inhaled, breath := within(0, 2*math.Pi), within(0, 0.003)
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

// ease goes smoothly from 0 to 1 while t does.
func ease(t float64) float64 {
	t = min(max(t, 0), 1)
	return t * t * (3 - 2*t)
}
