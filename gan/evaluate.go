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

// Evaluation measures how well a trained generator follows its conditions, and how good its portraits are.
type Evaluation struct {
	// Step is the number of iterations that the generator was trained for.
	Step int64 `json:"step"`
	// Samples is the number of portraits that were judged.
	Samples int `json:"samples"`
	// Accuracy is the share of portraits in which the judge sees the requested hair colour.
	Accuracy float64 `json:"accuracy"`
	// JudgeAccuracy is the judge's accuracy on real pictures that it was not trained on: an upper bound for Accuracy.
	JudgeAccuracy float64 `json:"judge_accuracy"`
	// Chance is the accuracy of guessing.
	Chance float64 `json:"chance"`
	// Classes are the hair colours, in the order of Confusion.
	Classes []string `json:"classes"`
	// Confusion counts the generated portraits: [colour requested][colour seen].
	Confusion Confusion `json:"confusion"`
	// Attributes are the same for each attribute.
	Attributes []AttributeAccuracy `json:"attributes,omitempty"`
	// Quality compares portraits with real pictures.
	Quality Quality `json:"quality"`
}

// AttributeAccuracy measures how well the generator follows an attribute, by a judge of its own.
type AttributeAccuracy struct {
	Name string `json:"name"`
	// Accuracy, JudgeAccuracy and Chance are as in [Evaluation]. The classes of an attribute need not be equally frequent
	// in the data; they are requested equally often.
	Accuracy      float64 `json:"accuracy"`
	JudgeAccuracy float64 `json:"judge_accuracy"`
	Chance        float64 `json:"chance"`
}

// judgedPictures is the least number of held-out pictures that the judge is measured on.
const judgedPictures = 450

// Evaluate draws portraits, each colour as often as another, and counts how often the judge sees the requested colour.
// Then it draws portraits with the colours of real pictures, and compares the two. The judge is trained on real
// pictures only, in the run's folder "judge", if that was not done yet; one picture in ten is held out from it. The
// evaluation is also written to evaluation.json.
//
// Of the options, Number is the number of portraits, 450 by default, and Seed the seed of their noise, 1 by default.
// The pictures of Data train the judge and serve as the reference; the search for memorised pictures is always among
// the run's own. FID and KID compare Features, by default the judge's.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	if options.Number < 0 {
		return e, fmt.Errorf("%d portraits: there must be at least one to judge", options.Number)
	}
	options.Number, options.Seed = cmp.Or(options.Number, judgedPictures), cmp.Or(options.Seed, 1)
	sampler, err := Open(backend, dir)
	if err != nil {
		return e, err
	}
	defer sampler.Close()
	config := sampler.Config
	var set dataset.Set
	if options.Data != "" {
		config.Data = options.Data
		set, err = config.OpenData(ctx, options.Warn)
	} else {
		set, err = config.openRun(ctx, dir, options.Warn)
	}
	if err != nil {
		return e, err
	}
	set = dataset.Cached(set, cacheBytes)
	var learnt dataset.Set
	if config.Data != sampler.Config.Data {
		if learnt, err = sampler.Config.openRun(ctx, dir, nil); err != nil {
			return e, fmt.Errorf("open the run's training data, to look for memorised pictures: %w", err)
		}
		learnt = dataset.Cached(learnt, cacheBytes)
	}
	_, test := dataset.SplitIndices(set, heldOut)
	if len(test) == 0 {
		return e, errNoneHeldOut(set)
	}
	if err := lab.CheckLinks(dir); err != nil {
		return e, err
	}
	judge, err := TrainJudge(ctx, backend, config.judgeDir(dir, "judge", set), config.judgeConfig(), set, options.Progress)
	if err != nil {
		return e, err
	}
	defer judge.Close()
	real, err := read(ctx, set, config.Size, spread(test, max(options.Number, judgedPictures)))
	if err != nil {
		return e, err
	}
	judged, err := judge.confusion(ctx, real.images, real.labels)
	if err != nil {
		return e, err
	}

	asked := make([]int, options.Number)
	for i := range asked {
		asked[i] = i % len(config.Classes)
	}
	noise := config.DrawNoise(options.Seed, options.Number)
	portraits, err := sampler.Sample(ctx, noise, asked)
	if err != nil {
		return e, err
	}
	confusion, err := judge.confusion(ctx, portraits, asked)
	if err != nil {
		return e, err
	}
	e = Evaluation{
		Step: sampler.Step, Samples: options.Number, Classes: config.Classes, Confusion: confusion,
		Accuracy: confusion.Accuracy(), JudgeAccuracy: judged.Accuracy(), Chance: 1 / float64(len(config.Classes)),
	}

	for _, name := range config.Attributes {
		of, err := judgeAttribute(ctx, backend, dir, config, sampler, set, name, options)
		if err != nil {
			return e, fmt.Errorf("judge the attribute %s: %w", name, err)
		}
		e.Attributes = append(e.Attributes, of)
	}

	real = real.some(options.Number)
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

// errNoneHeldOut is the error about a set that is too small for an evaluation.
func errNoneHeldOut(set dataset.Set) error {
	return fmt.Errorf("%d pictures are too few to measure the judge: one in %d of each class is held out for that, "+
		"and no class has as many", set.Len(), heldOut)
}

// judgeDir is the folder in a run of the judge for a set. Another folder, or one that has changed, gets another judge,
// since pictures that the first was trained on may be held out now.
func (c Config) judgeDir(dir, name string, set dataset.Set) string {
	if c.Data == "" {
		return filepath.Join(dir, name)
	}
	all := sha256.New()
	for i := range set.Len() {
		fmt.Fprintf(all, "%s %d\n", set.Name(i), set.Label(i, 0)) // A hash never fails.
	}
	return filepath.Join(dir, fmt.Sprintf("%s_%.4x", name, all.Sum(nil)))
}

// judgeAttribute counts how often the requested class of an attribute is seen, by a judge trained for it. The
// configuration is that of the real pictures.
func judgeAttribute(
	ctx context.Context, backend compute.Backend, dir string, config Config, sampler *Sampler, set dataset.Set,
	name string, options lab.EvaluateOptions,
) (of AttributeAccuracy, err error) {
	view, err := dataset.ByAttribute(set, name)
	if err != nil {
		return of, err
	}
	judged := config.judgeConfig()
	judged.Classes, judged.Steps = dataset.Classes(view), attributeSteps
	_, test := dataset.SplitIndices(view, heldOut)
	if len(test) == 0 {
		return of, errNoneHeldOut(view)
	}
	judge, err := TrainJudge(ctx, backend, config.judgeDir(dir, "judge_"+name, view), judged, view, options.Progress)
	if err != nil {
		return of, err
	}
	defer judge.Close()
	real, err := read(ctx, view, judged.Size, spread(test, max(options.Number, judgedPictures)))
	if err != nil {
		return of, err
	}
	right, err := judge.confusion(ctx, real.images, real.labels)
	if err != nil {
		return of, err
	}
	var portraits []*image.RGBA
	var asked []int
	noise := sampler.Config.DrawNoise(options.Seed, options.Number)
	for label, class := range judged.Classes {
		asking, err := sampler.Ask(name, class)
		if err != nil {
			return of, err
		}
		var some [][]float32
		var colours []int
		for i := label; i < len(noise); i += len(judged.Classes) {
			some, asked = append(some, noise[i]), append(asked, label)
			colours = append(colours, i/len(judged.Classes)%len(sampler.Config.Classes))
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

// Measures implements [lab.Evaluation].
func (e Evaluation) Measures() map[string]float64 {
	measures := map[string]float64{"accuracy": e.Accuracy, "nearest": e.Quality.Nearest.Generated}
	for _, of := range e.Attributes {
		measures["accuracy of "+of.Name] = of.Accuracy
	}
	if e.Quality.FID != nil {
		measures["FID"], measures["KID"] = e.Quality.FID.Generated, e.Quality.KID.Generated.Value
	}
	for _, d := range e.Quality.Diversity {
		measures["MS-SSIM"] += d.Generated / float64(len(e.Quality.Diversity))
	}
	return measures
}

// String returns a sentence and a table.
func (e Evaluation) String() string {
	var text strings.Builder
	fmt.Fprintf(
		&text,
		"asked-for hair colour seen in %.1f %% of %d portraits (judge on held-out pictures: %.1f %%, chance: %.1f %%)\n",
		100*e.Accuracy, e.Samples, 100*e.JudgeAccuracy, 100*e.Chance,
	)
	for _, of := range e.Attributes {
		fmt.Fprintf(&text, "asked-for %s: %.1f %% (judge: %.1f %%, chance: %.1f %%)\n",
			of.Name, 100*of.Accuracy, 100*of.JudgeAccuracy, 100*of.Chance)
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
	table.Flush() // To a builder, which never fails.
	fmt.Fprintf(&text, "\nFID and KID: %s features, against %d other real pictures. MS-SSIM between pictures of a class: "+
		"a higher value than real ones have means less variety.\nNearest training picture of G, root mean square in "+
		"levels of 255: a lower value than real ones have means memorised pictures.", q.Features, q.Reference)
	return text.String()
}
