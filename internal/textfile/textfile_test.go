package textfile

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

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
	for _, text := range []string{"\xff\xfea\x00\n\x00", "a\x00\n\x00", "\x00a\x00\n", "a\n"} {
		streamed, err := io.ReadAll(NewReader(strings.NewReader(text)))
		assert.NoError(t, err)
		assert.Equal(t, "a\n", string(streamed), "%q", text)
	}
	_, err := io.ReadAll(NewReader(iotest.ErrReader(errors.New("the disk is gone"))))
	assert.EqualError(t, err, "the disk is gone")
}

func TestNamesAreShownWithoutWhatATerminalObeys(t *testing.T) {
	for name, want := range map[string]string{
		"a b.png":          "a b.png",
		"猫　é.png":          "猫　é.png",
		"a\x1b[31m.png":    `"a\x1b[31m.png"`,
		"two\nlines.png":   `"two\nlines.png"`,
		"latin-1 \xe9":     `"latin-1 \xe9"`,
		"left \u202eright": `"left \u202eright"`,
	} {
		assert.Equal(t, want, Shown(name))
	}
	assert.Equal(t, strings.Repeat("é", 60)+"…", Excerpt(strings.Repeat("é", 1000)))
	assert.Equal(t, `"a\x00"`, Excerpt("a\x00"))
	assert.Equal(t, `"a b"`, Quoted("a b"))
	assert.Less(t, len(Quoted(strings.Repeat("\xff", 1000))), 300)
}

func TestNamesThatAreNoTextComeBackFromJSON(t *testing.T) {
	for _, name := range []string{"a.png", "猫.png", "\xe9.png", "\xe9\xff\"\\x00.png", `\xe9.png`, `"\xe9.png"`, ""} {
		line, err := json.Marshal(Escaped(name))
		assert.NoError(t, err)
		var escaped string
		assert.NoError(t, json.Unmarshal(line, &escaped))
		assert.Equal(t, name, Unescaped(escaped))
	}
	assert.Equal(t, `a\b "c".png`, Escaped(`a\b "c".png`), "as older versions wrote it")
}
