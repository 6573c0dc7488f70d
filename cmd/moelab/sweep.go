package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
	"github.com/spf13/cobra"
)

func newSweepCommand() *cobra.Command {
	var out, preset, seeds, expectation, scheduler string
	var steps int64
	var settings []string
	var jobs int
	var retry, slurm bool
	command := &cobra.Command{
		Use:   "sweep KIND|NOTEBOOK|SPECIFICATION",
		Short: "Train and measure many variants, with several seeds",
		Long: `Train and measure an experiment in each combination of some settings, with several seeds. KIND is the word
after "moelab train": ` + strings.Join(trainWords(), ", ") + `. --set with several values, separated by commas, is an
axis; with one value it holds for all cells. Text that has commas itself is put in double quotes.

A NOTEBOOK, an .ipynb file, is run as "moelab run" does, with the settings as its parameters: "seed" is the seed of the
cell, and "dir" a folder of its own. Its measures are what its cells record: with Record in moelab's own notebooks, with
scrapbook.glue in Python.

The folder OUT gets a run directory for each cell, results.csv with a row for each, and report.html with the means, the
spread over the seeds, and each seed as a dot. Each cell is a process of its own, which trains as "moelab train" does
and measures as "moelab eval" does; one that fails is a row of the table. Ctrl-C saves, and the same command goes on.
With more values, seeds or steps it adds to what is there. Cells that are asked for no more are kept, and do not count.
A result counts also after its run directory is removed; one that is damaged is that of a failed cell.
An expectation and a rule that are given up when there are results already are named in the report.

A specification is a JSON file, such as the sweep.json that each sweep keeps:

  {"train": "gan", "preset": "laptop", "set": {"steps": 500},
   "axes": [{"setting": "conditioning", "values": ["projection", "ac-gan"]}], "seeds": [1, 2, 3],
   "expectation": "projection draws better portraits",
   "compare": {"measure": "FID", "of": {"conditioning": "projection"}, "is": "lower",
               "than": {"conditioning": "ac-gan"}}}

The rule "compare" decides the expectation: "is" is "higher", "lower" or "equal", "value": 0.4 in the place of "than"
compares with a number, and "by" is the least difference that counts. The verdict is "reproduced" or "not reproduced"
if the 95 % interval of the difference (Welch's) lies wholly on one side, "undecided" otherwise, and if neither side has
a spread. Cells that failed do not count.

With --slurm the cells are run by Slurm, one a task, on all hosts that share the folder. The folder then holds
slurm.sbatch, a template that is yours to change: resources, modules, a container. --print slurm writes it without
submitting anything. A task that is preempted, or whose time ends, saves and goes on in its next turn, and the same
command submits cells that are neither done nor queued. --print k8s makes an Indexed Job for Kubernetes of the template
k8s.yaml. --jobs limits the tasks that run at once.`,
		Example: `  moelab sweep gan --set conditioning=projection,ac-gan,input,hidden --seeds 3 --out sweeps/ways
  moelab sweep sr --set before_relu=true,false --steps 500 --seeds 1,2,3 --out sweeps/sr --jobs 2
  moelab sweep notebooks/hair_colour.ipynb -p steps=100,200 --seeds 3 --out sweeps/steps
  moelab sweep studies/ways.json --out sweeps/ways
  moelab sweep gan --set loss=hinge,wgan --seeds 5 --out sweeps/losses --slurm
  moelab sweep gan --set loss=hinge,wgan --seeds 5 --out sweeps/losses --print k8s | kubectl apply -f -
  moelab sweep status sweeps/ways                   # how far it is, and what came out so far`,
		Args: oneArgument("kind of experiment, the notebook, or the specification"),
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "folder of the sweep (required)")
	flags.StringVar(&preset, "preset", "", "settings to start from (default: the kind's usual ones)")
	flags.StringArrayVarP(&settings, "set", "p", nil, "a setting of config.json, or a parameter of the notebook, as "+
		"key=value or key=value,value,…; may be given several times")
	flags.Int64Var(&steps, "steps", 0, "iterations of each cell (default: the preset's)")
	flags.StringVar(&seeds, "seeds", "1", `number of seeds, or the seeds, separated by commas; "7," is the seed 7`)
	flags.StringVar(&expectation, "expect", "", "what should come out, in words, for the report")
	flags.IntVar(&jobs, "jobs", 1, "cells that are trained at once and share the cores")
	flags.BoolVar(&retry, "retry", false, "try the cells again that have failed")
	open := backendFlag(command)
	flags.BoolVar(&slurm, "slurm", false, "let Slurm run the cells, one a task")
	flags.StringVar(&scheduler, "print", "", `print what "slurm" or "k8s" would be told, and run nothing`)
	command.RunE = func(command *cobra.Command, args []string) error {
		if out == "" {
			return usage("--out is missing: name the folder of the sweep (see %s -h)", command.CommandPath())
		}
		if info, err := os.Stat(out); err == nil && !info.IsDir() || strings.ContainsFunc(out, unicode.IsControl) {
			return usage("--out is %q: it must be a folder, whose name has no control characters", out)
		}
		if jobs < 1 {
			return usage("--jobs is %d: it must be at least 1", jobs)
		}
		if err := checkScheduler(slurm, scheduler); err != nil {
			return err
		}
		var spec sweep.Spec
		var err error
		backend := flags.Lookup("backend").Value.String()
		if filepath.Ext(args[0]) == ".ipynb" && backend != "" {
			return usage("--backend has no effect on a notebook")
		}
		if filepath.Ext(args[0]) == ".json" {
			for _, name := range []string{"preset", "set", "steps", "seeds", "expect"} {
				if flags.Changed(name) {
					return usage("--%s has no effect beside a specification: write it there", name)
				}
			}
			spec, err = sweep.ReadSpec(args[0])
		} else {
			spec, err = specOf(args[0], preset, settings, steps, seeds, expectation)
		}
		if err != nil {
			return wrongInput(err)
		}
		here := !slurm && scheduler == "" // The cells run on this machine.
		if err := checkSpec(&spec, out, here); err != nil {
			return usageError{err}
		}
		if backend != "" && here { // Wrong for one cell, it is wrong for all.
			opened, err := open()
			if err != nil {
				return err
			}
			opened.Finalize()
		}
		if spec.Notebook != "" { // Once, and not by several cells at once.
			if err := setUpKernel(command.Context(), command.ErrOrStderr(), spec.Notebook); err != nil {
				return err
			}
		}
		s, err := sweep.Create(out, spec)
		if err != nil {
			return wrongSweep(err)
		}
		defer s.Close()
		options := sweep.Options{Jobs: jobs, Retry: retry}
		if options.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("find moelab itself: %w", err)
		}
		if backend != "" {
			options.Arguments = []string{"--backend", backend}
		}
		if here {
			return runSweep(command, s, options)
		}
		if !flags.Changed("jobs") {
			options.Jobs = 0
		}
		return giveAway(command, s, tasksOf(options), scheduler)
	}
	command.AddCommand(newSweepStatusCommand(), newSweepReportCommand(), newSweepCellCommand())
	return command
}

// wrongSweep turns an error about a folder that the user named into a usage error.
func wrongSweep(err error) error {
	if errors.Is(err, sweep.ErrLocked) {
		return err
	}
	return wrongInput(err)
}

// trainWords lists the words after "moelab train".
func trainWords() (words []string) {
	for _, kind := range experiments {
		if word := trainWord(kind); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// trainWord returns the word after "moelab train" for a kind, "" if it is not trained so.
func trainWord(kind lab.AnyKind) string {
	name, _ := kind.About()
	switch text, ok := trainTexts[name]; {
	case len(kind.PresetNames()) == 0:
		return ""
	case ok:
		return text.use
	}
	return name
}

// kindOfWord returns the kind for a word after "moelab train".
func kindOfWord(word string) (lab.AnyKind, error) {
	i := slices.IndexFunc(experiments, func(kind lab.AnyKind) bool { return word != "" && trainWord(kind) == word })
	if i < 0 {
		return nil, usage("there is no experiment %q; there are %s, or name a notebook (.ipynb) or a specification (.json)",
			word, strings.Join(trainWords(), ", "))
	}
	return experiments[i], nil
}

// specOf makes a specification of the flags.
func specOf(word, preset string, settings []string, steps int64, seeds, expectation string) (sweep.Spec, error) {
	spec := sweep.Spec{Format: 1, Train: word, Preset: preset, Set: map[string]json.RawMessage{}, Expectation: expectation}
	if filepath.Ext(word) == ".ipynb" {
		spec.Train, spec.Notebook = "", word
	}
	given := map[string]bool{"steps": steps != 0}
	for _, setting := range settings {
		axis, err := sweep.ParseAxis(setting)
		if err != nil {
			return spec, fmt.Errorf("--set %w", err)
		}
		if given[axis.Setting] {
			return spec, fmt.Errorf("%s is set twice: give it several values, separated by commas", axis.Setting)
		}
		given[axis.Setting] = true
		if len(axis.Values) == 1 {
			spec.Set[axis.Setting] = axis.Values[0]
			continue
		}
		spec.Axes = append(spec.Axes, axis)
	}
	if steps != 0 {
		spec.Set["steps"] = json.RawMessage(strconv.FormatInt(steps, 10))
	}
	var err error
	spec.Seeds, err = parseSeeds(seeds)
	return spec, err
}

// parseSeeds reads the value of --seeds.
func parseSeeds(text string) (seeds []uint64, err error) {
	wrong := fmt.Errorf("--seeds is %q: it must be a number of seeds, 1 to 1000, or seeds separated by commas", text)
	if !strings.Contains(text, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, wrong
		}
		for seed := range n {
			seeds = append(seeds, uint64(seed+1))
		}
		return seeds, nil
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		seed, err := strconv.ParseUint(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, wrong
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}

// checkSpec checks a specification and fills in the preset and its number of steps. If the cells run here, so must be
// their data.
func checkSpec(spec *sweep.Spec, out string, here bool) error {
	if spec.Notebook != "" {
		parameters, err := spec.CheckNotebook()
		if err != nil {
			return err
		}
		return spec.Check(parameters)
	}
	kind, err := kindOfWord(spec.Train)
	if err != nil {
		return err
	}
	if spec.Preset == "" {
		spec.Preset = kind.UsualPreset()
	}
	none := filepath.Join(out, ".none") // No run, whose settings would count.
	var steps json.RawMessage
	checked := map[string]bool{}
	err = spec.Check(func(assignments []string) error {
		for _, assignment := range assignments {
			if checked[assignment] {
				continue
			}
			checked[assignment] = true
			if err := checkCell(assignment, here); err != nil {
				return err
			}
		}
		_, err := kind.Prepare(none, spec.Preset, func(config any) { steps = stepsOf(config) }, assignments...)
		return err
	})
	isAxis := slices.ContainsFunc(spec.Axes, func(a sweep.Axis) bool { return a.Setting == "steps" })
	if err != nil || isAxis || spec.Set["steps"] != nil || steps == nil {
		return err
	}
	if spec.Set == nil {
		spec.Set = map[string]json.RawMessage{}
	}
	spec.Set["steps"] = steps // Otherwise a later command with --steps could not tell which cells are shorter.
	return nil
}

// checkCell returns an error if a setting, though right, makes each training fail.
func checkCell(assignment string, here bool) error {
	switch name, value, _ := strings.Cut(assignment, "="); name {
	case "steps":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n < 1 {
			return fmt.Errorf("steps is %d: it must be at least 1", n)
		}
	case "data":
		var text string
		if json.Unmarshal([]byte(value), &text) == nil { // With quotes, as a name such as "2024" must be.
			value = text
		}
		if _, err := os.Stat(value); here && value != "" && err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	return nil
}

// stepsOf returns the number of steps of a configuration.
func stepsOf(config any) json.RawMessage {
	var fields struct {
		Steps json.RawMessage `json:"steps"`
	}
	text, err := json.Marshal(config)
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	return fields.Steps
}

// setUpKernel installs what one of moelab's own notebooks is run with.
func setUpKernel(ctx context.Context, log io.Writer, path string) error {
	nb, err := jupyter.Read(path)
	if err != nil || nb.KernelName() != jupyter.KernelName {
		return err
	}
	return setUp(ctx, log, filepath.Dir(path))
}

// runSweep runs a sweep, shows how it goes, and prints what came out.
func runSweep(command *cobra.Command, s *sweep.Sweep, options sweep.Options) error {
	view := newSweepView(command.ErrOrStderr(), s)
	options.Changed = view.changed
	stop := view.follow(command.Context())
	err := s.Run(command.Context(), options)
	stop()
	if err != nil && command.Context().Err() != nil {
		return fmt.Errorf("%w: what has begun is saved, and the same command goes on with it", err)
	}
	if err != nil {
		return err
	}
	return printSweep(command, s)
}

// printSweep prints the summary of a sweep, and on standard error why cells have failed, those of an earlier call too.
// It is a failure if one has.
func printSweep(command *cobra.Command, s *sweep.Sweep) error {
	w := command.OutOrStdout()
	outcome, err := s.Outcome()
	if err != nil {
		return err
	}
	if err := printTable(w, outcome); err != nil {
		return err
	}
	if outcome.Decision != nil {
		fmt.Fprintf(w, "%v: %v\n", outcome.Spec.Compare, outcome.Decision)
	}
	for _, before := range outcome.Spec.Replaced {
		fmt.Fprintf(w, "given up: %v\n", before)
	}
	if len(outcome.Earlier) > 0 {
		fmt.Fprintf(w, "%s of an earlier specification kept, not counted: %s\n", counted(len(outcome.Earlier), "cell"),
			strings.Join(outcome.Earlier, "; "))
	}
	fmt.Fprintf(w, "%s shows them\n", filepath.Join(s.Dir(), "report.html"))
	printFailed(command.ErrOrStderr(), outcome)
	if failed := len(outcome.Failed); failed > 0 {
		return fmt.Errorf("%d of %s failed; --retry tries them again", failed, counted(len(outcome.Results), "cell"))
	}
	return nil
}

// printFailed prints a line for each cell that has failed.
func printFailed(w io.Writer, outcome sweep.Outcome) {
	for _, result := range outcome.Failed {
		fmt.Fprintln(w, resultLine(result))
	}
}

// printTable prints the table of a sweep.
func printTable(w io.Writer, outcome sweep.Outcome) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{outcome.Head}, outcome.Rows...) {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func newSweepStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status FOLDER",
		Short: "Show how far a sweep is, and what came out so far",
		Long: `Show how many cells of a sweep have ended and failed, which are being trained, and the means of the measures so
far. It reads the folder, so it works beside a sweep that goes on, in another terminal too, or on another host. Of a
sweep that was given to Slurm it also shows how many tasks wait and run, and which cells have none.`,
		Example: `  moelab sweep status sweeps/ways`,
		Args:    oneArgument("folder of the sweep"),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := sweep.Open(args[0])
			if err != nil {
				return wrongSweep(err)
			}
			outcome, err := s.Outcome()
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, line := range sweepLines(outcome.Progress, 0) {
				fmt.Fprintln(out, line)
			}
			if err := printQueue(command, s); err != nil { // What has ended can be shown all the same.
				warner(command)(err)
			}
			printFailed(out, outcome)
			if len(outcome.Results) == 0 {
				return nil
			}
			return printTable(out, outcome)
		},
	}
}

// sweepView shows how a sweep goes: in a terminal a table that lives, elsewhere a line for each cell that ends, and a
// line a minute.
type sweepView struct {
	w      io.Writer
	s      *sweep.Sweep
	screen *progress.Screen // nil outside a terminal.
	mutex  sync.Mutex
	start  time.Time
	ended  int       // Cells, since start,
	last   time.Time // the last of them now.
	warned bool      // That the rule's measure is missing.
}

func newSweepView(w io.Writer, s *sweep.Sweep) *sweepView {
	return &sweepView{w: w, s: s, screen: progress.NewScreen(w), start: time.Now()}
}

// changed prints a line for a cell that has ended.
func (v *sweepView) changed(cell sweep.Cell, result *sweep.Result) {
	if result == nil {
		return
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.ended++
	v.last = time.Now()
	v.clear()
	fmt.Fprintln(v.w, resultLine(*result))
	rule := v.s.Spec().Compare
	if rule == nil || v.warned || result.Failed != "" {
		return
	}
	if _, ok := result.Measures[rule.Measure]; !ok { // At the first cell, and not when the night is over.
		v.warned = true
		fmt.Fprintf(v.w, "moelab: warning: the rule is about %q, but the measures are %s: mend it in the specification, "+
			"and the same command takes it\n", rule.Measure, cmp.Or(names(result.Measures), "none"))
	}
}

// resultLine says how a cell ended.
func resultLine(result sweep.Result) string {
	if result.Failed != "" {
		return fmt.Sprintf("%s: failed: %s", result.Name, result.Failed)
	}
	measures := cmp.Or(numbersText(result.Measures, "%.3f"), "no measures")
	return fmt.Sprintf("%s: step %d, %s", result.Name, result.Step, measures)
}

// follow shows the table until stop is called.
func (v *sweepView) follow(ctx context.Context) (stop func()) {
	every := time.Second
	if v.screen == nil {
		every = time.Minute
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				v.draw()
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		v.mutex.Lock()
		defer v.mutex.Unlock()
		v.clear()
	}
}

// draw shows the table in the place of the one before.
func (v *sweepView) draw() {
	p, err := v.s.Progress()
	if err != nil { // Run meets it too, and returns it.
		return
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	left := time.Duration(0)
	if v.ended > 0 { // At the pace of the cells that have ended.
		left = v.last.Sub(v.start)/time.Duration(v.ended)*time.Duration(p.Cells-p.Done) - time.Since(v.last)
	}
	lines := sweepLines(p, left)
	if v.screen == nil {
		fmt.Fprintln(v.w, strings.Join(lines, " | "))
		return
	}
	v.screen.Show(lines)
}

// clear takes the table off the terminal.
func (v *sweepView) clear() {
	if v.screen != nil {
		v.screen.Clear()
	}
}

// sweepLines puts the progress of a sweep in lines: a total, and a line for each cell that goes on.
func sweepLines(p sweep.Progress, left time.Duration) []string {
	total := fmt.Sprintf("%d of %s", p.Done, counted(p.Cells, "cell"))
	if p.Failed > 0 {
		total += fmt.Sprintf(", %d failed", p.Failed)
	}
	if left > 0 && p.Done < p.Cells {
		total += fmt.Sprintf(" · %v left", left.Round(time.Second))
	}
	lines := []string{total}
	for _, r := range p.Running {
		line := fmt.Sprintf("%s  %d/%d", r.Cell.Name, r.Step, r.Steps)
		switch {
		case r.Steps == 0: // A notebook.
			line = r.Cell.Name + " · running"
		case r.Condition == lab.Finished:
			line += " · measuring"
		case r.Rate > 0:
			line += fmt.Sprintf(" · %.2f steps/s · %v left", r.Rate, r.Left().Round(time.Second))
		}
		lines = append(lines, line)
	}
	return lines
}
