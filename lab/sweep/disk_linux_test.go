package sweep

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestFullDiskStopsASweepWhichThenGoesOn(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	defer func() { assert.NoError(t, unix.Unmount(disk, 0)) }()
	filler, dir := filepath.Join(disk, "filler"), filepath.Join(disk, "sweep")
	t.Setenv(childEnv, "1")
	s, err := Create(dir, rates(1, 2))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filler, make([]byte, 4<<20-100<<10), 0o644))
	full := make([]byte, 100<<10)
	for len(full) > 0 { // To the last block.
		file, err := os.OpenFile(filler, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.Write(full)
		require.NoError(t, file.Close())
		if err != nil {
			full = full[:len(full)/2]
		}
	}
	err = s.Run(t.Context(), Options{Program: os.Args[0]})
	require.Error(t, err)
	assert.ErrorIs(t, err, unix.ENOSPC)
	require.NoError(t, os.Remove(filler))
	require.NoError(t, s.Run(t.Context(), Options{Program: os.Args[0]}))
	require.NoError(t, s.Close())

	undisturbed := t.TempDir()
	runSweep(t, undisturbed, rates(1, 2), Options{})
	assert.Equal(t, rows(t, undisturbed), rows(t, dir), "no cell is noted as failed")
}
