// Package textfile reads text that people and other programs wrote: in any encoding of Unicode, and as JSON with errors
// in plain words.
package textfile

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	letters "unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// NewReader turns text into UTF-8 without a byte order mark, which spreadsheets and Windows' editors put at the start.
// It also recognises UTF-16 without a mark, if the first letter is a Latin one. Any other text is left as it is.
func NewReader(in io.Reader) io.Reader {
	buffered := bufio.NewReader(in)
	start, err := buffered.Peek(2)
	if err != nil && err != io.EOF { // What was read before it still counts.
		return io.MultiReader(transform.NewReader(bytes.NewReader(bytes.Clone(start)), codingOf(nil)), failing{err})
	}
	return transform.NewReader(buffered, codingOf(start))
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// codingOf is how a text is decoded that starts with two bytes.
func codingOf(start []byte) transform.Transformer {
	switch {
	case len(start) < 2:
	case start[0] == 0 && start[1] != 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	case start[0] != 0 && start[1] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return unicode.BOMOverride(transform.Nop)
}

// Decode is [NewReader] of a whole text.
func Decode(data []byte) []byte {
	start := data[:min(len(data), 2)]
	if len(data)%2 != 0 { // No UTF-16.
		start = nil
	}
	text, _, err := transform.Bytes(codingOf(start), data)
	if err != nil {
		return bytes.Clone(data) // Unicode's decoders replace what is wrong: there is no such error.
	}
	return text
}

// Shown is a name as it may be printed: in quotes, with escapes, if it holds control characters or bytes that are no
// text. A terminal would obey them.
func Shown(name string) string {
	odd := func(r rune) bool { return r == utf8.RuneError || !letters.IsPrint(r) && !letters.Is(letters.Zs, r) }
	if strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// Escaped is a name as JSON keeps it, which has no place for bytes that are no text and would put the same sign for all
// of them. Such a name is put in quotes, with escapes, after a zero, which no name has.
func Escaped(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return "\x00" + strconv.Quote(name)
}

// Unescaped returns the name that [Escaped] was given.
func Unescaped(escaped string) string {
	if quoted, ok := strings.CutPrefix(escaped, "\x00"); ok {
		if name, err := strconv.Unquote(quoted); err == nil {
			return name
		}
	}
	return escaped
}

// Excerpt is the beginning of a text of a user's file, as it may be printed; see [Shown].
func Excerpt(text string) string { return Shown(beginning(text)) }

// Quoted is [Excerpt] in quotes, whatever the text.
func Quoted(text string) string { return strconv.Quote(beginning(text)) }

// beginning is so much of a text as fits into a line of an error.
func beginning(text string) string {
	const longest = 60
	if runes := []rune(text[:min(len(text), utf8.UTFMax*(longest+1))]); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
