package textfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// UnmarshalJSON is [json.Unmarshal] of a text as [Decode] takes it. Its errors say in plain words what is wrong, and in
// which line: those of encoding/json speak of Go's types.
func UnmarshalJSON(data []byte, to any) error {
	data = Decode(data)
	return PlainJSON(data, json.Unmarshal(data, to))
}

// PlainJSON returns an error of encoding/json about some text in plain words, with the line.
func PlainJSON(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("it is empty")
	case errors.As(err, &syntax) && isCutOff(syntax):
		return fmt.Errorf("%sthe JSON breaks off", inLine(data, syntax.Offset))
	case errors.As(err, &syntax):
		return fmt.Errorf("%sthis is not JSON: %s", inLine(data, syntax.Offset), syntax)
	case errors.As(err, &kind):
		what := "it"
		if kind.Field != "" {
			what = fmt.Sprintf("%q", kind.Field)
		}
		found, _, _ := strings.Cut(kind.Value, " ") // A number may follow.
		if nouns[found] == noun(kind.Type) {
			return fmt.Errorf("%s%s is too large a number", inLine(data, kind.Offset), what)
		}
		return fmt.Errorf("%s%s is %s, not %s", inLine(data, kind.Offset), what, nouns[found], noun(kind.Type))
	}
	return err
}

// isCutOff reports whether the text ended too early, not with a wrong character.
func isCutOff(err *json.SyntaxError) bool { return strings.Contains(err.Error(), "unexpected end") }

// inLine names the line of an offset, unless there is only one.
func inLine(data []byte, offset int64) string {
	if bytes.Count(bytes.TrimSpace(data), []byte("\n")) == 0 {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+bytes.Count(data[:min(max(int(offset)-1, 0), len(data))], []byte("\n")))
}

// nouns are plain words for the values of JSON.
var nouns = map[string]string{
	"string": "text", "number": "a number", "array": "a list", "object": "an object {…}", "bool": "true or false",
}

// noun is the plain word for the JSON that a type is read from.
func noun(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return nouns["string"]
	case reflect.Slice, reflect.Array:
		return nouns["array"]
	case reflect.Struct, reflect.Map:
		return nouns["object"]
	case reflect.Bool:
		return nouns["bool"]
	case reflect.Float32, reflect.Float64:
		return nouns["number"]
	default:
		return "a whole number in its range"
	}
}
