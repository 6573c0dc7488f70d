package progress

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAScreenReplacesItsLines(t *testing.T) {
	var out bytes.Buffer
	columns, rows := 20, 6
	s := ScreenOf(&out, func() (int, int) { return columns, rows })
	shown := func(lines ...string) string {
		out.Reset()
		s.Show(lines)
		return out.String()
	}
	assert.Equal(t, "\rone\x1b[K\n\rtwo\x1b[K\n\x1b[J", shown("one", "two"))
	assert.Empty(t, shown("one", "two"), "nothing has changed")
	assert.Equal(t, "\x1b[2A\rthree\x1b[K\n\x1b[J", shown("three"))
	assert.Equal(t, "\x1b[1A\r"+strings.Repeat("x", 18)+"…\x1b[K\n\x1b[J", shown(strings.Repeat("x", 30)))
	columns = 8
	assert.Equal(t, "\x1b[3A\rfour\x1b[K\n\x1b[J", shown("four"), "the terminal has wrapped 19 columns to 3 rows")
	assert.Equal(t, "\x1b[1A\r1\x1b[K\n\r2\x1b[K\n\r3\x1b[K\n\r4\x1b[K\n\r… 2 mo…\x1b[K\n\x1b[J",
		shown("1", "2", "3", "4", "5", "6"))
	rows = 3
	assert.Equal(t, "\x1b[2A\r1\x1b[K\n\r… 2 mo…\x1b[K\n\x1b[J", shown("1", "2", "3"), "no higher than the terminal")
	out.Reset()
	s.Clear()
	assert.Equal(t, "\x1b[2A\x1b[J", out.String())
	s.Clear()
	assert.Equal(t, "\x1b[2A\x1b[J", out.String(), "there is nothing to clear")
	assert.Nil(t, NewScreen(&out), "it is no terminal")
}

func TestTextsFitIntoALine(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"run", 3, "run"}, {"runs", 3, "ru…"}, {"runs", 1, "…"}, {"runs", 0, ""}, {"", 0, ""},
		{"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"}, {"e\u0301te\u0301", 3, "e\u0301te\u0301"},
		{"e\u0301te\u0301s", 3, "e\u0301t…"}, {"a\x1b[2Jb\n\tc", 20, "a\uFFFD[2Jb\uFFFD\uFFFDc"}, {"\xff", 2, "\uFFFD"},
	} {
		assert.Equal(t, test.want, Fit(test.text, test.columns), "%q in %d", test.text, test.columns)
	}
}
