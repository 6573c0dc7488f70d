package eyes

import (
	"context"
	"errors"
	"image"
)

// Errors of [Finder.FindOpen] and [OpenOf].
var (
	ErrNoEyes = errors.New("no eyes were found")
	ErrShut   = errors.New("the eyes that were found are shut")
)

// FindOpen finds the eyes that can blink; see [OpenOf].
func (f *Finder) FindOpen(ctx context.Context, picture image.Image) (faces [][]image.Rectangle, shut int, err error) {
	found, err := f.Find(ctx, picture)
	if err != nil {
		return nil, 0, err
	}
	return OpenOf(found, picture.Bounds())
}

// OpenOf returns the eyes that can blink: for each face that was found the boxes of its open eyes within the picture,
// from left to right. shut is the number of the others. The error wraps [ErrNoEyes] or [ErrShut] if there is none.
func OpenOf(found []Face, picture image.Rectangle) (faces [][]image.Rectangle, shut int, err error) {
	for _, face := range found {
		var open []image.Rectangle
		for _, eye := range face.Eyes {
			if eye.Closed {
				shut++
				continue
			}
			open = append(open, eye.Box.Intersect(picture))
		}
		if open != nil {
			faces = append(faces, open)
		}
	}
	switch {
	case len(found) == 0:
		return nil, 0, ErrNoEyes
	case len(faces) == 0:
		return nil, shut, ErrShut
	}
	return faces, shut, nil
}
