// Package vectortest compares drawings with recorded ones to the bit, in tests.
package vectortest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "record the drawings' hashes in testdata anew")

// Drawing is a named drawing: its pixels, or other bytes that must not change.
type Drawing struct {
	Name  string
	Bytes []byte
}

// CheckHashes asserts that drawings have the SHA-256 hashes recorded in testdata/file, a line "hash name" each. The
// flag -update records them. Processors other than amd64 may round differently: the test is skipped there.
func CheckHashes(t *testing.T, file string, drawings []Drawing) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the hashes were recorded on amd64: other processors may round differently")
	}
	var table strings.Builder
	for _, d := range drawings {
		fmt.Fprintf(&table, "%x %s\n", sha256.Sum256(d.Bytes), d.Name)
	}
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(table.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "record the hashes with -update")
	wanted, got := strings.Split(string(want), "\n"), strings.Split(table.String(), "\n")
	require.Len(t, got, len(wanted))
	for i := range got {
		assert.Equal(t, wanted[i], got[i])
	}
}
