package blink

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// discs are videos of a disc on grey, whose colour and size are the looks, and which fades as the motion.
func discs(n int, seed uint64, moves bool) (videos [][]*image.RGBA) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for range n {
		level, radius, when := uint8(rng.IntN(256)), 4+8*rng.Float64(), rng.IntN(Frames)
		var video []*image.RGBA
		for k := range Frames {
			frame := image.NewRGBA(image.Rect(0, 0, 32, 32))
			eachPixel(frame.Rect, func(x, y int) {
				c := color.RGBA{128, 128, 128, 255}
				faded := moves && k > 0 && max(k-when, when-k) < 3
				if !faded && math.Hypot(float64(x-16), float64(y-16)) < radius {
					c = color.RGBA{level, 255 - level, 40, 255}
				}
				frame.SetRGBA(x, y, c)
			})
			video = append(video, frame)
		}
		videos = append(videos, video)
	}
	return videos
}

// Among the videos that they are found in, the features have deviation 1 and no correlation.
func TestVideoFeaturesAreWhitenedAmongTheirOwnVideos(t *testing.T) {
	videos := discs(60, 1, true)
	features, err := NewVideoFeatures(videos)
	require.NoError(t, err)
	of, err := features.Of(videos)
	require.NoError(t, err)
	rows, columns := of.Dims()
	assert.Equal(t, []int{60, 2 * videoFeatures}, []int{rows, columns})
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, of, nil)
	for _, block := range []int{0, videoFeatures} {
		for i := range videoFeatures {
			for j := range videoFeatures {
				want := 0.0
				if i == j {
					want = 1
				}
				assert.InDelta(t, want, covariance.At(block+i, block+j), 1e-6)
			}
		}
	}
	_, err = NewVideoFeatures(videos[:10])
	assert.ErrorContains(t, err, "find the features of 10 videos: 32 are needed")
	_, err = features.Of([][]*image.RGBA{videos[0][:3]})
	assert.ErrorContains(t, err, "of a video of 3 frames")
}

func TestFlickerIsTheSecondDifference(t *testing.T) {
	frame := func(level uint8) *image.RGBA {
		picture := image.NewRGBA(image.Rect(0, 0, 3, 2))
		for i := range picture.Pix {
			picture.Pix[i] = level | uint8(255*(i%4/3))
		}
		return picture
	}
	even := []*image.RGBA{frame(0), frame(10), frame(20), frame(30)}
	assert.Zero(t, Flicker(even), "it moves evenly")
	assert.InDelta(t, 20, Flicker([]*image.RGBA{frame(0), frame(10), frame(0), frame(10)}), 1e-9)
	assert.Zero(t, Flicker(even[:2]))
}

// A picture that is repeated looks as real videos do, and moves as none of them.
func TestFilmScoreTellsStillVideosFromRealOnes(t *testing.T) {
	real, err := NewRealFilms(t.Context(), 5, 32, 64)
	require.NoError(t, err)
	var still, moving [][]*image.RGBA
	for _, clip := range real.clips {
		still, moving = append(still, copies(clip.Frames[0], Frames)), append(moving, clip.Frames)
	}
	score, err := real.score(still)
	require.NoError(t, err)
	same, err := real.score(moving)
	require.NoError(t, err)
	assert.Greater(t, score.Distance.Value, score.Floor.Value+3*score.Floor.Margin)
	assert.Equal(t, same.Floor, same.Distance)
	assert.Zero(t, score.Flicker)
	assert.InDelta(t, same.RealFlicker, same.Flicker, 1e-9)
	assert.Greater(t, same.Flicker, 0.0)
}

func TestNetworksDrawFromNoiseAlone(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	for _, name := range []string{"adversarial", "tgan", "tganv2", "mocogan"} {
		t.Run(name, func(t *testing.T) {
			config, err := Experiment.Preset("smoke-" + name)
			require.NoError(t, err)
			config.Unconditional, config.Content = true, 0
			require.NoError(t, config.Validate())
			dir := t.TempDir()
			summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend, SampleEvery: 1})
			require.NoError(t, err)
			assert.NotContains(t, summary.Values, metricError)
			b, err := Open(backend, dir)
			require.NoError(t, err)
			defer b.Close()
			films, err := b.Films(t.Context(), 3, 2)
			require.NoError(t, err)
			require.Len(t, films, 2)
			assert.Len(t, films[0], Frames)
			if name != "adversarial" { // VideoGAN's initial weights are too small for anything to be seen after two steps.
				assert.NotEqual(t, films[0][0].Pix, films[1][0].Pix, "other noise draws another face")
			}
			pictures, err := b.Draw(t.Context(), 3, 2)
			require.NoError(t, err)
			assert.Equal(t, films[1][Frames/2], pictures[1])
			clip, err := dataset.DrawnBlinks(1, 1, 64).Clip(t.Context(), 0)
			require.NoError(t, err)
			_, err = b.Blink(t.Context(), clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
			assert.ErrorContains(t, err, "it cannot make a picture blink")

			evaluation, err := Evaluate(t.Context(), backend, dir, lab.EvaluateOptions{Number: 32})
			require.NoError(t, err)
			assert.Equal(t, 32, evaluation.Films.Videos)
			assert.Greater(t, evaluation.Measures()["video distance"], evaluation.Measures()["of real videos"])
			_, err = Evaluate(t.Context(), backend, dir, lab.EvaluateOptions{Hard: true})
			assert.ErrorContains(t, err, "no other blinks can be measured with it")
		})
	}
}

func TestSurveyHasARowForRunsThatDifferInTheirSeeds(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	var runs []string
	for _, run := range []struct {
		preset string
		seed   uint64
	}{{"smoke-content", 1}, {"smoke-mocogan", 1}, {"smoke-content", 2}} {
		config, err := Experiment.Preset(run.preset)
		require.NoError(t, err)
		config.Seed = run.seed
		runs = append(runs, t.TempDir())
		_, err = Train(t.Context(), runs[len(runs)-1], config, lab.TrainOptions{Backend: backend})
		require.NoError(t, err)
	}
	real, err := NewRealFilms(t.Context(), 5, 32, 64)
	require.NoError(t, err)
	survey, err := NewSurvey(
		t.Context(), backend, runs, dataset.TrueBlinks(7, 2, 64), real, lab.EvaluateOptions{},
	)
	require.NoError(t, err)
	require.Len(t, survey, 2)
	assert.Equal(t, "VideoGAN, content loss alone", survey[0].Title)
	assert.Equal(t, []string{runs[0], runs[2]}, survey[0].Runs)
	assert.Len(t, survey[0].StepTime, 2)
	assert.Equal(t, "MoCoGAN", survey[1].Title)
	assert.Regexp(t, `(?m)^ *VideoGAN, content loss alone +2 +\d+ +.* ± `, survey.String())
	_, err = survey.DistanceFigure()
	assert.NoError(t, err)
}
