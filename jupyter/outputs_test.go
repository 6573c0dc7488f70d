package jupyter

import (
	"testing"

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
