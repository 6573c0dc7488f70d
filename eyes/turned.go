package eyes

import (
	"context"
	"image"
	"math"
	"slices"
)

// How sure it is that a face is upright is the mean confidence in its eyes, and how much they look like eyes. Eyes look
// much the same upside down, so that most faces are found that way too, but less surely: of 60 drawn ones, all were
// upright at a confidence of 0.81 to 0.95, and 49 upside down at 0.48 to 0.82.
const (
	// surelyUpright is the least confidence at which a picture is not turned to find out.
	surelyUpright = 0.85
	// likenessWeight is how much the likeness counts beside the confidence. Of 120 drawn faces, 112 are known to lie
	// upside down with it and 114 without it, and none of those that do not; of 20 pictures of other artists, with
	// which it was chosen, 17 and 16 are, and 1 and 2 of those that do not.
	likenessWeight = 0.25
	// surer is how much surer it must be when the picture is turned.
	surer = 0.05
)

// Turned reports how a picture lies in which [Finder.Find] found these faces: "upside down" or "on its side" if a face
// is found, or found more surely, when the picture is turned, "partly upside down" if that is so of some of several
// faces, otherwise "".
func (f *Finder) Turned(ctx context.Context, picture image.Image, found []Face) (lies string, err error) {
	unsure := slices.DeleteFunc(slices.Clone(found), func(f Face) bool { return f.confidence() >= surelyUpright })
	if len(found) > 0 && len(unsure) == 0 {
		return "", nil
	}
	whole, scale := onWhite(picture)
	once := quarter(whole)
	if len(unsure) < len(found) {
		faces, err := f.Find(ctx, quarter(once))
		if err == nil && slices.ContainsFunc(unsure, func(f Face) bool {
			return f.surerTurned(faces, picture.Bounds(), scale)
		}) {
			lies = "partly upside down"
		}
		return lies, err
	}
	upright := most(found, evidence)
	twice := quarter(once)
	for _, turn := range []struct {
		picture *image.RGBA
		lies    string
	}{{twice, "upside down"}, {once, "on its side"}, {quarter(twice), "on its side"}} {
		faces, err := f.Find(ctx, turn.picture)
		if err != nil {
			return "", err
		}
		if most(slices.DeleteFunc(faces, onlyOne), evidence) > upright+surer {
			return turn.lies, nil
		}
		if len(found) > 0 {
			break // No face is found that lies on its side.
		}
	}
	return "", nil
}

// evidence is how sure it is that a face is upright.
func evidence(f Face) float64 { return f.confidence() + likenessWeight*f.likeness }

func onlyOne(f Face) bool { return len(f.Eyes) < 2 }

// surerTurned reports whether a face is found more surely among those of the same picture, of the given bounds, turned
// upside down and shrunk by the scale.
func (f Face) surerTurned(turned []Face, bounds image.Rectangle, scale float64) bool {
	x, y := f.centre()
	return slices.ContainsFunc(turned, func(other Face) bool {
		atX, atY := other.centre()
		away := math.Hypot(float64(bounds.Max.X)-scale*atX-x, float64(bounds.Max.Y)-scale*atY-y)
		return !onlyOne(other) && away < f.size() && evidence(other) > evidence(f)+surer
	})
}

// centre returns the middle of a face's eyes.
func (f Face) centre() (x, y float64) {
	for _, eye := range f.Eyes {
		x += float64(eye.Box.Min.X+eye.Box.Max.X) / 2
		y += float64(eye.Box.Min.Y+eye.Box.Max.Y) / 2
	}
	n := float64(len(f.Eyes))
	return x / n, y / n
}

// confidence returns the mean of a face's eyes'.
func (f Face) confidence() float64 {
	sum := 0.0
	for _, eye := range f.Eyes {
		sum += eye.Confidence
	}
	return sum / float64(len(f.Eyes))
}

// most returns the largest value of a function of the faces, 0 for none.
func most(found []Face, of func(Face) float64) (largest float64) {
	for _, face := range found {
		largest = max(largest, of(face))
	}
	return largest
}

// quarter returns a picture turned clockwise by a quarter.
func quarter(picture *image.RGBA) *image.RGBA {
	size := picture.Rect.Size()
	made := image.NewRGBA(image.Rect(0, 0, size.Y, size.X))
	for y := range size.Y {
		for x := range size.X {
			made.SetRGBA(size.Y-1-y, x, picture.RGBAAt(picture.Rect.Min.X+x, picture.Rect.Min.Y+y))
		}
	}
	return made
}
