package onnxnet

import (
	"context"
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "make the networks and onnxruntime's numbers anew")

// testPicture is the picture of make_networks.py.
func testPicture() *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 32 {
			level := func(c int) uint8 { return uint8(3*x + 2*y + x*y*(c+1)%31) }
			picture.SetRGBA(x, y, color.RGBA{level(0), level(1), level(2) + 60, 255})
		}
	}
	return picture
}

func TestNetworksMatchONNXRuntime(t *testing.T) {
	if *update {
		packages := []string{"onnx==1.19.1", "onnxruntime==1.22.1", "numpy==2.2.6"}
		env, err := venv.Ensure(t.Context(), "onnxruntime", packages, os.Stderr)
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), env.Python(), "testdata/make_networks.py", "testdata").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	data, err := os.ReadFile("testdata/networks.json")
	require.NoError(t, err)
	var golden map[string]map[string][]float32
	require.NoError(t, json.Unmarshal(data, &golden))
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)

	vector := Input{BGR: true, Mean: [3]float64{164.76139251, 167.47864617, 181.13838569}, Deviation: [3]float64{1, 1, 1}}
	tagger := Input{BGR: true, Deviation: [3]float64{1, 1, 1}}
	for name, input := range map[string]Input{"wd14": tagger, "illustration2vec": vector} {
		for output, want := range golden[name] {
			t.Run(name+" "+output, func(t *testing.T) {
				network, err := Open(backend, filepath.Join("testdata", name+".onnx"), Options{Input: input, Output: output})
				require.NoError(t, err)
				defer network.Close()
				assert.Equal(t, 32, network.Size())
				other := image.NewRGBA(image.Rect(5, 5, 45, 25))
				rows, err := network.See(t.Context(), []*image.RGBA{other, testPicture(), other})
				require.NoError(t, err)
				require.Len(t, rows, 3)
				assert.InDeltaSlice(t, want, rows[1], 2e-5)
				assert.Equal(t, rows[0], rows[2], "the same picture in another place")
				assert.NotEqual(t, rows[0], rows[1])

				cancelled, cancel := context.WithCancel(t.Context())
				cancel()
				_, err = network.See(cancelled, []*image.RGBA{other})
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
	}
}

func TestPicturesArePaddedWithWhite(t *testing.T) {
	picture := image.NewRGBA(image.Rect(10, 20, 18, 24))
	for i := range picture.Pix {
		picture.Pix[i] = 255 * uint8(i%4/3) // Black, opaque.
	}
	square := padded(picture)
	require.Equal(t, image.Rect(0, 0, 8, 8), square.Rect)
	for y := range 8 {
		want := color.RGBA{255, 255, 255, 255}
		if y >= 2 && y < 6 {
			want = color.RGBA{A: 255}
		}
		assert.Equal(t, want, square.RGBAAt(3, y), "line %d", y)
	}
}

func TestOtherFilesAreRejected(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "text.onnx")
	require.NoError(t, os.WriteFile(text, []byte("It is a truth universally acknowledged"), 0o644))
	empty := filepath.Join(t.TempDir(), "empty.onnx")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	for name, path := range map[string]string{"missing": "none.onnx", "text": text, "empty": empty} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(backend, path, Options{Input: Levels})
			require.ErrorContains(t, err, path)
			assert.NotContains(t, err.Error(), "\n")
		})
	}

	network, err := Open(backend, "testdata/wd14.onnx", Options{Input: Levels, Output: "none"})
	if err == nil {
		defer network.Close()
		_, err = network.See(t.Context(), []*image.RGBA{testPicture()})
	}
	require.ErrorContains(t, err, "none")
	assert.NotContains(t, err.Error(), "\n")
}

func TestDamagedNetworksAreErrors(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr, Quick: true})
	require.NoError(t, err)
	whole, err := os.ReadFile("testdata/wd14.onnx")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "damaged.onnx")
	failed := 0
	try := func(data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		network, err := Open(backend, path, Options{Input: Levels})
		if err == nil {
			defer network.Close()
			_, err = network.See(t.Context(), []*image.RGBA{testPicture()})
		}
		if err != nil {
			failed++
			assert.ErrorContains(t, err, path)
			assert.NotContains(t, err.Error(), "\n")
		}
	}
	cuts := 0
	for length := 1; length < len(whole); length += 97 {
		try(whole[:length])
		cuts++
	}
	assert.Equal(t, cuts, failed, "a file that is cut short is no network")
	for at := 3; at < len(whole); at += 41 {
		flipped := slices.Clone(whole)
		flipped[at] ^= 0x15
		try(flipped)
	}
	assert.Greater(t, failed, cuts)
}

func TestInputsThatAreTooLargeAreRejected(t *testing.T) {
	for _, dims := range [][]int{
		{1, 3, 1 << 20, 1 << 20}, {1, 1 << 40, 1 << 40, 3}, {1 << 40, 3, 32, 32}, {1 << 20, 3, 4096, 4096},
	} {
		n := &Network{}
		assert.ErrorContains(t, n.readInput(shapes.Make(dtypes.Float32, dims...)), "are too many", "%v", dims)
	}
	n := &Network{}
	require.NoError(t, n.readInput(shapes.Make(dtypes.Float32, 8, 3, 448, 448)))
	assert.Equal(t, []int{8, 448}, []int{n.batch, n.size})
}
