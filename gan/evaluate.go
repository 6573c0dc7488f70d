package gan

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
)

// Evaluation says how well a trained generator obeys.
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
}

// judgedPictures is how many held-out pictures the judge is measured on.
const judgedPictures = 450

// Evaluate draws samples portraits, each colour as often as another, and counts how often the judge sees the colour that
// was asked for. The judge is trained on the run's data, in the run's folder "judge", if it was not yet. The
// evaluation is also written to evaluation.json.
func Evaluate(ctx context.Context, backend compute.Backend, dir string, samples int, seed uint64, progress lab.Progress) (e Evaluation, err error) {
	if samples < 1 {
		return e, fmt.Errorf("%d samples: there must be at least one to judge", samples)
	}
	sampler, err := OpenSampler(backend, dir)
	if err != nil {
		return e, err
	}
	defer sampler.Close()
	config := sampler.Config
	set, err := config.OpenData(ctx, nil)
	if err != nil {
		return e, err
	}
	set = dataset.Cached(set, cacheBytes)
	judge, err := TrainJudge(ctx, backend, filepath.Join(dir, "judge"), config.judgeConfig(), set, progress)
	if err != nil {
		return e, err
	}
	defer judge.Close()
	judged, err := judge.Confusion(ctx, set, judgedPictures)
	if err != nil {
		return e, err
	}
	asked := make([]int, samples)
	for i := range asked {
		asked[i] = i % len(config.Classes)
	}
	pictures, err := sampler.Sample(ctx, config.DrawNoise(seed, samples), asked)
	if err != nil {
		return e, err
	}
	seen, err := judge.Classify(ctx, pictures)
	if err != nil {
		return e, err
	}
	confusion := countConfusion(len(config.Classes), asked, seen)
	e = Evaluation{
		Step: sampler.Step, Samples: samples, Classes: config.Classes, Confusion: confusion,
		Accuracy: confusion.Accuracy(), JudgeAccuracy: judged.Accuracy(), Chance: 1 / float64(len(config.Classes)),
	}
	return e, lab.WriteFile(filepath.Join(dir, "evaluation.json"), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	})
}

// String says it in a sentence.
func (e Evaluation) String() string {
	return fmt.Sprintf("asked-for hair colour seen in %.1f %% of %d portraits (judge on held-out pictures: %.1f %%, chance: %.1f %%)",
		100*e.Accuracy, e.Samples, 100*e.JudgeAccuracy, 100*e.Chance)
}
