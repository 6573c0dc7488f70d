package blink

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/measure"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// VideoFeatures are numbers that say how videos look and how they move. No network is learned for them: they are the
// principal components of real videos' first frames, and of how the other frames differ from these, each divided by its
// deviation among the real ones.
type VideoFeatures struct{ look, motion components }

const (
	// featureSize is the height and width to which frames are shrunk.
	featureSize = 32
	// videoFeatures is the number of features of the looks of a video, and of its motion.
	videoFeatures = 16
)

// NewVideoFeatures finds the features of real videos, each a clip of [Frames] square frames. There must be more of them
// than features.
func NewVideoFeatures(videos [][]*image.RGBA) (*VideoFeatures, error) {
	if len(videos) < 2*videoFeatures {
		return nil, fmt.Errorf("find the features of %d videos: %d are needed", len(videos), 2*videoFeatures)
	}
	look, motion, err := lookAndMotion(videos)
	if err != nil {
		return nil, err
	}
	return &VideoFeatures{newComponents(look), newComponents(motion)}, nil
}

// Of returns the features of videos: a row for each.
func (f *VideoFeatures) Of(videos [][]*image.RGBA) (*mat.Dense, error) {
	look, motion, err := lookAndMotion(videos)
	if err != nil {
		return nil, err
	}
	var features mat.Dense
	features.Augment(f.look.of(look), f.motion.of(motion))
	return &features, nil
}

// lookAndMotion returns the pixels of the videos' first frames, and how those of the others differ from these.
func lookAndMotion(videos [][]*image.RGBA) (look, motion *mat.Dense, err error) {
	const pixels = featureSize * featureSize * 3
	look, motion = mat.NewDense(len(videos), pixels, nil), mat.NewDense(len(videos), (Frames-1)*pixels, nil)
	values := make([]float32, pixels)
	for i, video := range videos {
		if len(video) != Frames {
			return nil, nil, fmt.Errorf("the features of a video of %d frames: it must have %d", len(video), Frames)
		}
		for k, frame := range video {
			imaging.Unit.Put(values, imaging.Cut(frame, imaging.CentredSquare(frame.Rect), featureSize), false)
			for j, v := range values {
				if k == 0 {
					look.Set(i, j, float64(v))
				} else {
					motion.Set(i, (k-1)*pixels+j, float64(v)-look.At(i, j))
				}
			}
		}
	}
	return look, motion, nil
}

// components are principal components.
type components struct {
	mean []float64
	axes *mat.Dense // A column each, divided by the deviation along it.
}

// newComponents finds the first components of rows.
func newComponents(rows *mat.Dense) components {
	n, columns := rows.Dims()
	c := components{mean: make([]float64, columns)}
	for j := range columns {
		c.mean[j] = stat.Mean(mat.Col(nil, j, rows), nil)
	}
	var svd mat.SVD
	svd.Factorize(c.centred(rows), mat.SVDThinV)
	var axes mat.Dense
	svd.VTo(&axes)
	deviations := svd.Values(nil)
	c.axes = mat.DenseCopyOf(axes.Slice(0, columns, 0, videoFeatures))
	c.axes.Apply(func(_, k int, v float64) float64 {
		return v / max(deviations[k]/math.Sqrt(float64(n-1)), 1e-9)
	}, c.axes)
	return c
}

// centred returns rows less the mean.
func (c components) centred(rows *mat.Dense) *mat.Dense {
	var centred mat.Dense
	centred.Apply(func(_, j int, v float64) float64 { return v - c.mean[j] }, rows)
	return &centred
}

// of returns the components of rows.
func (c components) of(rows *mat.Dense) *mat.Dense {
	var made mat.Dense
	made.Mul(c.centred(rows), c.axes)
	return &made
}

// Flicker is how much the frames of a video jump to and fro: the mean absolute second difference over time, in levels
// of 255. A video that moves evenly has none.
func Flicker(video []*image.RGBA) float64 {
	if len(video) < 3 {
		return 0
	}
	sum, n := 0.0, 0
	for k := 1; k < len(video)-1; k++ {
		before, now, after := video[k-1].Pix, video[k].Pix, video[k+1].Pix
		for i := range now {
			if i%4 < 3 {
				sum += math.Abs(float64(before[i]) - 2*float64(now[i]) + float64(after[i]))
				n++
			}
		}
	}
	return sum / float64(max(n, 1))
}

// FilmScore measures a network's videos as a set, beside real ones.
type FilmScore struct {
	// Videos is their number.
	Videos int `json:"videos"`
	// Distance is [measure.Kernel] between the [VideoFeatures] of the network's videos and of as many real ones; Floor is
	// that of other real ones, what a perfect network would get.
	Distance measure.Estimate `json:"distance"`
	Floor    measure.Estimate `json:"floor"`
	// Flicker is the mean [Flicker], RealFlicker that of the real ones.
	Flicker     float64 `json:"flicker"`
	RealFlicker float64 `json:"real_flicker"`
}

// RealFilms are drawn blinks to compare a network's with: their features are those of others.
type RealFilms struct {
	features    *VideoFeatures
	real, other *mat.Dense
	flicker     float64
	clips       []*dataset.Clip
}

// NewRealFilms draws blinks of a seed to compare n videos of a network with, in a number of pixels.
func NewRealFilms(ctx context.Context, seed uint64, n, size int) (*RealFilms, error) {
	if n < 2*videoFeatures {
		return nil, fmt.Errorf("measure %d videos: %d are needed", n, 2*videoFeatures)
	}
	clips, err := readAll(ctx, dataset.DrawnBlinks(seed, 3*n, size), nil)
	if err != nil {
		return nil, err
	}
	var films [][]*image.RGBA
	for _, clip := range clips {
		films = append(films, clip.Frames)
	}
	r := &RealFilms{clips: clips[:n]}
	if r.features, err = NewVideoFeatures(films[2*n:]); err != nil {
		return nil, err
	}
	var errs [2]error
	r.real, errs[0] = r.features.Of(films[:n])
	r.other, errs[1] = r.features.Of(films[n : 2*n])
	for _, film := range films[:n] {
		r.flicker += Flicker(film) / float64(n)
	}
	return r, errors.Join(errs[:]...)
}

// FilmScore measures a network's videos: of the real ones' first frames, each by its own blink, or from noise.
func (b *Blinker) FilmScore(ctx context.Context, real *RealFilms) (score FilmScore, err error) {
	var films [][]*image.RGBA
	if b.Config.Unconditional {
		films, err = b.Films(ctx, HeldOutSeed, len(real.clips))
	} else {
		for _, clip := range real.clips {
			film, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
			if err != nil {
				return score, fmt.Errorf("%s: %w", clip.Name, err)
			}
			films = append(films, film)
		}
	}
	if err != nil {
		return score, err
	}
	return real.score(films)
}

// score measures videos.
func (r *RealFilms) score(films [][]*image.RGBA) (score FilmScore, err error) {
	features, err := r.features.Of(films)
	if err != nil {
		return score, err
	}
	score.Videos, score.RealFlicker = len(films), r.flicker
	for _, film := range films {
		score.Flicker += Flicker(film) / float64(len(films))
	}
	if score.Distance, err = measure.Kernel(r.other, features); err != nil {
		return score, err
	}
	score.Floor, err = measure.Kernel(r.other, r.real)
	return score, err
}
