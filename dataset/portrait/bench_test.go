package portrait_test

import (
	"runtime"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
)

// BenchmarkDraw128 draws on all processors. Two of them must do 300 portraits/s.
func BenchmarkDraw128(b *testing.B) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			portrait.At(1, i).Draw(128)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "portraits/s")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
}
