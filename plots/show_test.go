//go:build unix

package plots_test

import (
	"bytes"
	"encoding/gob"
	"image/png"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestShowSendsThePictureWithItsSizeInPoints plays the kernel's side of GoNB's two pipes.
func TestShowSendsThePictureWithItsSizeInPoints(t *testing.T) {
	figure := smallFigure(t)
	toKernel, fromKernel := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "in")
	require.NoError(t, syscall.Mkfifo(toKernel, 0o600))
	require.NoError(t, syscall.Mkfifo(fromKernel, 0o600))
	t.Setenv(protocol.GONB_PIPE_ENV, toKernel)
	t.Setenv(protocol.GONB_PIPE_BACK_ENV, fromKernel)
	gonbui.IsNotebook = true
	t.Cleanup(func() { gonbui.IsNotebook = false })

	shown := make(chan error, 1)
	go func() { shown <- figure.Show() }()

	reader, err := os.Open(toKernel)
	require.NoError(t, err)
	defer reader.Close()
	writer, err := os.OpenFile(fromKernel, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer writer.Close()
	messages := gob.NewDecoder(reader)

	var display protocol.DisplayData
	require.NoError(t, messages.Decode(&display))
	content, ok := display.Data[protocol.MIMEImagePNG].([]byte)
	require.True(t, ok, "a PNG")
	picture, err := png.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	assert.Equal(t, figure.Image().Bounds(), picture.Bounds())
	width, height := figure.Size()
	assert.Equal(t, map[string]any{"image/png": map[string]int{"width": width, "height": height}}, display.Metadata)

	// Show returns only when the kernel has said that it has everything.
	var sync protocol.DisplayData
	require.NoError(t, messages.Decode(&sync))
	request, ok := sync.Data[protocol.MIMECommValue].(protocol.CommValue)
	require.True(t, ok, "a request to synchronise, not %T", sync.Data[protocol.MIMECommValue])
	select {
	case <-shown:
		t.Fatal("Show returned before the kernel had the picture")
	case <-time.After(50 * time.Millisecond):
	}
	answer := &protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: request.Value}
	require.NoError(t, gob.NewEncoder(writer).Encode(answer))
	require.NoError(t, <-shown)
}
