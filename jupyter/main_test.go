package jupyter

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/internal/venv"
)

// oraclePackages are the reference implementations. ipykernel is also the second kernel of the tests.
var oraclePackages = []string{"nbclient==0.11.0", "nbformat==5.11.1", "jupyter_client==8.10.0", "ipykernel==7.4.0"}

var oracle *venv.Env

// TestMain installs both kernels into a temporary data directory.
func TestMain(m *testing.M) {
	flag.Parse()
	if worker := flag.Lookup("test.fuzzworker"); worker.Value.String() == "true" { // It needs no kernel.
		os.Exit(m.Run())
	}
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "setting the tests up:", err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (int, error) {
	ctx := context.Background()
	var err error
	if oracle, err = venv.Ensure(ctx, "jupyter-oracle", oraclePackages, os.Stderr); err != nil {
		return 0, err
	}
	data, err := os.MkdirTemp("", "moelab-jupyter-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(data)
	os.Setenv("JUPYTER_DATA_DIR", data)
	os.Setenv("IPYTHONDIR", data)
	if err := writePythonKernel(data, "python3", oracle); err != nil {
		return 0, err
	}

	module, err := FindModule(".")
	if err != nil {
		return 0, err
	}
	tools, err := EnsureTools(ctx, module, os.Stderr)
	if err != nil {
		return 0, err
	}
	if _, err := InstallKernel(module, tools, map[string]string{"MOELAB_TEST": "kernel ${HOME}"}); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// writePythonKernel installs an environment's ipykernel into a data directory.
func writePythonKernel(data, name string, env *venv.Env) error {
	const spec = `{"argv": [%q, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
		"display_name": "Python", "language": "python"}`
	dir := filepath.Join(data, "kernels", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "kernel.json"), fmt.Appendf(nil, spec, env.Python()), 0o644)
}

// ask runs a command of testdata/oracle.py.
func ask(t *testing.T, args ...string) {
	t.Helper()
	script, err := filepath.Abs("testdata/oracle.py")
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), oracle.Python(), append([]string{script}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// notebook returns a notebook of code cells.
func notebook(kernel string, sources ...string) *Notebook {
	nb := &Notebook{Metadata: map[string]any{"kernelspec": map[string]any{"name": kernel, "display_name": kernel}}}
	for _, s := range sources {
		nb.Cells = append(nb.Cells, &Cell{Type: CodeCell, Source: s, Metadata: map[string]any{}})
	}
	nb.giveIDs()
	return nb
}

// printed returns the standard output of a cell.
func printed(c *Cell) string {
	var b strings.Builder
	for _, o := range c.Outputs {
		if o.Type == StreamOutput && o.Name == "stdout" {
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// checkFormat validates the output of Write with nbformat.
func checkFormat(t *testing.T, nb *Notebook) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checked.ipynb")
	require.NoError(t, nb.Write(path))
	ask(t, "validate", path)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(bytes.TrimSpace(data))
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
