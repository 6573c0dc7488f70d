package main

import (
	"fmt"

	"github.com/moelab/moelab/lab/serve"
	"github.com/spf13/cobra"
)

func newServeCommand() *cobra.Command {
	var port int
	command := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Show the runs below a folder as a live page in the browser",
		Long: `Show the runs and sweeps below a folder, by default the current one, as a page in the browser: their state,
live curves (linear, logarithmic, smoothed, of several runs), pictures over the steps, settings and measures side by
side, figures and films, and the load of the machine.

It prints the page's address, whose random part is the key to it. The page only reads, shows nothing outside the
folder, and answers this machine alone; from another one a tunnel leads to it: ssh -L 8080:127.0.0.1:8080 HOST. Ctrl-C
ends it.`,
		Example: `  moelab serve
  moelab serve runs --port 8080`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("one folder at a time, not %d (see %s -h)", len(args), command.CommandPath())
			}
			return nil
		},
	}
	command.Flags().IntVar(&port, "port", 0, "port of this machine; 0: any that is free")
	command.RunE = func(command *cobra.Command, args []string) error {
		if port < 0 || port > 65535 {
			return usage("--port is %d: it must be from 0 to 65535", port)
		}
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		server, err := serve.New(dir, experiments)
		if err != nil {
			return wrongInput(err)
		}
		defer server.Close()
		listener, err := serve.Listen(port)
		if err != nil {
			return usage("--port %d cannot be used, choose another: %w", port, err)
		}
		fmt.Fprintf(command.OutOrStdout(), "http://%v%s\n", listener.Addr(), server.Path())
		return server.Serve(command.Context(), listener)
	}
	return command
}
