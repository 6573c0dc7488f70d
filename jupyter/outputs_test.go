package jupyter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collect returns the outputs of a cell that publishes a message.
func collect(t *testing.T, kind, content string) []*Output {
	t.Helper()
	c := newCollector(silent{})
	cell := &Cell{Type: CodeCell}
	c.begin(cell)
	_, err := c.take(&message{Header: header{Type: kind}, Content: []byte(content)})
	require.NoError(t, err)
	c.end()
	return cell.Outputs
}

func TestMessagesOfOtherTypesAreIgnored(t *testing.T) {
	for _, content := range []string{`{"name": 3}`, `{"data": [1]}`, `[]`, `not JSON`} {
		assert.Empty(t, collect(t, "comm_msg", content))
	}
}

func TestTextInLinesIsJoined(t *testing.T) {
	outputs := collect(t, DisplayOutput, `{"data": {"text/plain": ["a\n", "b"], "application/json": ["a", "b"]}}`)
	require.Len(t, outputs, 1)
	assert.Equal(t, map[string]any{"text/plain": "a\nb", "application/json": []any{"a", "b"}}, outputs[0].Data)
}

func TestCarriageReturnsLeaveTheLastStateOfALine(t *testing.T) {
	for _, test := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"10%\r", "20%\r", "30%\n"}, "30%\n"},
		{[]string{"a\r\nb\r\n"}, "a\r\nb\r\n"},
		{[]string{"a\r", "\nb"}, "a\r\nb"},
		{[]string{"keep\nx\ry", "\rz"}, "keep\nz"},
		{[]string{"end\r"}, "end\r"},
		{[]string{"x\r\ry"}, "y"},
	} {
		var s streamText
		for _, p := range test.pieces {
			s.print(p)
		}
		assert.Equal(t, test.want, string(s.text), "%q", test.pieces)
	}
}

// progressPieces are what a bar prints, with colours, without a line break.
var progressPieces = []string{"\x1b[32m", "███", " 12 %", "\x1b[0m", "\r", "abc\r", "def", "\b\b"}

func TestALineOfAMillionPiecesTakesTimeForItsLengthOnly(t *testing.T) {
	for name, pieces := range map[string][]string{"plain": {"0123456789"}, "bar": progressPieces} {
		const count = 1_000_000
		start := time.Now()
		var s streamText
		for i := range count {
			s.print(pieces[i%len(pieces)])
			// It takes a tenth of a second. With the square of the length, plain text would take many minutes.
			if i%1000 == 0 {
				require.Less(t, time.Since(start), 20*time.Second, "%s: at piece %d", name, i)
			}
		}
		assert.NotEmpty(t, s.text)
	}
}

func BenchmarkOneLongLine(b *testing.B) {
	piece := strings.Repeat("x", 100)
	for b.Loop() {
		var s streamText
		for range 4000 {
			s.print(piece)
		}
	}
}
