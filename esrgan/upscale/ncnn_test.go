package upscale

import (
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateNCNN = flag.Bool("update-ncnn", false, "make testdata/ncnn and testdata/ncnn.safetensors anew with ncnn")

// ncnnPython runs testdata/run_ncnn.py.
func ncnnPython(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	packages := []string{"ncnn==1.0.20261020", "numpy==2.2.6", "safetensors==0.6.2"}
	env, err := venv.Ensure(t.Context(), "ncnn", packages, os.Stderr)
	require.NoError(t, err)
	return exec.CommandContext(t.Context(), env.Python(), append([]string{"testdata/run_ncnn.py"}, arguments...)...)
}

func openXLA(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	return backend
}

func TestNetworksMatchNCNN(t *testing.T) {
	if *updateNCNN {
		out, err := ncnnPython(t, "golden").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	golden, err := safetensors.Read("testdata/ncnn.safetensors")
	require.NoError(t, err)
	pixels := func(name string) esrgan.Pixels {
		dims := golden[name].Shape().Dimensions
		return esrgan.Pixels{Width: dims[1], Height: dims[0], RGB: tensors.MustCopyFlatData[float32](golden[name])}
	}
	backend := openXLA(t)
	for name, scale := range map[string]int{"rrdb": 4, "compact-x4": 4, "compact-x3": 3, "compact-x2": 2} {
		t.Run(name, func(t *testing.T) {
			layers, err := weights.ReadNCNN(smallNCNN(name))
			require.NoError(t, err)
			network, variables, err := fromNCNN(layers, scale)
			require.NoError(t, err)
			upscaler, err := esrgan.NewUpscaler(backend, name, scale, network, variables)
			require.NoError(t, err)
			defer upscaler.Close()
			got, err := upscaler.Upscale(t.Context(), pixels("picture"), esrgan.TileOptions{})
			require.NoError(t, err)
			want := pixels(name)
			require.Equal(t, [2]int{want.Width, want.Height}, [2]int{got.Width, got.Height})
			assert.Greater(t, decibels(want.RGB, got.RGB), 100.0)
			assert.InDeltaSlice(t, want.RGB, got.RGB, 2e-5)
		})
	}
}

// smallNCNN returns the paths of a network that testdata/run_ncnn.py writes.
func smallNCNN(name string) (param, bin string) {
	base := filepath.Join("testdata", "ncnn", name)
	return base + ".param", base + ".bin"
}

// decibels returns the PSNR of values around [0, 1], which are not rounded.
func decibels(want, got []float32) float64 {
	var sum float64
	for i := range want {
		difference := float64(want[i] - got[i])
		sum += difference * difference
	}
	return -10 * math.Log10(sum/float64(len(want)))
}

func TestOtherNCNNNetworksAreRefused(t *testing.T) {
	rrdb, err := weights.ReadNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	compact, err := weights.ReadNCNN(smallNCNN("compact-x2"))
	require.NoError(t, err)
	notFinite, err := weights.ReadNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	notFinite[1].Convolution.Kernel[3] = float32(math.NaN())
	withoutReLU, err := weights.ReadNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	for i := range withoutReLU {
		withoutReLU[i].LeakyReLU = false
	}
	var empty []weights.NCNNLayer
	for _, kind := range []string{"Input", "Convolution", "PReLU", "Convolution", "PixelShuffle", "Interp", "BinaryOp"} {
		empty = append(empty, weights.NCNNLayer{Kind: kind})
	}
	longer := append(slices.Clone(rrdb), weights.NCNNLayer{Kind: "Sigmoid"})
	for name, test := range map[string]struct {
		layers []weights.NCNNLayer
		scale  int
		want   string
	}{
		"another scale":         {compact, 4, "another network"},
		"no layers":             {nil, 4, "0 convolutions"},
		"a convolution less":    {rrdb[:len(rrdb)-1], 4, "35 convolutions"},
		"no activations":        {withoutReLU, 4, "its layers are not those of an RRDB net"},
		"a layer more":          {longer, 4, "its layers are not those of an RRDB net"},
		"not a number":          {notFinite, 4, "damaged"},
		"PReLU without weights": {empty, 4, "another network"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := fromNCNN(test.layers, test.scale)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestPretrainedNetworksThatAreNotInstalledAreNamed(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	backend := openXLA(t)
	assert.Empty(t, Installed())
	_, err := OpenPretrained(backend, "anime")
	require.ErrorIs(t, err, ErrNotInstalled)
	assert.ErrorContains(t, err, "open realesrgan-x4plus-anime: ")
	assert.ErrorContains(t, err, "moelab setup --sr-weights")
	_, err = OpenPretrained(backend, "waifu")
	assert.ErrorContains(t, err, `there is no network "waifu"; there are anime, photo, anime-video, `)

	dir, err := realESRGAN.Dir()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, extension := range []string{".param", ".bin"} {
		require.NoError(
			t, os.WriteFile(filepath.Join(dir, "realesrgan-x4plus"+extension), []byte(strings.Repeat("?", 10)), 0o644),
		)
	}
	_, err = OpenPretrained(backend, "photo")
	assert.ErrorContains(t, err, "realesrgan-x4plus.param was changed after it was installed: remove it")
	assert.ErrorContains(t, err, "moelab setup --sr-weights")
}
