package portrait

import (
	"image"
	"math/rand/v2"
)

// Places that all portraits share.
const (
	neckY    = 0.80 // the head turns about the neck
	hairTop  = 0.095
	hairLine = 0.27 // where the fringe springs from the forehead
)

// artist holds what the parts of one portrait need while it is drawn.
type artist struct {
	*canvas
	Params
	hair tones
	skin tones
	head pose
	body pose
	rng  *rand.Rand // irregularities of locks: the same at every size
}

// Draw paints the portrait, size × size opaque pixels, or none if size is below 1. At any size it is the same picture.
// It may be called by many goroutines at once.
func (p Params) Draw(size int) *image.RGBA {
	size = max(size, 0)
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	a := p.artist(picture, point{}, float64(size))
	a.background()
	a.person()
	return picture
}

// DrawOver paints the person, without the background, over an opaque picture. x and y are the upper left corner, in pixels of
// the picture, of the square of this size that Draw would fill. It may reach beyond the picture.
func (p Params) DrawOver(picture *image.RGBA, x, y, size float64) {
	if size > 0 && !picture.Rect.Empty() {
		p.artist(picture, point{x, y}, size).person()
	}
}

func (a *artist) person() {
	front := a.frontHair()
	a.pose = a.head
	a.backHair()
	a.pose = a.body
	a.neckAndClothes()
	a.pose = a.head
	a.face(front)
	a.mouthAndNose()
	a.eyes()
	a.brows(1)
	a.ears()
	a.drawFrontHair(front)
	a.brows(0.3)
	a.accessory()
}

func (p Params) artist(picture *image.RGBA, corner point, size float64) *artist {
	return &artist{
		canvas: newCanvas(picture, corner, size), Params: p,
		hair: hairTones(p.Hair), skin: skinTones(p.Skin),
		head: p.headPose(), body: p.bodyPose(),
		rng: rand.New(rand.NewPCG(p.Strands, 0)),
	}
}

// bodyPose scales about the middle of the picture.
func (p Params) bodyPose() pose {
	return newPose(point{0, 0.5}, 0, p.Scale, point{p.Move.X, p.Move.Y})
}

// headPose turns the head about the neck, which stays on the body.
func (p Params) headPose() pose {
	neck := point{0, neckY}
	return newPose(neck, p.Tilt, p.Scale, p.bodyPose().apply(neck).sub(neck))
}

func (a *artist) background() {
	a.pose = newPose(point{}, 0, 1, point{})
	a.fill(path{{-0.5, 0}, {0.5, 0}, {0.5, 1}, {-0.5, 1}}, solid(a.Background))
}
