package gan

import (
	"context"
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trained is a run that several tests share.
type trained struct {
	dir     string
	summary lab.Summary
	sampler *Sampler
}

var shared struct {
	sync.Once
	trained
	err error
}

// trainedRun trains the preset smoke once, on XLA, and opens it.
func trainedRun(t *testing.T) trained {
	t.Helper()
	backend := backendOf(t, openXLA)
	shared.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "moelab-gan-*"); shared.err != nil {
			return
		}
		shared.summary, shared.err = Train(context.Background(), shared.dir, preset(t, "smoke"), lab.TrainOptions{
			Backend: backend, SaveEvery: 2, SampleEvery: 2,
		})
		if shared.err == nil {
			shared.sampler, shared.err = Open(backend, shared.dir)
		}
	})
	require.NoError(t, shared.err)
	return shared.trained
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

func TestTrainingFillsARun(t *testing.T) {
	trained := trainedRun(t)
	assert.EqualValues(t, 3, trained.summary.Step)
	assert.EqualValues(t, 3, trained.summary.Trained)
	run, err := lab.Open(trained.dir)
	require.NoError(t, err)
	metrics, err := run.Metrics()
	require.NoError(t, err)
	require.Len(t, metrics, 3)
	for i, m := range metrics {
		assert.EqualValues(t, i+1, m.Step)
		assert.Len(t, m.Values, 7)
		for _, name := range []string{
			metricD, metricG, metricPenalty, metricRanking, metricGradientD, metricGradientG, metricVariety,
		} {
			assert.Contains(t, m.Values, name)
		}
		assert.GreaterOrEqual(t, m.Values[metricD], 0.0)
		assert.GreaterOrEqual(t, m.Values[metricPenalty], 0.0)
	}
	assert.Equal(t, metrics[2].Values, trained.summary.Values)
	assert.EqualValues(t, 3, trained.sampler.Step)
	assert.Equal(t, preset(t, "smoke"), trained.sampler.Config)
	for _, path := range []string{
		"checkpoints/step-00000002",
		"checkpoints/step-00000003",
		"figures/progress/step-00000002.png",
		"figures/progress/step-00000003.png",
	} {
		_, err := os.Stat(filepath.Join(trained.dir, path))
		assert.NoError(t, err)
	}
	_, err = run.LoadCheckpoint(model.NewStore(), func(err error) { t.Error(err) })
	assert.NoError(t, err)
}

// sample draws portraits with the shared run.
func sample(t *testing.T, sampler *Sampler, noise [][]float32, labels ...int) []*image.RGBA {
	t.Helper()
	pictures, err := sampler.Sample(t.Context(), noise, labels)
	require.NoError(t, err)
	require.Len(t, pictures, len(labels))
	return pictures
}

func TestSamplesAreDecidedByNoiseAndLabelAlone(t *testing.T) {
	sampler := trainedRun(t).sampler
	noise := sampler.Config.DrawNoise(5, 20) // More than a batch.
	labels := make([]int, len(noise))
	for i := range labels {
		labels[i] = i % 9
	}
	pictures := sample(t, sampler, noise, labels...)
	assert.Equal(t, pictures, sample(t, sampler, noise, labels...))
	assert.Equal(t, image.Rect(0, 0, 16, 16), pictures[0].Rect)
	assert.Equal(t, pictures[19], sample(t, sampler, noise[19:], labels[19])[0], "it depends on its place")
	assert.NotEqual(t, pictures[0], sample(t, sampler, noise[1:2], 0)[0], "the noise does nothing")
	assert.Empty(t, sample(t, sampler, nil))

	reopened, err := Open(backendOf(t, openXLA), trainedRun(t).dir)
	require.NoError(t, err)
	defer reopened.Close()
	assert.Equal(t, pictures[0], sample(t, reopened, noise[:1], labels[0])[0])
}

func TestPairsAreOfTheSameClasses(t *testing.T) {
	sampler := trainedRun(t).sampler
	pairs, err := sampler.Pairs(t.Context(), 5, 3)
	require.NoError(t, err)
	assert.Equal(t, []string{"blonde", "blue", "green"}, pairs.Classes)
	assert.Equal(t, sample(t, sampler, sampler.Config.DrawNoise(5, 3), 0, 3, 6), pairs.Generated)
	set, err := sampler.Config.OpenData(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, pairs.Real, 3)
	for i, label := range []int{0, 3, 6} {
		first := 0
		for set.Label(first, 0) != label {
			first++
		}
		want, err := set.Picture(t.Context(), first, 16)
		require.NoError(t, err)
		assert.Equal(t, want, pairs.Real[i])
	}

	pairs, err = sampler.Pairs(t.Context(), 5, 100)
	require.NoError(t, err)
	assert.Equal(t, sampler.Config.Classes, pairs.Classes)
}

func TestLabelChangesThePicture(t *testing.T) {
	sampler := trainedRun(t).sampler
	noise := sampler.Config.DrawNoise(5, 1)
	pictures := sample(t, sampler, [][]float32{noise[0], noise[0], noise[0]}, 0, 1, 0)
	assert.NotEqual(t, pictures[0], pictures[1])
	assert.Equal(t, pictures[0], pictures[2])
}

func TestSampleRefusesWhatCannotBe(t *testing.T) {
	sampler := trainedRun(t).sampler
	noise := sampler.Config.DrawNoise(5, 2)
	for name, test := range map[string]struct {
		noise   [][]float32
		labels  []int
		message string
	}{
		"lengths":        {noise, []int{1}, "2 noise vectors, but 1 labels"},
		"label":          {noise, []int{1, 9}, "label 9 is not one of 9 classes"},
		"negative label": {noise, []int{-1, 1}, "label -1 is not one of 9 classes"},
		"vector":         {[][]float32{{1, 2}}, []int{1}, "noise vector has length 2, not 8"},
	} {
		_, err := sampler.Sample(t.Context(), test.noise, test.labels)
		assert.ErrorContains(t, err, test.message, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sampler.Sample(ctx, noise, []int{0, 1})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestNoiseIsDecidedByItsSeed(t *testing.T) {
	config := preset(t, "smoke")
	assert.Equal(t, config.DrawNoise(1, 3), config.DrawNoise(1, 5)[:3])
	assert.NotEqual(t, config.DrawNoise(1, 1), config.DrawNoise(2, 1))
	assert.Empty(t, config.DrawNoise(1, 0))
}

func TestFiguresShowARun(t *testing.T) {
	trained := trainedRun(t)
	ctx, sampler := t.Context(), trained.sampler
	figures := map[string]func() (*plots.Figure, error){
		"losses":        func() (*plots.Figure, error) { return Experiment.CurveFigure(trained.dir, "losses") },
		"penalty":       func() (*plots.Figure, error) { return Experiment.CurveFigure(trained.dir, "penalty") },
		"samples":       func() (*plots.Figure, error) { return SampleFigure(ctx, sampler, 1, 2, 9) },
		"three colours": func() (*plots.Figure, error) { return ColourFigure(ctx, sampler, 1, 1, "blue", "blonde", "green") },
		"all colours":   func() (*plots.Figure, error) { return ColourFigure(ctx, sampler, 1, 3) },
		"progress":      func() (*plots.Figure, error) { return ProgressFigure(trained.dir) },
		"noise":         func() (*plots.Figure, error) { return NoiseFigure(ctx, sampler, 1, "red", 2, 4) },
		"morph":         func() (*plots.Figure, error) { return MorphFigure(ctx, sampler, 1, 3) },
		"film":          func() (*plots.Figure, error) { return FilmFigure(trained.dir) },
		"compared": func() (*plots.Figure, error) {
			return CompareFigure(ctx, 1, []string{"one", "the same"}, sampler, sampler)
		},
		"data": func() (*plots.Figure, error) { return DataFigure(ctx, dataset.Drawn(1, 60), 16, 2) },
	}
	for name, draw := range figures {
		t.Run(name, func(t *testing.T) {
			figure, err := draw()
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "figure.png")
			if keep := os.Getenv("MOELAB_KEEP_FIGURES"); keep != "" { // To look at them.
				path = filepath.Join(keep, name+".png")
			}
			require.NoError(t, figure.Save(path))
			seen := map[any]bool{}
			picture := figure.Image()
			for y := range picture.Bounds().Dy() {
				for x := range picture.Bounds().Dx() {
					seen[picture.At(picture.Bounds().Min.X+x, picture.Bounds().Min.Y+y)] = true
				}
			}
			assert.Greater(t, len(seen), 10, "it shows nothing")
		})
	}
}

func TestFiguresRefuseWhatCannotBe(t *testing.T) {
	sampler := trainedRun(t).sampler
	_, err := ColourFigure(t.Context(), sampler, 1, 1, "blue", "orange")
	assert.ErrorIs(t, err, lab.ErrLacks)
	assert.ErrorContains(t, err, `there is no class "orange"; there are [`)
	_, err = NoiseFigure(t.Context(), sampler, 1, "orange", 1, 2)
	assert.ErrorContains(t, err, `there is no class "orange"`)
	_, err = MorphFigure(t.Context(), sampler, 1, 1)
	assert.ErrorContains(t, err, "9 rows of 1")
	_, err = CompareFigure(t.Context(), 1, []string{"one"}, sampler, sampler)
	assert.ErrorContains(t, err, "compare 2 generators with 1 names")
	_, err = ColourFigure(t.Context(), sampler, 1, -1)
	assert.ErrorContains(t, err, "-1 rows")
	_, err = SampleFigure(t.Context(), sampler, 1, 2, 0)
	assert.ErrorContains(t, err, "2 rows of 0")
	_, err = DataFigure(t.Context(), dataset.Drawn(1, 9), 16, -1)
	assert.ErrorContains(t, err, "-1 rows")
	empty := t.TempDir()
	_, err = Experiment.CurveFigure(empty, "losses")
	assert.ErrorIs(t, err, lab.ErrNotARun)
	_, err = ProgressFigure(empty)
	assert.ErrorIs(t, err, lab.ErrNotARun)
}

// Half way between two orthogonal vectors on the sphere is (a + b)/√2: of the same length.
func TestNoiseIsInterpolatedOnTheSphere(t *testing.T) {
	a, b := []float32{3, 0, 0}, []float32{0, 0, 3}
	assert.Equal(t, a, spherical(a, b, 0))
	assert.InDeltaSlice(t, []float32{0, 0, 3}, spherical(a, b, 1), 1e-6)
	assert.InDeltaSlice(t, []float64{3 / math.Sqrt2, 0, 3 / math.Sqrt2}, spherical(a, b, 0.5), 1e-6)
	assert.InDeltaSlice(t, []float64{3 * math.Cos(math.Pi/6), 0, 1.5}, spherical(a, b, 1./3), 1e-6)
	assert.Equal(t, []float32{3, 0, 0}, spherical(a, a, 0.5))
}

// A mixture with a share of 1 is that class, and half of two is neither.
func TestMixturesMixClasses(t *testing.T) {
	sampler := trainedRun(t).sampler
	noise := sampler.Config.DrawNoise(1, 1)[0]
	three := [][]float32{noise, noise, noise}
	half := straight(oneOf(9, 2), oneOf(9, 4), 0.5)
	mixed, err := sampler.SampleMixed(t.Context(), three, [][]float32{oneOf(9, 2), half, oneOf(9, 4)})
	require.NoError(t, err)
	pure, err := sampler.Sample(t.Context(), three[:2], []int{2, 4})
	require.NoError(t, err)
	assert.Equal(t, pure[0].Pix, mixed[0].Pix)
	assert.Equal(t, pure[1].Pix, mixed[2].Pix)
	assert.NotEqual(t, pure[0].Pix, mixed[1].Pix)
	assert.NotEqual(t, pure[1].Pix, mixed[1].Pix)
	_, err = sampler.SampleMixed(t.Context(), three[:1], [][]float32{{1, 0}})
	assert.ErrorContains(t, err, "2 shares of 9 classes")
}

func TestLossesAndPenaltyAreDrawnWhereThereAreAny(t *testing.T) {
	trained := func(settings ...string) (dir string) {
		dir = t.TempDir()
		config := preset(t, "smoke", settings...)
		run, err := Experiment.Create(dir, config)
		require.NoError(t, err)
		require.NoError(t, run.Close())
		var lines []byte
		for step := range 2 {
			metric := lab.Metric{Step: int64(step + 1), Values: map[string]float64{}}
			for i, name := range config.Metrics() {
				metric.Values[name] = float64(i + step + 1)
			}
			line, err := json.Marshal(metric)
			require.NoError(t, err)
			lines = append(append(lines, line...), '\n')
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), lines, 0o644))
		return dir
	}
	numbers := func(dir string) string {
		figure, err := Experiment.CurveFigure(dir, "losses")
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "losses.csv")
		require.NoError(t, figure.SaveCSV(path))
		csv, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(csv)
	}
	dir := trained("conditioning=ac-gan", "penalty=none")
	assert.Contains(t, numbers(dir), metricClassG)
	_, err := Experiment.CurveFigure(dir, "penalty")
	assert.ErrorIs(t, err, lab.ErrLacks)

	dir = trained("penalty=r1")
	assert.NotContains(t, numbers(dir), metricClassG)
	_, err = Experiment.CurveFigure(dir, "penalty")
	assert.NoError(t, err)
}

func TestEvaluationIsConsistent(t *testing.T) {
	trained := trainedRun(t)
	backend := backendOf(t, openXLA)
	e, err := Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: 27, Seed: 1})
	require.NoError(t, err)
	assert.EqualValues(t, 3, e.Step)
	assert.Equal(t, 27, e.Samples)
	assert.InDelta(t, 1./9, e.Chance, 1e-12)
	require.Len(t, e.Confusion, 9)
	right := 0
	for asked, row := range e.Confusion {
		sum := 0
		for _, n := range row {
			sum += n
		}
		assert.Equal(t, 3, sum, "each colour is asked for as often")
		right += row[asked]
	}
	assert.InDelta(t, float64(right)/27, e.Accuracy, 1e-12)
	assert.Greater(t, e.JudgeAccuracy, 2*e.Chance, "the judge learned nothing")

	q := e.Quality
	assert.Equal(t, 18, q.Pictures, "one of ten of 180")
	assert.Equal(t, 162, q.Reference, "the others")
	require.NotNil(t, q.FID)
	assert.Greater(t, q.FID.Generated, 2*q.FID.Real, "three steps make no portraits")
	assert.Greater(t, q.KID.Generated.Value-q.KID.Generated.Margin, q.KID.Real.Value+q.KID.Real.Margin)
	assert.Len(t, q.Diversity, 9)
	for _, d := range q.Diversity {
		assert.Greater(t, d.Real, 0.)
		assert.Less(t, d.Real, 1., "they are different pictures")
	}
	assert.Greater(t, q.Nearest.Generated, q.Nearest.Real)
	require.Len(t, q.Neighbours, 18, "each portrait has one")
	assert.Regexp(t, `^portrait \d+ of seed 1$`, q.Neighbours[0].Name)
	assert.LessOrEqual(t, q.Neighbours[0].Distance, q.Neighbours[17].Distance)
	assert.Regexp(t, `(?m)^ *18 of each +generated +real *$`, e.String())
	for _, figure := range []func(Evaluation) (*plots.Figure, error){ConfusionFigure, NeighbourFigure} {
		drawn, err := figure(e)
		require.NoError(t, err)
		assert.NotNil(t, drawn.Image())
	}
	assert.FileExists(t, filepath.Join(trained.dir, "evaluation.json"))

	again, err := Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: 27, Seed: 1})
	require.NoError(t, err)
	assert.Equal(t, e, again, "the judge is there already")
	_, err = Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: -1})
	assert.ErrorContains(t, err, "at least one")
	others := filepath.Join(t.TempDir(), "others")
	require.NoError(t, dataset.Draw(t.Context(), others, 180, 16, 2, nil))
	beside, err := Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: 27, Seed: 1, Data: others})
	require.NoError(t, err)
	assert.Equal(
		t, q.Neighbours[0].Name, beside.Quality.Neighbours[0].Name,
		"memorised pictures are searched for among the training pictures",
	)
	judges := func() int {
		found, err := filepath.Glob(filepath.Join(trained.dir, "judge_*"))
		require.NoError(t, err)
		return len(found)
	}
	require.Equal(t, 1, judges())
	require.NoError(
		t, os.WriteFile(filepath.Join(others, "labels.csv"), withoutLastLine(t, filepath.Join(others, "labels.csv")), 0o644),
	)
	_, err = Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: 27, Seed: 1, Data: others})
	require.NoError(t, err)
	assert.Equal(t, 2, judges(), "other pictures have another judge")
	few := filepath.Join(t.TempDir(), "few")
	require.NoError(t, dataset.Draw(t.Context(), few, 20, 16, 1, nil))
	_, err = Evaluate(t.Context(), backend, trained.dir, lab.EvaluateOptions{Number: 9, Data: few})
	assert.ErrorContains(t, err, "20 pictures are too few to measure the judge: one in 10 of each class")

	// A judge's run is not a GAN's, although its settings have the same names.
	_, err = Open(backend, filepath.Join(trained.dir, "judge"))
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
}

// withoutLastLine reads a text except for its last line.
func withoutLastLine(t *testing.T, path string) []byte {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	return []byte(strings.Join(lines[:len(lines)-2], ""))
}

func TestClassesThatAFolderLacksAreLeftOut(t *testing.T) {
	data := filepath.Join(t.TempDir(), "drawn")
	require.NoError(t, dataset.Draw(t.Context(), data, 36, 16, 1, nil))
	require.NoError(t, os.Remove(filepath.Join(data, "labels.csv")))
	for _, colour := range []string{"brown", "silver"} {
		require.NoError(t, os.RemoveAll(filepath.Join(data, colour)))
	}
	require.NoError(t, os.Rename(filepath.Join(data, "red"), filepath.Join(data, "orange")))
	config, run := preset(t, "smoke", "batch=2", "data="+data), filepath.Join(t.TempDir(), "run")
	fitted, err := FitClasses(t.Context(), run, config)
	require.NoError(t, err)
	assert.Equal(t, []string{"blonde", "black", "blue", "pink", "purple", "green"}, fitted.Classes)
	assert.Len(t, config.Classes, 9, "the argument stays unchanged")

	var warnings []string
	_, err = config.OpenData(t.Context(), func(err error) { warnings = append(warnings, err.Error()) })
	require.NoError(t, err)
	assert.Equal(
		t,
		[]string{
			data + ": no pictures of brown, red, silver",
			data + ": folders left out, as they are none of the classes: orange",
		},
		warnings,
	)

	warnings = nil
	_, err = Train(t.Context(), run, config, lab.TrainOptions{
		Backend: backendOf(t, openXLA), Warn: func(err error) { warnings = append(warnings, err.Error()) },
	})
	require.NoError(t, err)
	assert.Contains(
		t, warnings, data+" has no pictures of brown, red, silver: the GAN learns blonde, black, blue, pink, purple, green",
	)
	require.NoError(t, os.Rename(filepath.Join(data, "orange"), filepath.Join(data, "red")))
	again, err := FitClasses(t.Context(), run, config)
	require.NoError(t, err)
	assert.Equal(t, fitted.Classes, again.Classes, "a run keeps its own")
	assert.Equal(t, dataset.HairColours(), preset(t, "smoke").Classes, "reading changes no preset")
}

func TestATrainingThatMeetsNaNSaysWhatToTry(t *testing.T) {
	config := preset(t, "smoke", "learning_rate=1e30", "penalty=none", "spectral_norm=false", "batch=2", "steps=20")
	_, err := Train(
		t.Context(), filepath.Join(t.TempDir(), "run"), config, lab.TrainOptions{Backend: backendOf(t, openXLA)},
	)
	require.ErrorIs(t, err, lab.ErrNotFinite)
	assert.ErrorContains(t, err, "in a new run try learning_rate=2.5e+29, or penalty=dragan, or spectral_norm=true")
}

// tiny is a training whose steps are instant on GoMLX's own backend, which does not compile.
func tiny(t *testing.T, settings ...string) Config {
	t.Helper()
	return preset(
		t,
		"smoke",
		append(
			[]string{"size=8", "batch=2", "generator_channels=2", "discriminator_channels=2", "average_decay=0.9"},
			settings...)...)
}

// train trains on a backend into a folder.
func train(t *testing.T, open func() (compute.Backend, error), dir string, config Config) {
	t.Helper()
	_, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backendOf(t, open), SampleEvery: 2})
	require.NoError(t, err)
}

// weights returns the bytes of a step's checkpoint.
func weights(t *testing.T, dir, step string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "checkpoints", step, "weights.safetensors"))
	require.NoError(t, err)
	return data
}

func TestResumedTrainingEqualsOneThatNeverStopped(t *testing.T) {
	whole, parts := t.TempDir(), t.TempDir()
	train(t, openGo, whole, tiny(t, "steps=6"))
	train(t, openGo, parts, tiny(t, "steps=3"))
	train(t, openGo, parts, tiny(t, "steps=6"))
	assert.True(
		t, string(weights(t, whole, "step-00000006")) == string(weights(t, parts, "step-00000006")), "the weights differ",
	)
	assert.False(
		t, string(weights(t, whole, "step-00000006")) == string(weights(t, parts, "step-00000003")), "nothing was trained",
	)
	metrics := func(dir string) []map[string]float64 {
		run, err := lab.Open(dir)
		require.NoError(t, err)
		all, err := run.Metrics()
		require.NoError(t, err)
		var values []map[string]float64
		for _, m := range all {
			values = append(values, m.Values)
		}
		return values
	}
	assert.Len(t, metrics(whole), 6)
	assert.Equal(t, metrics(whole), metrics(parts))

	other := t.TempDir()
	train(t, openGo, other, tiny(t, "steps=6", "seed=2"))
	assert.NotEqual(t, metrics(whole), metrics(other), "the seed does nothing")
}

func TestBadRunsAreNamed(t *testing.T) {
	backend, dir := backendOf(t, openGo), t.TempDir()
	train(t, openGo, dir, tiny(t, "steps=1"))

	_, err := Train(t.Context(), dir, tiny(t, "steps=2", "batch=3"), lab.TrainOptions{Backend: backend})
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
	assert.ErrorContains(t, err, "batch is 2, not 3")
	_, err = Train(t.Context(), dir, tiny(t, "steps=2", `classes=["blue", "red"]`), lab.TrainOptions{Backend: backend})
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
	assert.ErrorContains(t, err, "classes is")
	_, err = Train(t.Context(), t.TempDir(), tiny(t, "batch=0"), lab.TrainOptions{Backend: backend})
	assert.ErrorContains(t, err, "configuration: batch is 0")
	_, err = Train(t.Context(), t.TempDir(), tiny(t, `classes=["blue", "plaid"]`), lab.TrainOptions{Backend: backend})
	assert.ErrorContains(t, err, `unknown hair colour "plaid"`)
	_, err = Train(t.Context(), t.TempDir(), tiny(t, "data=/there/is/nothing"), lab.TrainOptions{Backend: backend})
	assert.ErrorContains(t, err, "/there/is/nothing")

	_, err = Open(backend, t.TempDir())
	assert.ErrorIs(t, err, lab.ErrNotARun)
	untrained := t.TempDir()
	train(t, openGo, untrained, tiny(t, "steps=0"))
	_, err = Open(backend, untrained)
	assert.ErrorIs(t, err, lab.ErrNoCheckpoint)
	_, err = Experiment.CurveFigure(untrained, "losses")
	assert.ErrorContains(t, err, "no such number was logged")
	_, err = ProgressFigure(untrained)
	assert.ErrorContains(t, err, "train it with samples")

	foreign := t.TempDir()
	run, err := lab.Create(foreign, lab.Experiment{Name: "superresolution", Config: map[string]any{"scale": 4}})
	require.NoError(t, err)
	require.NoError(t, run.Close())
	_, err = Open(backend, foreign)
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
	assert.ErrorContains(t, err, `is of a run of "superresolution", not of "gan"`)

	path := filepath.Join(dir, "checkpoints", "step-00000001", "weights.safetensors")
	require.NoError(t, os.Truncate(path, 100))
	_, err = Open(backend, dir)
	assert.ErrorIs(t, err, lab.ErrNoCheckpoint)
	assert.ErrorContains(t, err, "damaged")
}

// register adds a network for the duration of a test.
func register(t *testing.T, name string, network Network) {
	t.Helper()
	Networks[name] = network
	t.Cleanup(func() { delete(Networks, name) })
}

func TestNetworkOfOnesOwnTrainsAndSamples(t *testing.T) {
	register(t, "one weight", oneWeight)
	backend, dir := backendOf(t, openGo), t.TempDir()
	train(t, openGo, dir, tiny(t, "network=one weight"))
	sampler, err := Open(backend, dir)
	require.NoError(t, err)
	defer sampler.Close()
	noise := [][]float32{make([]float32, 8), make([]float32, 8)}
	noise[0][0], noise[1][0] = 1000, -1000 // Far outside [-1, 1]: white and black.
	pictures := sample(t, sampler, noise, 0, 0)
	assert.EqualValues(t, 255, pictures[0].Pix[0])
	assert.EqualValues(t, 0, pictures[1].Pix[0])

	// A reader edits the network, but not its name.
	register(
		t,
		"one weight",
		Network{
			Discriminator: oneWeight.Discriminator,
			Generator: func(scope *model.Scope, config Config, noise, oneHot *Node) *Node {
				extra := scope.VariableWithShape("extra", shapes.Make(dtypes.Float32)).NodeValue(noise.Graph())
				return Mul(oneWeight.Generator(scope, config, noise, oneHot), extra)
			},
		},
	)
	_, err = Open(backend, dir)
	assert.ErrorIs(t, err, lab.ErrOtherExperiment)
	delete(Networks, "one weight")
	_, err = Open(backend, dir)
	assert.ErrorContains(t, err, `there is no network "one weight"`)
}

func TestNetworkThatPanicsIsAnError(t *testing.T) {
	broken := func(*model.Scope, Config, *Node, *Node) *Node { panic("shapes do not fit") }
	register(t, "broken", Network{Generator: broken, Discriminator: oneWeight.Discriminator})
	_, err := Train(t.Context(), t.TempDir(), tiny(t, "network=broken"), lab.TrainOptions{Backend: backendOf(t, openGo)})
	assert.ErrorContains(t, err, "shapes do not fit")

	register(t, "breaks later", oneWeight)
	dir := t.TempDir()
	train(t, openGo, dir, tiny(t, "network=breaks later", "steps=1"))
	register(t, "breaks later", Network{Generator: broken, Discriminator: oneWeight.Discriminator})
	_, err = Open(backendOf(t, openGo), dir)
	assert.ErrorContains(t, err, "shapes do not fit")
}

func TestTrainingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Train(ctx, t.TempDir(), tiny(t), lab.TrainOptions{Backend: backendOf(t, openGo)})
	assert.ErrorIs(t, err, context.Canceled)
}
