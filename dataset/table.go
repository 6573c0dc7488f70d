package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

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
			return splitTable(text[len(first):], rune(separator[0]))
		}
	}
	var rows []row
	var err error
	for _, separator := range ",;\t" {
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

// Package csv takes no spaces between a quote and a separator. These are removed first.
var (
	spaceBeforeQuote = regexp.MustCompile(`(^|[\n\t])\p{Zs}+"`)
	spaceAfterQuote  = regexp.MustCompile(`"[\p{Zs}\t]+([,;|\n\r]|$)`)
	spaceAfterTabbed = regexp.MustCompile(`"\p{Zs}+([\t\n\r]|$)`)
)

// splitTable reads a table with a separator. After an error it returns the rows above.
func splitTable(text string, separator rune) (rows []row, err error) {
	if separator == '\t' {
		text = spaceBeforeQuote.ReplaceAllString(spaceAfterTabbed.ReplaceAllString(text, `"$1`), `$1"`)
	} else {
		text = spaceAfterQuote.ReplaceAllString(text, `"$1`)
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = separator, -1
	reader.TrimLeadingSpace = separator != '\t' // It would take an empty field for space.
	for {
		fields, err := reader.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.As(err, &wrong) && errors.Is(err, csv.ErrBareQuote):
			return rows, fmt.Errorf("line %d: there is a quote within a name: put the name in quotes, and write a quote in "+
				"it twice", wrong.Line)
		case errors.As(err, &wrong):
			return rows, fmt.Errorf("line %d: a quote is never closed, or there is text behind the closing one: write a "+
				"quote in a name twice", wrong.StartLine)
		case err != nil:
			return rows, err
		}
		blank := true
		for i, field := range fields {
			field = strings.TrimRightFunc(field, unicode.IsSpace)
			if separator == '\t' {
				field = strings.TrimLeftFunc(field, unicode.IsSpace)
			}
			fields[i], blank = field, blank && field == ""
		}
		if line, _ := reader.FieldPos(0); !blank {
			rows = append(rows, row{line, fields})
		}
	}
}
