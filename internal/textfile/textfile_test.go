package textfile

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrorsOfJSONAreInPlainWordsAndNameTheLine(t *testing.T) {
	type post struct {
		Tags  []string
		Count uint8
		Post  struct{ Name string }
	}
	for text, want := range map[string]string{
		"":                              "it is empty",
		" \n":                           "it is empty",
		"{":                             "the JSON breaks off",
		"{\n\"tags\": [\n":              "line 2: the JSON breaks off",
		"{\n\"tags\": blue}":            "line 2: this is not JSON: invalid character 'b' looking for beginning of value",
		"[1]":                           "it is a list, not an object {…}",
		"3":                             "it is a number, not an object {…}",
		"{\n\n\"tags\": \"blue\"}":      `line 3: "Tags" is text, not a list`,
		`{"tags": {}}`:                  `"Tags" is an object {…}, not a list`,
		`{"count": 300}`:                `"Count" is a number, not a whole number in its range`,
		`{"post": {"name": true}}`:      `"Post.Name" is true or false, not text`,
		"{\"count\": 1}\n{\"count\":1}": "line 2: this is not JSON: invalid character '{' after top-level value",
	} {
		var p post
		assert.EqualError(t, UnmarshalJSON([]byte(text), &p), want, "%q", text)
	}
	var p post
	var any any
	assert.EqualError(t, UnmarshalJSON([]byte("1e999"), &any), "it is too large a number")
	assert.NoError(t, UnmarshalJSON([]byte(`{"count": 3}`), &p))
	assert.EqualValues(t, 3, p.Count)
}

func TestTextsOfEveryUnicodeEncodingAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"UTF-8":                         "a，b\n",
		"UTF-8 with a mark":             "\xef\xbb\xbfa，b\n",
		"UTF-16LE with a mark":          "\xff\xfea\x00\x0c\xffb\x00\n\x00",
		"UTF-16BE with a mark":          "\xfe\xff\x00a\xff\x0c\x00b\x00\n",
		"UTF-16LE without, as Latin is": "a\x00\x0c\xffb\x00\n\x00",
		"UTF-16BE without, as Latin is": "\x00a\xff\x0c\x00b\x00\n",
	} {
		assert.Equal(t, "a，b\n", string(Decode([]byte(text))), name)
	}
	assert.Equal(t, "\xe9t\xe9", string(Decode([]byte("\xe9t\xe9"))), "what is not Unicode stays")
	assert.Empty(t, Decode(nil))
	streamed, err := io.ReadAll(NewReader(strings.NewReader("\xff\xfea\x00\n\x00")))
	assert.NoError(t, err)
	assert.Equal(t, "a\n", string(streamed))
}
