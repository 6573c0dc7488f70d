package eyes

import (
	"cmp"
	"context"
	"image"
	"image/draw"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
)

// Experiment describes the experiments of this package.
var Experiment = &lab.Kind[Config]{
	Name:  "eyes",
	Title: "the network that finds eyes",
	Usual: "shipped",
	Presets: map[string]Config{
		"shipped": shipped,
		"smoke": with(shipped, func(c *Config) { // Seconds: for tests.
			c.Size, c.Channels, c.Backdrops, c.Batch, c.Steps = 32, 4, 2, 4, 3
		}),
	},
	Curves: func(Config) []lab.Curve {
		return []lab.Curve{{
			Name: "losses", Title: "Losses", Y: "loss", Log: true,
			Metrics: []string{metricHeat, metricBox, metricMiddle, metricOpen},
		}}
	},
}

func init() { // Here, since these functions themselves use the kind.
	Experiment.Train, Experiment.Open, Experiment.Evaluate = Train, lab.Opens(Open), lab.Evaluates(Evaluate)
	Experiment.Network = exported
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// HeldOutSeed is the seed of the drawn blinks that networks are measured on: no training uses it.
const HeldOutSeed = 20_260_103

// Evaluate measures a run, or without a dir the network that comes with moelab, as [Finder.Evaluate] does: on every
// fourth frame of the blinks of Data, or of Number drawn ones, 12 by default.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (scores Scores, err error) {
	const usual, size, every = 12, 256, 4
	clips := dataset.DrawnBlinks(cmp.Or(options.Seed, HeldOutSeed), cmp.Or(options.Number, usual), size)
	if options.Data != "" {
		opened, bad, err := dataset.OpenBlinks(ctx, options.Data)
		for _, b := range bad {
			if options.Warn != nil {
				options.Warn(b)
			}
		}
		if err != nil {
			return scores, err
		}
		clips = opened
	}
	open := func() (*Finder, error) { return Open(backend, dir) }
	if dir == "" {
		open = func() (*Finder, error) { return OpenShipped(backend) }
	}
	f, err := open()
	if err != nil {
		return scores, err
	}
	defer f.Close()
	return f.Evaluate(ctx, clips, every)
}

// Measures implements [lab.Evaluation].
func (s Scores) Measures() map[string]float64 {
	return map[string]float64{
		"found":   float64(s.Right) / float64(max(s.Frames, 1)),
		"overlap": s.Overlap,
		"states":  float64(s.StatesRight) / float64(max(s.States, 1)),
	}
}

// Draw implements [lab.Model]: drawn portraits with frames around the eyes found.
func (f *Finder) Draw(ctx context.Context, seed uint64, n int) (pictures []image.Image, err error) {
	const size = 256
	clips := dataset.DrawnBlinks(seed, n, size)
	for i := range n {
		clip, err := clips.Clip(ctx, i)
		if err != nil {
			return nil, err
		}
		faces, err := f.Find(ctx, clip.Frames[0])
		if err != nil {
			return nil, err
		}
		for _, face := range faces {
			for _, eye := range face.Eyes {
				Frame(clip.Frames[0], eye.Box)
			}
		}
		pictures = append(pictures, clip.Frames[0])
	}
	return pictures, nil
}

// Frame draws a red frame around a box onto a picture.
func Frame(onto draw.Image, box image.Rectangle) {
	imaging.FrameBox(onto, box, max(onto.Bounds().Dx()/250, 1))
}
