package collect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
	"golang.org/x/text/width"
)

// tagExtensions are the extensions of files of tags, in any case, in the order in which they are looked for.
var tagExtensions = []string{".txt", ".caption", ".json"}

// leastScore is the score from which on a tag with one counts, WD14's usual threshold.
const leastScore = 0.35

// tagFiles finds the files of tags beside pictures. The names in a folder are read once.
type tagFiles struct {
	mutex   sync.Mutex
	folders map[string]map[string]string // By folder: the names of its files of tags, by these with lower extensions.
}

// in returns the files of tags in a folder; nil if it cannot be listed.
func (f *tagFiles) in(folder string) map[string]string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if names, known := f.folders[folder]; known {
		return names
	}
	var names map[string]string
	if entries, err := os.ReadDir(folder); err == nil {
		names = map[string]string{}
		for _, entry := range entries {
			name, extension := entry.Name(), filepath.Ext(entry.Name())
			if lower := strings.ToLower(extension); slices.Contains(tagExtensions, lower) {
				key := strings.TrimSuffix(name, extension) + lower
				if _, twice := names[key]; !twice || name == key {
					names[key] = name
				}
			}
		}
	}
	if f.folders == nil {
		f.folders = map[string]map[string]string{}
	}
	f.folders[folder] = names
	return names
}

// beside reads the tags of a picture from the file beside it, NAME.txt or NAME.EXT.txt, or one of the other
// [tagExtensions], as gallery-dl, image boards and taggers write them. Without such a file there are no tags, no file
// and no error.
func (f *tagFiles) beside(picture string) (tags []string, file string, err error) {
	folder, base := filepath.Split(picture)
	names := f.in(filepath.Clean(folder))
	for _, extension := range tagExtensions {
		for _, name := range []string{strings.TrimSuffix(base, filepath.Ext(base)) + extension, base + extension} {
			if names != nil && names[name] == "" {
				continue
			}
			file := filepath.Join(folder, cmp.Or(names[name], name))
			data, err := regularfile.Read(file, regularfile.Note)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			switch {
			case err != nil:
				err = imaging.WithoutPath(err)
			case extension == ".json":
				tags, err = parseJSON(data)
			default:
				tags = parseText(string(textfile.Decode(data)))
			}
			if err != nil {
				return nil, file, fmt.Errorf("the tags of a picture, %s: %w; mend or remove the file", shown(file), err)
			}
			return tags, file, nil
		}
	}
	return nil, "", nil
}

// commas are what stands between tags beside commas. A semicolon must end a word: Danbooru has the tag ";d".
var commas = strings.NewReplacer("、", ",", "; ", ",", ";\n", "\n", ";\r", "\r")

// plainLetters returns a text with ASCII's letters and signs for those of full width, with plain spaces for others, and
// without what has no width. A full-width semicolon becomes a comma: no tag has it.
func plainLetters(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
			return -1
		case '；':
			return ','
		}
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		if folded := width.LookupRune(r).Folded(); folded != 0 {
			return folded
		}
		return r
	}, text)
}

// scored matches a line with a tag and its score behind a tab, as taggers write them.
var scored = regexp.MustCompile(`^(.*?)(?:[ \t]*\t[ \t]*([01](?:\.\d*)?(?:[eE]-?\d+)?|\.\d+))+[ \t\r]*$`)

// withoutScores returns a text without scores, nor the tags that have a low one.
func withoutScores(text string) string {
	if !strings.Contains(text, "\t") {
		return text
	}
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if found := scored.FindStringSubmatch(line); found != nil {
			if score, err := strconv.ParseFloat(found[2], 64); err == nil && score < leastScore {
				continue
			}
			line = found[1]
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

// parseText returns the tags of a text: between commas or, without them, a tag a line, or between spaces, semicolons or
// tabs.
func parseText(text string) []string {
	text = withCommas(text)
	parts := parted(text)
	if len(parts) == 1 && !strings.Contains(text, ",") && !known(parts[0]) {
		fields := eachDivided(strings.Fields(parts[0]))
		if divided := divide(parts[0]); len(divided) > 1 && knownOf(divided) > knownOf(fields) {
			fields = divided
		}
		return allBare(fields)
	}
	return allBare(eachDivided(parts))
}

// parseTag returns the tags of a text that is one tag, with spaces, if no comma or the like divides it.
func parseTag(text string) []string { return allBare(eachDivided(parted(withCommas(text)))) }

// withCommas returns a text with commas for whatever divides tags without doubt, and without scores.
func withCommas(text string) string { return commas.Replace(withoutScores(plainLetters(text)) + "\n") }

// parted returns the parts of a text between commas and newlines.
func parted(text string) []string {
	return trimmed(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }))
}

// divide divides a part of a text at semicolons within words, or at tabs, if more tags are known then: there is
// "steins;gate".
func divide(part string) []string {
	best := []string{part}
	for _, separator := range []string{";", "\t"} {
		if pieces := trimmed(strings.Split(part, separator)); len(pieces) > 1 {
			if pieces = eachDivided(pieces); knownOf(pieces) > knownOf(best) {
				best = pieces
			}
		}
	}
	return best
}

func eachDivided(parts []string) (all []string) {
	for _, part := range parts {
		all = append(all, divide(part)...)
	}
	return all
}

// known reports whether a part of a text is a tag about anything that is asked for.
func known(part string) bool { return tells(plainTag(bare(part))) }

func knownOf(parts []string) (n int) {
	for _, part := range parts {
		if known(part) {
			n++
		}
	}
	return n
}

func allBare(parts []string) []string {
	for i := range parts {
		parts[i] = bare(parts[i])
	}
	return trimmed(parts)
}

// weight is the weight that prompts give a tag, as in (blue hair:1.2).
var weight = regexp.MustCompile(`\s*:\s*\d*\.?\d+$`)

// novelWeight is a weight before a tag, and what ends it, as in 1.2::blue hair::.
var novelWeight = regexp.MustCompile(`^\d*\.?\d+\s*::\s*|\s*::$`)

// bare returns a tag without what prompts and captions put around it: the brackets and the weight of "((blue hair))",
// "[blue hair]", "(blue hair:0.9)" and "0.9::blue hair::", and quotes, of which a comma within them may have cut off a
// half, and a full stop. A bracket that is a part of the name, as in "saber_(fate)", stays, and so do faces such as
// ":)".
func bare(tag string) string {
	tag = strings.TrimSpace(tag)
	const longest = 500 // Bytes: what is longer is no tag, and would take long.
	for len(tag) <= longest {
		less := strings.TrimSpace(strings.TrimLeft(strings.TrimRight(tag, `.。"“”`), `([{"“”„`))
		if last := len(less) - 1; last >= 0 {
			if at := strings.IndexByte(")]}", less[last]); at >= 0 {
				closing, opening := less[last:], "([{"[at:at+1]
				if strings.Count(less, closing) > strings.Count(less, opening) {
					less = strings.TrimSpace(less[:last])
				}
			}
		}
		less = novelWeight.ReplaceAllString(weight.ReplaceAllString(less, ""), "")
		if last := len(less) - 1; last > 0 && less[0] == '\'' && less[last] == '\'' {
			less = less[1:last]
		}
		if less == tag || !strings.ContainsFunc(less, unicode.IsLetter) {
			return tag
		}
		tag = less
	}
	return tag
}

// tagKeys are the names under which posts have their tags, in the order in which they are looked at.
var tagKeys = []string{"tag_string", "tags", "tag_string_general", "tags_general"}

// parseJSON returns the tags of a post: Danbooru's "tag_string", its "tags" as one text or as a list, e621's "tags" by
// category, or those of the general category alone; those of a list that is all there is; or those with scores, of
// which low ones do not count.
func parseJSON(data []byte) ([]string, error) {
	var value any
	if err := textfile.UnmarshalJSON(data, &value); err != nil {
		return nil, err
	}
	if post, ok := value.(map[string]any); ok {
		for _, key := range []string{"posts", "post"} { // As image boards answer a search; the latter is Gelbooru's.
			if posts, ok := post[key].([]any); ok {
				value = posts
			}
		}
	}
	if posts, ok := value.([]any); ok && slices.ContainsFunc(posts, isPost) {
		if len(posts) != 1 {
			return nil, fmt.Errorf("it holds %d posts, and not that of the picture alone", len(posts))
		}
		value = posts[0]
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
	for _, key := range tagKeys {
		tags, ok := tagsIn(post[key])
		if !ok {
			return nil, fmt.Errorf("%q is neither text nor a list of tags", key)
		}
		if tags = trimmed(tags); len(tags) > 0 {
			return tags, nil
		}
	}
	if _, ok := post["id"]; ok || isPost(post) {
		return nil, nil
	}
	tags, _ := scoresIn(post)
	return trimmed(tags), nil
}

// isPost reports whether a value of JSON is a post with tags.
func isPost(value any) bool {
	post, ok := value.(map[string]any)
	return ok && slices.ContainsFunc(tagKeys, func(key string) bool {
		_, has := post[key]
		return has
	})
}

// scoresIn returns the tags in an object of scores, or of such by category, whose score is not low. ok is false if it
// is something else.
func scoresIn(scores map[string]any) (tags []string, ok bool) {
	for _, tag := range slices.Sorted(maps.Keys(scores)) {
		switch score := scores[tag].(type) {
		case float64:
			more, ok := withScore(tag, score)
			if !ok {
				return nil, false
			}
			tags = append(tags, more...)
		case map[string]any:
			more, ok := scoresIn(score)
			if !ok {
				return nil, false
			}
			tags = append(tags, more...)
		default:
			return nil, false
		}
	}
	return tags, true
}

// withScore returns the tags of a text with a score, none if that is low. ok is false if it is no score.
func withScore(tag string, score float64) (tags []string, ok bool) {
	switch {
	case score < 0 || score > 1:
		return nil, false
	case score < leastScore:
		return nil, true
	}
	return parseTag(tag), true
}

// tagsIn returns the tags in a value of JSON: a text, a list of tags, of {"name": …} or of ["tag", score], or these by
// category. ok is false if it is something else.
func tagsIn(value any) (tags []string, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		return parseText(value), true
	case []any:
		for _, tag := range value {
			if named, ok := tag.(map[string]any); ok {
				tag = named["name"]
			}
			switch tag := tag.(type) {
			case nil:
			case string:
				tags = append(tags, parseTag(tag)...)
			case []any:
				if len(tag) != 2 {
					return nil, false
				}
				name, isText := tag[0].(string)
				score, isNumber := tag[1].(float64)
				more, ok := withScore(name, score)
				if !isText || !isNumber || !ok {
					return nil, false
				}
				tags = append(tags, more...)
			default:
				return nil, false
			}
		}
		return tags, true
	case map[string]any:
		for _, category := range slices.Sorted(maps.Keys(value)) {
			var more []string
			var ok bool
			switch of := value[category].(type) {
			case float64:
				more, ok = withScore(category, of)
			case map[string]any:
				more, ok = scoresIn(of)
			default:
				more, ok = tagsIn(of)
			}
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
