package serve

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/moelab/moelab/plots"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// followed is a history and its file.
type followed struct {
	t    *testing.T
	path string
	history
}

func newFollowed(t *testing.T) *followed {
	return &followed{t: t, path: filepath.Join(t.TempDir(), "metrics.jsonl")}
}

func (f *followed) append(text string) {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	require.NoError(f.t, err)
	_, err = file.WriteString(text)
	require.NoError(f.t, err)
	require.NoError(f.t, file.Close())
}

// now returns what is drawn of the metric x.
func (f *followed) now() plots.Series {
	file, err := os.Open(f.path)
	require.NoError(f.t, err)
	defer file.Close()
	require.NoError(f.t, f.follow(f.t.Context(), file))
	drawn, _ := f.draw("x", 0.5)
	return drawn
}

func line(step int, x float64) string {
	return fmt.Sprintf(`{"step":%d,"values":{"x":%g}}`+"\n", step, x)
}

func TestAGrowingFileIsReadOnlyFromWhereItWas(t *testing.T) {
	f := newFollowed(t)
	f.append(line(1, 4) + line(2, 5) + `{"step":3,`)
	assert.Equal(t, plots.Series{Steps: []int{1, 2}, Values: []float64{4, 5}}, f.now())

	data, err := os.ReadFile(f.path)
	require.NoError(t, err)
	copy(data, "#") // Who read it again would miss the first step.
	require.NoError(t, os.WriteFile(f.path, data, 0o644))
	f.append(`"values":{"x":6}}` + "\n" + "}\nnull\n" + line(2, 9) + line(7, 8))
	assert.Equal(t, plots.Series{Steps: []int{1, 2, 3, 7}, Values: []float64{4, 5, 6, 8}}, f.now(),
		"lines that cannot be read, or go back, are left out")
}

func TestAFileThatWasCutOrReplacedIsReadAnew(t *testing.T) {
	f := newFollowed(t)
	f.append(line(1, 4) + line(2, 5) + line(3, 6))
	f.now()
	require.NoError(t, os.WriteFile(f.path, []byte(line(1, 7)), 0o644))
	assert.Equal(t, []float64{7}, f.now().Values)
	require.NoError(t, os.WriteFile(f.path, []byte(line(1, 8)+line(2, 9)), 0o644))
	assert.Equal(t, []float64{8, 9}, f.now().Values, "longer, but not the same")
	require.NoError(t, os.WriteFile(f.path, nil, 0o644))
	assert.Empty(t, f.now().Values)
}

func TestALineWithoutEndIsPassedOver(t *testing.T) {
	f := newFollowed(t)
	f.append(line(1, 4) + strings.Repeat("x", 1<<20))
	f.now()
	f.append(`{"step":9,"values":{"x":9}}` + "\n" + line(2, 5))
	assert.Equal(t, []float64{4, 5}, f.now().Values)
}

func TestALongSeriesIsThinnedOutToItsExtremesAndMeans(t *testing.T) {
	const n, weight = 20_000, 0.999
	s := series{every: 1}
	exact := 0.0
	for i := range n {
		x := math.Sin(float64(i)/3000) + float64(i%2)
		if i == 12_345 {
			x = 50
		}
		s.add(i+1, x)
		exact = weight*exact + (1-weight)*x
	}
	exact /= 1 - math.Pow(weight, n)
	drawn := s.draw(weight)
	assert.Equal(t, 8, s.every)
	assert.Len(t, s.points, n/8)
	assert.Contains(t, drawn.Values, 50.0, "the peak stays")
	assert.InDelta(t, exact, drawn.Smoothed[len(drawn.Smoothed)-1], 0.005, "as if all had been smoothed")
	total := 0
	for _, p := range s.points {
		total += p.count
	}
	assert.Equal(t, n, total)
	assert.Equal(t, n, drawn.Steps[len(drawn.Steps)-1])
	_, err := plots.Curves{Series: []plots.Series{drawn}, Smooth: weight}.Figure()
	assert.NoError(t, err)
}

func TestMetricsOfManyNamesAndRunsStayBounded(t *testing.T) {
	f := newFollowed(t)
	var text strings.Builder
	text.WriteString(`{"step":1,"values":{"x":1`)
	for i := range 1000 {
		fmt.Fprintf(&text, `,"m%d":1`, i)
	}
	f.append(text.String() + "}}\n")
	f.now()
	assert.Len(t, f.names(), mostNames)
	var all histories
	for i := range 100 {
		all.of(fmt.Sprint(i))
	}
	assert.Len(t, all.byKey, mostHistories)
	assert.Same(t, all.of("99"), all.of("99"))
}

func TestReadingStopsAndGoesOn(t *testing.T) {
	f := newFollowed(t)
	f.append(line(1, 4))
	file, err := os.Open(f.path)
	require.NoError(t, err)
	defer file.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, f.follow(ctx, file), context.Canceled)
	assert.Equal(t, []float64{4}, f.now().Values)
}

// BenchmarkFiftyMegabytes reads metrics as long trainings log them.
func BenchmarkFiftyMegabytes(b *testing.B) {
	path := filepath.Join(b.TempDir(), "metrics.jsonl")
	writeMetrics(b, path, 50e6)
	for b.Loop() {
		file, err := os.Open(path)
		require.NoError(b, err)
		var h history
		require.NoError(b, h.follow(b.Context(), file))
		require.NoError(b, file.Close())
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapAlloc)/1e6, "MB-kept")
		runtime.KeepAlive(&h)
	}
}

// writeMetrics writes as many bytes of metrics as a GAN logs them.
func writeMetrics(t testing.TB, path string, size int) {
	var text strings.Builder
	for step := 1; text.Len() < size; step++ {
		x := float64(step)
		fmt.Fprintf(&text, `{"step":%d,"seconds":%v,"values":{"D":%v,"G":%v,"gradient_D":%v,"gradient_G":%v,`+
			`"penalty":%v,"ranking":0.6875,"variety":%v}}`+"\n", step, x*0.01752617, 1+math.Sin(x/1e4)/3+math.Sin(x)/9,
			0.7+math.Cos(x/3e4)/5+math.Cos(x)/9, 6+math.Sin(x*7), 5+math.Cos(x*5), 0.64+math.Sin(x*3)/9, 0.8+math.Sin(x/7)/9)
	}
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
}
