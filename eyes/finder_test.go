package eyes

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unseen is a seed on which the shipped weights were not trained.
const unseen = 20_261_123

func TestFinderFindsEyesOfPortraitsNeverSeen(t *testing.T) {
	right, n := 0, 0
	for i := range 24 {
		size := []int{96, 160, 256, 400}[i%4]
		p := portrait.At(unseen, i)
		faces := find(t, p.Draw(size))
		n++
		if len(faces) != 1 || len(faces[0].Eyes) != 2 {
			continue
		}
		boxes := p.EyeBoxes(size)
		if overlapOf(faces[0].Eyes[0].Box, boxes[0]) > 0.6 && overlapOf(faces[0].Eyes[1].Box, boxes[1]) > 0.6 {
			right++
		}
	}
	assert.GreaterOrEqual(t, float64(right)/float64(n), 0.95, "%d of %d", right, n)
}

func TestShutEyesAreSaidToBeShut(t *testing.T) {
	right, n := 0, 0
	for i := range 8 {
		for _, opening := range []float64{0, 1} {
			p := portrait.At(unseen, i)
			p.EyeOpening = opening
			for _, face := range find(t, p.Draw(200)) {
				for _, eye := range face.Eyes {
					n++
					if eye.Closed == (opening == 0) {
						right++
					}
				}
			}
		}
	}
	require.GreaterOrEqual(t, n, 30, "there are 32 eyes")
	assert.GreaterOrEqual(t, float64(right)/float64(n), 0.95, "%d of %d", right, n)
}

func TestFinderFindsNothingWhereThereIsNoFace(t *testing.T) {
	rng := rand.New(rand.NewPCG(unseen, 0))
	noise := image.NewRGBA(image.Rect(0, 0, 150, 100))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.IntN(256))
	}
	discs := filled(300, 300, image.White)
	for y := range 300 {
		for x := range 300 {
			if u, v := x%75-37, y%75-37; u*u+v*v < 400 {
				discs.Set(x, y, color.Black)
			}
		}
	}
	behind := portrait.At(unseen, 3).Draw(300)
	for name, picture := range map[string]image.Image{
		"white":       filled(64, 200, image.White),
		"noise":       noise,
		"discs":       discs,
		"clothes":     behind.SubImage(image.Rect(0, 250, 300, 300)),
		"hair":        behind.SubImage(image.Rect(0, 0, 300, 90)),
		"transparent": image.NewNRGBA(image.Rect(0, 0, 90, 90)),
		"a pixel":     filled(1, 1, image.Black),
		"a line":      filled(1000, 1, image.Black),
		"nothing":     image.NewRGBA(image.Rectangle{}),
	} {
		assert.Empty(t, find(t, picture), name)
	}
}

func TestSeveralFacesAreFoundLargestFirst(t *testing.T) {
	picture := filled(700, 400, image.NewUniform(color.RGBA{200, 220, 240, 255}))
	var boxes []image.Rectangle // Of the left eyes.
	for i, place := range []struct{ x, y, size int }{{20, 20, 360}, {430, 20, 220}, {430, 250, 140}} {
		p := portrait.At(unseen, 40+i)
		p.DrawOver(picture, float64(place.x), float64(place.y), float64(place.size))
		boxes = append(boxes, p.EyeBoxes(place.size)[0].Add(image.Pt(place.x, place.y)))
	}
	faces := find(t, picture)
	require.Len(t, faces, len(boxes))
	for i, face := range faces {
		require.Len(t, face.Eyes, 2, "face %d", i)
		assert.Greater(t, overlapOf(face.Eyes[0].Box, boxes[i]), 0.5, "face %d", i)
		assert.Less(t, face.Eyes[0].Box.Min.X, face.Eyes[1].Box.Min.X, "face %d", i)
	}
}

func TestFacesOfStripsAndBannersAreFoundAsInTheirParts(t *testing.T) {
	for _, size := range []image.Point{{400, 4000}, {3000, 300}} {
		strip := filled(size.X, size.Y, image.White)
		side := min(size.X, size.Y)
		var boxes [][2]image.Rectangle
		for i, share := range []float64{1, 0.8, 0.25, 0.5} { // Of the strip's width. They lie upon no limits of its parts.
			p := portrait.At(unseen, 60+i)
			head := int(share * float64(side))
			at := image.Pt((side-head)/2, i*5*side/2+side/3)
			if size.X > size.Y {
				at = image.Pt(at.Y, at.X)
			}
			draw.Draw(strip, image.Rectangle{Max: image.Pt(head, head)}.Add(at), p.Draw(head), image.Point{}, draw.Src)
			eyes := p.EyeBoxes(head)
			boxes = append(boxes, [2]image.Rectangle{eyes[0].Add(at), eyes[1].Add(at)})
		}
		faces := find(t, strip)
		require.Len(t, faces, len(boxes), "%v", size)
		for i, box := range boxes { // The largest first.
			face := faces[[]int{0, 1, 3, 2}[i]]
			require.Len(t, face.Eyes, 2)
			for e, eye := range face.Eyes {
				assert.Greater(t, overlapOf(eye.Box, box[e]), 0.6, "%v, face %d", size, i)
			}
		}
	}
}

func TestPartsCoverStripsAndOtherPicturesHaveNone(t *testing.T) {
	for _, whole := range []image.Rectangle{
		image.Rect(0, 0, 400, 4000), image.Rect(0, 0, 4001, 333), image.Rect(0, 0, 101, 203), image.Rect(0, 0, 900, 64),
	} {
		all := parts(whole)
		require.Equal(t, whole, all[0])
		side := min(whole.Dx(), whole.Dy())
		assert.Equal(t, whole.Min, all[1].Min)
		assert.Equal(t, whole.Max, all[len(all)-1].Max)
		for i, part := range all[1:] {
			assert.Equal(t, image.Pt(side, side), part.Size())
			assert.True(t, part.In(whole))
			if i > 0 {
				upon := part.Intersect(all[i])
				assert.GreaterOrEqual(t, 2*upon.Dx()*upon.Dy(), side*side-side, "%v", whole)
			}
		}
	}
	for _, size := range []image.Point{{}, {1, 1}, {100, 200}, {300, 150}, {31, 1000}, {100_000, 1}, {40, 20_000}} {
		assert.Equal(t, []image.Rectangle{{Max: size}}, parts(image.Rectangle{Max: size}))
	}
}

func TestPicturesThatLieTheWrongWayAreRecognised(t *testing.T) {
	finder, err := openShipped()
	require.NoError(t, err)
	lies := func(picture image.Image) string {
		t.Helper()
		lies, err := finder.Turned(t.Context(), picture, find(t, picture))
		require.NoError(t, err)
		return lies
	}
	down := 0
	for i := range 12 {
		upright := portrait.At(unseen, i).Draw(200)
		once := quarter(upright)
		twice := quarter(once)
		assert.Empty(t, lies(upright), "%d", i)
		if lies(twice) == "upside down" { // Whether or not a face is found in it.
			down++
		}
		if i < 3 {
			assert.Equal(t, "on its side", lies(once), "%d", i)
			assert.Equal(t, "on its side", lies(quarter(twice)), "%d", i)
		}
		assert.Equal(t, upright.Pix, quarter(quarter(twice)).Pix)
	}
	assert.GreaterOrEqual(t, down, 11, "of 12")
	assert.Empty(t, lies(filled(200, 300, image.White)))

	// Of two faces side by side one may be upside down.
	partly := 0
	for i := range 6 {
		both := image.NewRGBA(image.Rect(0, 0, 400, 200))
		right, left := image.Rect(200, 0, 400, 200), image.Rect(0, 0, 200, 200)
		draw.Draw(both, left, portrait.At(unseen, i).Draw(200), image.Point{}, draw.Src)
		draw.Draw(both, right, portrait.At(unseen, i+6).Draw(200), image.Point{}, draw.Src)
		assert.Empty(t, lies(both), "%d", i)
		draw.Draw(both, right, quarter(quarter(portrait.At(unseen, i+6).Draw(200))), image.Point{}, draw.Src)
		if lies(both) == "partly upside down" {
			partly++
		}
	}
	assert.GreaterOrEqual(t, partly, 5)
}

func TestOneEyeIsFoundWhereTheOtherIsCutOff(t *testing.T) {
	p := portrait.At(unseen, 7)
	boxes := p.EyeBoxes(300)
	half := p.Draw(300).SubImage(image.Rect(boxes[0].Max.X+1, 0, 300, 300))
	faces := find(t, half)
	require.Len(t, faces, 1)
	require.Len(t, faces[0].Eyes, 1)
	assert.Greater(t, overlapOf(faces[0].Eyes[0].Box, boxes[1]), 0.5)
}

func TestWhereAPictureBeginsAndWhatIsTransparentDoNotMatter(t *testing.T) {
	opaque := portrait.At(unseen, 9)
	opaque.Background = color.RGBA{255, 255, 255, 255}
	whole := opaque.Draw(240)
	moved := image.NewNRGBA(image.Rect(-50, 70, 190, 310))
	for y := range 240 {
		for x := range 240 {
			if c := whole.RGBAAt(x, y); c != (color.RGBA{255, 255, 255, 255}) {
				moved.Set(x-50, y+70, c)
			}
		}
	}
	before, after := find(t, whole), find(t, moved)
	require.Len(t, before, 1)
	require.Len(t, after, 1)
	for i, eye := range before[0].Eyes {
		assert.Equal(t, eye.Box.Add(image.Pt(-50, 70)), after[0].Eyes[i].Box)
		assert.True(t, after[0].Eyes[i].Box.In(moved.Rect))
		assert.InDelta(t, 0.5, eye.Confidence, 0.5)
	}
}

func TestALargePictureIsLookedAtInASmallerCopy(t *testing.T) {
	p := portrait.At(unseen, 11)
	faces := find(t, p.Draw(2*enough))
	require.Len(t, faces, 1)
	require.Len(t, faces[0].Eyes, 2)
	for i, box := range p.EyeBoxes(2 * enough) {
		assert.Greater(t, overlapOf(faces[0].Eyes[i].Box, box), 0.6)
	}
}

func TestEvaluateCountsFramesAndEyes(t *testing.T) {
	finder, err := openShipped()
	require.NoError(t, err)
	scores, err := finder.Evaluate(t.Context(), dataset.DrawnBlinks(unseen, 2, 128), 8)
	require.NoError(t, err)
	assert.Equal(t, 4, scores.Frames)
	assert.Equal(t, 4, scores.Right)
	assert.Greater(t, scores.Overlap, 0.7)
	assert.Equal(t, scores.States, scores.StatesRight)
	assert.Zero(t, overlapOf(image.Rect(0, 0, 2, 2), image.Rect(2, 0, 4, 2)))
	assert.InDelta(t, 1.0/3, overlapOf(image.Rect(0, 0, 2, 2), image.Rect(1, 0, 3, 2)), 1e-9)
}

func TestFindStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	finder, err := openShipped()
	require.NoError(t, err)
	_, err = finder.Find(ctx, portrait.At(unseen, 0).Draw(64))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestWindowsCoverALength(t *testing.T) {
	for length := 1; length < 700; length += 7 {
		all := starts(length, 128)
		end := all[0]
		for _, start := range all {
			assert.LessOrEqual(t, start, end, "no gap in %d", length)
			end = start + 128
		}
		assert.LessOrEqual(t, all[0], 0)
		assert.GreaterOrEqual(t, end, length)
	}
}

func BenchmarkNewFinderAndFind(b *testing.B) {
	picture := portrait.At(unseen, 0).Draw(1024)
	backend := backend(b)
	for b.Loop() {
		finder, err := OpenShipped(backend)
		require.NoError(b, err)
		_, err = finder.Find(b.Context(), picture)
		require.NoError(b, err)
		finder.Close()
	}
}
