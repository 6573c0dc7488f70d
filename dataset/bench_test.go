package dataset

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// portraits512 is a folder of n portraits of 512 × 512 pixels in the given format.
func portraits512(b *testing.B, ext string, n int) string {
	b.Helper()
	dir := b.TempDir()
	drawn := Drawn(1, n)
	for i := range n {
		picture, err := drawn.Picture(b.Context(), i, 512)
		require.NoError(b, err)
		data := pngBytes(b, picture)
		if ext == ".jpg" {
			data = jpegBytes(b, picture)
		}
		write(b, filepath.Join(dir, Classes(drawn)[drawn.Label(i, 0)], fmt.Sprintf("%04d%s", i, ext)), data)
	}
	return dir
}

// BenchmarkLoader reads batches of 16 at 128 × 128 from 512 × 512 files, with and without the cache in memory.
func BenchmarkLoader(b *testing.B) {
	for _, ext := range []string{".png", ".jpg"} {
		noCache(b)
		set, _, err := OpenFolder(b.Context(), portraits512(b, ext, 54), FolderOptions{})
		require.NoError(b, err)
		for name, set := range map[string]Set{"read": set, "cached": Cached(set, 1<<30)} {
			b.Run("512"+ext+"/"+name, func(b *testing.B) { benchmarkLoader(b, set) })
		}
	}
	b.Run("drawn", func(b *testing.B) { benchmarkLoader(b, Drawn(1, 1_000_000)) })
}

func benchmarkLoader(b *testing.B, set Set) {
	const batch = 16
	loader, err := NewLoader(set, LoaderOptions{Size: 128, Batch: batch, Seed: 1, Flip: true})
	require.NoError(b, err)
	defer loader.Close()
	before := cpuTime(b)
	for b.Loop() {
		next, err := loader.Next(b.Context())
		require.NoError(b, err)
		next.Release()
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "pictures/s")
	b.ReportMetric(1000*(cpuTime(b)-before).Seconds()/float64(b.N*batch), "cpu-ms/picture")
}

// BenchmarkCropLoader cuts batches of 8 crops of 256 × 256 pixels out of illustrations, drawn anew for each or kept.
func BenchmarkCropLoader(b *testing.B) {
	drawn := Illustrations(1, 50)
	for name, pictures := range map[string]Pictures{"drawn": drawn, "cached": CachedPictures(drawn, 1<<30)} {
		for _, degrade := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/degrade=%v", name, degrade), func(b *testing.B) {
				const batch = 8
				loader, err := NewCropLoader(pictures, CropOptions{Crop: 256, Batch: batch, Seed: 1, Flip: true, Degrade: degrade})
				require.NoError(b, err)
				defer loader.Close()
				for b.Loop() {
					next, err := loader.Next(b.Context())
					require.NoError(b, err)
					next.Release()
				}
				b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "crops/s")
			})
		}
	}
}

// cpuTime is this process's CPU time, which other busy processes hardly affect.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkOpenFolder opens 1000 files of 512 × 512 pixels, half PNG and half JPEG, for the first time and again.
func BenchmarkOpenFolder(b *testing.B) {
	dir := b.TempDir()
	drawn := Drawn(2, 50)
	for i := range 50 {
		picture, err := drawn.Picture(b.Context(), i, 512)
		require.NoError(b, err)
		for copies := range 10 {
			class := filepath.Join(dir, Classes(drawn)[drawn.Label(i, 0)])
			write(b, filepath.Join(class, fmt.Sprintf("%d-%d.png", i, copies)), pngBytes(b, picture))
			write(b, filepath.Join(class, fmt.Sprintf("%d-%d.jpg", i, copies)), jpegBytes(b, picture))
		}
	}
	open := func(b *testing.B) {
		set, _, err := OpenFolder(b.Context(), dir, FolderOptions{})
		require.NoError(b, err)
		require.Equal(b, 1000, set.Len())
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			noCache(b)
			open(b)
		}
	})
	b.Run("again", func(b *testing.B) {
		noCache(b)
		open(b)
		for b.Loop() {
			open(b)
		}
	})
}
