package imaging

import "time"

// clock rounds the running time of an animation to the units of a format. If each delay were rounded by itself, the
// errors would add up.
type clock struct {
	unit time.Duration
	time time.Duration // Since the first frame.
}

// now returns the time in units.
func (c *clock) now() int { return int((c.time + c.unit/2) / c.unit) }

// pass lets the time of a frame pass, and returns how many units that is.
func (c *clock) pass(delay time.Duration) (units int) {
	before := c.now()
	c.time += delay
	return c.now() - before
}
