package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// warnings prints what packages log, a line each, and each line once: what goes wrong without stopping the work, in a
// function that has no options for it.
type warnings struct {
	out   io.Writer
	mutex *sync.Mutex
	said  map[string]bool
}

// logTo makes slog's default logger print warnings.
func logTo(out io.Writer) {
	slog.SetDefault(slog.New(warnings{out, new(sync.Mutex), map[string]bool{}}))
}

func (w warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (w warnings) Handle(_ context.Context, record slog.Record) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.said[record.Message] {
		return nil
	}
	w.said[record.Message] = true
	_, err := fmt.Fprintln(w.out, "moelab: warning:", record.Message)
	return err
}

func (w warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

func (w warnings) WithGroup(string) slog.Handler { return w }
