package illustration

import "image"

// screen is how greys are printed.
type screen struct {
	period, angle float64 // Of the dots. The period is in pixels.
	reach         int     // Half the width of lines, in pixels.
}

// print makes a picture black and white: what is dark is ink, what is light is paper, and between them are dots. Lines, which
// are darker than what is beside them, are ink too: dots would tear them.
func (sc screen) print(picture *image.RGBA) {
	const ink, solid, paper = 0.40 * 255, 0.48 * 255, 0.93 * 255
	const faint, clear = 0.13 * 255, 0.22 * 255 // How much darker lines are.
	light := lightness(picture)
	width := picture.Rect.Dx()
	beside := brightest(light, width, sc.reach)
	axis := direction(sc.angle).mul(1 / sc.period)
	for i, l := range light {
		x, y := i%width, i/width
		value := 1.0
		if level := float64(l); level < paper {
			u, v := float64(x+picture.Rect.Min.X), float64(y+picture.Rect.Min.Y)
			dots := dotCover(point{u*axis.x + v*axis.y, v*axis.x - u*axis.y}, 0.6*(paper-level)/(paper-solid), sc.period)
			drawn := (float64(beside[i]) - level - faint) / (clear - faint)
			value = (1 - dots) * min(max((level-ink)/(solid-ink), 0), 1) * (1 - min(max(drawn, 0), 1))
		}
		shade := uint8(20 + 235*value)
		pixel := picture.Pix[y*picture.Stride+4*x:][:3]
		pixel[0], pixel[1], pixel[2] = shade, shade, shade
	}
}

// lightness is that of each pixel, row by row.
func lightness(picture *image.RGBA) []uint8 {
	light := make([]uint8, 0, picture.Rect.Dx()*picture.Rect.Dy())
	for y := range picture.Rect.Dy() {
		row := picture.Pix[y*picture.Stride:][:4*picture.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			light = append(light, uint8((299*uint32(row[x])+587*uint32(row[x+1])+114*uint32(row[x+2])+500)/1000))
		}
	}
	return light
}

// brightest is the largest of the values round each, up to a reach across and down.
func brightest(values []uint8, width, reach int) []uint8 {
	across, both := make([]uint8, len(values)), make([]uint8, len(values))
	for start := 0; start < len(values); start += width {
		largestNear(across[start:start+width], values[start:start+width], reach)
	}
	for start := 0; start < len(values); start += width {
		from, to := max(start-reach*width, 0), min(start+(reach+1)*width, len(values))
		row := both[start : start+width]
		for at := from; at < to; at += width {
			for x, v := range across[at : at+width] {
				row[x] = max(row[x], v)
			}
		}
	}
	return both
}

func largestNear(to, from []uint8, reach int) {
	for x := range to {
		for _, v := range from[max(x-reach, 0):min(x+reach+1, len(from))] {
			to[x] = max(to[x], v)
		}
	}
}
