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
	"strings"
	"syscall"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

// Exit statuses.
const (
	statusFailed      = 1   // What was asked for did not work.
	statusUsage       = 2   // It cannot be asked for: a wrong flag, file or number.
	statusInterrupted = 130 // Ctrl-C or SIGTERM.
)

func main() {
	klog.SetOutput(io.Discard) // GoMLX logs stack traces there; we report errors ourselves.
	klog.LogToStderr(false)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := newCommand()
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	for _, line := range errorLines(err) {
		fmt.Fprintln(stderr, "moelab:", line)
	}
	return status(err)
}

// errorLines says in a line what went wrong, or in several where several things did: joined errors have one each. What
// follows the first line of an error is left out, because it is a stack trace of GoMLX, unless it is the last words of a kernel.
func errorLines(err error) []string {
	if wrapped, ok := err.(usageError); ok {
		return errorLines(wrapped.error)
	}
	// fmt.Errorf with several %w has such a method too, but says more than its parts.
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
	return []string{strings.ReplaceAll(first, context.Canceled.Error(), "interrupted")} // What a person calls it.
}

// usageError is an error in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes an error that ends with [statusUsage].
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// wrongInput makes an error about a folder that was named one in how the command was called. The file system's errors are left to
// [status], as a full disk is nobody's mistake, and neither is a training that diverges or goes on elsewhere.
func wrongInput(err error) error {
	if err == nil || errors.As(err, new(*fs.PathError)) || errors.Is(err, lab.ErrNotFinite) || errors.Is(err, lab.ErrLocked) {
		return err
	}
	return usageError{err}
}

// status returns the exit status for an error.
func status(err error) int {
	if errors.Is(err, context.Canceled) {
		return statusInterrupted
	}
	if errors.As(err, new(usageError)) || isWrongFile(err) {
		return statusUsage
	}
	for _, wrong := range []error{
		lab.ErrNotARun, lab.ErrOtherExperiment, lab.ErrNoCheckpoint, jupyter.ErrNoKernel, jupyter.ErrParameter,
	} {
		if errors.Is(err, wrong) {
			return statusUsage
		}
	}
	return statusFailed
}

// isWrongFile says whether a file that was named is not there, or cannot be used as it should be.
func isWrongFile(err error) bool {
	var file *fs.PathError
	if !errors.As(err, &file) || file.Op == "fork/exec" {
		return false
	}
	for _, reason := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR, syscall.EROFS} {
		if errors.Is(file.Err, reason) {
			return true
		}
	}
	return false
}

// newCommand builds the command with all of its commands.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "moelab",
		Short: "Train, watch and understand GANs for anime pictures",
		Long: `moelab trains GANs for anime pictures with GoMLX on XLA, in Go notebooks and without them.

A training fills a run directory; samples, figures and the next notebook cell read it.`,
		Example: `  moelab run notebooks/hair_colour.ipynb            # the whole story, in a notebook
  moelab train gan --preset laptop --run runs/hair  # the same training, without one
  moelab sample --run runs/hair --colour blue -n 16 -o samples
  moelab upscale picture.png -o large.png           # four times larger
  moelab blink portrait.png -o blink.gif            # a still portrait blinks
  moelab doctor                                     # what this machine has, and what it lacks`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newRunCommand(), newTrainCommand(), newSampleCommand(), newUpscaleCommand(), newBlinkCommand(), newEvalCommand(), newFiguresCommand(), newFlowCommand(), newDataCommand(), newBenchCommand(),
		newSetupCommand(), newDoctorCommand(), newKernelCommand(), newLabCommand(),
	)
	forEachCommand(root, func(command *cobra.Command) {
		if command.HasSubCommands() {
			// Without this cobra shows the help, with status 0, for a command that does not exist.
			command.Args = cobra.ArbitraryArgs
			command.RunE = func(command *cobra.Command, args []string) error {
				if len(args) == 0 {
					return command.Help()
				}
				return usage("there is no command %q (see %s -h)", args[0], command.CommandPath())
			}
			return
		}
		if command.Args == nil {
			command.Args = noArguments
		}
	})
	return root
}

// flagError says what is wrong with a flag, without the words of Go's parsers.
func flagError(command *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return usage("%w (see %s -h)", err, command.CommandPath())
	}
	kinds := map[string]string{"int": "a whole number", "int64": "a whole number", "uint64": "a whole number, 0 or more", "float64": "a number", "duration": "a time, as in 90s or 20m"}
	kind, ok := kinds[value.GetFlag().Value.Type()]
	if !ok {
		return usage("%w (see %s -h)", err, command.CommandPath())
	}
	return usage("--%s is %q: it must be %s (see %s -h)", value.GetFlag().Name, value.GetValue(), kind, command.CommandPath())
}

// noArguments refuses arguments.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%q is too much: %s takes flags only (see %s -h)", args[0], command.CommandPath(), command.CommandPath())
	}
	return nil
}

// oneArgument returns what asks for exactly one argument, which is called what.
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

// forEachCommand calls do for a command and all below it.
func forEachCommand(command *cobra.Command, do func(*cobra.Command)) {
	do(command)
	for _, child := range command.Commands() {
		forEachCommand(child, do)
	}
}

// backendFlag adds --backend and returns what opens the backend.
func backendFlag(command *cobra.Command) func() (compute.Backend, error) {
	return backendFor(command, false)
}

// backendFor is [backendFlag]; quick as in [xla.Options].
func backendFor(command *cobra.Command, quick bool) func() (compute.Backend, error) {
	name := command.Flags().String("backend", "", `"cpu", "cuda", "go" (pure Go, slow) or a value of GOMLX_BACKEND (default: the best there is)`)
	return func() (compute.Backend, error) {
		backend, err := xla.Open(command.Context(), xla.Options{Backend: *name, Quick: quick, Log: command.ErrOrStderr()})
		if err != nil && *name != "" {
			return nil, usageError{err}
		}
		return backend, err
	}
}

// progressFor returns a bar where standard error is a terminal.
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
