package portrait

import (
	"image"
	"image/color"

	. "github.com/moelab/moelab/internal/vector"
)

// Places that all portraits share.
const (
	neckY    = 0.80 // the pivot of the head
	hairTop  = 0.095
	hairLine = 0.27 // where the fringe springs from the forehead
)

// artist holds what the parts of one portrait need while it is drawn.
type artist struct {
	*Canvas
	Params
	Rand                // irregularities of locks: the same at every size
	hair, skin, iris    tones
	cloth, trim, ribbon Ink
	head, body          pose
}

// Draw paints the portrait, size × size opaque pixels, or none if size is below 1. It is the same picture at any size.
// Many goroutines may call Draw at once.
func (p Params) Draw(size int) *image.RGBA {
	size = max(size, 0)
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	p.artist(picture, Point{}, float64(size)).All(opaque(p.Background))
	p.person(picture, Point{}, float64(size))
	return picture
}

// DrawOver paints the person, without the background, over an opaque picture. x and y are the upper left corner, in
// pixels of the picture, of the square of this size that Draw would fill. The square may reach beyond the picture.
func (p Params) DrawOver(picture *image.RGBA, x, y, size float64) {
	if size > 0 && !picture.Rect.Empty() {
		p.person(picture, Pt(x, y), size)
	}
}

// person paints the person over a picture.
func (p Params) person(picture *image.RGBA, corner Point, size float64) {
	if p.TwoTone == 0 {
		p.artist(picture, corner, size).person()
	} else {
		p.twoToned(picture, corner, size)
	}
}

func (p Params) artist(picture *image.RGBA, corner Point, size float64) *artist {
	return &artist{
		Canvas: &Canvas{Picture: picture}, Params: p, Rand: NewRand(p.Strands, 0),
		hair: hairTones(opaque(p.Hair)), skin: skinTones(opaque(p.Skin)),
		iris: irisTones(opaque(p.Iris)), cloth: opaque(p.Cloth), trim: opaque(p.Trim), ribbon: opaque(p.Ribbon),
		head: p.headPose(corner, size), body: p.bodyPose(corner, size),
	}
}

func opaque(c color.RGBA) Ink { return Opaque(c.R, c.G, c.B) }

func (a *artist) person() {
	front := a.frontHair()
	a.View = a.head
	worn := a.Headwear.style()
	a.wear(worn.behind)
	if worn.hides < aboveAndBack {
		a.backHair()
	}
	a.View = a.body
	a.neckAndClothes()
	a.View = a.head
	a.face(front)
	a.mouthAndNose()
	a.eyes()
	a.brows(1)
	a.glasses()
	a.ears()
	a.drawFrontHair(front)
	a.looseHair()
	a.brows(0.3)
	a.accessory()
	a.wear(worn.over)
}
