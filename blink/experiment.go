package blink

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// Experiment describes the experiments of this package.
var Experiment = &lab.Kind[Config]{
	Name:    "blink",
	Title:   "a blink for a still portrait",
	Presets: presets(),
	Curves:  Config.curves,
}

func init() { // Here, since these functions themselves use the kind.
	Experiment.Train, Experiment.Open, Experiment.Evaluate = Train, lab.Opens(Open), lab.Evaluates(Evaluate)
	Experiment.Figures, Experiment.Network = figures, exported
}

// presets returns the named configurations.
func presets() map[string]Config {
	presets := map[string]Config{"lids": lids, "smoke-lids": with(lids, smoke)}
	for size, resize := range sizes {
		presets[size] = with(article, resize)
		for _, failure := range slices.Concat(Failures, Surveyed) {
			presets[size+"-"+failure.Name] = with(with(article, failure.change), resize)
		}
	}
	return presets
}

// sizes are the sizes of the experiments, as changes to the article's.
var sizes = map[string]func(*Config){"article": func(*Config) {}, "laptop": laptop, "smoke": smoke}

// lids is moelab's own network, the shipped one: see [Lids].
var lids = with(article, func(c *Config) {
	c.Network, c.Temporal, c.Artists, c.Few = "lids", false, true, 4
	c.Size, c.Channels, c.Drawn, c.Batch, c.Vary, c.Hues = 64, 16, 1500, 8, true, math.Pi
	c.LearningRate, c.Steps, c.AverageDecay = 1e-3, 6000, 0.999
})

// curves are the diagrams of a run's metrics.
func (c Config) curves() []lab.Curve {
	var all []lab.Curve
	if !c.Unconditional {
		all = append(all, lab.Curve{
			Name: "content", Title: "Content loss", Y: "mean absolute error", Log: true, Metrics: []string{metricError},
		})
	}
	if Networks[c.Network].Painted {
		all = append(all, lab.Curve{
			Name: "lids", Title: "How far the reference's eyes are open", Y: "mean absolute error", Log: true,
			Metrics: []string{metricOpenings},
		})
	}
	if c.Adversarial == 0 {
		return all
	}
	return append(all,
		lab.Curve{Name: "losses", Title: "Adversarial losses", Y: "loss", Metrics: []string{metricD, metricG}},
		lab.Curve{
			Name: "ranking", Title: "How often D tells real from drawn", Y: "share of pairs",
			Metrics: []string{metricRanking}, Marks: lab.MarkWon(metricRanking),
		})
}

// heldOut returns n drawn blinks of a seed, by default 12 and the held-out one.
func heldOut(seed uint64, n int) dataset.Clips {
	const usual = 12
	return dataset.TrueBlinks(cmp.Or(seed, HeldOutSeed), cmp.Or(n, usual), heldOutSize)
}

// heldOutSize is the height and width of their frames.
const heldOutSize = 256

// HeldOutSeed is the seed of the drawn blinks that networks are measured on: no training uses it.
const HeldOutSeed = 20_260_103

// Draw implements [lab.Model]: drawn portraits that blink, each in the frame with its reference's most closed eyes, or
// the middle frames of films from noise.
func (b *Blinker) Draw(ctx context.Context, seed uint64, n int) (pictures []image.Image, err error) {
	if b.Config.Unconditional {
		films, err := b.Films(ctx, seed, n)
		for _, film := range films {
			pictures = append(pictures, film[Frames/2])
		}
		return pictures, err
	}
	clips := heldOut(seed, n)
	for i := range n {
		clip, err := clips.Clip(ctx, i)
		if err != nil {
			return nil, err
		}
		frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clip.Name, err)
		}
		pictures = append(pictures, frames[Closed(clip)])
	}
	return pictures, nil
}

// figures show a held-out portrait that blinks by a run.
func figures(ctx context.Context, _ string, model lab.Model, options lab.FigureOptions) []lab.Drawing {
	b := model.(*Blinker)
	clip := sync.OnceValues(func() (*dataset.Clip, error) { return heldOut(options.Seed, 1).Clip(ctx, 0) })
	strips := sync.OnceValues(func() (made []Strip, err error) { // Two figures show them.
		if b.Config.Unconditional {
			films, err := b.Films(ctx, options.Seed, 4)
			for i, film := range films {
				made = append(made, Strip{Label: fmt.Sprintf("from noise %d", i+1), Frames: film})
			}
			return made, err
		}
		clip, err := clip()
		if err != nil {
			return nil, err
		}
		kept := b.Detail
		defer func() { b.Detail = kept }()
		b.Detail = false // Shows the networks' own output.
		frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
		return []Strip{{Label: "the truth", Frames: clip.Frames}, {Label: "drawn", Frames: frames}}, err
	})
	of := func(draw func(strips ...Strip) (*plots.Figure, error)) func() (*plots.Figure, error) {
		return func() (*plots.Figure, error) {
			both, err := strips()
			if err != nil {
				return nil, err
			}
			return draw(both...)
		}
	}
	return []lab.Drawing{
		{Name: "strip", Draw: of(func(strips ...Strip) (*plots.Figure, error) { return StripFigure(2, strips...) })},
		{Name: "film", Draw: of(FilmFigure)},
		{Name: "seam", Draw: func() (*plots.Figure, error) {
			if !b.Config.Pastes() {
				return nil, fmt.Errorf("draw the seam: %w: nothing is pasted", lab.ErrLacks)
			}
			clip, err := clip()
			if err != nil {
				return nil, err
			}
			return SeamFigure(ctx, b, clip, clip, Closed(clip), false)
		}},
	}
}

// CheckHeldOut returns an error if a run was trained on the drawn blinks of a seed.
func CheckHeldOut(dir string, seed uint64) error {
	config, err := Experiment.Read(dir)
	if err == nil && config.Data == "" && config.Seed == seed {
		err = fmt.Errorf("%s was trained on the blinks of seed %d: measure it on others, with another --seed", dir, seed)
	}
	return err
}
