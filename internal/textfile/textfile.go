// Package textfile reads text that people and other programs wrote: in any encoding of Unicode, and as JSON with errors
// in plain words.
package textfile

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// NewReader turns text into UTF-8 without a byte order mark, which spreadsheets and Windows' editors put at the start.
// Without a mark the text is left as it is.
func NewReader(in io.Reader) io.Reader {
	return transform.NewReader(in, unicode.BOMOverride(transform.Nop))
}

// Decode is [NewReader] of a whole text. It also recognises UTF-16 without a mark, if the first letter is a Latin one.
func Decode(data []byte) []byte {
	var coding transform.Transformer = unicode.BOMOverride(transform.Nop)
	if len(data) >= 2 && len(data)%2 == 0 {
		switch first := data[:2]; {
		case first[0] == 0 && first[1] != 0:
			coding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
		case first[0] != 0 && first[1] == 0:
			coding = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
		}
	}
	text, _, err := transform.Bytes(coding, data)
	if err != nil {
		return bytes.Clone(data) // Unicode's decoders replace what is wrong: there is no such error.
	}
	return text
}
