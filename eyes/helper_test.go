package eyes

import (
	"context"
	"image"
	"image/draw"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// openXLA opens one backend for all tests.
var openXLA = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr})
})

// openGo opens GoMLX's own backend. It is slow, but does not compile. If it runs several operations at once,
// convolutions can deadlock.
var openGo = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
})

func backend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := openXLA()
	require.NoError(t, err)
	return backend
}

// openShipped makes one finder with the shipped weights; tests run one after the other.
var openShipped = sync.OnceValues(func() (*Finder, error) {
	backend, err := openXLA()
	if err != nil {
		return nil, err
	}
	return OpenShipped(backend)
})

func find(t testing.TB, picture image.Image) []Face {
	t.Helper()
	finder, err := openShipped()
	require.NoError(t, err)
	faces, err := finder.Find(t.Context(), picture)
	require.NoError(t, err)
	return faces
}

// smoke is the preset for tests.
func smoke(t testing.TB) Config {
	t.Helper()
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	return config
}

// filled returns a picture of one colour.
func filled(width, height int, colour image.Image) *image.RGBA {
	made := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(made, made.Rect, colour, image.Point{}, draw.Src)
	return made
}
