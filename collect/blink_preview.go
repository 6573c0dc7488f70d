package collect

import (
	"fmt"
	"image"
	"math"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// blinkPreview draws five frames of a clip in a row, from the first through the most closed to the last, with the boxes
// of the eyes and, below, their numbers.
func blinkPreview(clip *dataset.Clip) *image.RGBA {
	last := len(clip.Frames) - 1
	shut := last / 2
	for i, aperture := range clip.Aperture {
		if aperture < clip.Aperture[shut] {
			shut = i
		}
	}
	const most, gap, below = 320, 4, 18 // Pixels.
	size := clip.Frames[0].Rect.Size()
	scale := min(1, most/float64(max(size.X, size.Y)))
	width, height := max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))
	chosen := []int{0, shut / 2, shut, (shut + last) / 2, last}
	strip := image.NewRGBA(image.Rect(0, 0, len(chosen)*(width+gap)-gap, height+below))
	draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
	for i, k := range chosen {
		at := image.Pt(i*(width+gap), 0)
		small := imaging.Bicubic(clip.Frames[k], width, height)
		draw.Draw(strip, small.Rect.Add(at), small, image.Point{}, draw.Src)
		for _, eye := range clip.Eyes {
			box := image.Rect(
				int(float64(eye.Min.X)*scale), int(float64(eye.Min.Y)*scale),
				int(math.Ceil(float64(eye.Max.X)*scale)), int(math.Ceil(float64(eye.Max.Y)*scale)))
			imaging.FrameBox(strip, box.Add(at).Inset(1), 1)
		}
	}
	text := fmt.Sprintf("frames %v of %dx%d; eyes.json (x,y,width,height):", chosen, size.X, size.Y)
	for _, eye := range clip.Eyes {
		text += "  " + boxText(eye)
	}
	line := font.Drawer{Dst: strip, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(2, height+13)}
	line.DrawString(text)
	return strip
}
