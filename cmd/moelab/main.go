// Command moelab trains, runs and measures moelab's models and notebooks. See its help: moelab -h.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/esrgan/upscale"
	"github.com/moelab/moelab/internal/atomicfile"
	_ "github.com/moelab/moelab/internal/home" // Before anything else is initialised.
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/archive"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

// Exit statuses.
const (
	statusFailed      = 1   // The work failed.
	statusUsage       = 2   // Wrong usage: a bad flag, file or number.
	statusInterrupted = 130 // Ctrl-C, SIGTERM or SIGHUP.
)

func main() {
	klog.SetOutput(io.Discard) // GoMLX logs stack traces there; we report errors ourselves.
	klog.LogToStderr(false)
	// A write to a pipe that nobody reads any more fails then, instead of ending the process: a training goes on. Ignoring
	// the signal would do the same, but also for the programs that are started here.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(interruptible(), os.Args[1:], os.Stdout, os.Stderr))
}

// burst is how long after a signal others belong to it: Slurm signals each process of a task, and a sweep passes the
// signal on to its training, which thus gets it twice.
const burst = time.Second

// interruptible returns a context that ends with the first Ctrl-C, SIGTERM or hang-up of the terminal, so that the work
// stops and a training saves. A second Ctrl-C or SIGTERM, after the burst of the first, ends the process at once.
func interruptible() context.Context {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored.
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	go func() {
		<-ctx.Done()
		signal.Ignore(syscall.SIGHUP) // A terminal that closes may send several, while a training saves.
		time.Sleep(burst)
		stop()
	}()
	return ctx
}

// keepNothing are the commands that write results at their end only. Stopped in the middle they have nothing to save.
var keepNothing = []string{"diff", "doctor", "eval", "export", "figures", "flow", "runs", "sample", "watch"}

// patience is how long such a command may take to stop. A computation cannot be stopped, and some take minutes.
const patience = 5 * time.Second

// exitAfter calls exit if a command still works when its context has ended a while ago.
func exitAfter(ctx context.Context, ended <-chan struct{}, exit func()) {
	context.AfterFunc(ctx, func() {
		select {
		case <-ended:
		case <-time.After(patience):
			exit()
		}
	})
}

// run runs a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	logTo(stderr)
	if len(args) > 0 && slices.Contains(keepNothing, args[0]) {
		ended := make(chan struct{})
		defer close(ended)
		exitAfter(ctx, ended, func() {
			fmt.Fprintln(stderr, "moelab: interrupted in the middle of a computation")
			os.Exit(statusInterrupted)
		})
	}
	if err := checkSpace(); err != nil {
		fmt.Fprintln(stderr, "moelab:", err)
		return statusFailed
	}
	out := &printed{Writer: stdout}
	command := newCommand()
	command.SetArgs(pairs(args))
	command.SetOut(out)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	if out.closed() && (err == nil || errors.Is(err, syscall.EPIPE)) {
		return statusFailed // Who closed it, such as head, has all that he wanted.
	}
	if err == nil || out.failed != nil && errors.Is(err, out.failed) {
		err = out.error()
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return statusFailed
	}
	for _, line := range errorLines(err) {
		fmt.Fprintln(stderr, "moelab:", line)
	}
	return status(err)
}

// printed is standard output, and its first error: most commands print without looking whether that works.
type printed struct {
	io.Writer
	mutex  sync.Mutex // While the command runs.
	failed error
}

func (p *printed) Write(data []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	n, err := p.Writer.Write(data)
	if p.failed == nil {
		p.failed = err
	}
	return n, err
}

// closed reports whether nobody reads the output any more.
func (p *printed) closed() bool { return errors.Is(p.failed, syscall.EPIPE) }

// error returns the first error, in the user's words.
func (p *printed) error() error {
	reason := p.failed
	if reason == nil {
		return nil
	}
	var file *fs.PathError
	if errors.As(reason, &file) { // It would name /dev/stdout, which the user did not.
		reason = file.Err
	}
	return fmt.Errorf("write standard output: %w", reason)
}

// errorLines returns the lines to print for an error: one line for each joined error. Only the first line of each is
// kept, because the rest is a stack trace of GoMLX, unless it is the last output of a kernel.
func errorLines(err error) []string {
	if wrapped, ok := err.(usageError); ok {
		return errorLines(wrapped.error)
	}
	// fmt.Errorf with several %w has this method too, but its text is more than its parts.
	if joined, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(joined.Unwrap()...).Error() {
		var lines []string
		for _, part := range joined.Unwrap() {
			lines = append(lines, errorLines(part)...)
		}
		return lines
	}
	text := err.Error()
	if errors.As(err, new(*jupyter.KernelDiedError)) {
		return []string{strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), " | ")}
	}
	first, _, _ := strings.Cut(text, "\n")
	return []string{interruption.ReplaceAllString(first, "interrupted")}
}

// interruption matches Go's words for it.
var interruption = regexp.MustCompile(`context canceled|\w+ signal received`)

// errSaid is the failure of a command that has said all about it.
var errSaid = errors.New("failed")

// usageError is an error in the user's command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes an error that ends with [statusUsage].
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// wrongInput turns an error about a folder that the user named into a usage error. It leaves the file system's errors
// to [status], because a full disk is not the user's mistake; nor is a training that diverges or runs in another
// process.
func wrongInput(err error) error {
	if err == nil || errors.As(err, new(*fs.PathError)) || errors.Is(err, lab.ErrNotFinite) ||
		errors.Is(err, lab.ErrLocked) {
		return err
	}
	return usageError{err}
}

// status returns the exit status for an error.
func status(err error) int {
	if errors.Is(err, context.Canceled) {
		return statusInterrupted
	}
	if errors.As(err, new(usageError)) || errors.As(err, new(upscale.RequestError)) || isWrongFile(err) {
		return statusUsage
	}
	for _, wrong := range []error{
		lab.ErrNotARun, lab.ErrOtherExperiment, lab.ErrNoCheckpoint, lab.ErrConfig, lab.ErrDamaged, jupyter.ErrNoKernel,
		jupyter.ErrParameter, archive.ErrArchive, archive.ErrExists, archive.ErrCard, atomicfile.ErrNotAFile,
	} {
		if errors.Is(err, wrong) {
			return statusUsage
		}
	}
	return statusFailed
}

// isWrongFile reports whether a file that the user named is missing or of the wrong kind.
func isWrongFile(err error) bool {
	var file *fs.PathError
	if !errors.As(err, &file) || file.Op == "fork/exec" {
		return false
	}
	for _, reason := range []error{
		fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR, syscall.EROFS,
		regularfile.ErrOther, regularfile.ErrTooLarge,
	} {
		if errors.Is(file.Err, reason) {
			return true
		}
	}
	return false
}

// newCommand builds the root command with all subcommands.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "moelab",
		Short: "Train, watch and understand GANs for anime pictures",
		Long: `moelab trains GANs for anime pictures with GoMLX on XLA, in Go notebooks and without them.

Training writes to a run directory; samples, figures and the next notebook cell read from it.`,
		Example: `  moelab run notebooks/hair_colour.ipynb            # the whole story, in a notebook
  moelab train gan --preset laptop --run runs/hair  # the same training, without one
  moelab sample --run runs/hair --colour blue -n 16 -o samples
  moelab upscale picture.png -o large.png           # four times larger
  moelab blink portrait.png -o blink.gif            # a still portrait blinks
  moelab doctor                                     # checks what is installed and what is missing`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newRunCommand(),
		newTrainCommand(),
		newSampleCommand(),
		newUpscaleCommand(),
		newBlinkCommand(),
		newEvalCommand(),
		newFiguresCommand(),
		newSweepCommand(),
		newRunsCommand(),
		newWatchCommand(),
		newDiffCommand(),
		newServeCommand(),
		newExportCommand(),
		newPackCommand(),
		newUnpackCommand(),
		newFlowCommand(),
		newDataCommand(),
		newBenchCommand(),
		newSetupCommand(),
		newDoctorCommand(),
		newKernelCommand(),
		newLabCommand(),
	)
	forEachCommand(root, func(command *cobra.Command) {
		if command.HasSubCommands() && command.Args == nil {
			// Otherwise cobra shows the help, with status 0, for an unknown command.
			command.Args = cobra.ArbitraryArgs
			own := command.RunE
			command.RunE = func(command *cobra.Command, args []string) error {
				switch {
				case len(args) > 0:
					return usage("unknown command %q (see %s -h)", args[0], command.CommandPath())
				case own == nil || command.Flags().NFlag() == 0:
					return command.Help()
				default:
					return own(command, args)
				}
			}
			return
		}
		if command.Args == nil {
			command.Args = noArguments
		}
	})
	return root
}

// flagError rewords an error about a flag without the jargon of Go's parsers.
func flagError(command *cobra.Command, err error) error {
	var run runFlagError
	if errors.As(err, &run) {
		return usage("%w (see %s -h)", run, command.CommandPath())
	}
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return usage("%w (see %s -h)", err, command.CommandPath())
	}
	kinds := map[string]string{
		"int":      "a whole number",
		"int64":    "a whole number",
		"uint64":   "a non-negative whole number",
		"float64":  "a number",
		"duration": "a duration such as 90s or 20m",
	}
	kind, ok := kinds[value.GetFlag().Value.Type()]
	if !ok {
		return usage("%w (see %s -h)", err, command.CommandPath())
	}
	return usage(
		"--%s is %q: it must be %s (see %s -h)", value.GetFlag().Name, value.GetValue(), kind, command.CommandPath(),
	)
}

// noArguments rejects arguments.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		path := command.CommandPath()
		return usage("unexpected argument %q: %s takes flags only (see %s -h)", args[0], path, path)
	}
	return nil
}

// oneArgument returns a validator that requires exactly one argument; what names it in errors.
func oneArgument(what string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usage("name the %s (see %s -h)", what, command.CommandPath())
		case 1:
			return nil
		default:
			return usage("one %s at a time, not %d (see %s -h)", what, len(args), command.CommandPath())
		}
	}
}

// forEachCommand calls do for a command and all of its subcommands.
func forEachCommand(command *cobra.Command, do func(*cobra.Command)) {
	do(command)
	for _, child := range command.Commands() {
		forEachCommand(child, do)
	}
}

// backendFlag adds --backend and returns a function that opens the backend.
func backendFlag(command *cobra.Command) func() (compute.Backend, error) {
	return backendFor(command, false)
}

// backendFor is [backendFlag] with the option quick of [xla.Options].
func backendFor(command *cobra.Command, quick bool) func() (compute.Backend, error) {
	name := command.Flags().
		String("backend", "", `"cpu", "cuda", "go" (pure Go, slow) or a value of GOMLX_BACKEND (default: the best available)`)
	return func() (compute.Backend, error) {
		backend, err := xla.Open(command.Context(), xla.Options{Backend: *name, Quick: quick, Log: command.ErrOrStderr()})
		if err != nil && *name != "" {
			return nil, usageError{err}
		}
		return backend, err
	}
}

// progressFor shows progress on standard error if that is a file: a bar in a terminal, a line a minute elsewhere.
func progressFor(command *cobra.Command) lab.Progress {
	if file, ok := command.ErrOrStderr().(*os.File); ok {
		return lab.NewProgress(file)
	}
	return nil
}

// warner writes warnings to standard error.
func warner(command *cobra.Command) func(error) {
	return func(err error) { fmt.Fprintln(command.ErrOrStderr(), "moelab: warning:", err) }
}
