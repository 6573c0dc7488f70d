package jupyter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/moelab/moelab/internal/atomicfile"
)

// KernelName is the name of the kernelspec written by InstallKernel.
const KernelName = "moelab"

// modulePath is the path of this module, which notebooks import.
const modulePath = "github.com/moelab/moelab"

// Programs for kernels, built from the module in tools/.
const (
	gonbPackage      = "github.com/janpfeifer/gonb"
	goimportsPackage = "golang.org/x/tools/cmd/goimports"
	goplsPackage     = "golang.org/x/tools/gopls"
)

// FindModule returns the folder of this module's source: the checkout that contains dir, or else the one that this
// program was built from.
func FindModule(dir string) (string, error) {
	_, source, _, _ := runtime.Caller(0)
	for _, start := range []string{dir, filepath.Dir(source)} {
		start, err := filepath.Abs(start)
		if err != nil {
			return "", err
		}
		for d := start; ; d = filepath.Dir(d) {
			if isModule(d) {
				return d, nil
			}
			if d == filepath.Dir(d) {
				break
			}
		}
	}
	return "", fmt.Errorf("no source of %s in %s or above: run this in a checkout of it", modulePath, dir)
}

func isModule(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return err == nil && string(bytes.TrimSpace(line)) == "module "+modulePath
}

// EnsureTools builds GoNB and goimports, which GoNB needs, in the versions of moduleDir's tools/go.mod, unless they
// exist already. It returns their folder, which lies in the user's cache directory. Log, which may be nil, gets the
// output of the go tool. Concurrent calls, even by several processes, are safe.
func EnsureTools(ctx context.Context, moduleDir string, log io.Writer) (string, error) {
	return buildTools(ctx, moduleDir, "gonb", log, gonbPackage, goimportsPackage)
}

// buildTools builds packages of tools/ into a folder named <name>-<version of GoNB>-<hash of tools/go.mod>.
func buildTools(ctx context.Context, moduleDir, name string, log io.Writer, packages ...string) (string, error) {
	if log == nil {
		log = io.Discard
	}
	tools := filepath.Join(moduleDir, "tools")
	mod, err := os.ReadFile(filepath.Join(tools, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("reading the versions of the kernel's programs from tools/go.mod of the checkout: %w", err)
	}
	sum := sha256.Sum256(mod)
	version := "unknown"
	if match := regexp.MustCompile(gonbPackage + ` (v[\w.-]+)`).FindSubmatch(mod); match != nil {
		version = string(match[1])
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	root := filepath.Join(cache, "moelab", "bin")
	dir := filepath.Join(root, fmt.Sprintf("%s-%s-%s", name, version, hex.EncodeToString(sum[:4])))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}

	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("waiting for another process to build %s: %w", dir, err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(dir); err == nil { // Another process has built them.
		return dir, nil
	}
	temporary, err := os.MkdirTemp(root, name+"-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temporary)
	fmt.Fprintf(log, "building %s\n", strings.Join(packages, " and "))
	var output bytes.Buffer
	args := append([]string{"build", "-C", tools, "-o", temporary + "/"}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOWORK=off") // A go.work above the checkout must not change the versions.
	cmd.Stdout = io.MultiWriter(log, &output)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", strings.Join(packages, " and "), err, strings.TrimSpace(output.String()))
	}
	// MkdirTemp's folders are private, those of the cache are not.
	if err := errors.Join(os.Chmod(temporary, 0o755), os.Rename(temporary, dir)); err != nil {
		return "", err
	}
	return dir, nil
}

// InstallKernel installs the kernel moelab in the user's Jupyter data directory and returns its kernelspec. It is GoNB
// from toolsDir (see [EnsureTools]) with a go.work that includes the module in moduleDir and all its dependencies, so
// no cell needs "go get". The values of env, the kernel's additional environment, may contain ${NAME}: a variable of
// the process that starts the kernel. Installing the kernel again rewrites only files that differ.
func InstallKernel(moduleDir, toolsDir string, env map[string]string) (*KernelSpec, error) {
	data, err := userDataDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(data, "kernels", KernelName)
	spec, err := installKernel(dir, moduleDir, toolsDir, env)
	if err != nil {
		return nil, fmt.Errorf("installing the kernel %s: %w", KernelName, err)
	}
	return spec, nil
}

func installKernel(dir, moduleDir, toolsDir string, env map[string]string) (*KernelSpec, error) {
	moduleDir, err := filepath.Abs(moduleDir)
	if err != nil {
		return nil, err
	}
	if !isModule(moduleDir) {
		return nil, fmt.Errorf("%s is not a checkout of %s", moduleDir, modulePath)
	}
	realGo, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("the go tool is needed: %w", err)
	}
	if realGo, err = filepath.Abs(realGo); err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "bin")
	if filepath.Dir(realGo) == bin {
		return nil, errors.New("the kernel cannot install itself; run this in a terminal")
	}

	environment := map[string]string{
		"PATH":   strings.Join([]string{bin, toolsDir, "${PATH}"}, string(os.PathListSeparator)),
		"GOWORK": "", // GoNB writes a go.work of its own, which GOWORK=off would hide.
	}
	maps.Copy(environment, env)
	spec := &KernelSpec{
		Name: KernelName,
		Dir:  dir,
		Argv: []string{
			filepath.Join(toolsDir, "gonb"), "--kernel", "{connection_file}", "--go_work=" + moduleDir, "--raw_error",
		},
		DisplayName:   "Go (moelab)",
		Language:      "go",
		InterruptMode: "message",
		Env:           environment,
	}
	kernelJSON, err := json.MarshalIndent(spec, "", " ")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	if err := replace(filepath.Join(bin, "go"), []byte(goWrapper(realGo)), 0o755); err != nil {
		return nil, err
	}
	return spec, replace(filepath.Join(dir, "kernel.json"), append(kernelJSON, '\n'), 0o644)
}

// goWrapper returns a go command for GoNB with two changes. GoNB runs a bare "go get" before each cell to find modules
// for new imports. The kernel's go.work already has them, and querying the module proxy takes seconds and fails without
// network. Also, linking dominates a cell's time, and takes half as long without the debugger's tables, which stack
// traces do not need.
func goWrapper(realGo string) string {
	return `#!/bin/sh
# Written by "moelab kernel install", for GoNB.
go='` + strings.ReplaceAll(realGo, "'", `'\''`) + `'
case "$*" in
get | "get -t") exit 0 ;; # go.work has all the modules.
"build "*) shift && exec "$go" build -ldflags=-w "$@" ;; # Links twice as fast without DWARF.
esac
exec "$go" "$@"
`
}

// replace writes the file unless it has this content already.
func replace(path string, data []byte, mode fs.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return atomicfile.Write(path, func(file *os.File) error {
		_, err := file.Write(data)
		return errors.Join(err, file.Chmod(mode))
	})
}
