//go:build slow && linux

package reliability

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var slurmKind = flag.String("slurm-kind", "gan", "what TestSweepOnSlurmSurvivesALostNode trains")

// cluster is Slurm with two nodes on this machine, which have names, process numbers and mounts of their own.
type cluster struct{ script, dir string }

func newCluster(t *testing.T) cluster {
	t.Helper()
	for _, program := range []string{"slurmctld", "slurmd", "munged", "sbatch", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: apt-get install --no-install-recommends slurm-wlm munge", err)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("only root may start a Slurm cluster with hosts of its own")
	}
	script, err := filepath.Abs("../../tools/slurm.sh")
	require.NoError(t, err)
	c := cluster{script, t.TempDir()}
	t.Cleanup(func() { c.do(t, "down") })
	c.do(t, "up")
	t.Setenv("SLURM_CONF", filepath.Join(c.dir, "slurm.conf"))
	require.Eventually(t, func() bool { return strings.Count(c.ask("sinfo", "-h", "-N", "-o", "%T"), "idle") == 2 },
		time.Minute, time.Second, "the nodes did not come up")
	return c
}

// do has the cluster's script do something, perhaps to a node.
func (c cluster) do(t *testing.T, what string, node ...string) {
	t.Helper()
	command := exec.Command(c.script, append([]string{what, c.dir}, node...)...)
	var log strings.Builder
	command.Stderr = &log
	require.NoError(t, command.Run(), "%s", &log)
}

// ask returns what a program of Slurm's prints.
func (c cluster) ask(program string, args ...string) string {
	out, _ := exec.Command(program, args...).Output()
	return string(out)
}

// TestSweepOnSlurmSurvivesALostNode runs twelve cells on two nodes. A task is stopped as at its time limit, and a node
// loses its power. The results are those of a sweep on one machine.
func TestSweepOnSlurmSurvivesALostNode(t *testing.T) {
	c := newCluster(t)
	program, parent := build(t), t.TempDir()
	moelab := func(args ...string) result {
		command := exec.CommandContext(t.Context(), program, args...)
		said, _ := command.CombinedOutput()
		return result{command.ProcessState.ExitCode(), string(said)}
	}
	sweep := func(out string, more ...string) result {
		return moelab(append([]string{
			"sweep", *slurmKind, "--preset", "smoke", "--steps", "30", "--seeds", "12", "--backend", "go",
			"--out", out,
		}, more...)...)
	}
	dir := filepath.Join(parent, "it's on Slurm, 100%")
	require.Equal(t, 0, sweep(dir, "--print", "slurm").status)
	template := filepath.Join(dir, "slurm.sbatch")
	text, err := os.ReadFile(template)
	require.NoError(t, err)
	write := func(partition string) {
		lines := "#SBATCH --partition=" + partition + "\n#SBATCH --cpus-per-task=1\n"
		changed := strings.Replace(string(text), "#SBATCH --cpus-per-task=2\n", lines, 1)
		require.NoError(t, os.WriteFile(template, []byte(changed), 0o644))
	}
	write("none")
	refused := sweep(dir, "--slurm")
	assert.Equal(t, 1, refused.status)
	assert.Contains(t, refused.said, "the job was refused by Slurm: Batch job submission failed: Invalid partition")
	write("main")
	submitted := sweep(dir, "--slurm")
	require.Equal(t, 0, submitted.status, submitted.said)
	assert.Contains(t, submitted.said, "Slurm has taken 12 cells as job 1\n")

	trained := func(node string) bool { // Whether a task there has logged a step.
		logs, err := filepath.Glob(filepath.Join(dir, "cells", "*", ".lock"))
		require.NoError(t, err)
		return slices.ContainsFunc(logs, func(lock string) bool {
			owner, err := os.ReadFile(lock)
			info, statErr := os.Stat(filepath.Join(filepath.Dir(lock), "metrics.jsonl"))
			return err == nil && statErr == nil && info.Size() > 0 && strings.HasSuffix(string(owner), " on "+node+"\n")
		})
	}
	require.Eventually(t, func() bool { return trained("node1") }, 10*time.Minute, 100*time.Millisecond)
	for line := range strings.Lines(c.ask("squeue", "-h", "-r", "-t", "running", "-o", "%A %N")) {
		if id, node, _ := strings.Cut(strings.TrimSpace(line), " "); node == "node1" {
			// As Slurm does before a time limit. scancel waits for minutes if the task is queued again at once.
			require.NoError(t, exec.Command("scancel", "--batch", "--signal=USR1", id).Start())
			break
		}
	}
	require.Eventually(t, func() bool { return trained("node2") }, 10*time.Minute, 100*time.Millisecond)
	c.do(t, "kill", "node2")
	again := sweep(dir, "--slurm")
	assert.Contains(t, again.said, "each cell has ended or is queued", "none is submitted twice")
	require.Eventually(t, func() bool {
		return strings.Contains(c.ask("sinfo", "-h", "-N", "-o", "%N %T"), "node2 down")
	}, 5*time.Minute, time.Second)
	status := moelab("sweep", "status", dir)
	assert.Regexp(t, `in Slurm's queue: (\d+ completing, )?\d+ pending, [12] running`, status.said)
	assert.NotContains(t, status.said, "neither ended nor queued")
	c.do(t, "start", "node2")
	require.Eventually(t, func() bool { return c.ask("squeue", "-h") == "" }, 20*time.Minute, time.Second)

	status = moelab("sweep", "status", dir)
	assert.Contains(t, status.said, "12 of 12 cells\n")
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "slurm-*.out"))
	require.NoError(t, err)
	assert.Len(t, logs, 12)
	var said strings.Builder
	for _, log := range logs {
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		said.Write(text)
	}
	starts := strings.Count(said.String(), "node1, ") + strings.Count(said.String(), "node2, ")
	assert.GreaterOrEqual(t, starts, 14, "at least a task of each node has begun twice: %s", &said)

	alone := filepath.Join(parent, "alone")
	local := sweep(alone, "--jobs", "2")
	require.Equal(t, 0, local.status, local.said)
	assert.Equal(t, resultsOf(t, alone), resultsOf(t, dir))
}

// resultsOf reads results.csv without the times.
func resultsOf(t *testing.T, dir string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	rows, err := withoutColumn(text, "seconds")
	require.NoError(t, err)
	require.Len(t, rows, 13)
	return rows
}
