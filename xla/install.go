package xla

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/gomlx/go-xla/installer"
)

// wheel is a Python package that carries a plugin, pinned to what was tested.
type wheel struct {
	requirement string // As pip takes it.
	wheelSHA256 string // Of the file that pip downloads.
	member      string // The plugin inside it.
	soSHA256    string // Of the plugin.
	installAs   string // Its name in [LibraryDir], in go-xla's way: the version is PJRT's.
}

// cpuWheels are used where go-xla's own release, which lives on GitHub, is out of reach. Keys are GOOS/GOARCH.
var cpuWheels = map[string]wheel{
	"linux/amd64": {
		requirement: "lammps-jax-pjrt-cpu==0.11.2", // Apache-2.0; the XLA of jaxlib 0.11.2.
		wheelSHA256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
		member:      "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
		soSHA256:    "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2",
		installAs:   "pjrt_c_api_cpu_v0.115.0_plugin.so",
	},
}

// releaseTimeout bounds the attempt at go-xla's own release, a download of some 100 MB that takes no context.
const releaseTimeout = 5 * time.Minute

// InstallCPU installs the plugin for the CPU, unless there is one, and returns its path. It first tries go-xla's
// installer and then a wheel through pip, checked by SHA-256. Processes that install at the same time wait for each
// other; the plugin appears by a rename, so that it is whole or not there. The error wraps [ErrNoPlugin] where neither works.
func InstallCPU(ctx context.Context, log io.Writer) (string, error) {
	dir, err := LibraryDir()
	if err != nil {
		return "", err
	}
	var w *wheel
	if pinned, ok := cpuWheels[runtime.GOOS+"/"+runtime.GOARCH]; ok {
		w = &pinned
	}
	return install(ctx, log, dir, installRelease, w)
}

// install is InstallCPU into a folder, from a release and, unless it is nil, a wheel.
func install(ctx context.Context, log io.Writer, dir string, release func(ctx context.Context, dir string) error, w *wheel) (string, error) {
	if log == nil {
		log = io.Discard
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("install the XLA plugin: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".moelab.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("wait for another installation of the XLA plugin: %w", err)
	}
	defer lock.Unlock()
	if path := CPUPlugin(); path != "" {
		return path, nil // Another process was faster.
	}
	removeLeftovers(dir)

	fmt.Fprintln(log, "xla: no plugin for the CPU found, installing go-xla's")
	releaseErr := release(ctx, dir)
	if releaseErr == nil {
		return CPUPlugin(), nil
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("install the XLA plugin: %w", context.Cause(ctx))
	}
	if w == nil {
		return "", fmt.Errorf("%w for %s/%s: go-xla's installer: %w", ErrNoPlugin, runtime.GOOS, runtime.GOARCH, firstLine(releaseErr))
	}
	fmt.Fprintf(log, "xla: go-xla's release is out of reach, installing %s through pip (63 MB)\n", w.requirement)
	path, err := installWheel(ctx, *w, dir)
	if ctx.Err() != nil {
		return "", fmt.Errorf("install the XLA plugin: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("%w: go-xla's installer: %w; then pip: %w", ErrNoPlugin, firstLine(releaseErr), err)
	}
	fmt.Fprintln(log, "xla: installed", path)
	return path, nil
}

// removeLeftovers removes what an interrupted installation left in dir. The caller holds the lock.
func removeLeftovers(dir string) {
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".install-*"))
	for _, path := range leftovers {
		os.RemoveAll(path)
	}
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

// installWheel downloads w with pip and puts its plugin into dir.
func installWheel(ctx context.Context, w wheel, dir string) (string, error) {
	work, err := os.MkdirTemp(dir, ".install-*") // In dir, so that the rename stays on one file system.
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--only-binary=:all:", "--dest", work, w.requirement)
	// In a process group of its own: python3 may be a script that starts the real one, as pyenv's is.
	pip.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pip.Cancel = func() error { return syscall.Kill(-pip.Process.Pid, syscall.SIGKILL) }
	pip.WaitDelay = time.Second
	if out, err := pip.CombinedOutput(); err != nil {
		return "", pipError(w, err, out)
	}
	wheels, _ := filepath.Glob(filepath.Join(work, "*.whl"))
	if len(wheels) != 1 {
		return "", fmt.Errorf("pip download %s left %d wheels, not one", w.requirement, len(wheels))
	}
	if err := checkSHA256(wheels[0], w.wheelSHA256); err != nil {
		return "", err
	}
	plugin := filepath.Join(work, w.installAs)
	if err := extract(wheels[0], w.member, plugin); err != nil {
		return "", err
	}
	if err := checkSHA256(plugin, w.soSHA256); err != nil {
		return "", err
	}
	path := filepath.Join(dir, w.installAs)
	if err := os.Rename(plugin, path); err != nil {
		return "", err
	}
	return path, nil
}

// pipError says what to do where pip failed with some output.
func pipError(w wheel, err error, out []byte) error {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("python3 is not installed: install it, with pip: %w", err)
	case bytes.Contains(out, []byte("No module named pip")):
		return errors.New("python3 has no pip: install it (Debian's and Ubuntu's package is called python3-pip)")
	default:
		return fmt.Errorf("pip download %s: %w: %s", w.requirement, err, lastLine(out))
	}
}

// extract writes one member of a zip archive to path and syncs it.
func extract(archive, member, path string) (err error) {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("open %s: %w", archive, err)
	}
	defer reader.Close()
	source, err := reader.Open(member)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	defer source.Close()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, source); err != nil {
		return fmt.Errorf("unpack %s: %w", member, err)
	}
	return file.Sync()
}

// checkSHA256 compares the file at path with a checksum in hexadecimal.
func checkSHA256(path, want string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%s: SHA-256 is %s, want %s: not the file that was tested, nothing installed", filepath.Base(path), got, want)
	}
	return nil
}

// InstallCUDA installs the CUDA plugin and NVIDIA's libraries through go-xla's installer, which takes them from the
// packages of JAX, and returns the plugin's path. It is several gigabytes.
func InstallCUDA(ctx context.Context, log io.Writer) (string, error) {
	dir, err := LibraryDir()
	if err != nil {
		return "", err
	}
	if log != nil {
		fmt.Fprintln(log, "xla: installing the CUDA plugin and NVIDIA's libraries")
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("%v", r)
			}
		}()
		done <- installCUDA(dir)
	}()
	select {
	case err := <-done:
		path := CUDAPlugin()
		if err == nil && path == "" {
			err = errors.New("go-xla's installer left no plugin")
		}
		if err != nil {
			return "", fmt.Errorf("install the CUDA plugin: %w", firstLine(err))
		}
		return path, nil
	case <-ctx.Done():
		return "", fmt.Errorf("install the CUDA plugin: %w", context.Cause(ctx))
	}
}

// firstLine keeps the first line of an error's text: go-xla's carry stack traces.
func firstLine(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(text)
}

// lastLine returns the last line of a program's output, where pip says what went wrong.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
