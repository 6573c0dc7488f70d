package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// awaited is output of which the first line can be waited for.
type awaited struct {
	bytes.Buffer
	once sync.Once
	line chan string
}

func (a *awaited) Write(data []byte) (int, error) {
	a.once.Do(func() { a.line <- string(data) })
	return a.Buffer.Write(data)
}

func TestServePrintsItsAddressAndEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &awaited{line: make(chan string, 1)}
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- run(ctx, []string{"serve", t.TempDir()}, out, &stderr) }()
	var address string
	select {
	case address = <-out.line:
	case status := <-ended:
		t.Fatalf("status %d: %s", status, &stderr)
	}
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/[A-Z2-7]{26}/\n$`, address)
	response, err := http.Get(strings.TrimSpace(address))
	require.NoError(t, err)
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Contains(t, string(page), "There are no runs")
	cancel()
	select {
	case status := <-ended:
		assert.Equal(t, statusInterrupted, status)
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestServeRefusesWhatCannotBeServed(t *testing.T) {
	for want, args := range map[string][]string{
		"--port is 70000: it must be from 0 to 65535": {"--port", "70000"},
		"--port is -1":                          {"--port", "-1"},
		"serve nowhere":                         {"nowhere"},
		"one folder at a time, not 2":           {"a", "b"},
		"serve folder main.go: not a directory": {"main.go"},
	} {
		status, _, stderr := moelab(t, append([]string{"serve"}, args...)...)
		assert.Equal(t, statusUsage, status, want)
		assert.Contains(t, stderr, want)
	}
}
