package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
)

// runRow is a run in the table of "moelab runs", and in its JSON.
type runRow struct {
	Run      string             `json:"run"`
	Kind     string             `json:"kind"`
	State    lab.Condition      `json:"state"`
	Process  string             `json:"process,omitempty"`
	Fault    string             `json:"fault,omitempty"`
	Step     int64              `json:"step"`
	Steps    int64              `json:"steps"`
	Seconds  float64            `json:"seconds"`
	Rate     float64            `json:"steps_per_second"`
	Metrics  map[string]float64 `json:"metrics"`
	Measures map[string]float64 `json:"measures"`
	Bytes    int64              `json:"bytes"`
	Changed  time.Time          `json:"changed"`
}

// runOrders are the columns by which runs can be sorted. Of equal ones the order by name stays.
var runOrders = map[string]func(a, b runRow) int{
	"run":     func(a, b runRow) int { return cmp.Compare(a.Run, b.Run) },
	"kind":    func(a, b runRow) int { return cmp.Compare(a.Kind, b.Kind) },
	"state":   func(a, b runRow) int { return cmp.Compare(a.State, b.State) },
	"step":    func(a, b runRow) int { return cmp.Compare(b.Step, a.Step) },
	"rate":    func(a, b runRow) int { return cmp.Compare(b.Rate, a.Rate) },
	"size":    func(a, b runRow) int { return cmp.Compare(b.Bytes, a.Bytes) },
	"changed": func(a, b runRow) int { return b.Changed.Compare(a.Changed) },
}

func newRunsCommand() *cobra.Command {
	var kind, state, order string
	var asJSON bool
	command := &cobra.Command{
		Use:   "runs [DIR…]",
		Short: "List the runs below folders, and how far they are",
		Long: `List the run directories below folders, by default the current one: their kind, whether they are in training
(and by which process), stopped, finished or damaged, the step, the rate, the last metrics, the measures of the last
"moelab eval --run", and the size. It reads little, and disturbs no training.

--sort takes ` + names(runOrders) + `:
of numbers the largest comes first, of times the newest. It also takes the name of a metric or of a measure, of which
the smallest comes first.`,
		Example: `  moelab runs
  moelab runs runs sweeps --state training
  moelab runs --kind gan --sort FID
  moelab runs --json | jq '.[] | select(.measures.FID and .measures.FID < 0.4) | .run'`,
		Args: cobra.ArbitraryArgs,
	}
	flags := command.Flags()
	flags.StringVar(&kind, "kind", "", "only runs of this kind, such as gan")
	flags.StringVar(&state, "state", "", `only runs in this state: "training", "stopped", "finished" or "damaged"`)
	flags.StringVar(&order, "sort", "run", "column to sort by")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	command.RunE = func(command *cobra.Command, dirs []string) error {
		states := []lab.Condition{"", lab.InTraining, lab.Stopped, lab.Finished, lab.Damaged}
		if !slices.Contains(states, lab.Condition(state)) {
			return usage("--state is %q: it must be training, stopped, finished or damaged", state)
		}
		if len(dirs) == 0 {
			dirs = []string{"."}
		}
		rows, err := listRuns(command.Context(), dirs)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r runRow) bool {
			return kind != "" && !isKind(r.Kind, kind) || state != "" && string(r.State) != state
		})
		if err := sortRuns(rows, order); err != nil {
			return err
		}
		out := command.OutOrStdout()
		if asJSON {
			encoder := json.NewEncoder(out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(rows)
		}
		if len(rows) == 0 {
			fmt.Fprintf(out, "there are no such runs in %s\n", strings.Join(dirs, ", "))
			return nil
		}
		return printRuns(out, rows)
	}
	return command
}

// isKind reports whether a run of the kind with a name is meant by a word: that name, or what it is trained by.
func isKind(name, word string) bool {
	return name == word || slices.ContainsFunc(experiments, func(kind lab.AnyKind) bool {
		return kind.IsOf(name) && trainWord(kind) == word
	})
}

// listRuns looks at the runs below some folders.
func listRuns(ctx context.Context, dirs []string) ([]runRow, error) {
	rows := []runRow{}
	seen := map[string]bool{}
	for _, dir := range dirs {
		runs, err := lab.FindRuns(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			if seen[run] {
				continue
			}
			seen[run] = true
			row, err := lookAtRun(run)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func lookAtRun(dir string) (row runRow, err error) {
	status, err := lab.ReadStatus(dir)
	if err != nil {
		return row, err
	}
	measures, err := lab.ReadMeasures(dir)
	if err != nil {
		status.Damage(err)
	}
	row = runRow{
		Run: dir, Kind: status.Name, State: status.Condition, Process: status.Process, Fault: status.Fault,
		Step: status.Step, Steps: status.Steps, Seconds: status.Seconds, Metrics: status.Values,
		Changed: status.Changed.UTC(), Measures: measures,
	}
	if status.Condition == lab.InTraining {
		row.Rate = status.Rate
	}
	row.Bytes, err = lab.SizeOnDisk(dir)
	return row, err
}

// sortRuns sorts by a column, a metric or a measure. Runs without the number come last.
func sortRuns(rows []runRow, by string) error {
	if order, ok := runOrders[by]; ok {
		slices.SortStableFunc(rows, order)
		return nil
	}
	number := func(r runRow) (float64, bool) {
		if value, ok := r.Measures[by]; ok {
			return value, true
		}
		value, ok := r.Metrics[by]
		return value, ok
	}
	var all []map[string]float64
	for _, row := range rows {
		all = append(all, row.Metrics, row.Measures)
	}
	if known := namesIn(all...); len(rows) > 0 && !slices.Contains(known, by) {
		return usage("--sort is %q: it must be %s, or a number that a run has: %s", by, names(runOrders),
			strings.Join(known, ", "))
	}
	slices.SortStableFunc(rows, func(a, b runRow) int {
		x, hasX := number(a)
		y, hasY := number(b)
		if hasX != hasY {
			if hasX {
				return -1
			}
			return 1
		}
		return cmp.Compare(x, y)
	})
	return nil
}

// printRuns prints the table.
func printRuns(out io.Writer, rows []runRow) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "run\tkind\tstate\tstep\tsize\tnumbers")
	for _, r := range rows {
		state, numbers := string(r.State), numbersText(r.Metrics, "%.3g")
		if len(r.Measures) > 0 && len(r.Metrics) > 0 {
			numbers = " | " + numbers
		}
		if r.Process != "" {
			state += " by process " + r.Process
		}
		if r.Rate > 0 {
			state += fmt.Sprintf(", %.2f steps/s", r.Rate)
		}
		numbers = numbersText(r.Measures, "%.3g") + numbers
		if r.Fault != "" {
			numbers = r.Fault
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d/%d\t%.1f MB\t%s\n", textfile.Shown(r.Run), r.Kind, state, r.Step, r.Steps,
			float64(r.Bytes)/1e6, numbers)
	}
	return table.Flush()
}

// numbersText lists numbers on a line, each in a format such as "%.3g".
func numbersText(numbers map[string]float64, format string) string {
	var parts []string
	for _, name := range namesIn(numbers) {
		parts = append(parts, name+" "+fmt.Sprintf(format, numbers[name]))
	}
	return strings.Join(parts, "  ")
}

// namesIn lists the names of all numbers, each once.
func namesIn(all ...map[string]float64) []string {
	names := map[string]bool{}
	for _, numbers := range all {
		for name := range numbers {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
