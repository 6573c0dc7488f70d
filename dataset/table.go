package dataset

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/moelab/moelab/internal/textfile"
)

// row is a line of a table: its fields without the spaces around them, and its number in the file. A field in quotes
// keeps the spaces before it.
type row struct {
	line   int
	fields []string
}

// readTable reads a table as spreadsheets write it, without the rows that are blank: fields are separated by commas,
// semicolons or tabs, whatever gives the first row the columns that accept wants, and lines end with CR, LF or both.
// Unlike encoding/csv it takes spaces before and behind quotes, and quotes within a field that has none around it.
func readTable(data []byte, accept func(header []string) bool) ([]row, error) {
	if strings.HasPrefix(string(data[:min(len(data), 4)]), "PK\x03\x04") {
		return nil, errors.New("it is a spreadsheet or an archive, not text: save it as CSV")
	}
	text := string(textfile.Decode(data))
	if strings.ContainsRune(text, 0) {
		return nil, errors.New("it is not text: save it as CSV")
	}
	if !strings.Contains(text, "\n") { // As old Macs write it.
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	first, _, _ := strings.Cut(text, "\n")
	named := strings.Trim(strings.TrimSpace(first), `"`)
	if len(named) >= len("sep=") && strings.EqualFold(named[:len("sep=")], "sep=") {
		switch separator := named[len("sep="):]; separator {
		case "": // A tab is trimmed.
			return splitTable(text[len(first):], '\t')
		case ",", ";", "|":
			return splitTable(text[len(first):], separator[0])
		}
	}
	var rows []row
	var err error
	for _, separator := range []byte(",;\t") {
		split, wrong := splitTable(text, separator)
		if separator == ',' {
			rows, err = split, wrong
		}
		if len(split) > 0 && accept(split[0].fields) {
			return split, wrong
		}
	}
	return rows, err
}

// splitTable reads a table with a separator. After an error it returns the rows above.
func splitTable(text string, separator byte) (rows []row, err error) {
	line := 1
	for text != "" {
		next := row{line: line}
		blank := true
		for more := true; more; {
			var field string
			var at int
			if field, at, err = cutField(text, separator); err != nil {
				return rows, fmt.Errorf("line %d: %w", line+strings.Count(text[:at], "\n"), err)
			}
			line += strings.Count(text[:at], "\n")
			text = text[at:]
			more = strings.HasPrefix(text, string(rune(separator)))
			if more {
				text = text[1:]
			}
			blank = blank && strings.TrimSpace(field) == ""
			next.fields = append(next.fields, field)
		}
		if strings.HasPrefix(text, "\n") {
			text = text[1:]
			line++
		}
		if !blank {
			rows = append(rows, next)
		}
	}
	return rows, nil
}

// cutField returns the first field of a text, and where it ends: at a separator, a newline or the end of the text.
func cutField(text string, separator byte) (field string, at int, err error) {
	ends := func(r rune) bool { return r == '\n' || r == rune(separator) }
	start := 0
	for start < len(text) {
		r, size := utf8.DecodeRuneInString(text[start:])
		if ends(r) || !unicode.IsSpace(r) {
			break
		}
		start += size
	}
	if !strings.HasPrefix(text[start:], `"`) {
		at = len(text)
		if end := strings.IndexFunc(text[start:], ends); end >= 0 {
			at = start + end
		}
		return strings.TrimRightFunc(text[start:at], unicode.IsSpace), at, nil
	}
	begin := start + 1
	for at = begin; ; at += 2 { // A quote in the field is written twice.
		end := strings.IndexByte(text[at:], '"')
		if end < 0 {
			begun, _, _ := strings.Cut(text[start:], "\n")
			return "", start, fmt.Errorf("the quote that begins %s is never closed: close it, or remove it",
				textfile.Excerpt(begun))
		}
		at += end
		if !strings.HasPrefix(text[at+1:], `"`) {
			break
		}
	}
	field = strings.ReplaceAll(text[begin:at], `""`, `"`)
	behind := text[at+1:]
	rest := len(behind)
	if end := strings.IndexFunc(behind, ends); end >= 0 {
		rest = end
	}
	if strings.TrimSpace(behind[:rest]) != "" {
		return "", at, fmt.Errorf("there is %s behind the closing quote of %s: write a quote in a name twice",
			textfile.Excerpt(strings.TrimSpace(behind[:rest])), textfile.Quoted(field))
	}
	return strings.TrimRightFunc(field, unicode.IsSpace), at + 1 + rest, nil
}
