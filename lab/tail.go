package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
)

// MetricsTail reads a metrics.jsonl that grows, each time only what is new. The zero value has read nothing.
type MetricsTail struct {
	read int64  // Bytes of the file that were read,
	end  []byte // of which these are the last line, or its end,
	amid bool   // and which end amid a line that is passed over.
}

const (
	// blockBytes is how much is read at once. A longer line is passed over.
	blockBytes = 1 << 18
	// endBytes is how much of what was read before is compared, to notice that a file is no longer the same.
	endBytes = 512
)

// Read calls add with the metrics that were added to a file since the last call. If the file was cut or replaced, as by
// a training that resumes, it calls restart, and reads it anew. Lines that cannot be read are left out, as by
// [Run.Metrics]. When ctx ends, the next call goes on.
func (t *MetricsTail) Read(ctx context.Context, file io.ReaderAt, restart func(), add func(Metric)) error {
	same, err := t.isContinued(file)
	if err != nil {
		return err
	}
	if !same {
		*t = MetricsTail{}
		restart()
	}
	block := make([]byte, blockBytes)
	for ctx.Err() == nil {
		n, err := file.ReadAt(block, t.read)
		if err != nil && err != io.EOF {
			return err
		}
		whole := bytes.LastIndexByte(block[:n], '\n') + 1
		if whole == 0 && n == len(block) { // A line without end.
			whole = n
			t.amid = true
		}
		if whole == 0 {
			return nil
		}
		t.take(block[:whole], add)
	}
	return ctx.Err()
}

// isContinued reports whether a file still holds what was read of it.
func (t *MetricsTail) isContinued(file io.ReaderAt) (bool, error) {
	end := make([]byte, len(t.end))
	_, err := file.ReadAt(end, t.read-int64(len(end)))
	if err == io.EOF {
		return len(end) == 0 || bytes.Equal(end, t.end), nil
	}
	return bytes.Equal(end, t.end), err
}

// take reads the lines of a block.
func (t *MetricsTail) take(block []byte, add func(Metric)) {
	for line := range bytes.Lines(block) {
		var m Metric
		if !t.amid && json.Unmarshal(line, &m) == nil && m.Step > 0 {
			add(m)
		}
		t.amid = t.amid && !bytes.HasSuffix(line, []byte("\n"))
		t.end = line
	}
	t.read += int64(len(block))
	t.end = bytes.Clone(t.end[max(len(t.end)-endBytes, 0):])
}
