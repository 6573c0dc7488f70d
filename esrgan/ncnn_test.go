package esrgan

import (
	"bytes"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateNCNN = flag.Bool("update-ncnn", false, "make testdata/ncnn and testdata/ncnn.safetensors anew with ncnn")

// ncnnPython runs testdata/run_ncnn.py.
func ncnnPython(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	env, err := venv.Ensure(t.Context(), "ncnn", []string{"ncnn==1.0.20261020", "numpy==2.2.6", "safetensors==0.6.2"}, os.Stderr)
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
	golden, err := lab.ReadSafetensors("testdata/ncnn.safetensors")
	require.NoError(t, err)
	pixels := func(name string) Pixels {
		dims := golden[name].Shape().Dimensions
		return Pixels{dims[1], dims[0], tensors.MustCopyFlatData[float32](golden[name])}
	}
	backend := openXLA(t)
	for name, scale := range map[string]int{"rrdb": 4, "compact-x4": 4, "compact-x3": 3, "compact-x2": 2} {
		t.Run(name, func(t *testing.T) {
			layers, err := readNCNN(smallNCNN(name))
			require.NoError(t, err)
			network, weights, err := fromNCNN(layers, scale)
			require.NoError(t, err)
			upscaler, err := NewUpscaler(backend, name, scale, network, weights)
			require.NoError(t, err)
			defer upscaler.Close()
			got, err := upscaler.enlarge(pixels("picture"))
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

// decibels is the PSNR of values around [0, 1], which are not rounded.
func decibels(want, got []float32) float64 {
	var sum float64
	for i := range want {
		difference := float64(want[i] - got[i])
		sum += difference * difference
	}
	return -10 * math.Log10(sum/float64(len(want)))
}

func TestDamagedNCNNFilesAreNamed(t *testing.T) {
	paramPath, binPath := smallNCNN("rrdb")
	param, err := os.ReadFile(paramPath)
	require.NoError(t, err)
	bin, err := os.ReadFile(binPath)
	require.NoError(t, err)
	change := func(data []byte, old, new string) []byte { return bytes.Replace(data, []byte(old), []byte(new), 1) }
	for name, test := range map[string]struct {
		param, bin []byte
		file, want string
	}{
		"empty text":                {nil, bin, "net.param", "no text of ncnn"},
		"another text":              {[]byte("{\"a\": 1}\n{}"), bin, "net.param", "no text of ncnn"},
		"no count":                  {[]byte("7767517\nmany\n"), bin, "net.param", "does not say how many layers"},
		"text cut short":            {param[:len(param)*2/3], bin, "net.param", "cut short or damaged"},
		"no layer":                  {change(param, "1 1 data", "x y"), bin, "net.param", "damaged: line"},
		"lacking outputs":           {change(param, "1 1 data", "1 99 data"), bin, "net.param", "inputs or outputs are missing"},
		"another convolution":       {change(param, " 4=1", " 4=0"), bin, "net.bin", "no convolution of 3×3"},
		"weights do not divide":     {change(param, " 6=135", " 6=134"), bin, "net.bin", "no convolution of 3×3"},
		"a huge number of weights":  {change(param, " 6=135", " 6=9223372036854775800"), bin, "net.bin", "layer convolution_1"},
		"weights cut short":         {param, bin[:len(bin)-4], "net.bin", "cut short"},
		"weights cut short at once": {param, nil, "net.bin", "cut short"},
		"more weights":              {param, append(bytes.Clone(bin), 1, 2, 3, 4), "net.bin", "4 bytes are left over"},
		"weights of 8 bits":         {param, append([]byte{0x38, 0x4b, 0x0d, 0}, bin[4:]...), "net.bin", "flag 0x000d4b38"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "net.param"), test.param, 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "net.bin"), test.bin, 0o644))
			_, err := readNCNN(filepath.Join(dir, "net.param"), filepath.Join(dir, "net.bin"))
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, filepath.Join(dir, test.file))
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestOtherNCNNNetworksAreRefused(t *testing.T) {
	rrdb, err := readNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	compact, err := readNCNN(smallNCNN("compact-x2"))
	require.NoError(t, err)
	notFinite, err := readNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	notFinite[1].weights.kernel[3] = float32(math.NaN())
	withoutReLU, err := readNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	for i := range withoutReLU {
		delete(withoutReLU[i].params, ncnnActivation)
	}
	for name, test := range map[string]struct {
		layers []ncnnLayer
		scale  int
		want   string
	}{
		"another scale":         {compact, 4, "another network"},
		"no layers":             {nil, 4, "0 convolutions"},
		"a convolution less":    {rrdb[:len(rrdb)-1], 4, "35 convolutions"},
		"no activations":        {withoutReLU, 4, "its layers are not those of an RRDB net"},
		"a layer more":          {append(rrdb[:len(rrdb):len(rrdb)], ncnnLayer{kind: "Sigmoid"}), 4, "its layers are not those of an RRDB net"},
		"what is not a number":  {notFinite, 4, "damaged"},
		"PReLU without weights": {[]ncnnLayer{{kind: "Input"}, {kind: "Convolution"}, {kind: "PReLU"}, {kind: "Convolution"}, {kind: "PixelShuffle"}, {kind: "Interp"}, {kind: "BinaryOp"}}, 4, "another network"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := fromNCNN(test.layers, test.scale)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestPretrainedNetworksThatAreNotThere(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	backend := openXLA(t)
	assert.Empty(t, InstalledPretrained())
	_, err := OpenPretrained(backend, "anime")
	require.ErrorIs(t, err, ErrNotInstalled)
	assert.ErrorContains(t, err, "open realesrgan-x4plus-anime: ")
	assert.ErrorContains(t, err, "moelab setup --sr-weights")
	_, err = OpenPretrained(backend, "waifu")
	assert.ErrorContains(t, err, `there is no network "waifu"; there are anime, photo, anime-video, `)

	dir, err := weightsDir("realesrgan")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, extension := range []string{".param", ".bin"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "realesrgan-x4plus"+extension), []byte(strings.Repeat("?", 10)), 0o644))
	}
	_, err = OpenPretrained(backend, "photo")
	assert.ErrorContains(t, err, "realesrgan-x4plus.param: it is no text of ncnn")
	assert.ErrorContains(t, err, "remove the file and run 'moelab setup --sr-weights'")
}
