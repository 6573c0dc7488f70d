// Package tensorboard writes event files as TensorBoard reads them: numbers, pictures and texts by step.
//
// The files of a folder hold no step twice: who goes on from an earlier step cuts off what was written after it. Files
// of other programs are left alone.
package tensorboard

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Writer writes an event file. Its methods append one event each; steps must not fall.
type Writer struct{ file *os.File }

// namePrefix makes TensorBoard read a file; names are read in the order of the time that follows. nameSuffix makes it
// one of ours.
const namePrefix, nameSuffix = "events.out.tfevents.", ".moelab"

// Resume starts a new event file in a folder, which is made if it is missing. Events of earlier files after a step are
// removed, and so is what a crash has cut short. It returns the last step that they hold; fresh is true if they hold
// nothing. The caller closes the writer.
func Resume(dir string, step int64) (w *Writer, last int64, fresh bool, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, false, fmt.Errorf("make the folder of event files: %w", err)
	}
	now := time.Now()
	begun, fresh := now.Unix(), true
	names, err := own(dir)
	if err != nil {
		return nil, 0, false, err
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		until, empty, err := cut(path, step)
		if err == nil && empty {
			err = os.Remove(path)
		}
		if err != nil {
			return nil, 0, false, fmt.Errorf("cut an event file to step %d: %w", step, err)
		}
		if !empty {
			last, fresh, begun = max(last, until), false, max(begun, secondOf(name)+1)
		}
	}
	name := fmt.Sprintf("%s%010d.%s.%d%s", namePrefix, begun, host(), os.Getpid(), nameSuffix)
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, 0, false, fmt.Errorf("make an event file: %w", err)
	}
	w = &Writer{file}
	if err := w.write(versionEvent(now), startEvent(now, step+1)); err != nil {
		return nil, 0, false, errors.Join(err, file.Close())
	}
	return w, last, fresh, nil
}

// own lists our event files in a folder, in the order in which they are read.
func own(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list event files: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.Type().IsRegular() && strings.HasPrefix(name, namePrefix) && strings.HasSuffix(name, nameSuffix) &&
			secondOf(name) > 0 {
			names = append(names, name)
		}
	}
	return names, nil
}

// secondOf returns the time in a file's name, in seconds since 1970; 0 if there is none.
func secondOf(name string) (second int64) {
	_, err := fmt.Sscanf(strings.TrimPrefix(name, namePrefix), "%10d.", &second)
	if err != nil || second < 0 {
		return 0
	}
	return second
}

// host is the name of the computer, as it may be in a file's name.
func host() string {
	name, _ := os.Hostname() // It only makes the file's name unique.
	return cmp.Or(strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, name), "localhost")
}

// cut removes the events of a file after a step, from the first of them on, and what is damaged. It returns the last
// step that is left, and whether no summary is left.
func cut(path string, after int64) (last int64, empty bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, false, err
	}
	defer file.Close()
	keep, last, empty, err := scan(bufio.NewReader(file), after)
	if err != nil {
		return 0, false, err
	}
	if err := file.Truncate(keep); err != nil {
		return 0, false, err
	}
	return last, empty, file.Close()
}

// scan returns the length of the intact events up to a step, their last step, and whether there is no summary in them.
func scan(r io.Reader, upTo int64) (length, last int64, empty bool, err error) {
	empty = true
	for {
		data, err := readRecord(r)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errDamaged):
			return length, last, empty, nil
		case err != nil:
			return 0, 0, false, err
		}
		step, summary, ok := stepOf(data)
		if !ok || summary && (step > upTo || step < last) {
			return length, last, empty, nil
		}
		if summary {
			last, empty = step, false
		}
		length += int64(lengthBytes + len(data) + 2*checksumBytes)
	}
}

// Scalars writes numbers of a step by their names; they are stored in single precision. at is when they were measured.
func (w *Writer) Scalars(step int64, at time.Time, values map[string]float64) error {
	return w.write(scalarsEvent(at, step, values))
}

// PNG writes a picture of a step. The error is that of the PNG if it is none.
func (w *Writer) PNG(step int64, at time.Time, name string, encoded []byte) error {
	config, err := png.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	return w.write(imageEvent(at, step, name, encoded, config.Width, config.Height))
}

// Text writes a text in Markdown.
func (w *Writer) Text(step int64, at time.Time, name, text string) error {
	return w.write(textEvent(at, step, name, text))
}

// write appends events, at once: a program that reads the file meanwhile meets whole ones.
func (w *Writer) write(events ...[]byte) error {
	var records []byte
	for _, event := range events {
		records = appendRecord(records, event)
	}
	if _, err := w.file.Write(records); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }
