package imaging

import (
	"image"
	"image/color"
	"image/draw"
)

// Wide returns the pixels of any picture in the type of a [Frame]'s, from (0, 0). They may be the picture's own: they
// must not be changed.
func Wide(picture image.Image) *image.NRGBA64 { return toNRGBA64(picture) }

// toNRGBA64 returns the pixels of a decoded picture, from (0, 0). Colours that are not multiplied by their alpha are
// kept exactly.
func toNRGBA64(decoded image.Image) *image.NRGBA64 {
	if p, ok := decoded.(*image.NRGBA64); ok && p.Rect.Min == (image.Point{}) {
		return p
	}
	bounds := decoded.Bounds()
	made := image.NewNRGBA64(image.Rectangle{Max: bounds.Size()})
	at := pixelsOf(decoded)
	for y := range made.Rect.Dy() {
		for x := range made.Rect.Dx() {
			made.SetNRGBA64(x, y, at(bounds.Min.X+x, bounds.Min.Y+y))
		}
	}
	return made
}

// pixelsOf returns a function that reads a pixel of a picture.
func pixelsOf(decoded image.Image) func(x, y int) color.NRGBA64 {
	switch p := decoded.(type) {
	case *image.NRGBA64:
		return p.NRGBA64At
	case *image.NRGBA:
		return func(x, y int) color.NRGBA64 { return widen(p.NRGBAAt(x, y)) }
	case *image.Paletted:
		var palette [256]color.NRGBA64
		for i, c := range p.Palette {
			palette[i] = exact(c)
		}
		return func(x, y int) color.NRGBA64 { return palette[p.ColorIndexAt(x, y)] }
	case image.RGBA64Image: // All others of package image.
		return func(x, y int) color.NRGBA64 {
			c := p.RGBA64At(x, y)
			if c.A == 0xffff {
				return color.NRGBA64(c)
			}
			return exact(c)
		}
	default:
		return func(x, y int) color.NRGBA64 { return exact(decoded.At(x, y)) }
	}
}

// exact returns a colour not multiplied by its alpha. Package color would first multiply such colours and then divide
// them, and so lose bits.
func exact(c color.Color) color.NRGBA64 {
	if c, ok := c.(color.NRGBA); ok {
		return widen(c)
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

func widen(c color.NRGBA) color.NRGBA64 {
	return color.NRGBA64{R: 257 * uint16(c.R), G: 257 * uint16(c.G), B: 257 * uint16(c.B), A: 257 * uint16(c.A)}
}

// isGray reports whether a decoded picture has no colours by its type or palette.
func isGray(decoded image.Image) bool {
	switch p := decoded.(type) {
	case *image.Gray, *image.Gray16:
		return true
	case *image.Paletted:
		for _, c := range p.Palette {
			if c := exact(c); c.A > 0 && (c.R != c.G || c.G != c.B) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// isDeep reports whether it has 16 bits a channel.
func isDeep(decoded image.Image) bool {
	switch decoded.(type) {
	case *image.Gray16, *image.RGBA64, *image.NRGBA64:
		return true
	default:
		return false
	}
}

// opaque reports whether no pixel is transparent.
func opaque(decoded image.Image) bool {
	p, ok := decoded.(interface{ Opaque() bool })
	return ok && p.Opaque()
}

// narrow rounds a channel to 8 bits.
func narrow(v uint16) uint8 { return uint8((uint32(v) + 128) / 257) }

// eachPixel calls do for each pixel, with the offset of its channels, 8 bytes, and its number.
func eachPixel(pixels *image.NRGBA64, do func(rgba []byte, i int)) {
	i := 0
	for y := range pixels.Rect.Dy() {
		row := pixels.Pix[y*pixels.Stride:][:8*pixels.Rect.Dx()]
		for ; len(row) > 0; row = row[8:] {
			do(row[:8:8], i)
			i++
		}
	}
}

// channel is a channel of 16 bits.
func channel(rgba []byte, c int) uint16 { return uint16(rgba[2*c])<<8 | uint16(rgba[2*c+1]) }

// toNRGBA rounds to 8 bits.
func toNRGBA(pixels *image.NRGBA64) *image.NRGBA {
	made := image.NewNRGBA(pixels.Rect)
	eachPixel(pixels, func(rgba []byte, i int) {
		for c := range 4 {
			made.Pix[4*i+c] = narrow(channel(rgba, c))
		}
	})
	return made
}

// toGray returns the red channel, which in grey pictures equals the others, rounded to 8 bits.
func toGray(pixels *image.NRGBA64) *image.Gray {
	made := image.NewGray(pixels.Rect)
	eachPixel(pixels, func(rgba []byte, i int) { made.Pix[i] = narrow(channel(rgba, 0)) })
	return made
}

// toGray16 returns the red channel.
func toGray16(pixels *image.NRGBA64) *image.Gray16 {
	made := image.NewGray16(pixels.Rect)
	eachPixel(pixels, func(rgba []byte, i int) { copy(made.Pix[2*i:], rgba[:2]) })
	return made
}

// toGrayAlpha returns a picture whose 16 bits a pixel are 8 bits of the grey value and 8 of alpha. Package png cannot
// write grey pictures with alpha, but writes the same bytes for this one.
func toGrayAlpha(pixels *image.NRGBA64) *image.Gray16 {
	made := image.NewGray16(pixels.Rect)
	eachPixel(pixels, func(rgba []byte, i int) {
		made.Pix[2*i], made.Pix[2*i+1] = narrow(channel(rgba, 0)), narrow(channel(rgba, 3))
	})
	return made
}

// toGrayAlpha64 is toGrayAlpha with 16 bits a channel: the 4×8 bits a pixel are 16 of the grey value and 16 of alpha.
func toGrayAlpha64(pixels *image.NRGBA64) *image.NRGBA {
	made := image.NewNRGBA(pixels.Rect)
	eachPixel(pixels, func(rgba []byte, i int) {
		copy(made.Pix[4*i:], rgba[:2])
		copy(made.Pix[4*i+2:], rgba[6:])
	})
	return made
}

// OnWhite returns a copy of a picture on white, with 8 bits a channel.
func OnWhite(pixels *image.NRGBA64) *image.RGBA {
	return (*image.RGBA)(toNRGBA(onWhite(pixels))) // Both types are the same for opaque pictures.
}

// Colours returns a copy of a picture's colours as if nothing were transparent, with 8 bits a channel. Invisible pixels
// are white.
func Colours(pixels *image.NRGBA64) *image.RGBA {
	made := (*image.RGBA)(toNRGBA(pixels))
	for i := 3; i < len(made.Pix); i += 4 {
		if made.Pix[i] == 0 {
			copy(made.Pix[i-3:], []byte{255, 255, 255})
		}
		made.Pix[i] = 255
	}
	return made
}

// onWhite puts a picture on white.
func onWhite(pixels *image.NRGBA64) *image.NRGBA64 {
	if pixels.Opaque() {
		return pixels
	}
	made := image.NewNRGBA64(pixels.Rect)
	draw.Draw(made, made.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(made, made.Rect, pixels, pixels.Rect.Min, draw.Over)
	return made
}

// withAlpha and withAlpha64 keep package png from leaving out alpha, if the bytes only look like an opaque picture, or
// if other frames of an animation have transparent pixels.
type withAlpha struct{ *image.NRGBA }

func (withAlpha) Opaque() bool { return false }

type withAlpha64 struct{ *image.NRGBA64 }

func (withAlpha64) Opaque() bool { return false }
