package esrgan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/measure/vgg"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Evaluation measures how well restorers restore pictures that were shrunk to a quarter.
type Evaluation struct {
	// Names are the names of the measures, in the order of the table.
	Names []string `json:"measures"`
	// VGG is the style of the VGG16 behind the LPIPS-like distance, empty if that was not measured.
	VGG vgg.Style `json:"vgg,omitempty"`
	// Restorers are the restorers, in the order in which they were given.
	Restorers []RestorerScores `json:"restorers"`
	// Pictures are the measured pictures. Differences of restorers on the same picture vary less than the means do.
	Pictures []PictureScores `json:"pictures"`
}

// RestorerScores are the means of a restorer, by the names of the measures. A measure that is undefined for all
// pictures is absent.
type RestorerScores struct {
	Name  string          `json:"name"`
	Means map[string]Mean `json:"means"`
}

// PictureScores are the restorers' scores on a picture, by restorer and measure. Undefined ones are left out.
type PictureScores struct {
	Name   string                        `json:"name"`
	Scores map[string]map[string]float64 `json:"scores"`
}

// Mean is an average over pictures.
type Mean struct {
	Mean float64 `json:"mean"`
	// Margin is half the width of the 95 % confidence interval of the mean, from Student's t: Mean ± Margin. It is 0 for a
	// single picture.
	Margin float64 `json:"margin"`
	// Pictures is the number of pictures for which the measure is defined.
	Pictures int `json:"pictures"`
}

// Column is a measure of the table.
type Column struct {
	Name string
	// Heading is the name with the direction of improvement, Decimals the number of decimals shown.
	Heading  string
	Decimals int
	// Of returns a number for each restored picture, NaN if it is undefined. features is nil unless NeedsFeatures is
	// set; a column that needs them is left out without a VGG16.
	Of            func(ctx context.Context, comparison Comparison, features *vgg.Distance) ([]float64, error)
	NeedsFeatures bool
}

// Columns are the measures of [Measure], in the order of the table. Add one of your own; see docs/EXTENDING.md.
var Columns = []Column{
	{Name: "PSNR", Heading: "PSNR ↑", Decimals: 2, Of: Each(capped(measure.PSNR))},
	{Name: "PSNR Y", Heading: "PSNR Y ↑", Decimals: 2, Of: Each(capped(measure.PSNRY))},
	{Name: "SSIM", Heading: "SSIM ↑", Decimals: 4, Of: Each(measure.SSIM)},
	{Name: "SSIM Y", Heading: "SSIM Y ↑", Decimals: 4, Of: Each(measure.SSIMY)},
	{Name: lpipsLike, Heading: lpipsLike + " ↓", Decimals: 4, Of: featureDistance, NeedsFeatures: true},
	{Name: "red", Heading: "red ↓", Decimals: 2, Of: Each(colourDistance(0))},
	{Name: "green", Heading: "green ↓", Decimals: 2, Of: Each(colourDistance(1))},
	{Name: "blue", Heading: "blue ↓", Decimals: 2, Of: Each(colourDistance(2))},
	{Name: "sharpness", Heading: "sharpness → 1", Decimals: 3, Of: Each(measure.Sharpness)},
}

// exactPSNR is the PSNR of a picture that was restored exactly, and the most for any, since one infinite value would
// make the mean infinite.
const exactPSNR = 100

// capped returns the PSNR, but at most [exactPSNR].
func capped(psnr PairMeasure) PairMeasure {
	return func(truth, restored *image.NRGBA) float64 { return min(psnr(truth, restored), exactPSNR) }
}

// colourDistance measures the earth mover's distance of the histograms of a channel.
func colourDistance(channel int) PairMeasure {
	return func(truth, restored *image.NRGBA) float64 {
		return measure.NewColourHistogram(truth).Distance(measure.NewColourHistogram(restored))[channel]
	}
}

// lpipsLike is the name of the measure through VGG16.
const lpipsLike = "LPIPS-like"

// featureDistance is the measure lpipsLike.
func featureDistance(ctx context.Context, c Comparison, features *vgg.Distance) ([]float64, error) {
	return features.Of(ctx, c.Truth, c.Restored...)
}

// PairMeasure measures a restored picture against the truth, which has the same size.
type PairMeasure func(truth, restored *image.NRGBA) float64

// Each turns a PairMeasure into the function Of of a [Column].
func Each(of PairMeasure) func(context.Context, Comparison, *vgg.Distance) ([]float64, error) {
	return func(ctx context.Context, c Comparison, _ *vgg.Distance) ([]float64, error) {
		values := make([]float64, len(c.Restored))
		for i, restored := range c.Restored {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			values[i] = of(c.Truth, restored)
		}
		return values, nil
	}
}

// MeasureOptions are the options of [Measure]. The zero value is fine.
type MeasureOptions struct {
	// Features, if set, adds the LPIPS-like distance.
	Features *vgg.Distance
	// OnBad is called for pictures that cannot be read or are too small, which are left out. If it is nil they are errors.
	OnBad func(error)
	// Progress, if set, follows the evaluation picture by picture.
	Progress lab.Progress
}

// HeldOutSeed is the seed of the drawn illustrations that networks are measured on: no training uses it.
const HeldOutSeed = 20_260_101

// Evaluate compares a run's networks with bicubic interpolation by [Measure]: on the pictures of Data, or on Number
// drawn illustrations, 20 by default, of a Seed that no training has. The LPIPS-like distance needs an installed VGG16.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	pictures, err := TestPictures(ctx, options, dir)
	if err != nil {
		return e, err
	}
	stages, err := OpenStages(backend, dir)
	if err != nil {
		return e, err
	}
	restorers := []Restorer{Bicubic()}
	for _, stage := range stages {
		defer stage.Close()
		restorers = append(restorers, stage.Restorer(TileOptions{}))
	}
	features, err := vgg.InstalledDistance(backend)
	if err != nil {
		return e, err
	}
	defer features.Close()
	return Measure(
		ctx, pictures, restorers, MeasureOptions{Features: features, OnBad: options.Warn, Progress: options.Progress},
	)
}

// TestPictures opens the pictures that runs are measured on: the first Number of Data, or drawn illustrations, 20 by
// default. It is an error if one of the runs was trained on these.
func TestPictures(ctx context.Context, options lab.EvaluateOptions, runs ...string) (dataset.Pictures, error) {
	const usual = 20
	n := cmp.Or(options.Number, usual)
	if options.Data != "" {
		pictures, err := (Config{Data: options.Data}).OpenData(ctx, options.Warn)
		if err != nil {
			return nil, err
		}
		return firstPictures{pictures, min(n, pictures.Len())}, nil
	}
	seed := cmp.Or(options.Seed, HeldOutSeed)
	for _, dir := range runs {
		if err := CheckHeldOut(dir, seed); err != nil {
			return nil, err
		}
	}
	return dataset.Illustrations(seed, n), nil
}

// firstPictures limits a source of pictures to its first n.
type firstPictures struct {
	dataset.Pictures
	n int
}

func (f firstPictures) Len() int { return f.n }

// CheckHeldOut returns an error if a run was trained on the drawn illustrations of a seed.
func CheckHeldOut(dir string, seed uint64) error {
	config, err := Experiment.Read(dir)
	if err == nil && config.Data == "" && config.Seed == seed {
		err = fmt.Errorf(
			"%s was trained on the illustrations of seed %d: measure it on others, with another --seed", dir, seed,
		)
	}
	return err
}

// Measures implements [lab.Evaluation]: the means of the last restorer, which for a run is the fully trained network.
func (e Evaluation) Measures() map[string]float64 {
	measures := map[string]float64{}
	if len(e.Restorers) > 0 {
		for name, mean := range e.Restorers[len(e.Restorers)-1].Means {
			measures[name] = mean.Mean
		}
	}
	return measures
}

// Measure shrinks each picture to a quarter, has it restored by each of the restorers, which must have different names,
// and measures the results.
func Measure(
	ctx context.Context, pictures dataset.Pictures, restorers []Restorer, options MeasureOptions,
) (e Evaluation, err error) {
	if options.Progress != nil {
		options.Progress.Start(0, int64(pictures.Len()))
		defer func() { options.Progress.Stop(err) }()
	}
	all := slices.Clone(Columns)
	if options.Features != nil {
		e.VGG = options.Features.Style
	} else {
		all = slices.DeleteFunc(all, func(c Column) bool { return c.NeedsFeatures })
	}
	for _, c := range all {
		e.Names = append(e.Names, c.Name)
	}
	for i, restorer := range restorers {
		if slices.ContainsFunc(restorers[:i], func(other Restorer) bool { return other.Name == restorer.Name }) {
			return e, fmt.Errorf("two restorers are called %q", restorer.Name)
		}
	}
	for i := range pictures.Len() {
		scores, err := scorePicture(ctx, pictures, i, restorers, all, options.Features)
		switch {
		case err == nil:
			e.Pictures = append(e.Pictures, PictureScores{pictures.Name(i), scores})
		case ctx.Err() == nil && options.OnBad != nil && errors.As(err, new(BadPicture)):
			options.OnBad(err)
		default:
			return e, err
		}
		if options.Progress != nil {
			options.Progress.Step(int64(i+1), nil)
		}
	}
	if len(e.Pictures) == 0 {
		return e, errors.New("there is no picture to measure on")
	}
	for _, restorer := range restorers {
		e.Restorers = append(e.Restorers, RestorerScores{restorer.Name, e.means(restorer.Name)})
	}
	return e, nil
}

// scorePicture returns the scores of picture i, by restorer and measure.
func scorePicture(
	ctx context.Context, pictures dataset.Pictures, i int, restorers []Restorer, all []Column, features *vgg.Distance,
) (map[string]map[string]float64, error) {
	comparison, err := ComparePicture(ctx, pictures, i, restorers...)
	if err != nil {
		return nil, err
	}
	scores := map[string]map[string]float64{}
	for _, name := range comparison.Names {
		scores[name] = map[string]float64{}
	}
	for _, m := range all {
		values, err := m.Of(ctx, comparison, features)
		if err != nil {
			return nil, fmt.Errorf("%s: measure %s: %w", pictures.Name(i), m.Name, err)
		}
		for r, value := range values {
			if !math.IsNaN(value) {
				scores[comparison.Names[r]][m.Name] = value
			}
		}
	}
	return scores, nil
}

// means returns the mean scores of a restorer.
func (e Evaluation) means(restorer string) map[string]Mean {
	means := map[string]Mean{}
	for _, name := range e.Names {
		var values []float64
		for _, picture := range e.Pictures {
			if value, ok := picture.Scores[restorer][name]; ok {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			means[name] = newMean(values)
		}
	}
	return means
}

// newMean returns the mean of one value or more.
func newMean(values []float64) Mean {
	mean, deviation := stat.MeanStdDev(values, nil)
	m := Mean{Mean: mean, Pictures: len(values)}
	if n := float64(len(values)); n > 1 {
		m.Margin = distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * stat.StdErr(deviation, n)
	}
	return m
}

// String returns a table: a row for each restorer, a column for each measure.
func (e Evaluation) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	columns := slices.DeleteFunc(slices.Clone(Columns), func(m Column) bool { return !slices.Contains(e.Names, m.Name) })
	for _, m := range columns {
		fmt.Fprintf(table, "\t%s", m.Heading)
	}
	fmt.Fprintln(table)
	for _, restorer := range e.Restorers {
		fmt.Fprint(table, restorer.Name)
		for _, m := range columns {
			fmt.Fprintf(table, "\t%s", restorer.Means[m.Name].text(m.Decimals))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	return text.String()
}

// text returns "27.31 ±0.42", without the margin for a single picture.
func (m Mean) text(decimals int) string {
	switch m.Pictures {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.*f", decimals, m.Mean)
	default:
		return fmt.Sprintf("%.*f ±%.*f", decimals, m.Mean, decimals, m.Margin)
	}
}

// Legend explains the columns of the table.
func (e Evaluation) Legend() string {
	lines := []string{
		fmt.Sprintf(
			"Pictures that were shrunk to a quarter and restored: %d. "+
				"± is half of the mean's 95 %% confidence interval (Student's t).",
			len(e.Pictures),
		),
		"PSNR (dB) and SSIM are those of red, green and blue; with Y, of the luma of BT.601. " +
			"Red, green and blue: earth mover's distance of",
		"the colour histograms, in levels of 255. Sharpness: the steepest lines' gradient, divided by the truth's.",
	}
	switch e.VGG {
	case "":
		lines = append(lines, "The "+lpipsLike+" distance was not measured: it needs VGG16's weights.")
	case vgg.Random:
		lines = append(lines, "The "+lpipsLike+" distance is one of an untrained VGG16.")
	default:
		lines = append(lines, lpipsLike+": squared distance of VGG16's features, without LPIPS' learnt weights.")
	}
	return strings.Join(lines, "\n") + "\n"
}

// WriteFile writes the evaluation to a file, as JSON.
func (e Evaluation) WriteFile(path string) error {
	return lab.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	})
}
