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
)

// WriteGolden writes a file with a case's weights and inputs, and PyTorch's results after a number of iterations on the
// same inputs. The models' tests compare moelab with it. moelab_torch.py describes its contents.
func WriteGolden(
	ctx context.Context, backend compute.Backend, c Case, iterations int, path string, log io.Writer,
) error {
	env, err := peerPackages.ensure(ctx, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "moelab-golden-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, file, err := c.start(backend, dir)
	if err != nil {
		return err
	}
	defer ours.close()
	if err := writeScripts(dir); err != nil {
		return err
	}
	script := filepath.Join(dir, c.peers[0].script)
	command := exec.CommandContext(ctx, env.Python(), script, file, "golden", path, strconv.Itoa(iterations))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", c.peers[0].script, err, output)
	}
	return nil
}
