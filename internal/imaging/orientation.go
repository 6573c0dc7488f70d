package imaging

import "image"

// orientation is EXIF's tag 0x0112: 1 is upright, 2…8 give the sides of row 0 and column 0. 0 stands for no tag.
type orientation uint16

// orientationOf reads the orientation from a TIFF structure. A damaged structure counts as none: the picture is still
// useful.
func orientationOf(exif []byte) orientation {
	directory := tiffDirectoryOf(exif)
	if o := directory.number(orientationTag, 0); o <= 8 {
		return orientation(o)
	}
	return 0
}

// turned reports whether width and height are swapped.
func (o orientation) turned() bool { return o >= 5 }

// size returns the size of the upright picture.
func (o orientation) size(stored image.Point) image.Point {
	if o.turned() {
		return image.Pt(stored.Y, stored.X)
	}
	return stored
}

// upright64 turns a picture upright.
func (o orientation) upright64(stored *image.NRGBA64) *image.NRGBA64 {
	if o < 2 {
		return stored
	}
	made := image.NewNRGBA64(image.Rectangle{Max: o.size(stored.Rect.Size())})
	o.turn(made.Pix, made.Rect.Size(), stored.Pix, stored.Stride, 8)
	return made
}

// upright turns a picture upright.
func (o orientation) upright(stored *image.RGBA) *image.RGBA {
	if o < 2 {
		return stored
	}
	made := image.NewRGBA(image.Rectangle{Max: o.size(stored.Rect.Size())})
	o.turn(made.Pix, made.Rect.Size(), stored.Pix, stored.Stride, 4)
	return made
}

// turn copies stored pixels of some bytes each to their positions in the upright picture, whose size is given.
func (o orientation) turn(to []uint8, size image.Point, from []uint8, stride, bytes int) {
	last := o.size(size).Sub(image.Pt(1, 1))
	for y := range size.Y {
		for x := range size.X {
			fromX, fromY := o.source(x, y, last)
			copy(to[(y*size.X+x)*bytes:][:bytes], from[fromY*stride+fromX*bytes:])
		}
	}
}

// source returns the stored pixel that is shown at x, y. last is the last column and row of the stored picture.
func (o orientation) source(x, y int, last image.Point) (fromX, fromY int) {
	switch o {
	case 2: // Mirrored left to right.
		return last.X - x, y
	case 3: // Turned by 180°.
		return last.X - x, last.Y - y
	case 4: // Mirrored top to bottom.
		return x, last.Y - y
	case 5: // Mirrored along the main diagonal.
		return y, x
	case 6: // To be turned by 90° clockwise.
		return y, last.Y - x
	case 7: // Mirrored along the other diagonal.
		return last.X - y, last.Y - x
	default: // 8, to be turned by 90° counter-clockwise.
		return last.X - y, x
	}
}
