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
	column := make([]int, width)
	for y := range size.Y {
		near, far := neighbours(y, down, height)
		a, b := plane[near*stride:][:width], plane[far*stride:][:width]
		for x := range column {
			column[x] = 3*int(a[x]) + int(b[x])
		}
		row := larger[y*size.X:][:size.X]
		for x := range row {
			near, far := neighbours(x, across, width)
			round := 8 - x%2 // Up and down in turns, so that there is no drift.
			switch {
			case across == 1:
				round = 4 + 4*(y%2)
			case down == 1:
				round = 4 + 4*(x%2)
			}
			row[x] = uint8((3*column[near] + column[far] + round) >> 4)
		}
	}
	return larger
}

// neighbours returns the places of the nearest value and of the next one, of n.
func neighbours(i, factor, n int) (near, far int) {
	near = i / factor
	if factor == 1 {
		return near, near
	}
	return near, min(max(near-1+2*(i%2), 0), n-1)
}
