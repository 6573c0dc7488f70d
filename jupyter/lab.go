package jupyter

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/moelab/moelab/internal/venv"
)

// labPackages are what EnsureJupyterLab installs.
var labPackages = []string{"jupyterlab==4.6.6"}

// EnsureJupyterLab installs JupyterLab into a Python environment of its own in the user's cache directory, unless that was
// done before. What pip says goes to log, which may be nil.
func EnsureJupyterLab(ctx context.Context, log io.Writer) (*venv.Env, error) {
	return venv.Ensure(ctx, "jupyterlab", labPackages, log)
}

// Lab opens JupyterLab in the folder dir and returns when it ends, or has been ended because ctx is done. It sees all
// installed kernels (see [InstallKernel]). The Go kernel completes and explains code by gopls, which is built on the first
// call, from moduleDir. Args go to JupyterLab, such as --no-browser.
func Lab(ctx context.Context, moduleDir, dir string, args ...string) error {
	env, err := EnsureJupyterLab(ctx, os.Stderr)
	if err != nil {
		return err
	}
	gopls, err := buildTools(ctx, moduleDir, "gopls", os.Stderr, goplsPackage)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, env.Bin("jupyter-lab"), args...)
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// The kernel's PATH ends with JupyterLab's.
	path := filepath.Dir(env.Python()) + string(os.PathListSeparator) + gopls + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Env = append(os.Environ(), "PATH="+path)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("JupyterLab: %w", err)
	}
	return nil
}
