package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// runFlag is the value of --run: a run directory, or several.
type runFlag struct {
	one     *string
	several *[]string
}

// runFlagError says what is wrong with --run.
type runFlagError string

func (e runFlagError) Error() string { return string(e) }

// oneRun adds --run for one run directory. An empty name, as of a script's variable that is not set, is refused, and so
// is a second one, which would replace the first.
func oneRun(flags *pflag.FlagSet, dir *string, usage string) {
	flags.Var(runFlag{one: dir}, "run", usage)
}

// severalRuns adds --run for any number of run directories.
func severalRuns(flags *pflag.FlagSet, dirs *[]string, usage string) {
	flags.Var(runFlag{several: dirs}, "run", usage)
}

// Set implements [pflag.Value].
func (f runFlag) Set(dir string) error {
	switch {
	case dir == "":
		return runFlagError("--run is empty: name the run directory")
	case f.one == nil:
		*f.several = append(*f.several, dir)
	case *f.one != "":
		return runFlagError("--run is given twice, and this command takes one run")
	default:
		*f.one = dir
	}
	return nil
}

// Type implements [pflag.Value].
func (f runFlag) Type() string {
	if f.one == nil {
		return "stringArray"
	}
	return "string"
}

// String implements [pflag.Value].
func (f runFlag) String() string {
	switch {
	case f.one != nil:
		return *f.one
	case f.several != nil:
		return strings.Join(*f.several, " ")
	}
	return ""
}
