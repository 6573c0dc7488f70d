package jupyter

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/moelab/moelab/internal/venv"
)

// labPackages are the packages installed by EnsureJupyterLab.
var labPackages = []string{"jupyterlab==4.6.6"}

// EnsureJupyterLab installs JupyterLab into a Python environment of its own in the user's cache directory, unless it
// exists already. Log, which may be nil, gets the output of pip.
func EnsureJupyterLab(ctx context.Context, log io.Writer) (*venv.Env, error) {
	return venv.Ensure(ctx, "jupyterlab", labPackages, log)
}

// Lab opens JupyterLab in the folder dir and returns when JupyterLab ends. It is terminated when ctx is done. All
// installed kernels are available (see [InstallKernel]). The Go kernel completes and explains code with gopls, which
// the first call builds from moduleDir. Args, such as --no-browser, go to JupyterLab.
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
	path := strings.Join([]string{filepath.Dir(env.Python()), gopls, os.Getenv("PATH")}, string(os.PathListSeparator))
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
