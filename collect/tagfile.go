package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/moelab/moelab/internal/textfile"
)

// tagExtensions are the extensions of files of tags, in the order in which they are looked for.
var tagExtensions = []string{".txt", ".TXT", ".caption", ".CAPTION", ".json", ".JSON"}

// tagsBeside reads the tags of a picture from the file beside it, NAME.txt or NAME.EXT.txt, or one of the other
// [tagExtensions], as gallery-dl, image boards and taggers write them. Without such a file there are no tags, no file
// and no error.
func tagsBeside(picture string) (tags []string, file string, err error) {
	stem := strings.TrimSuffix(picture, filepath.Ext(picture))
	for _, extension := range tagExtensions {
		for _, file := range []string{stem + extension, picture + extension} {
			data, err := os.ReadFile(file)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			switch {
			case err != nil:
			case strings.EqualFold(extension, ".json"):
				tags, err = parseJSON(data)
			default:
				tags = parseText(string(textfile.Decode(data)))
			}
			if err != nil {
				return nil, file, fmt.Errorf("the tags of a picture, %s: %w; mend or remove the file", file, err)
			}
			return tags, file, nil
		}
	}
	return nil, "", nil
}

// commas are what stands between tags beside commas. A semicolon must end a word: Danbooru has the tag ";d".
var commas = strings.NewReplacer("，", ",", "、", ",", "；", ",", "; ", ",", ";\n", "\n", ";\r", "\r")

// parseText returns the tags of a text: between commas or, without them, a tag a line, or between spaces.
func parseText(text string) []string {
	text = commas.Replace(text + "\n")
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	if !strings.Contains(text, ",") && len(parts) == 1 && !ofHair(plainTag(bare(text))) {
		parts = strings.Fields(text)
	}
	for i := range parts {
		parts[i] = bare(parts[i])
	}
	return trimmed(parts)
}

// weight is the weight that prompts give a tag, as in (blue hair:1.2).
var weight = regexp.MustCompile(`\s*:\s*\d*\.?\d+$`)

// bare returns a tag without what prompts and captions put around it: the brackets and the weight of "((blue hair))",
// "[blue hair]" and "(blue hair:0.9)", of which a comma within the brackets may have cut off a half, and a full stop.
// A bracket that is a part of the name, as in "saber_(fate)", stays, and so do faces such as ":)".
func bare(tag string) string {
	tag = strings.TrimSpace(tag)
	const longest = 500 // Bytes: what is longer is no tag, and would take long.
	for len(tag) <= longest {
		less := strings.TrimSpace(strings.TrimLeft(strings.TrimRight(tag, ".。"), "([{"))
		if last := len(less) - 1; last >= 0 {
			if at := strings.IndexByte(")]}", less[last]); at >= 0 {
				closing, opening := less[last:], "([{"[at:at+1]
				if strings.Count(less, closing) > strings.Count(less, opening) {
					less = strings.TrimSpace(less[:last])
				}
			}
		}
		less = weight.ReplaceAllString(less, "")
		if less == tag || !strings.ContainsFunc(less, unicode.IsLetter) {
			return tag
		}
		tag = less
	}
	return tag
}

// parseJSON returns the tags of a post: Danbooru's "tag_string", its "tags" as one text or as a list, e621's "tags" by
// category, or those of the general category alone; or those of a list that is all there is.
func parseJSON(data []byte) ([]string, error) {
	var value any
	if err := textfile.UnmarshalJSON(data, &value); err != nil {
		return nil, err
	}
	post, ok := value.(map[string]any)
	if !ok {
		tags, ok := tagsIn(value)
		if !ok {
			return nil, errors.New("neither a post nor a list of tags")
		}
		return trimmed(tags), nil
	}
	if inner, ok := post["post"].(map[string]any); ok { // As e621 sends it.
		post = inner
	}
	for _, key := range []string{"tag_string", "tags", "tag_string_general", "tags_general"} {
		tags, ok := tagsIn(post[key])
		if !ok {
			return nil, fmt.Errorf("%q is neither text nor a list of tags", key)
		}
		if tags = trimmed(tags); len(tags) > 0 {
			return tags, nil
		}
	}
	return nil, nil
}

// tagsIn returns the tags in a value of JSON: a text, a list of tags or of {"name": …}, or these by category. ok is
// false if it is something else.
func tagsIn(value any) (tags []string, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		if strings.ContainsAny(value, ",，；") {
			return parseText(value), true
		}
		return strings.Fields(value), true
	case []any:
		for _, tag := range value {
			if named, ok := tag.(map[string]any); ok {
				tag = named["name"]
			}
			switch tag := tag.(type) {
			case nil:
			case string:
				tags = append(tags, tag)
			default:
				return nil, false
			}
		}
		return tags, true
	case map[string]any:
		for _, category := range slices.Sorted(maps.Keys(value)) {
			of := value[category]
			if _, deeper := of.(map[string]any); deeper {
				return nil, false
			}
			more, ok := tagsIn(of)
			if !ok {
				return nil, false
			}
			tags = append(tags, more...)
		}
		return tags, true
	}
	return nil, false
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
