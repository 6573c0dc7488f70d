package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A megabyte that unpacks to a gigabyte of what only claims to be pictures takes no memory.
func TestACompressedArchiveTakesNoMemory(t *testing.T) {
	const size = 250 << 20
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, name := range []string{"a.png", "b.png"} {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644}))
		_, err := io.CopyN(archive, endlessZeros{}, size)
		require.NoError(t, err)
	}
	picture := imagingtest.PNG(t, imagingtest.Squares())
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: "c.png", Size: int64(len(picture)), Mode: 0o644}))
	_, err := archive.Write(picture)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	assert.Less(t, packed.Len(), 1<<20)
	path := filepath.Join(t.TempDir(), "bomb.tar.gz")
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o644))
	packed = bytes.Buffer{}

	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	found, bad, err := listArchive(t.Context(), path, archiveLimits)
	require.NoError(t, err)
	assert.Empty(t, bad)
	require.Len(t, found, 3)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
	_, err = found[0].decode()
	assert.Error(t, err)
	_, err = found[2].decode()
	assert.NoError(t, err)
}

// endlessZeros is a reader of zeros without end.
type endlessZeros struct{}

func (endlessZeros) Read(to []byte) (int, error) {
	clear(to)
	return len(to), nil
}

// Members that expand to much are in memory one at a time, at no more than their size, and not at all if they do not
// even begin like pictures.
func TestAMemberTakesNoMoreMemoryThanItSays(t *testing.T) {
	const size = 40 << 20
	claims := append([]byte("BM"), zeros(size-2)...)
	files := []file{{"a.bmp", zeros(size)}, {"b.bmp", claims}, {"c.bmp", claims}}
	for name, packed := range map[string][]byte{"zip": zipped(t, files), "tar": tarred(t, files)} {
		found, bad, err := listArchive(t.Context(), onDisk(t, "bomb", packed), archiveLimits)
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Len(t, found, 3)
		decode := func(n int) (taken uint64) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := found[n].decode()
			assert.Error(t, err)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		assert.Less(t, decode(0), uint64(1<<20), name)
		assert.Less(t, decode(1), uint64(size+1<<20), name)

		largeOnes.Lock()
		done := make(chan struct{})
		go func() {
			_, _ = found[2].decode()
			close(done)
		}()
		select {
		case <-done:
			t.Error("two large members are in memory at once")
		case <-time.After(20 * time.Millisecond):
		}
		largeOnes.Unlock()
		<-done
	}
}
