package jupyter

import (
	"encoding/json"
	"time"
)

// Metadata that papermill and nbclient write, of notebooks and of cells.
const (
	recordKey = "papermill"
	timesKey  = "execution"
)

// States of a cell in its record.
const (
	statePending   = "pending"
	stateRunning   = "running"
	stateCompleted = "completed"
	stateFailed    = "failed"
)

// record sets a key of the notebook's record.
func (nb *Notebook) record(key string, value any) {
	nb.Metadata = withRecord(nb.Metadata, key, value)
}

func (c *Cell) record(key string, value any) {
	c.Metadata = withRecord(c.Metadata, key, value)
}

// state returns the state in the cell's record.
func (c *Cell) state() string { return stringAt(c.Metadata, recordKey, "status") }

func withRecord(metadata map[string]any, key string, value any) map[string]any {
	metadata = with(metadata)
	old, _ := metadata[recordKey].(map[string]any)
	record := with(old)
	record[key] = value
	metadata[recordKey] = record
	return metadata
}

// RecordPaths notes in the notebook's metadata where it came from and where it goes, like papermill.
func (nb *Notebook) RecordPaths(input, output string) {
	nb.record("input_path", input)
	nb.record("output_path", output)
}

// beginRecord notes the start of a run, of which these cells are to come.
func (nb *Notebook) beginRecord(start time.Time, cells []*Cell) {
	nb.record("start_time", iso(start))
	nb.record("end_time", nil)
	nb.record("duration", nil)
	nb.record("exception", nil)
	if before, _ := nb.Metadata[recordKey].(map[string]any); before["parameters"] == nil {
		nb.record("parameters", map[string]any{})
	}
	for _, c := range cells {
		c.Metadata = with(c.Metadata)
		c.Metadata[recordKey] = map[string]any{
			"start_time": nil, "end_time": nil, "duration": nil, "exception": nil, "status": statePending,
		}
		delete(c.Metadata, timesKey)
	}
}

// NotRun returns the number of cells that a run without an error has not come to, since one before them ended it.
func (nb *Notebook) NotRun() (n int) {
	for _, c := range nb.Cells {
		if c.isRun() && c.state() == statePending {
			n++
		}
	}
	return n
}

// endRecord notes the end of a run.
func (nb *Notebook) endRecord(start, end time.Time, failed bool) {
	nb.record("end_time", iso(end))
	nb.record("duration", end.Sub(start).Seconds())
	if failed {
		nb.record("exception", true)
	}
}

// beginRecord notes the start of a cell.
func (c *Cell) beginRecord(start time.Time) {
	c.record("start_time", iso(start))
	c.record("exception", false)
	c.record("status", stateRunning)
	c.Metadata[timesKey] = map[string]any{}
}

// endRecord notes the end of a cell.
func (c *Cell) endRecord(start, end time.Time, failed bool) {
	c.record("end_time", iso(end))
	c.record("duration", end.Sub(start).Seconds())
	c.record("exception", failed)
	c.record("status", stateCompleted)
	if failed {
		c.record("status", stateFailed)
	}
}

// recordMessage notes when a message about the running cell came, under nbclient's names.
func (c *Cell) recordMessage(m received) {
	times, ok := c.Metadata[timesKey].(map[string]any)
	if !ok {
		return
	}
	key := ""
	switch {
	case m.channel == iopub && m.Header.Type == "status":
		var status struct {
			State string `json:"execution_state"`
		}
		if json.Unmarshal(m.Content, &status) != nil || status.State != "busy" && status.State != "idle" {
			return
		}
		key = "iopub.status." + status.State
	case m.channel == iopub && m.Header.Type == "execute_input":
		key = "iopub.execute_input"
	case m.channel == shell && m.Header.Type == "execute_reply":
		key = "shell.execute_reply"
	default:
		return
	}
	times[key] = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
}

// iso writes a time like Python.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }

// HideCode marks all code as hidden, as papermill's report mode does. JupyterLab and [WriteHTML] show the outputs only.
func (nb *Notebook) HideCode() {
	for _, c := range nb.Cells {
		if c.Type != CodeCell {
			continue
		}
		c.Metadata = with(c.Metadata)
		old, _ := c.Metadata["jupyter"].(map[string]any)
		settings := with(old)
		settings["source_hidden"] = true
		c.Metadata["jupyter"] = settings
	}
}

// hidesCode reports whether the cell's code is hidden.
func (c *Cell) hidesCode() bool {
	settings, _ := c.Metadata["jupyter"].(map[string]any)
	hidden, _ := settings["source_hidden"].(bool)
	return hidden
}
