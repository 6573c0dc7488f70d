package blink

import (
	"image"
	"math"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A flow that moves everything by some pixels moves a picture by as many, turned and scaled as the faces are.
func TestFollowedMovesByTheOthersFlow(t *testing.T) {
	vectors := make([]float32, 2*motionSize*motionSize)
	for i := range vectors {
		vectors[i] = []float32{12, 6}[i%2] // To the right and down.
	}
	picture := portrait.At(1, 2).Draw(motionSize)
	for name, c := range map[string]struct {
		to     similarity
		dx, dy int
	}{
		"alike":           {similarity{1, 0}, 12, 6},
		"half as large":   {similarity{2, 0}, 6, 3},
		"turned by 90°":   {similarity{complex(0, 1), complex(motionSize, 0)}, 6, -12},
		"another's place": {similarity{1, 30}, 12, 6},
	} {
		t.Run(name, func(t *testing.T) {
			moved := followed(picture, vectors, c.to)
			eachPixel(image.Rect(40, 40, 200, 200), func(x, y int) {
				require.Equal(t, picture.RGBAAt(x-c.dx, y-c.dy), moved.RGBAAt(x, y))
			})
		})
	}
}

func TestFacesAreMappedByTheirEyes(t *testing.T) {
	a, b := portrait.At(3, 1), portrait.At(3, 2)
	b.Tilt, b.Scale = 0.3, 1.2
	from, onto := betweenEyes(a), betweenEyes(b)
	to := from.onto(onto)
	close := func(want, got complex128) {
		assert.InDelta(t, real(want), real(got), 1e-9)
		assert.InDelta(t, imag(want), imag(got), 1e-9)
	}
	close(onto.at, to.turn*from.at+to.move)
	close(onto.at+onto.to, to.turn*(from.at+from.to)+to.move)
	assert.InDelta(t, 0.3-a.Tilt, math.Atan2(imag(to.turn), real(to.turn)), 0.05)
}

// A little of a motion is followed better than a still picture; what has to be drawn anew is not.
func TestMotionStudyShowsWhereFollowingBreaks(t *testing.T) {
	study, err := NewMotionStudy(t.Context(), openXLA(t), 5, 1)
	require.NoError(t, err)
	require.Len(t, study.Errors, len(Movements))
	of := func(name string, part int) float64 {
		for i, movement := range Movements {
			if movement.Name == name {
				return study.Errors[i][part][0]
			}
		}
		return math.NaN()
	}
	assert.Less(t, of("it moves by a tenth", 0), 0.7)
	assert.Less(t, of("the head tilts by 25°", 0), 0.8)
	assert.Greater(t, of("the head tilts by 25°", len(motionParts)-1), of("the head tilts by 25°", 0))
	_, err = study.ErrorFigure()
	require.NoError(t, err)
	_, err = study.StripFigure()
	require.NoError(t, err)
}
