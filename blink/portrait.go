package blink

import (
	"fmt"
	"image"
	"io"
	"slices"

	"github.com/moelab/moelab/internal/imaging"
)

// Portrait is a picture to make blink, with all properties of its file: transparency, 16 bits a channel, colour
// profile.
type Portrait struct {
	// Animated is set if it is the first frame of an animation.
	Animated bool
	// Pages is the number of pictures in its file, of which it is the first.
	Pages   int
	base    *image.NRGBA64
	colours *image.RGBA
	info    imaging.Info
}

// OpenPortrait reads a picture of any format, of an animation the first frame. The error does not contain the path.
func OpenPortrait(path string) (*Portrait, error) {
	picture, err := imaging.Open(path)
	if err != nil {
		return nil, err
	}
	return newPortrait(picture)
}

// ReadPortrait is [OpenPortrait] for a stream.
func ReadPortrait(in io.Reader) (*Portrait, error) {
	picture, err := imaging.Read(in)
	if err != nil {
		return nil, err
	}
	return newPortrait(picture)
}

func newPortrait(picture *imaging.Picture) (*Portrait, error) {
	p := &Portrait{Animated: picture.Info.Frames > 1, Pages: picture.Info.Pages}
	for frame, err := range picture.Frames() {
		if err != nil {
			return nil, err
		}
		pixels := frame.Pixels
		p.base = &image.NRGBA64{Pix: slices.Clone(pixels.Pix), Stride: pixels.Stride, Rect: pixels.Rect}
		break
	}
	if p.base == nil {
		return nil, fmt.Errorf("it has no frame")
	}
	p.info, p.colours = picture.Info, imaging.Colours(p.base)
	return p, nil
}

// Bounds returns the portrait's bounds, from (0, 0).
func (p *Portrait) Bounds() image.Rectangle { return p.base.Rect }

// Shown returns the portrait on white, in which eyes are detected.
func (p *Portrait) Shown() *image.RGBA { return imaging.OnWhite(p.base) }

// Colours returns the portrait without transparency, for [Blinker.Patches]. It must not be changed.
func (p *Portrait) Colours() *image.RGBA { return p.colours }

// with returns the portrait with a frame of patches on it. If a patch does not change the 8 bits of a colour, the
// file's own value stays.
func (p *Portrait) with(patches []Patch, k int) *image.NRGBA64 {
	made := &image.NRGBA64{Pix: slices.Clone(p.base.Pix), Stride: p.base.Stride, Rect: p.base.Rect}
	for _, patch := range patches {
		frame := patch.Frames[k]
		eachPixel(frame.Rect, func(x, y int) {
			from, own, to := frame.PixOffset(x, y), p.colours.PixOffset(x, y), made.PixOffset(x, y)
			for c := range 3 {
				high, low := p.base.Pix[to+2*c], p.base.Pix[to+2*c+1]
				if v := frame.Pix[from+c]; v != p.colours.Pix[own+c] {
					high, low = v, v // 8 bits times 257.
				}
				made.Pix[to+2*c], made.Pix[to+2*c+1] = high, low
			}
		})
	}
	return made
}
