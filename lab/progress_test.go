package lab

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/moelab/moelab/internal/progress"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoBarInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	progress := NewProgress(file)
	progress.Start(0, 10)
	progress.Step(10, map[string]float64{"D": 1})
	progress.Stop(errTest)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Empty(t, data)
}

// inTerminal returns a progress in a terminal of 80 columns, and a function that returns all that its bar has said.
func inTerminal() (Progress, *bytes.Buffer, func() []string) {
	var out bytes.Buffer
	progress := &bar{progress.In(&out, func() int { return 80 }, "step"), func() {}}
	return progress, &out, func() (texts []string) {
		for frame := range strings.SplitSeq(out.String(), "\r") {
			texts = append(texts, side.ReplaceAllString(frame, ""))
		}
		return slices.Compact(texts)[1:] // Each frame follows a \r. A text may be drawn twice, the second time with its bar.
	}
}

// side matches what follows the text in a terminal's line.
var side = regexp.MustCompile(` +[0-9]+% \|[^|]*\| *\x1b\[0K\n?$`)

// The pace is that of this part of the run, from its first step on: 1000 earlier steps and a minute of compiling do not
// count.
func TestPaceIsThatOfTheTraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, out, said := inTerminal()
		b.Start(1000, 1050)
		time.Sleep(59*time.Second + time.Millisecond)
		for step := range int64(50) {
			time.Sleep(100 * time.Millisecond)
			b.Step(1001+step, map[string]float64{"G": 0.5, "D": float64(step)})
		}
		b.Stop(nil)
		texts := said()
		assert.Equal(t, "1000/1050 · compiling … · 59s so far", texts[59])
		texts = slices.Delete(texts, 1, 60)
		require.Len(t, texts, 1+17+1, "one each 0.3 s, which is the first step after 0.25 s")
		assert.Equal(t, "1000/1050 · compiling …", texts[0])
		assert.Equal(t, "1001/1050 · D 0.000  G 0.500", texts[1])
		assert.Equal(t, "1010/1050 · D 9.000  G 0.500 · 10.0 steps/s · 4s left", texts[4])
		assert.Equal(t, "1050/1050 · D 49.000  G 0.500 · 10.0 steps/s", texts[len(texts)-1])
		assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	})
}

func TestBarOfSlowStepsAndFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, said := inTerminal()
		b.Start(0, 100)
		for step := range int64(3) {
			time.Sleep(4 * time.Second)
			b.Step(step+1, nil)
		}
		b.Stop(fmt.Errorf("no space\nleft"))
		texts := said()
		assert.Contains(t, texts, "0/100 · compiling … · 3s so far")
		assert.Equal(
			t, []string{"3/100 · 4.0 s/step · 6m28s left", "3/100 · stopped: no space"}, texts[len(texts)-2:],
		)
	})
}

func TestTerminalBar(t *testing.T) {
	b, out, _ := inTerminal()
	b.Start(1000, 4000)
	assert.Contains(t, out.String(), "compiling …")
	assert.Contains(t, out.String(), "25%")
	assert.Contains(t, out.String(), "1000/4000")
	out.Reset()
	b.Step(
		2000,
		map[string]float64{"D": 1.5, "a metric with a name that is as long as a line of a terminal, or longer still": 1},
	)
	assert.Contains(t, out.String(), "D 1.500")
	assert.Contains(t, out.String(), "2000/4000")
	b.Stop(errTest)
	assert.Contains(t, out.String(), "stopped: the test's error")
	assert.Contains(t, out.String(), "2000/4000", "a training that stopped is not complete")
	assert.True(t, strings.HasSuffix(out.String(), "\n"))

	for line := range strings.SplitSeq(strings.ReplaceAll(out.String(), "\x1b[0K", ""), "\r") {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}

	out.Reset()
	b.Start(0, 2) // The next count, as of an evaluation after a training.
	b.Step(2, nil)
	b.Stop(nil)
	assert.Contains(t, out.String(), "100%")
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
}

// A child process runs as if in a notebook: the test is at the other end of GoNB's pipes.
func TestNotebookBar(t *testing.T) {
	dir := t.TempDir()
	to, back := filepath.Join(dir, "to"), filepath.Join(dir, "back")
	require.NoError(t, syscall.Mkfifo(to, 0o600))
	require.NoError(t, syscall.Mkfifo(back, 0o600))
	command := childCommand("notebook")
	command.Env = append(command.Env, protocol.GONB_PIPE_ENV+"="+to, protocol.GONB_PIPE_BACK_ENV+"="+back)
	require.NoError(t, command.Start())
	reader, err := os.Open(to)
	require.NoError(t, err)
	defer reader.Close()
	writer, err := os.OpenFile(back, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer writer.Close()

	decoder, encoder := gob.NewDecoder(reader), gob.NewEncoder(writer)
	var texts, pages []string
	ids := map[string]bool{}
	for {
		var message protocol.DisplayData
		require.NoError(t, decoder.Decode(&message))
		if value, ok := message.Data[protocol.MIMECommValue]; ok {
			id := value.(protocol.CommValue).Value
			require.NoError(t, encoder.Encode(&protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: id}))
			break
		}
		ids[message.DisplayID] = true
		texts = append(texts, message.Data[protocol.MIMETextPlain].(string))
		pages = append(pages, message.Data[protocol.MIMETextHTML].(string))
	}
	require.NoError(t, command.Wait())
	require.Len(t, texts, 3)
	assert.Len(t, ids, 1, "one output, updated")
	assert.Equal(t, "10/20 · compiling …", texts[0])
	assert.Equal(t, "11/20 · <loss> 0.500", texts[1])
	assert.Contains(t, texts[2], "20/20 · <loss> 0.250 · ")
	assert.Contains(t, pages[1], `<progress value="11" max="20"`)
	assert.Contains(t, pages[1], "&lt;loss&gt; 0.500")
}
