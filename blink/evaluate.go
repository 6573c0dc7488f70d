package blink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/stat"
)

// Evaluation measures how well portraits blinked, each following its own blink and others'.
type Evaluation struct {
	Scores []Score `json:"scores"`
	// Own sums up the scores of portraits that followed their own blink, Others those of portraits that followed
	// another's.
	Own    Summary `json:"own"`
	Others Summary `json:"others"`
	// Hard are those of [portrait.HardCases], if they were asked for.
	Hard []HardSummary `json:"hard,omitempty"`
	// Films compares the videos that a network draws from noise alone with real ones; there is nothing else then.
	Films *FilmScore `json:"films,omitempty"`
}

// HardSummary sums up the scores of a hard case, of own blinks and others'.
type HardSummary struct {
	Name string `json:"name"`
	Summary
}

// Summary sums up scores: see [Score].
type Summary struct {
	// Portraits is the number of scores.
	Portraits int `json:"portraits"`
	// ErrorRatio is the median ratio of the error to that of repeating the picture, WorstError the largest, and Closed the
	// median of that of the closed frame. They are of own blinks only, and so is Closes, a mean: nobody knows the true
	// frames of the others, and their eyes may not close as far as the portrait's.
	ErrorRatio float64 `json:"error_ratio,omitempty"`
	WorstError float64 `json:"worst_error,omitempty"`
	Closed     float64 `json:"closed,omitempty"`
	Closes     float64 `json:"closes,omitempty"`
	// Follow and Shut are medians, LeastFollow is the smallest correlation.
	Follow      float64 `json:"follow"`
	LeastFollow float64 `json:"least_follow"`
	Shut        float64 `json:"shut"`
	// After and Foreign are the largest.
	After   float64 `json:"after"`
	Foreign float64 `json:"foreign"`
	// InTime is the share of portraits whose most closed frame is the reference's, or the one before or after.
	InTime float64 `json:"in_time"`
	// Seam is the mean energy of the seams, SeamBefore that of the portraits at the same place.
	Seam       float64 `json:"seam"`
	SeamBefore float64 `json:"seam_before"`
}

// Evaluate measures a run, or without a dir the network that comes with moelab, as [Blinker.Evaluate] does. Without
// Data the blinks are Number drawn ones, 12 by default, of a Seed that no training has. It is an error if the run was
// trained with that seed. With Hard also as many of each of [portrait.HardCases] are measured.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	seed := cmp.Or(options.Seed, HeldOutSeed)
	clips := heldOut(seed, options.Number)
	switch {
	case options.Truth != "" && options.Data == "":
		return e, errors.New("the truth of drawn blinks is known: name the blinks that the frames are the truth of")
	case options.Truth != "":
		var bad []dataset.Bad
		clips, bad, err = dataset.OpenTrueBlinks(ctx, options.Data, options.Truth)
		warnOf(options.Warn, bad)
	case options.Data != "":
		clips, err = (Config{Data: options.Data}).OpenData(ctx, options.Warn)
	case dir != "":
		err = CheckHeldOut(dir, seed)
	}
	if err != nil {
		return e, err
	}
	b, err := OpenOrShipped(backend, dir)
	if err != nil {
		return e, err
	}
	defer b.Close()
	if b.Config.Unconditional {
		return b.evaluateFilms(ctx, seed, options)
	}
	if e, err = b.Evaluate(ctx, clips, options); err != nil || !options.Hard {
		return e, err
	}
	for _, hard := range portrait.HardCases {
		clips := dataset.HardBlinks(hard, seed, clips.Len(), heldOutSize)
		scores, err := b.scores(ctx, clips, options)
		if err != nil {
			return e, fmt.Errorf("%s: %w", hard.Name, err)
		}
		e.Hard = append(e.Hard, HardSummary{hard.Name, summarise(scores)})
	}
	return e, nil
}

// evaluateFilms measures a network that draws from noise alone: 64 videos by default.
func (b *Blinker) evaluateFilms(
	ctx context.Context, seed uint64, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	if options.Data != "" || options.Hard || options.Cross {
		return e, errors.New("the network draws faces of its own, from noise: no other blinks can be measured with it")
	}
	const usual, size = 64, 128
	real, err := NewRealFilms(ctx, seed, cmp.Or(options.Number, usual), size)
	if err != nil {
		return e, err
	}
	films, err := b.FilmScore(ctx, real)
	return Evaluation{Films: &films}, err
}

// Evaluate makes the first frame of each clip blink as the clip does, and as the next clip does, or with Cross as every
// other one, and compares. Of the options Progress and Warn count, too: Warn gets clips that cannot be read, which are
// left out.
func (b *Blinker) Evaluate(
	ctx context.Context, clips dataset.Clips, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	if e.Scores, err = b.scores(ctx, clips, options); err != nil {
		return e, err
	}
	var own, others []Score
	for _, score := range e.Scores {
		if score.Own {
			own = append(own, score)
		} else {
			others = append(others, score)
		}
	}
	e.Own, e.Others = summarise(own), summarise(others)
	return e, nil
}

// scores are those of an [Evaluation].
func (b *Blinker) scores(
	ctx context.Context, clips dataset.Clips, options lab.EvaluateOptions,
) (scores []Score, err error) {
	read, err := readAll(ctx, clips, options.Warn)
	if err != nil {
		return nil, err
	}
	progress := options.Progress
	if progress != nil {
		progress.Start(0, int64(len(read)))
		defer func() { progress.Stop(err) }()
	}
	others := min(1, len(read)-1)
	if options.Cross {
		others = len(read) - 1
	}
	scores = make([]Score, len(read)*(1+others))
	var comparing errgroup.Group // Beside the next blinks.
	comparing.SetLimit(runtime.GOMAXPROCS(0))
	for i, clip := range read {
		for k := range 1 + others { // Its own one first.
			reference := read[(i+k)%len(read)]
			frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, reference)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", clip.Name, err), comparing.Wait())
			}
			comparing.Go(func() error {
				scores[i*(1+others)+k] = compare(frames, clip, reference)
				return nil
			})
		}
		if progress != nil {
			progress.Step(int64(i+1), nil)
		}
	}
	return scores, comparing.Wait()
}

// readAll reads clips, several at once. warn, unless it is nil, gets those that cannot be read, which are left out.
func readAll(ctx context.Context, clips dataset.Clips, warn func(error)) (read []*dataset.Clip, err error) {
	all, errs := make([]*dataset.Clip, clips.Len()), make([]error, clips.Len())
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		group.Go(func() error {
			all[i], errs[i] = clips.Clip(ctx, i)
			return nil
		})
	}
	_ = group.Wait() // The errors are in errs.
	for i, clip := range all {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errs[i] != nil && warn != nil:
			warn(errs[i])
		case errs[i] != nil:
			return nil, errs[i]
		default:
			read = append(read, clip)
		}
	}
	if len(read) == 0 {
		return nil, errors.New("there is no blink to measure with")
	}
	return read, nil
}

// summarise sums up scores.
func summarise(scores []Score) (s Summary) {
	if len(scores) == 0 {
		return s
	}
	ofSome := func(which func(Score) bool, measure func(Score) float64) (values []float64) {
		for _, score := range scores {
			if which(score) {
				values = append(values, measure(score))
			}
		}
		slices.Sort(values)
		return values
	}
	isOwn := func(score Score) bool { return score.Own }
	of := func(measure func(Score) float64) []float64 { return ofSome(func(Score) bool { return true }, measure) }
	median := func(values []float64) float64 { return (values[(len(values)-1)/2] + values[len(values)/2]) / 2 }
	s.Portraits = len(scores)
	ratios := ofSome(isOwn, func(score Score) float64 { return score.Error / max(score.Repeated, 1e-9) })
	if len(ratios) > 0 {
		s.ErrorRatio, s.WorstError = median(ratios), slices.Max(ratios)
		s.Closed = median(ofSome(isOwn, func(score Score) float64 { return score.Closed }))
		s.Closes = stat.Mean(ofSome(isOwn, func(score Score) float64 { return score.Closes }), nil)
	}
	follow := of(func(score Score) float64 { return score.Follow })
	s.Follow, s.LeastFollow = median(follow), follow[0]
	s.Shut = median(of(func(score Score) float64 { return score.Shut }))
	s.After = slices.Max(of(func(score Score) float64 { return score.After }))
	s.Foreign = slices.Max(of(func(score Score) float64 { return score.Foreign }))
	s.InTime = stat.Mean(of(func(score Score) float64 {
		if difference := score.ClosedFrame - score.TrueClosedFrame; difference >= -1 && difference <= 1 {
			return 1
		}
		return 0
	}), nil)
	s.Seam = stat.Mean(of(func(score Score) float64 { return score.Seam }), nil)
	s.SeamBefore = stat.Mean(of(func(score Score) float64 { return score.SeamBefore }), nil)
	return s
}

// Measures implements [lab.Evaluation].
func (e Evaluation) Measures() map[string]float64 {
	if f := e.Films; f != nil {
		return map[string]float64{
			"video distance": f.Distance.Value, "of real videos": f.Floor.Value,
			"flicker / real": f.Flicker / max(f.RealFlicker, 1e-9),
		}
	}
	return map[string]float64{
		"error / repeating": e.Own.ErrorRatio, "closed": e.Own.Closed, "closes": e.Own.Closes,
		"follow": e.Own.Follow, "follow another's": e.Others.Follow, "after": max(e.Own.After, e.Others.After),
		"foreign": max(e.Own.Foreign, e.Others.Foreign), "seam": e.Own.Seam,
	}
}

// String returns a table.
func (e Evaluation) String() string {
	if f := e.Films; f != nil {
		return fmt.Sprintf("%d videos from noise: kernel distance to real ones %.3g ± %.2g "+
			"(of other real ones %.3g ± %.2g), flicker %.2f levels of 255 (real ones %.2f)",
			f.Videos, f.Distance.Value, f.Distance.Margin, f.Floor.Value, f.Floor.Margin, f.Flicker, f.RealFlicker)
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tportraits\terror\tworst\tclosed\tfollow\tleast\tshut\tafter\tforeign\tseam\tbefore\t")
	rows := append([]HardSummary{{"its own blink", e.Own}, {"another's blink", e.Others}}, e.Hard...)
	for _, row := range rows {
		if row.Portraits == 0 {
			continue
		}
		errors := "–\t–\t–"
		if row.ErrorRatio > 0 {
			errors = fmt.Sprintf("%.2f\t%.2f\t%.2f", row.ErrorRatio, row.WorstError, row.Closed)
		}
		fmt.Fprintf(
			table, "%s\t%d\t%s\t%.3f\t%.3f\t%.2f\t%.1f\t%.1f %%\t%.2f\t%.2f\t\n", row.Name, row.Portraits, errors,
			row.Follow, row.LeastFollow, row.Shut, row.After, 100*row.Foreign, row.Seam, row.SeamBefore,
		)
	}
	_ = table.Flush() // To a buffer, which never fails.
	return strings.TrimRight(text.String(), "\n")
}

// WriteFile writes the evaluation as JSON.
func (e Evaluation) WriteFile(path string) error {
	return lab.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	})
}
