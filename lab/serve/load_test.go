package serve

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoadIsReadAsLinuxReportsIt(t *testing.T) {
	busy, idle, cores := coreTimes("cpu  10 20 30 400 50 1 2 3 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1\nintr 1\n")
	assert.Equal(t, 2, cores)
	assert.Equal(t, 66.0, busy)
	assert.Equal(t, 450.0, idle)
	used, total := memory("MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    4000 kB\n")
	assert.Equal(t, int64(12000<<10), used)
	assert.Equal(t, int64(16000<<10), total)
	var m meter
	now := m.now(t.Context())
	assert.Positive(t, now.Cores)
	assert.GreaterOrEqual(t, now.Busy, 0.0)
	assert.LessOrEqual(t, now.Busy, 1.0)
}

func TestDevicesAreThoseOfNvidiaSMI(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	assert.Empty(t, devices(t.Context()), "there is no such program")
	program := "#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 37, 1024, 81559'\necho 'Tesla T4, [N/A], 0, 15360'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte(program), 0o755))
	assert.Equal(t, []device{
		{"NVIDIA H100 80GB HBM3", "37", "1024", "81559"}, {"Tesla T4", "[N/A]", "0", "15360"},
	}, devices(t.Context()))
	var m meter
	assert.Eventually(t, func() bool { return len(m.now(t.Context()).Devices) == 2 }, 30*time.Second, 10*time.Millisecond)
}
