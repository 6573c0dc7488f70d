package imagingtest

import (
	"bytes"
	_ "embed" // For the script.
	"encoding/binary"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/require"
)

//go:embed make_stills.py
var makeStills []byte

var stills struct {
	once sync.Once
	dir  string
}

// Stills returns a folder with a small still picture of each common kind, written by Pillow, and with golden.json and
// bicubic.json, which hold Pillow's readings of them: see make_stills.py. It is made once; [RemoveStills] removes it.
func Stills(t testing.TB) string {
	t.Helper()
	stills.once.Do(func() {
		env, err := venv.Ensure(t.Context(), "pillow", []string{"pillow==11.0.0"}, os.Stderr)
		require.NoError(t, err)
		dir, err := os.MkdirTemp("", "moelab-stills-*")
		require.NoError(t, err)
		command := exec.CommandContext(t.Context(), env.Python(), "-", dir)
		command.Stdin = bytes.NewReader(makeStills)
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		stills.dir = dir
	})
	require.NotEmpty(t, stills.dir)
	return stills.dir
}

// Still returns the contents of a file of [Stills].
func Still(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Stills(t), name))
	require.NoError(t, err)
	return data
}

// RemoveStills removes the folder of [Stills], for the end of TestMain.
func RemoveStills() {
	if stills.dir != "" {
		os.RemoveAll(stills.dir)
	}
}

// HugePNG returns the header of a PNG that claims to have side × side pixels, and nothing else.
func HugePNG(side uint32) []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, side)
	header = binary.BigEndian.AppendUint32(header, side)
	header = append(header, 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(header))
}
