// Command moelab trains, runs and measures moelab's models and notebooks. See its help: moelab -h.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
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
	// One line: what GoMLX and kernels add to it, stack traces among them, is for other places.
	text, _, _ := strings.Cut(err.Error(), "\n")
	fmt.Fprintln(stderr, "moelab:", text)
	return status(err)
}

// usageError is an error in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes an error that ends with [statusUsage].
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// status returns the exit status for an error.
func status(err error) int {
	if errors.Is(err, context.Canceled) {
		return statusInterrupted
	}
	if errors.As(err, new(usageError)) {
		return statusUsage
	}
	for _, wrongInput := range []error{
		lab.ErrNotARun, lab.ErrOtherExperiment, lab.ErrNoCheckpoint,
		jupyter.ErrNotNotebook, jupyter.ErrFormat, jupyter.ErrNoKernel, jupyter.ErrParameter,
		os.ErrNotExist,
	} {
		if errors.Is(err, wrongInput) {
			return statusUsage
		}
	}
	return statusFailed
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
  moelab doctor                                     # what this machine has, and what it lacks`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return usage("%w (see %s -h)", err, command.CommandPath())
	})
	root.AddCommand(
		newRunCommand(), newTrainCommand(), newSampleCommand(), newEvalCommand(), newDataCommand(), newBenchCommand(),
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
		check := command.Args
		if check == nil {
			check = cobra.NoArgs
		}
		command.Args = func(command *cobra.Command, args []string) error {
			if err := check(command, args); err != nil {
				return usage("%w (see %s -h)", err, command.CommandPath())
			}
			return nil
		}
	})
	return root
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
	name := command.Flags().String("backend", "", `"cpu", "cuda", "go" (pure Go, slow) or a value of GOMLX_BACKEND (default: the best there is)`)
	return func() (compute.Backend, error) {
		backend, err := xla.Open(command.Context(), xla.Options{Backend: *name, Log: command.ErrOrStderr()})
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
