// Package xla opens and describes the backend that runs moelab's models.
//
// XLA reaches a device through a PJRT plugin, a shared library. [Open] looks for a plugin in the usual places, and
// installs the one for the CPU if there is none:
//
//	backend, err := xla.Open(ctx, xla.Options{Log: os.Stderr})
//	if err != nil { … }
//	fmt.Println(xla.Platform(backend), backend.Description())
//
// The pure-Go backend, which needs no plugin but is many times slower, is used only on request.
package xla

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // Registers the backend "go".
	gomlxxla "github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// BackendEnv is GoMLX's environment variable for a backend and its options, as in "xla:cuda" or
// "xla:/absolute/path.so,shared_buffers=true".
const BackendEnv = compute.ConfigEnvVar

// ErrNoPlugin is wrapped by the error of [Open] if no plugin is installed and installing one is forbidden or failed.
var ErrNoPlugin = errors.New("no XLA plugin")

// Options of [Open]. The zero value suits most callers.
type Options struct {
	// Backend names a backend: "go", "cpu", "cuda", or a value of GOMLX_BACKEND. If empty, Open chooses the best one.
	Backend string
	// NoInstall forbids installing a plugin if none is found.
	NoInstall bool
	// Quick skips most of the compiler's optimisations, for programs that run once: compiling takes a third of the time,
	// and everything but matrix products and convolutions runs slower. It only takes effect with the first backend of a
	// process, and then applies to all of its programs; flags set in XLA_FLAGS take precedence.
	Quick bool
	// Log receives a line for each thing that is installed. If nil, nothing is logged.
	Log io.Writer
}

// flagsEnv is the variable with XLA's flags, which XLA reads when it is loaded; levelFlag sets the optimisation level.
const (
	flagsEnv  = "XLA_FLAGS"
	levelFlag = "--xla_backend_optimization_level"
)

// Open opens the backend that options name, or else the first of these: the one that GOMLX_BACKEND names; a CUDA device
// with its plugin; an installed plugin for the CPU; the plugin for the CPU, after installing it. It never falls back to
// the pure-Go backend.
func Open(ctx context.Context, options Options) (compute.Backend, error) {
	gomlxxla.EnableAutoInstall(false) // Installing is ours to do: see [InstallCPU].
	config, source, err := Choose(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(config); err != nil {
		return nil, err
	}
	if flags := os.Getenv(flagsEnv); options.Quick && !strings.Contains(flags, levelFlag) {
		if err := os.Setenv(flagsEnv, strings.TrimSpace(flags+" "+levelFlag+"=0")); err != nil {
			return nil, err
		}
	}
	backend, err := newBackend(config)
	switch {
	case err == nil:
		return backend, nil
	case strings.HasPrefix(config, "xla:cuda") && CUDAPlugin() == "":
		return nil, fmt.Errorf(
			"open backend %q (%s): %w for CUDA is installed: run 'moelab setup --cuda'", config, source, ErrNoPlugin,
		)
	case strings.HasPrefix(config, "xla:cuda") && !HasCUDA():
		return nil, fmt.Errorf(
			"open backend %q (%s): there is no NVIDIA device, or no driver for it: %w", config, source, err,
		)
	case source == fromInstalled:
		return nil, fmt.Errorf(
			"open backend %q (%s): %w; if it is damaged, remove it and run 'moelab setup'", config, source, err,
		)
	default:
		return nil, fmt.Errorf("open backend %q (%s): %w", config, source, err)
	}
}

// leastSpace is the address space, in bytes, with which XLA starts and trains small networks. With less it aborts the
// process, with lines that name no cause.
const leastSpace = 4 << 30

// checkLimit returns an error if the process may not use enough memory for XLA.
func checkLimit(config string) error {
	var limit syscall.Rlimit
	if !strings.HasPrefix(config, gomlxxla.BackendName) || syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil ||
		limit.Cur >= leastSpace {
		return nil
	}
	return fmt.Errorf(
		"open backend %q: the address space is limited to %.1f GiB (ulimit -v), and XLA needs %d GiB: raise the limit, "+
			"or use the pure-Go backend (--backend go)", config, float64(limit.Cur)/(1<<30), leastSpace>>30,
	)
}

// fromInstalled is the most common origin of the backend in [Choose].
const fromInstalled = "installed plugin"

// Choose returns the backend that [Open] would open, as a value of GOMLX_BACKEND, and the reason for the choice: "asked
// for", "GOMLX_BACKEND", "CUDA device", "installed plugin" or "just installed".
func Choose(ctx context.Context, options Options) (config, source string, err error) {
	switch name := options.Backend; name {
	case "":
	case "cpu":
		return cpu(ctx, options, "asked for")
	case "cuda":
		return "xla:cuda", "asked for", nil
	default:
		return name, "asked for", nil
	}
	if config := os.Getenv(BackendEnv); config != "" {
		return config, BackendEnv, nil
	}
	if HasCUDA() && CUDAPlugin() != "" {
		return "xla:cuda", "CUDA device", nil
	}
	return cpu(ctx, options, fromInstalled)
}

// cpu returns the configuration of the plugin for the CPU, which it installs if missing.
func cpu(ctx context.Context, options Options, source string) (string, string, error) {
	path := CPUPlugin()
	if path == "" {
		if options.NoInstall {
			return "", "", fmt.Errorf("%w for the CPU is installed: run 'moelab setup'", ErrNoPlugin)
		}
		var err error
		if path, err = InstallCPU(ctx, options.Log); err != nil {
			return "", "", err
		}
		source = "just installed"
	}
	return "xla:" + path + ",shared_buffers=true", source, nil
}

// newBackend opens a configuration. GoMLX panics if it does not know the backend, and may panic if the plugin is
// incompatible.
func newBackend(config string) (backend compute.Backend, err error) {
	name, options, _ := strings.Cut(config, ":")
	if name == "go" && !strings.Contains(options, "ops_") {
		// By default operations run side by side, and each also asks the pool for workers: on few cores all of them wait
		// for one another.
		config = "go:" + strings.Trim(options+",ops_sequential", ",")
	}
	if known := slices.Sorted(slices.Values(compute.List())); !slices.Contains(known, name) {
		return nil, fmt.Errorf("unknown backend %q; known are cpu, cuda, and GoMLX's %s", name, strings.Join(known, ", "))
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return compute.NewWithConfig(config)
}

// Platform is "CUDA", "CPU" or "pure Go".
func Platform(backend compute.Backend) string {
	switch {
	case backend.Name() != gomlxxla.BackendName:
		return "pure Go"
	case strings.Contains(strings.ToLower(backend.Description()), "cuda"):
		return "CUDA"
	default:
		return "CPU"
	}
}

// Devices describes the devices of a backend, in order, as in "cpu:0".
func Devices(backend compute.Backend) []string {
	devices := make([]string, backend.NumDevices())
	for i := range devices {
		devices[i], _, _ = strings.Cut(backend.DeviceDescription(compute.DeviceNum(i)), " [processId=")
	}
	return devices
}

// PluginVersion loads the plugin at a path and returns its version of the PJRT API, as in "v0.115".
func PluginVersion(path string) (string, error) {
	plugin, err := pjrt.GetPlugin(path)
	if err != nil {
		return "", fmt.Errorf("load plugin: %w", err)
	}
	major, minor := plugin.Version()
	return fmt.Sprintf("v%d.%d", major, minor), nil
}

// LibraryDir returns the folder in which go-xla, and so moelab, keeps a user's plugins.
func LibraryDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for XLA plugins: %w", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "go-xla"), nil
	default:
		return filepath.Join(home, ".local", "lib", "go-xla"), nil
	}
}

// CPUPlugin returns the path of the newest installed plugin for the CPU, or "".
func CPUPlugin() string { return installed("pjrt_c_api_cpu_*plugin") }

// CUDAPlugin returns the path of the installed plugin for CUDA, or "".
func CUDAPlugin() string {
	if path := installed(filepath.Join("nvidia", "pjrt_c_api_cuda_plugin")); path != "" {
		return path
	}
	return installed("pjrt_c_api_cuda*plugin")
}

// libraryExtensions are the extensions of plugins. Other files have similar names: go-xla's locks end in ".so.lock".
func libraryExtensions() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{".dylib", ".so"} // go-xla takes both.
	case "windows":
		return []string{".dll"}
	default:
		return []string{".so"}
	}
}

// installed returns the newest plugin whose name without extension matches pattern, from the first of go-xla's folders
// that has one: those of $PJRT_PLUGIN_LIBRARY_PATH if it is set, or else the user's and the system's.
func installed(pattern string) string {
	dirs := filepath.SplitList(os.Getenv(pjrt.PJRTPluginPathsEnv))
	if len(dirs) == 0 {
		if dir, err := LibraryDir(); err == nil {
			dirs = append(dirs, dir)
		}
		dirs = append(dirs, "/usr/local/lib/go-xla")
	}
	for _, dir := range dirs {
		var matches []string
		for _, extension := range libraryExtensions() {
			found, _ := filepath.Glob(filepath.Join(dir, pattern+extension)) // Only a malformed pattern is an error.
			matches = append(matches, found...)
		}
		if len(matches) > 0 {
			return slices.MaxFunc(matches, func(a, b string) int {
				return cmp.Or(slices.Compare(numbers(a), numbers(b)), strings.Compare(a, b))
			})
		}
	}
	return ""
}

// numbers returns the numbers in a file's name, which are its version: v0.99.0 is older than v0.115.0.
func numbers(path string) []int {
	var all []int
	for _, digits := range strings.FieldsFunc(filepath.Base(path), func(r rune) bool { return r < '0' || r > '9' }) {
		n, _ := strconv.Atoi(digits) // A number that overflows is not a version.
		all = append(all, n)
	}
	return all
}

// HasCUDA reports whether this machine has an NVIDIA device, with or without a plugin for it.
func HasCUDA() bool {
	matches, _ := filepath.Glob("/dev/nvidia[0-9]*")
	return len(matches) > 0
}
