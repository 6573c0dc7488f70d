package measure

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// someFeatures makes the same features as sets.py.
func someFeatures(rows, columns, of int) *mat.Dense {
	x := mat.NewDense(rows, columns, nil)
	x.Apply(func(i, j int, _ float64) float64 {
		hashed := (i*7919 + j*104729 + of*1299709) * (i + 3*j + 11) % 1009
		return float64(hashed)/1009 + float64(i*j%7)/10 + float64(of*(j%3))/5
	}, x)
	return x
}

func TestSetsMatchTorchFidelityAndMSSSIM(t *testing.T) {
	const path = "testdata/sets.json"
	if *update {
		packages := []string{
			"torch==2.15.0",
			"torch-fidelity==0.4.0",
			"pytorch-msssim==1.0.0",
			"numpy==2.2.6",
			"scipy==1.15.3",
		}
		env, err := venv.Ensure(t.Context(), "torch-fidelity", packages, os.Stderr)
		require.NoError(t, err)
		command := exec.CommandContext(t.Context(), env.Python(), "testdata/sets.py")
		command.Stderr = os.Stderr
		out, err := command.Output()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, out, 0o644))
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var golden struct {
		Sets []struct {
			Name           string
			Features, A, B int
			FID            float64
			KID            *float64
		}
		Pictures []struct {
			Width, Height, Noise, Shift int
			MSSSIM                      float64 `json:"ms_ssim"`
		}
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	require.NotEmpty(t, golden.Sets)
	require.NotEmpty(t, golden.Pictures)
	for _, want := range golden.Sets {
		t.Run(want.Name, func(t *testing.T) {
			a, b := someFeatures(want.A, want.Features, 0), someFeatures(want.B, want.Features, 1)
			if want.Name == "the same set" {
				b = a
			}
			fid, err := Frechet(a, b)
			require.NoError(t, err)
			assert.InDelta(t, want.FID, fid, 1e-5*max(want.FID, 1), "its root of a matrix that has no full rank is not exact")
			if want.KID != nil {
				kid, err := Kernel(a, b)
				require.NoError(t, err)
				assert.InDelta(t, *want.KID, kid.Value, 1e-10*max(math.Abs(*want.KID), 1))
			}
		})
	}
	for _, want := range golden.Pictures {
		a := imagingtest.Waves(want.Width, want.Height, want.Noise, want.Shift)
		b := imagingtest.Waves(want.Width, want.Height, 0, 0)
		assert.InDelta(t, want.MSSSIM, MSSSIM(a, b), 1e-6, "%+v", want)
	}
}

// normals returns rows of N(mean, deviation²) in each column.
func normals(seed uint64, rows, columns int, mean, deviation float64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := mat.NewDense(rows, columns, nil)
	x.Apply(func(int, int, float64) float64 { return mean + deviation*rng.NormFloat64() }, x)
	return x
}

func TestFrechetOfNormalsIsTheClosedForm(t *testing.T) {
	got, err := Frechet(normals(1, 20_000, 3, 0, 1), normals(2, 20_000, 3, 0.5, 2))
	require.NoError(t, err)
	assert.InDelta(t, 3*(0.5*0.5+1), got, 0.1) // Each column's: (μa − μb)² + (σa − σb)².
}

func TestKernelIsUnbiasedAndItsIntervalHoldsTheTruth(t *testing.T) {
	// Of one feature that is uniform from a to a + 1: E[(x·y + 1)³] = E[x³]·E[y³] + 3·E[x²]·E[y²] + 3·E[x]·E[y]
	// + 1, and E[xⁿ] = ((a + 1)ⁿ⁺¹ − aⁿ⁺¹)/(n + 1).
	expected := func(a, b float64) float64 {
		moment := func(a, n float64) float64 { return (math.Pow(a+1, n+1) - math.Pow(a, n+1)) / (n + 1) }
		return moment(a, 3)*moment(b, 3) + 3*moment(a, 2)*moment(b, 2) + 3*moment(a, 1)*moment(b, 1) + 1
	}
	rng := rand.New(rand.NewPCG(1, 1))
	uniform := func(rows int, a float64) *mat.Dense {
		x := mat.NewDense(rows, 1, nil)
		x.Apply(func(int, int, float64) float64 { return a + rng.Float64() }, x)
		return x
	}
	const shift, trials = 0.3, 1000
	truth := expected(0, 0) + expected(shift, shift) - 2*expected(0, shift)
	inside, sum := 0, 0.0
	for range trials {
		got, err := Kernel(uniform(40, 0), uniform(60, shift))
		require.NoError(t, err)
		sum += got.Value
		if math.Abs(got.Value-truth) <= got.Margin {
			inside++
		}
	}
	assert.InDelta(t, truth, sum/trials, 0.03*truth, "the mean of many")
	assert.InDelta(t, 0.95, float64(inside)/trials, 0.03, "how many intervals hold the truth")
}

func TestSetsThatCannotBeComparedAreErrors(t *testing.T) {
	a := normals(1, 10, 4, 0, 1)
	nan := normals(1, 10, 4, 0, 1)
	nan.Set(3, 2, math.NaN())
	for _, bad := range []struct {
		name, says string
		set        *mat.Dense
	}{
		{"other features", "one set has 4 features, the other 5", normals(1, 10, 5, 0, 1)},
		{"one picture", "sets of 10 and 1 pictures", normals(1, 1, 4, 0, 1)},
		{"no number", "not a number", nan},
	} {
		t.Run(bad.name, func(t *testing.T) {
			_, err := Frechet(a, bad.set)
			assert.ErrorContains(t, err, bad.says)
			_, err = Kernel(a, bad.set)
			assert.ErrorContains(t, err, bad.says)
		})
	}
}

func TestMSSSIMOfEqualSmallAndUnlikePictures(t *testing.T) {
	picture := imagingtest.Waves(64, 64, 20, 0)
	assert.InDelta(t, 1, MSSSIM(picture, picture), 1e-12)
	assert.Less(t, MSSSIM(picture, imagingtest.Waves(64, 64, 200, 3)), 0.9)
	assert.True(t, math.IsNaN(MSSSIM(picture, imagingtest.Waves(64, 32, 0, 0))))
	small := imagingtest.Waves(10, 10, 0, 0)
	assert.True(t, math.IsNaN(MSSSIM(small, small)), "smaller than a window")
}

func TestNearestIsThatOfAllPairs(t *testing.T) {
	points, others := normals(1, 30, 6, 0, 1), normals(2, 70, 6, 0, 1)
	n := NewNearest(points)
	assert.Equal(t, -1, n.Index[0], "nothing has come")
	numbers := make([]int, 70)
	for i := range numbers {
		numbers[i] = 100 + i
	}
	for first := 0; first < 70; first += 20 {
		end := min(first+20, 70)
		n.Among(others.Slice(first, end, 0, 6).(*mat.Dense), numbers[first:end], nil)
	}
	for i := range 30 {
		best, at := math.Inf(1), -1
		for j := range 70 {
			sum := 0.0
			for k := range 6 {
				sum += math.Pow(points.At(i, k)-others.At(j, k), 2)
			}
			if d := math.Sqrt(sum / 6); d < best {
				best, at = d, j
			}
		}
		assert.Equal(t, 100+at, n.Index[i])
		assert.InDelta(t, best, n.Distance[i], 1e-9)
	}

	beside := NewNearest(others)
	beside.Among(others, numbers, numbers)
	for i, j := range beside.Index {
		assert.NotEqual(t, numbers[i], j)
	}
}
