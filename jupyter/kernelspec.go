package jupyter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// KernelSpec is the content of a kernel.json: how to start a kernel.
type KernelSpec struct {
	Name string `json:"-"` // name of its folder
	Dir  string `json:"-"`

	Argv          []string          `json:"argv"` // may contain {connection_file} and {resource_dir}
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode,omitempty"` // "signal", the default, or "message"
	Env           map[string]string `json:"env,omitempty"`            // values may contain ${NAME} of the environment
	Metadata      map[string]any    `json:"metadata,omitempty"`
}

// FindKernel returns the kernelspec of that name, which is not case-sensitive. If there is none, the error wraps
// ErrNoKernel and lists the installed kernels.
func FindKernel(name string) (*KernelSpec, error) {
	specs, err := Kernels()
	if err != nil {
		return nil, err
	}
	if spec, ok := specs[strings.ToLower(name)]; ok {
		return spec, nil
	}
	names := slices.Sorted(maps.Keys(specs))
	installed := "none is"
	if len(names) > 0 {
		installed = "these are: " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("%w: %q is not installed for Jupyter; %s", ErrNoKernel, name, installed)
}

// Kernels returns the kernelspecs in Jupyter's folders on this machine, by name in lower case. Unreadable ones are
// omitted.
func Kernels() (map[string]*KernelSpec, error) {
	specs := map[string]*KernelSpec{}
	for _, dir := range dataDirs() {
		entries, err := os.ReadDir(filepath.Join(dir, "kernels"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("looking for kernels: %w", err)
		}
		for _, e := range entries {
			name := strings.ToLower(e.Name())
			if specs[name] != nil {
				continue // An earlier folder wins.
			}
			if spec, err := readKernelSpec(filepath.Join(dir, "kernels", e.Name())); err == nil {
				specs[name] = spec
			}
		}
	}
	return specs, nil
}

func readKernelSpec(dir string) (*KernelSpec, error) {
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return nil, err
	}
	spec := &KernelSpec{Name: strings.ToLower(filepath.Base(dir)), Dir: dir}
	if err := json.Unmarshal(data, spec); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if len(spec.Argv) == 0 {
		return nil, fmt.Errorf("%s: argv is empty", dir)
	}
	return spec, nil
}

// isPython matches the names of Python's interpreter: python, python3, python3.12.
var isPython = regexp.MustCompile(`^python[0-9.]*$`)

// program finds the kernel's program. For a Python without a folder, as pip writes it, that is the one of the prefix
// that the kernelspec lies in: another one may lack the kernel. Other programs are found in the PATH of environ, not of
// this process.
func (s *KernelSpec) program(name string, environ []string) string {
	if strings.Contains(name, "/") {
		return name
	}
	if prefix, ok := strings.CutSuffix(filepath.Dir(s.Dir), "/share/jupyter/kernels"); ok && isPython.MatchString(name) {
		if path, err := exec.LookPath(filepath.Join(prefix, "bin", name)); err == nil {
			return path
		}
	}
	for _, variable := range slices.Backward(environ) {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path
			}
		}
		break
	}
	return name
}

// dataDirs returns Jupyter's data folders in order of precedence.
func dataDirs() []string {
	dirs := filepath.SplitList(os.Getenv("JUPYTER_PATH"))
	if dir, err := userDataDir(); err == nil {
		dirs = append(dirs, dir)
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := os.Getenv(name); prefix != "" {
			dirs = append(dirs, filepath.Join(prefix, "share", "jupyter"))
		}
	}
	// A Python installed elsewhere keeps its kernels next to it.
	for _, program := range []string{"jupyter", "python3"} {
		if path, err := exec.LookPath(program); err == nil {
			dirs = append(dirs, filepath.Join(filepath.Dir(path), "..", "share", "jupyter"))
		}
	}
	return append(dirs, "/usr/local/share/jupyter", "/usr/share/jupyter")
}

// userDataDir returns the user's own data folder of Jupyter.
func userDataDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}
