package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/venv"
)

// WriteGolden writes a file of weights, the inputs of an iteration, and what PyTorch makes of them in a number of iterations
// on the same inputs: gan's tests compare moelab with it. What is in it is said in gan_torch.py.
func WriteGolden(ctx context.Context, backend compute.Backend, config gan.Config, iterations int, path string, log io.Writer) error {
	env, err := venv.Ensure(ctx, "bench", peerPackages, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "moelab-golden-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := newOurs(backend, config, dir)
	if err != nil {
		return err
	}
	defer ours.close()
	script := filepath.Join(dir, "gan_torch.py")
	if err := os.WriteFile(script, torchScript, 0o644); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, env.Python(), script, ours.file, "golden", path, strconv.Itoa(iterations))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run gan_torch.py: %w\n%s", err, output)
	}
	return nil
}
