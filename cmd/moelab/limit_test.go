package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTooLittleAddressSpaceIsSaid(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command("sh", "-c", `ulimit -v 1990000 && exec "$0" data check .`, program)
	command.Env = append(os.Environ(), asCommand+"=1")
	said, _ := command.CombinedOutput()
	assert.Equal(t, statusFailed, command.ProcessState.ExitCode())
	want := "moelab: the address space is limited to 1.9 GiB (ulimit -v), and moelab needs 2 GiB: raise the limit\n"
	assert.Equal(t, want, string(said))
}
