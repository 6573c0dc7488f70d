// Package wheeltest makes small wheels, and an index of packages that never answers, for tests.
package wheeltest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Make writes a wheel of a package "name==version" with these files and a tag such as "py3-none-any" into a folder.
// Until the test ends, pip looks for wheels only there. It returns the wheel's SHA-256.
func Make(t testing.TB, requirement, tag string, files map[string]string) string {
	t.Helper()
	name, version, _ := strings.Cut(requirement, "==")
	base := strings.ReplaceAll(name, "-", "_") + "-" + version
	info := base + ".dist-info/"
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	add := func(path, text string) {
		file, err := writer.Create(path)
		require.NoError(t, err)
		_, err = file.Write([]byte(text))
		require.NoError(t, err)
	}
	for path, text := range files {
		add(path, text)
	}
	add(info+"METADATA", "Metadata-Version: 2.1\nName: "+name+"\nVersion: "+version+"\n")
	add(info+"WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: "+tag+"\n")
	add(info+"RECORD", "")
	require.NoError(t, writer.Close())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, base+"-"+tag+".whl"), archive.Bytes(), 0o644))
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", dir)
	return Sum(archive.String())
}

// Sum returns the SHA-256 of a text, in hexadecimal.
func Sum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// StalledIndex makes pip use a server that never answers. The returned channel is closed when pip connects to it.
func StalledIndex(t testing.TB) (asked chan struct{}) {
	t.Helper()
	asked = make(chan struct{})
	over := make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(asked) })
		<-over
	}))
	t.Cleanup(func() {
		close(over) // A killed process may have left a pip that still waits.
		server.Close()
	})
	t.Setenv("PIP_RETRIES", "0")
	t.Setenv("PIP_NO_INDEX", "0")
	t.Setenv("PIP_FIND_LINKS", "")
	t.Setenv("PIP_INDEX_URL", server.URL+"/simple")
	t.Setenv("PIP_EXTRA_INDEX_URL", "")
	t.Setenv("NO_PROXY", "127.0.0.1")
	t.Setenv("no_proxy", "127.0.0.1")
	return asked
}

// RequireFiles checks that a folder holds these files, and nothing else but a lock. The folder need not exist if there
// are no files.
func RequireFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	names := []string{}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasSuffix(name, ".lock") {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, want, names)
}
