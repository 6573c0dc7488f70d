package eyes

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFacesThatAreTiltedTooFarAreFoundInATurnedPicture(t *testing.T) {
	finder, err := openShipped()
	require.NoError(t, err)
	seen := 0
	for i, degrees := range []float64{-60, -55, 55, 60} {
		p := portrait.At(unseen, 20+i)
		turn := newTurn(image.Pt(240, 240), degrees)
		canvas := turn.turned(p.Draw(240))
		picture := image.NewRGBA(canvas.Rect.Add(image.Pt(7, -9)))
		draw.Draw(picture, picture.Rect, canvas, image.Point{}, draw.Src)
		s, err := finder.Survey(t.Context(), picture)
		require.NoError(t, err)
		for _, face := range s.Faces {
			assert.Len(t, face.Eyes, 1, "%v: not the wrong two eyes", degrees)
		}
		if len(s.Tilted) != 1 {
			continue
		}
		seen++
		for e, eye := range p.EyeBoxes(240) { // Where the eyes are in the turned picture.
			x, y := float64(eye.Min.X+eye.Max.X)/2-120, float64(eye.Min.Y+eye.Max.Y)/2-120
			wantX := turn.cos*x - turn.sine*y + float64(turn.to.X)/2 + 7
			wantY := turn.sine*x + turn.cos*y + float64(turn.to.Y)/2 - 9
			box := s.Tilted[0].Eyes[e].Box
			middle := box.Min.Add(box.Max).Div(2)
			off := math.Hypot(float64(middle.X)-wantX, float64(middle.Y)-wantY)
			assert.Less(t, off, 0.3*float64(eye.Dx()), "%v", degrees)
		}
	}
	assert.GreaterOrEqual(t, seen, 3, "of 4")
	upright := portrait.At(unseen, 3).Draw(240)
	s, err := finder.Survey(t.Context(), upright)
	require.NoError(t, err)
	assert.Equal(t, find(t, upright), s.Faces)
	assert.Empty(t, s.Tilted, "it is found already")
	assert.Empty(t, s.Perhaps)
	s, err = finder.Survey(t.Context(), image.NewRGBA(image.Rectangle{}))
	require.NoError(t, err)
	assert.Empty(t, s)
}

func TestWhatIsAShadeOfWhatIsAroundItIsNoEye(t *testing.T) {
	leather := filled(300, 300, image.NewUniform(color.RGBA{140, 90, 60, 255}))
	stud := image.NewUniform(color.RGBA{90, 58, 38, 255})
	p := portrait.At(unseen, 5)
	p.EyeOpening = 1
	boxes := p.EyeBoxes(300)
	var pair face
	for _, b := range boxes {
		draw.Draw(leather, b.Inset(b.Dx()/4), stud, image.Point{}, draw.Src)
		pair = append(pair, eye{box: box{
			float64(b.Min.X), float64(b.Min.Y), float64(b.Max.X), float64(b.Max.Y),
		}})
	}
	judged := func(heat float64, canvas *image.RGBA, eyes face) certainty {
		for i := range eyes {
			eyes[i].heat = heat
		}
		return eyes.certainty(canvas)
	}
	face := p.Draw(300)
	for heat, want := range map[float64]certainty{0.9: sure, 0.5: sure, 0.35: sure, 0.25: hardly} {
		assert.Equal(t, want, judged(heat, face, pair), "eyes at %v", heat)
	}
	for heat, want := range map[float64]certainty{0.6: perhaps, 0.5: perhaps, 0.35: perhaps, 0.25: hardly} {
		assert.Equal(t, want, judged(heat, leather, pair), "studs at %v", heat)
	}
	one := pair[:1]
	assert.Equal(t, sure, judged(0.75, face, one))
	assert.Equal(t, perhaps, judged(0.5, face, one))
	assert.Equal(t, hardly, judged(0.75, leather, one))
	mouth := []eye{pair[0], pair[1]} // The second eye is a piece of the cheek.
	height := mouth[1].height()
	mouth[1].y0, mouth[1].y1 = mouth[1].y0+1.2*height, mouth[1].y1+1.2*height
	assert.NotEqual(t, sure, judged(0.6, face, mouth))
	assert.Equal(t, hardly, judged(0.9, face, nil))
}
