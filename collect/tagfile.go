package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tagsBeside reads the tags of a picture from the file beside it: NAME.txt, NAME.EXT.txt, NAME.json or NAME.EXT.json,
// as gallery-dl, image boards and taggers write them. A .txt has tags between commas or, without commas, a tag a line
// or between spaces. A .json is Danbooru's: "tag_string", or "tags" as one string, a list of strings, or a list of
// {"name": …}. Without such a file there are no tags, and no error.
func tagsBeside(picture string) (tags []string, err error) {
	stem := strings.TrimSuffix(picture, filepath.Ext(picture))
	for _, name := range []string{stem + ".txt", picture + ".txt", stem + ".json", picture + ".json"} {
		data, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("read the tags of a picture: %w", err)
		case filepath.Ext(name) == ".txt":
			return parseText(string(data)), nil
		}
		tags, err := parseJSON(data)
		if err != nil {
			return nil, fmt.Errorf("the tags of a picture, %s: %w; mend or remove the file", name, err)
		}
		return tags, nil
	}
	return nil, nil
}

// parseText returns the tags of a text file.
func parseText(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	if !strings.Contains(text, ",") && len(parts) == 1 {
		return strings.Fields(text)
	}
	return trimmed(parts)
}

// parseJSON returns the tags of one of Danbooru's posts.
func parseJSON(data []byte) ([]string, error) {
	var post struct {
		TagString string          `json:"tag_string"`
		Tags      json.RawMessage `json:"tags"`
	}
	if err := json.Unmarshal(data, &post); err != nil {
		return nil, err
	}
	if post.TagString != "" || post.Tags == nil {
		return strings.Fields(post.TagString), nil
	}
	var text string
	if json.Unmarshal(post.Tags, &text) == nil {
		return strings.Fields(text), nil
	}
	var list []string
	if json.Unmarshal(post.Tags, &list) == nil {
		return trimmed(list), nil
	}
	var named []struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(post.Tags, &named); err != nil {
		return nil, errors.New(`"tags" is neither text nor a list of tags`)
	}
	var names []string
	for _, tag := range named {
		names = append(names, tag.Name)
	}
	return trimmed(names), nil
}

// trimmed returns tags without the spaces around them, and without those that are empty then.
func trimmed(tags []string) (kept []string) {
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); tag != "" {
			kept = append(kept, tag)
		}
	}
	return kept
}
