package imaging

import (
	"image"
	"image/color"
	"image/draw"
)

// FrameBox draws a red frame, line pixels wide, around a box onto a picture.
func FrameBox(onto draw.Image, box image.Rectangle, line int) {
	red := image.NewUniform(color.RGBA{230, 30, 30, 255})
	outer := box.Inset(-line)
	for _, side := range []image.Rectangle{
		{Min: outer.Min, Max: image.Pt(outer.Max.X, box.Min.Y)},
		{Min: image.Pt(outer.Min.X, box.Max.Y), Max: outer.Max},
		{Min: outer.Min, Max: image.Pt(box.Min.X, outer.Max.Y)},
		{Min: image.Pt(box.Max.X, outer.Min.Y), Max: outer.Max},
	} {
		draw.Draw(onto, side, red, image.Point{}, draw.Src)
	}
}
