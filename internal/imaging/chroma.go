package imaging

import "image"

// interpolated returns a picture whose chroma has as many pixels as its luma. The decoders of packages image and webp
// leave it at half of the width or height, so that each value would show as a block.
func interpolated(picture image.Image) image.Image {
	switch p := picture.(type) {
	case *image.YCbCr:
		return wholeChroma(p)
	case *image.NYCbCrA:
		whole := *p
		whole.YCbCr = *wholeChroma(&p.YCbCr)
		return &whole
	default:
		return picture
	}
}

func wholeChroma(p *image.YCbCr) *image.YCbCr {
	size := p.Rect.Size()
	var across, down int
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio422:
		across, down = 2, 1
	case image.YCbCrSubsampleRatio440:
		across, down = 1, 2
	default: // libjpeg repeats the others, too.
		return p
	}
	if p.Rect.Min != (image.Point{}) || p.Rect.Empty() {
		return p
	}
	return &image.YCbCr{
		Y: p.Y, YStride: p.YStride, Cb: enlarged(p.Cb, p.CStride, size, across, down),
		Cr: enlarged(p.Cr, p.CStride, size, across, down), CStride: size.X,
		SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: p.Rect,
	}
}

// enlarged interpolates a plane to a size by the factors across and down, each 1 or 2, as libjpeg and libwebp do: along
// each side that is doubled, a value is three quarters of the nearest one and a quarter of the next.
func enlarged(plane []uint8, stride int, size image.Point, across, down int) []uint8 {
	width, height := ceil(size.X, across), ceil(size.Y, down)
	larger := make([]uint8, size.X*size.Y)
	column := make([]int32, width+2) // Its ends are repeated.
	for y := range size.Y {
		near, far := y, y
		if down == 2 {
			near, far = y/2, min(max(y/2-1+2*(y%2), 0), height-1)
		}
		a, b := plane[near*stride:][:width], plane[far*stride:][:width]
		for x, v := range a {
			column[1+x] = 3*int32(v) + int32(b[x])
		}
		column[0], column[1+width] = column[1], column[width]
		row := larger[y*size.X:][:size.X]
		if across == 1 {
			for x := range row {
				row[x] = uint8((column[1+x] + 1 + int32(y%2)) >> 2)
			}
			continue
		}
		up, off := int32(8), int32(7) // Rounded up and down in turns, so that there is no drift.
		if down == 1 {
			up, off = 4, 8
		}
		for x := range width {
			c := column[x : x+3]
			row[2*x] = uint8((c[0] + 3*c[1] + up) >> 4)
			if 2*x+1 < len(row) {
				row[2*x+1] = uint8((3*c[1] + c[2] + off) >> 4)
			}
		}
	}
	return larger
}
