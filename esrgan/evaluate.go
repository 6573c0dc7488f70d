package esrgan

import (
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

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Evaluation says how well restorers restore pictures that were shrunk to a quarter.
type Evaluation struct {
	// Measures are the names of what was measured, in the order of the table.
	Measures []string `json:"measures"`
	// VGG is the style of the VGG16 behind the LPIPS-like distance, empty where that was not measured.
	VGG VGGStyle `json:"vgg,omitempty"`
	// Restorers are the restorers, in the order in which they were given.
	Restorers []RestorerScores `json:"restorers"`
	// Pictures are the measured pictures. Differences of restorers on the same picture vary less than the means do.
	Pictures []PictureScores `json:"pictures"`
}

// RestorerScores are the means of a restorer, by the names of the measures. One that is defined for no picture has none.
type RestorerScores struct {
	Name  string          `json:"name"`
	Means map[string]Mean `json:"means"`
}

// PictureScores are the scores that the restorers have on a picture: by restorer, by measure. What is not defined is left out.
type PictureScores struct {
	Name   string                        `json:"name"`
	Scores map[string]map[string]float64 `json:"scores"`
}

// Mean is an average over pictures.
type Mean struct {
	Mean float64 `json:"mean"`
	// Margin is half the width of the 95 % confidence interval of the mean, from Student's t: Mean ± Margin. It is 0 for a single picture.
	Margin float64 `json:"margin"`
	// Pictures is the number of pictures for which the measure is defined.
	Pictures int `json:"pictures"`
}

// column is a measure of the table.
type column struct {
	name string
	// heading is the name with the direction in which a picture gets better, decimals is the number of them that are shown.
	heading  string
	decimals int
	// of returns a number for each restored picture, NaN where it is not defined.
	of func(ctx context.Context, comparison Comparison) ([]float64, error)
}

// exactPSNR is what counts for a picture that was restored exactly, and at most for any: an infinite number would be the mean.
const exactPSNR = 100

// lpipsLike is the name of the measure that needs a VGG16.
const lpipsLike = "LPIPS-like"

// measures are the columns. The LPIPS-like distance needs features.
func measures(features *FeatureDistance) []column {
	capped := func(psnr pairMeasure) pairMeasure {
		return func(truth, restored *image.NRGBA) float64 { return min(psnr(truth, restored), exactPSNR) }
	}
	colour := func(channel int) pairMeasure {
		return func(truth, restored *image.NRGBA) float64 {
			return measure.NewColourHistogram(truth).Distance(measure.NewColourHistogram(restored))[channel]
		}
	}
	return []column{
		{"PSNR", "PSNR ↑", 2, each(capped(measure.PSNR))},
		{"PSNR Y", "PSNR Y ↑", 2, each(capped(measure.PSNRY))},
		{"SSIM", "SSIM ↑", 4, each(measure.SSIM)},
		{"SSIM Y", "SSIM Y ↑", 4, each(measure.SSIMY)},
		{lpipsLike, lpipsLike + " ↓", 4, func(ctx context.Context, c Comparison) ([]float64, error) {
			return features.Distances(ctx, c.Truth, c.Restored...)
		}},
		{"red", "red ↓", 2, each(colour(0))},
		{"green", "green ↓", 2, each(colour(1))},
		{"blue", "blue ↓", 2, each(colour(2))},
		{"sharpness", "sharpness → 1", 3, each(measure.Sharpness)},
	}
}

// pairMeasure is a measure of one picture.
type pairMeasure func(truth, restored *image.NRGBA) float64

// each measures a restored picture after another.
func each(of pairMeasure) func(context.Context, Comparison) ([]float64, error) {
	return func(ctx context.Context, c Comparison) ([]float64, error) {
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

// EvaluateOptions say how to evaluate. The zero value will do.
type EvaluateOptions struct {
	// Features, if set, adds the LPIPS-like distance.
	Features *FeatureDistance
	// OnBad is told of a picture that cannot be read, or is too small, and is left out. Where it is nil that is an error.
	OnBad func(error)
	// Progress, if set, is told how far the evaluation is, picture by picture.
	Progress lab.Progress
}

// Evaluate shrinks each picture to a quarter, has it restored by each of the restorers, which must have different names, and measures.
func Evaluate(ctx context.Context, pictures dataset.Pictures, restorers []Restorer, options EvaluateOptions) (e Evaluation, err error) {
	if options.Progress != nil {
		options.Progress.Start(0, int64(pictures.Len()))
		defer func() { options.Progress.Stop(err) }()
	}
	all := measures(options.Features)
	if options.Features != nil {
		e.VGG = options.Features.Style
	} else {
		all = slices.DeleteFunc(all, func(m column) bool { return m.name == lpipsLike })
	}
	for _, m := range all {
		e.Measures = append(e.Measures, m.name)
	}
	for i, restorer := range restorers {
		if slices.ContainsFunc(restorers[:i], func(other Restorer) bool { return other.Name == restorer.Name }) {
			return e, fmt.Errorf("two restorers are called %q", restorer.Name)
		}
	}
	for i := range pictures.Len() {
		scores, err := scorePicture(ctx, pictures, i, restorers, all)
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
func scorePicture(ctx context.Context, pictures dataset.Pictures, i int, restorers []Restorer, all []column) (map[string]map[string]float64, error) {
	comparison, err := ComparePicture(ctx, pictures, i, restorers...)
	if err != nil {
		return nil, err
	}
	scores := map[string]map[string]float64{}
	for _, name := range comparison.Names {
		scores[name] = map[string]float64{}
	}
	for _, m := range all {
		values, err := m.of(ctx, comparison)
		if err != nil {
			return nil, fmt.Errorf("%s: measure %s: %w", pictures.Name(i), m.name, err)
		}
		for r, value := range values {
			if !math.IsNaN(value) {
				scores[comparison.Names[r]][m.name] = value
			}
		}
	}
	return scores, nil
}

// means averages the scores of a restorer.
func (e Evaluation) means(restorer string) map[string]Mean {
	means := map[string]Mean{}
	for _, name := range e.Measures {
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

// newMean averages one value or more.
func newMean(values []float64) Mean {
	mean, deviation := stat.MeanStdDev(values, nil)
	m := Mean{Mean: mean, Pictures: len(values)}
	if n := float64(len(values)); n > 1 {
		m.Margin = distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * stat.StdErr(deviation, n)
	}
	return m
}

// String is a table: a row for each restorer, a column for each measure.
func (e Evaluation) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	columns := slices.DeleteFunc(measures(nil), func(m column) bool { return !slices.Contains(e.Measures, m.name) })
	for _, m := range columns {
		fmt.Fprintf(table, "\t%s", m.heading)
	}
	fmt.Fprintln(table)
	for _, restorer := range e.Restorers {
		fmt.Fprint(table, restorer.Name)
		for _, m := range columns {
			fmt.Fprintf(table, "\t%s", restorer.Means[m.name].text(m.decimals))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	return text.String()
}

// text is "27.31 ±0.42", without the margin for a single picture.
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

// Legend says what the columns of the table are.
func (e Evaluation) Legend() string {
	lines := []string{
		fmt.Sprintf("Pictures that were shrunk to a quarter and restored: %d. ± is half of the mean's 95 %% confidence interval (Student's t).", len(e.Pictures)),
		"PSNR (dB) and SSIM are those of red, green and blue; with Y, of the luma of BT.601. Red, green and blue: earth mover's distance of",
		"the colour histograms, in levels of 255. Sharpness: the steepest lines' gradient, divided by the truth's.",
	}
	switch e.VGG {
	case "":
		lines = append(lines, "The "+lpipsLike+" distance was not measured: it needs VGG16's weights.")
	case Random:
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
