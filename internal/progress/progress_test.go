package progress

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestALogHasALineSoonOneAMinuteAndTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := New(&out, "step")
		b.Start(0, 3000, "compiling …")
		for step := range 10 { // The first at 0 s, the last at 9 s.
			b.Set(float64(step), "")
			time.Sleep(time.Second)
		}
		assert.Empty(t, out.String(), "ten seconds have not passed")
		for step := 10; step <= 200; step++ {
			b.Set(float64(step), "D 1.500")
			time.Sleep(time.Second)
		}
		b.Stop(os.ErrClosed)
		b.Clear()
		b.Start(0, 1, "compiling …") // The next count goes on with the same minutes.
		b.Set(0.25, "enlarging")
		time.Sleep(time.Minute)
		b.Set(0.5, "enlarging")
		assert.False(t, b.Due(), "nor may other lines come sooner")
		time.Sleep(time.Second)
		b.Set(1, "enlarging")
		b.Set(1, "enlarging")
		b.Start(0, 2, "")
		b.Set(0, "reading")
		time.Sleep(time.Second)
		b.Set(2, "reading")
		assert.Equal(t, `10/3000 · D 1.500 · 1.0 steps/s · 49m50s left
70/3000 · D 1.500 · 1.0 steps/s · 48m50s left
130/3000 · D 1.500 · 1.0 steps/s · 47m50s left
190/3000 · D 1.500 · 1.0 steps/s · 46m50s left
0.5/1 · enlarging · 240.0 s/step · 2m0s left
1/1 · enlarging · 81.3 s/step
`, out.String(), "what is over before a line is due has none")
	})
}

// An article preset compiles for minutes.
func TestWhatCannotBeCountedShowsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := New(&out, "step")
		b.Start(0, 3000, "compiling …")
		stop := b.Wait("compiling …")
		time.Sleep(80*time.Second + time.Millisecond)
		stop()
		stop()
		b.Set(1, "")
		time.Sleep(10 * time.Second)
		b.Set(11, "")
		time.Sleep(5 * time.Minute)
		assert.Equal(t, `0/3000 · compiling … · 10s so far
0/3000 · compiling … · 1m10s so far
11/3000 · 1.0 steps/s · 49m49s left
`, out.String(), "how fast it is comes soon after it")
	})
}

func TestABarCanBeCleared(t *testing.T) {
	var out bytes.Buffer
	b := In(&out, func() int { return 40 }, "picture")
	b.Clear()
	b.Start(0, 2, "")
	assert.Empty(t, out.String(), "nothing was shown")
	b.Set(0.5, "enlarging")
	assert.Contains(t, out.String(), "\r0.5/2 · enlarging  25% |██        |")
	b.Clear()
	assert.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"))
	assert.NotContains(t, out.String(), "\n")
}

func TestOnlyTerminalsHaveColumns(t *testing.T) {
	assert.Nil(t, Columns(&bytes.Buffer{}))
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // The near end of a pseudo-terminal is one, too.
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer terminal.Close()
	assert.Equal(t, 80, Columns(terminal)())
}
