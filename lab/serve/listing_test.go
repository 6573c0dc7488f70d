package serve

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkThreeHundredRuns lists the runs of a folder for the first time and, with nothing changed, again.
func BenchmarkThreeHundredRuns(b *testing.B) {
	dir := b.TempDir()
	for i := range 300 {
		makeRun(b, dir, fmt.Sprintf("group-%d/run-%03d", i%7, i), 100, config{})
	}
	s := newServer(b, dir)
	for name, prepare := range map[string]func(){
		"first": func() { s.listing.runs, s.listing.at = nil, time.Time{} },
		"again": func() { s.listing.at = time.Time{} },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				prepare()
				require.Len(b, must(s.listing.all(b.Context())), 300)
			}
		})
	}
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			s.listing.at = time.Now()
			answer := ask(s, "")
			b.ReportMetric(float64(answer.Body.Len())/1e3, "kB")
		}
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
