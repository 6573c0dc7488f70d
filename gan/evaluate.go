package gan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
)

// Evaluation says how well a trained generator obeys, and how good its portraits are.
type Evaluation struct {
	// Step is the number of iterations that the generator was trained for.
	Step int64 `json:"step"`
	// Samples is the number of portraits that were judged.
	Samples int `json:"samples"`
	// Accuracy is how often the asked-for hair colour is the one that the judge sees.
	Accuracy float64 `json:"accuracy"`
	// JudgeAccuracy is how often the judge is right on real pictures that it was not trained on: what can be had at best.
	JudgeAccuracy float64 `json:"judge_accuracy"`
	// Chance is what guessing gives.
	Chance float64 `json:"chance"`
	// Classes are the hair colours, in the order of Confusion.
	Classes []string `json:"classes"`
	// Confusion counts [colour asked for][colour seen] of the generated portraits.
	Confusion Confusion `json:"confusion"`
	// Attributes says the same of each attribute.
	Attributes []AttributeAccuracy `json:"attributes,omitempty"`
	// Quality compares portraits with real pictures.
	Quality Quality `json:"quality"`
}

// AttributeAccuracy says how often the class of an attribute is seen that was asked for, by a judge of its own.
type AttributeAccuracy struct {
	Name string `json:"name"`
	// Accuracy, JudgeAccuracy and Chance are as in [Evaluation]. The classes of an attribute need not be equally frequent in the data: they are asked for as often.
	Accuracy      float64 `json:"accuracy"`
	JudgeAccuracy float64 `json:"judge_accuracy"`
	Chance        float64 `json:"chance"`
}

// judgedPictures is how many held-out pictures the judge is measured on, at least.
const judgedPictures = 450

// EvaluateOptions say how a run is evaluated.
type EvaluateOptions struct {
	// Samples is the number of portraits, and Seed that of their noise.
	Samples int
	Seed    uint64
	// Data is a folder of real pictures to train the judge on and to compare with. Empty: the data of the run, in which the nearest pictures are looked for in any case.
	Data string
	// Set holds those pictures. Nil: they are opened.
	Set dataset.Set
	// Features are what FID and KID look through. The zero value: the judge's.
	Features Features
	// Progress is told how it goes; see [lab.Training].
	Progress lab.Progress
}

// Evaluate draws portraits, each colour as often as another, and counts how often the judge sees the colour that was asked for; and then portraits of the colours of real
// pictures, and compares them with those. The judge is trained on real pictures only, in the run's folder "judge", if it was not yet; one picture in ten is held out from it.
// The evaluation is also written to evaluation.json.
func Evaluate(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (e Evaluation, err error) {
	if options.Samples < 1 {
		return e, fmt.Errorf("%d samples: there must be at least one to judge", options.Samples)
	}
	sampler, err := OpenSampler(backend, dir)
	if err != nil {
		return e, err
	}
	defer sampler.Close()
	config := sampler.Config
	config.Data = cmp.Or(options.Data, config.Data)
	set := options.Set
	if set == nil {
		if set, err = config.OpenData(ctx, nil); err != nil {
			return e, err
		}
	}
	set = dataset.Cached(set, cacheBytes)
	var learnt dataset.Set
	if config.Data != sampler.Config.Data {
		if learnt, err = sampler.Config.OpenData(ctx, nil); err != nil {
			return e, fmt.Errorf("open what the run was trained on, to look for what was learnt by heart: %w", err)
		}
		learnt = dataset.Cached(learnt, cacheBytes)
	}
	_, test := dataset.SplitIndices(set, heldOut)
	if len(test) == 0 {
		return e, errNoneHeldOut(set)
	}
	judge, err := TrainJudge(ctx, backend, config.judgeDir(dir, "judge", set), config.judgeConfig(), set, options.Progress)
	if err != nil {
		return e, err
	}
	defer judge.Close()
	real, err := read(ctx, set, config.Size, spread(test, max(options.Samples, judgedPictures)))
	if err != nil {
		return e, err
	}
	judged, err := judge.confusion(ctx, real.images, real.labels)
	if err != nil {
		return e, err
	}

	asked := make([]int, options.Samples)
	for i := range asked {
		asked[i] = i % len(config.Classes)
	}
	noise := config.DrawNoise(options.Seed, options.Samples)
	portraits, err := sampler.Sample(ctx, noise, asked)
	if err != nil {
		return e, err
	}
	confusion, err := judge.confusion(ctx, portraits, asked)
	if err != nil {
		return e, err
	}
	e = Evaluation{
		Step: sampler.Step, Samples: options.Samples, Classes: config.Classes, Confusion: confusion,
		Accuracy: confusion.Accuracy(), JudgeAccuracy: judged.Accuracy(), Chance: 1 / float64(len(config.Classes)),
	}

	for _, name := range config.Attributes {
		of, err := judgeAttribute(ctx, backend, dir, config, sampler, set, name, options)
		if err != nil {
			return e, fmt.Errorf("judge the attribute %s: %w", name, err)
		}
		e.Attributes = append(e.Attributes, of)
	}

	real = real.some(options.Samples)
	if portraits, err = sampler.Sample(ctx, noise[:len(real.labels)], real.labels); err != nil {
		return e, err
	}
	features := options.Features
	if features.Of == nil {
		features = judge.Features()
	}
	if e.Quality, err = measureQuality(ctx, config, portraits, real, set, learnt, features, options.Progress); err != nil {
		return e, fmt.Errorf("compare portraits with real pictures: %w", err)
	}
	return e, lab.WriteFile(filepath.Join(dir, "evaluation.json"), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	})
}

// errNoneHeldOut says that a set is too small to be evaluated with.
func errNoneHeldOut(set dataset.Set) error {
	return fmt.Errorf("%d pictures are too few to measure the judge: one in %d of each class is held out for that, and no class has as many", set.Len(), heldOut)
}

// judgeDir is where a run has the judge of a set. Other pictures have another judge: those of another folder, and of one that has changed, since pictures that the first was
// trained on may be among those that are held out now.
func (c Config) judgeDir(dir, name string, set dataset.Set) string {
	if c.Data == "" {
		return filepath.Join(dir, name)
	}
	all := sha256.New()
	for i := range set.Len() {
		fmt.Fprintf(all, "%s %d\n", set.Name(i), set.Label(i)) // A hash takes all.
	}
	return filepath.Join(dir, fmt.Sprintf("%s_%.4x", name, all.Sum(nil)))
}

// judgeAttribute counts how often the class of an attribute is seen that was asked for, by a judge that is trained for it. The configuration is that of the real pictures.
func judgeAttribute(ctx context.Context, backend compute.Backend, dir string, config Config, sampler *Sampler, set dataset.Set, name string, options EvaluateOptions) (of AttributeAccuracy, err error) {
	view, err := dataset.ByAttribute(set, name)
	if err != nil {
		return of, err
	}
	judged := config.judgeConfig()
	judged.Classes, judged.Steps = view.Classes(), attributeSteps
	_, test := dataset.SplitIndices(view, heldOut)
	if len(test) == 0 {
		return of, errNoneHeldOut(view)
	}
	judge, err := TrainJudge(ctx, backend, config.judgeDir(dir, "judge_"+name, view), judged, view, options.Progress)
	if err != nil {
		return of, err
	}
	defer judge.Close()
	real, err := read(ctx, view, judged.Size, spread(test, max(options.Samples, judgedPictures)))
	if err != nil {
		return of, err
	}
	right, err := judge.confusion(ctx, real.images, real.labels)
	if err != nil {
		return of, err
	}
	var portraits []*image.RGBA
	var asked []int
	noise := sampler.Config.DrawNoise(options.Seed, options.Samples)
	for label, class := range judged.Classes {
		asking, err := sampler.Ask(name, class)
		if err != nil {
			return of, err
		}
		var some [][]float32
		var colours []int
		for i := label; i < len(noise); i += len(judged.Classes) {
			some, colours, asked = append(some, noise[i]), append(colours, i/len(judged.Classes)%len(sampler.Config.Classes)), append(asked, label)
		}
		drawn, err := asking.Sample(ctx, some, colours)
		if err != nil {
			return of, err
		}
		portraits = append(portraits, drawn...)
	}
	seen, err := judge.confusion(ctx, portraits, asked)
	return AttributeAccuracy{
		Name: name, Accuracy: seen.Accuracy(), JudgeAccuracy: right.Accuracy(), Chance: 1 / float64(len(judged.Classes)),
	}, err
}

// String says it in a sentence and a table.
func (e Evaluation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "asked-for hair colour seen in %.1f %% of %d portraits (judge on held-out pictures: %.1f %%, chance: %.1f %%)\n",
		100*e.Accuracy, e.Samples, 100*e.JudgeAccuracy, 100*e.Chance)
	for _, of := range e.Attributes {
		fmt.Fprintf(&text, "asked-for %s: %.1f %% (judge: %.1f %%, chance: %.1f %%)\n", of.Name, 100*of.Accuracy, 100*of.JudgeAccuracy, 100*of.Chance)
	}
	text.WriteString("\n")
	q := e.Quality
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%d of each\tgenerated\treal\t\n", q.Pictures)
	if q.FID != nil {
		fmt.Fprintf(table, "FID ↓\t%.3g\t%.3g\t\n", q.FID.Generated, q.FID.Real)
		estimate := func(e measure.Estimate) string { return fmt.Sprintf("%.2g ± %.1g", e.Value, e.Margin) }
		fmt.Fprintf(table, "KID ↓\t%s\t%s\t\n", estimate(q.KID.Generated), estimate(q.KID.Real))
	}
	for _, d := range q.Diversity {
		fmt.Fprintf(table, "MS-SSIM, %s\t%.3f\t%.3f\t\n", d.Class, d.Generated, d.Real)
	}
	fmt.Fprintf(table, "nearest picture\t%.1f\t%.1f\t\n", q.Nearest.Generated, q.Nearest.Real)
	table.Flush() // To a builder, which takes all.
	fmt.Fprintf(&text, "\nFID and KID: %s features, against %d other real pictures. MS-SSIM between pictures of a class: more than real ones have is less varied.\n"+
		"Nearest picture of what G was trained on, root mean square in levels of 255: less than real ones have is learnt by heart.", q.Features, q.Reference)
	return text.String()
}
