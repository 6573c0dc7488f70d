package xla

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/moelab/moelab/internal/wheel"
)

// cpuWheels are used if go-xla's own release on GitHub is out of reach. Keys are GOOS/GOARCH. Plugins are named as
// go-xla names them: the version is PJRT's.
var cpuWheels = map[string]wheel.Wheel{
	"linux/amd64": {
		Requirement: "lammps-jax-pjrt-cpu==0.11.2", // Apache-2.0; the XLA of jaxlib 0.11.2.
		Size:        "63 MB",
		SHA256:      "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
		Members: []wheel.Member{{
			Path:      "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
			SHA256:    "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2",
			InstallAs: "pjrt_c_api_cpu_v0.115.0_plugin.so",
		}},
	},
}

// releaseTimeout bounds the attempt at go-xla's own release, a download of some 100 MB that takes no context.
const releaseTimeout = 5 * time.Minute

// InstallCPU installs the plugin for the CPU, unless there is one, and returns its path. It first tries go-xla's
// installer and then a wheel through pip, checked by SHA-256. Processes that install at the same time wait for each
// other. The plugin appears by a rename, so it is never there in part. If neither way works, the error wraps
// [ErrNoPlugin].
func InstallCPU(ctx context.Context, log io.Writer) (string, error) {
	dir, err := LibraryDir()
	if err != nil {
		return "", err
	}
	var w *wheel.Wheel
	if pinned, ok := cpuWheels[runtime.GOOS+"/"+runtime.GOARCH]; ok {
		w = &pinned
	}
	return install(ctx, log, dir, installRelease, w)
}

// install is InstallCPU into a folder, from a release or, unless it is nil, a wheel.
func install(
	ctx context.Context, log io.Writer, dir string, release func(ctx context.Context, dir string) error, w *wheel.Wheel,
) (path string, err error) {
	if log == nil {
		log = io.Discard
	}
	err = wheel.Exclusively(ctx, dir, func() error {
		if path = CPUPlugin(); path != "" {
			return nil // Another process installed it meanwhile.
		}
		if err := installEither(ctx, log, dir, release, w); err != nil {
			return err
		}
		path = CPUPlugin()
		fmt.Fprintln(log, "xla: installed", path)
		return nil
	})
	switch {
	case errors.Is(err, ErrNoPlugin):
		return "", err
	case isNoPlace(err):
		return "", fmt.Errorf("install the XLA plugin: %w: set HOME to a folder that can be written to, %s to one that "+
			"holds the plugin, or use the pure-Go backend (--backend go)", err, pjrt.PJRTPluginPathsEnv)
	case err != nil:
		return "", fmt.Errorf("install the XLA plugin: %w", err)
	}
	return path, nil
}

// isNoPlace reports whether a folder cannot be made or written to.
func isNoPlace(err error) bool {
	return slices.ContainsFunc(
		[]error{fs.ErrPermission, fs.ErrNotExist, syscall.ENOTDIR, syscall.EROFS},
		func(reason error) bool { return errors.Is(err, reason) },
	)
}

// installEither installs a release, or else a wheel. The caller must hold the lock.
func installEither(
	ctx context.Context, log io.Writer, dir string, release func(ctx context.Context, dir string) error, w *wheel.Wheel,
) error {
	fmt.Fprintln(log, "xla: no plugin for the CPU found, installing go-xla's")
	releaseErr := release(ctx, dir)
	switch {
	case releaseErr == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case w == nil:
		return fmt.Errorf(
			"%w for %s/%s: go-xla's installer: %w", ErrNoPlugin, runtime.GOOS, runtime.GOARCH, firstLine(releaseErr),
		)
	}
	fmt.Fprintf(log, "xla: go-xla's release is out of reach, installing %s through pip (%s)\n", w.Requirement, w.Size)
	err := w.Install(ctx, dir)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: go-xla's installer: %w; then pip: %w", ErrNoPlugin, firstLine(releaseErr), err)
	}
	return err
}

// installRelease runs go-xla's own installer, which downloads a release from GitHub.
func installRelease(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("%v", r)
			}
		}()
		done <- installer.CPUAutoInstall(dir, true, installer.Quiet)
	}()
	select {
	case err := <-done:
		if err == nil && CPUPlugin() == "" {
			err = errors.New("go-xla's installer left no plugin")
		}
		return err
	case <-ctx.Done():
		return fmt.Errorf("go-xla's installer: %w", ctx.Err())
	}
}

// cudaWheels are the plugin for CUDA 13 and NVIDIA's libraries. go-xla's own installer takes what is the newest, and
// fails where pip uses a mirror.
var cudaWheels = wheel.Set{Requirements: cudaRequirements, Size: "2.0 GB"}

//go:embed cuda_requirements.txt
var cudaRequirements []byte

// InstallCUDA installs the CUDA plugin and NVIDIA's libraries through pip, checked by SHA-256, unless there is one, and
// returns its path. It downloads two gigabytes.
func InstallCUDA(ctx context.Context, log io.Writer) (string, error) {
	dir, err := LibraryDir()
	if err == nil {
		err = installCUDA(ctx, log, dir, cudaWheels)
	}
	if err != nil {
		return "", fmt.Errorf("install the CUDA plugin: %w", err)
	}
	return CUDAPlugin(), nil
}

func installCUDA(ctx context.Context, log io.Writer, dir string, wheels wheel.Set) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("there is none for %s", runtime.GOOS)
	}
	return wheel.Exclusively(ctx, dir, func() error {
		if CUDAPlugin() != "" {
			return nil
		}
		if log != nil {
			fmt.Fprintf(log, "xla: installing the CUDA plugin and NVIDIA's libraries through pip (%s)\n", wheels.Size)
		}
		return wheels.Unpack(ctx, dir, func(unpacked string) error {
			return moveCUDA(unpacked, filepath.Join(dir, "nvidia"))
		})
	})
}

// moveCUDA moves what the wheels hold to where go-xla and the plugin look for it.
func moveCUDA(unpacked, to string) error {
	libraries := filepath.Join(unpacked, "nvidia")
	plugin := filepath.Join(unpacked, "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")
	if err := os.Rename(plugin, filepath.Join(libraries, "pjrt_c_api_cuda_plugin.so")); err != nil {
		return err
	}
	programs, _ := filepath.Glob(filepath.Join(libraries, "cu13", "bin", "*")) // Only a malformed pattern is an error.
	for _, program := range programs {
		if err := os.Chmod(program, 0o755); err != nil { // XLA starts ptxas and nvlink.
			return err
		}
	}
	if err := os.RemoveAll(to); err != nil { // Of an older or unfinished installation.
		return err
	}
	return os.Rename(libraries, to)
}

// firstLine keeps the first line of an error's text: go-xla's errors carry stack traces.
func firstLine(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(text)
}
