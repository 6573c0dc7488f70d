package imaging

import (
	"bufio"
	"io"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/atomicfile"
)

// Save writes a picture to a file in the format of its extension, and creates its folder. The file is written
// completely or not at all.
func Save(path string, info Info, frames []Frame) error {
	format, err := FormatOf(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(file *os.File) error {
		out := bufio.NewWriter(file)
		if err := writeFrames(out, format, info, frames); err != nil {
			return err
		}
		return out.Flush()
	})
}

// writeFrames writes all frames of a picture.
func writeFrames(out io.Writer, format Format, info Info, frames []Frame) error {
	writer, err := NewWriter(out, format, info)
	if err != nil {
		return err
	}
	for _, frame := range frames {
		if err := writer.Write(frame); err != nil {
			return err
		}
	}
	return writer.Close()
}
