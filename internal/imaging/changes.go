package imaging

import (
	"bytes"
	"image"
)

// changes finds the part of each frame of an animation that differs from the frame before: only that is written.
type changes struct {
	frames int // Frames still to come: the last one need not be kept.
	shown  *image.NRGBA64
}

// next returns the smallest part of a frame that contains all differences from the frame before, and the number of
// pixels that differ; all of them in the first frame. The part's corner is at even coordinates, as WebP requires. If
// nothing differs, the part is a pixel or a few, since a frame cannot be empty.
func (c *changes) next(frame *image.NRGBA64) (part *image.NRGBA64, differ int) {
	size := frame.Rect.Size()
	c.frames--
	if c.shown == nil {
		if c.frames > 0 {
			c.shown = clone(frame) // A frame is only valid until the next.
		}
		return frame, size.X * size.Y
	}
	box := image.Rectangle{Min: size}
	for y := range size.Y {
		now, before := frame.Pix[y*frame.Stride:][:8*size.X], c.shown.Pix[y*c.shown.Stride:][:8*size.X]
		if bytes.Equal(now, before) {
			continue
		}
		box.Min.Y, box.Max.Y = min(box.Min.Y, y), y+1
		for x := range size.X {
			if !bytes.Equal(now[8*x:][:8], before[8*x:][:8]) {
				box.Min.X, box.Max.X = min(box.Min.X, x), max(box.Max.X, x+1)
				differ++
			}
		}
		copy(before, now)
	}
	if differ == 0 {
		box = image.Rect(0, 0, 1, 1)
	}
	box.Min.X, box.Min.Y = box.Min.X&^1, box.Min.Y&^1
	return frame.SubImage(box.Add(frame.Rect.Min)).(*image.NRGBA64), differ
}
