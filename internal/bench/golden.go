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
	"github.com/moelab/moelab/internal/venv"
)

// WriteGolden writes a file of a case's weights and inputs, and what PyTorch makes of them in a number of iterations on the same
// inputs: the models' tests compare moelab with it. What is in it is said in moelab_torch.py.
func WriteGolden(ctx context.Context, backend compute.Backend, c Case, iterations int, path string, log io.Writer) error {
	env, err := venv.Ensure(ctx, "bench", peerPackages, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "moelab-golden-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := newOurs(backend, c, dir)
	if err != nil {
		return err
	}
	defer ours.close()
	if err := writeScripts(dir); err != nil {
		return err
	}
	script := filepath.Join(dir, c.peers[0].script)
	command := exec.CommandContext(ctx, env.Python(), script, ours.file, "golden", path, strconv.Itoa(iterations))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", c.peers[0].script, err, output)
	}
	return nil
}
