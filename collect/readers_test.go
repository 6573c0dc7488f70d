package collect

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireTags wants tags as the sources take them: none is empty, and none begins or ends with a space.
func requireTags(t *testing.T, tags []string) {
	t.Helper()
	for _, tag := range tags {
		require.NotEmpty(t, tag)
		require.Equal(t, strings.TrimSpace(tag), tag)
	}
}

// Of a text file, the tags are neither empty nor divisible, no letter is lost, and they are the same if the file is
// written anew.
func FuzzTagsInText(f *testing.F) {
	for _, text := range []string{
		"1girl, long hair, pink hair", "\ufeff1girl\r\nlong hair\r\n", "1girl long_hair", " ,\n,", "",
		"1girl;long hair", "steins;gate 1girl", "['1girl', \"long hair\"]", "1.2::long hair, x::", "１ｇｉｒｌ\u200b；ｘ",
		"1girl\t0.9\nlong hair\t0.1\n",
		"(1girl:0.99), ((long hair)), [pink hair].", "(1girl, long hair:1.2)", "a；b，c", "a; b;\n;d",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags := parseText(text)
		requireTags(t, tags)
		for _, tag := range tags {
			require.False(t, strings.ContainsAny(tag, ",，、；\r\n"), "%q", tag)
		}
		letters := func(s string) (kept []rune) {
			for _, r := range s {
				if unicode.IsLetter(r) {
					kept = append(kept, r)
				}
			}
			return kept
		}
		if strings.Contains(text, "\t") {
			return // Tags with low scores are left out.
		}
		require.Equal(t, string(letters(plainLetters(text))), string(letters(strings.Join(tags, " "))))
		cut := func(tag string) bool { return strings.HasSuffix(tag, ";") } // At the end of a line it is one that separates.
		if len(tags) > 0 && !slices.ContainsFunc(tags, cut) {
			require.Equal(t, tags, parseText(strings.Join(tags, ",")+","))
			require.Equal(t, tags, parseText(strings.Join(tags, "\r\n")+",\r\n"))
		}
	})
}

// Of a JSON file, the tags are the same in each of the forms in which they may be written.
func FuzzTagsInJSON(f *testing.F) {
	for _, text := range []string{
		`{"id": 1, "tag_string": "1girl long_hair"}`, `{"tags": "1girl long_hair"}`, `{"tags": ["1girl", "long hair", null]}`,
		`{"tags": [{"name": "1girl"}, {"name": " long_hair "}, {}]}`, `{"tags": 3}`, `{"tags": null}`, `[]`, `{`,
		`[{"tag_string": "1girl"}]`, `{"posts": [{"tags": ["x"]}]}`,
		`{"1girl": 0.9, "x": 0.1}`, `[["1girl", 0.9]]`, `{"tags": {"general": {"1girl": 0.9}}}`, `["(a, b:1.2)"]`,
		`{"tags": {"general": ["1girl"]}}`, `{"tag_string_general": "1girl"}`, `["1girl", "long hair"]`, `"1girl, solo"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tags, err := parseJSON(data)
		if err != nil {
			require.Empty(t, tags)
			return
		}
		requireTags(t, tags)
		for _, tag := range tags {
			require.True(t, utf8.ValidString(tag), "%q", tag)
		}
		// A semicolon at the end separates, and what stands behind a tab may be a score.
		separates := func(tag string) bool { return strings.HasSuffix(tag, ";") || strings.Contains(tag, "\t") }
		if slices.ContainsFunc(tags, separates) {
			return
		}
		type named struct {
			Name string `json:"name"`
		}
		var objects []named
		for _, tag := range tags {
			objects = append(objects, named{tag})
		}
		again := func(post any) {
			written, err := json.Marshal(post)
			require.NoError(t, err)
			got, err := parseJSON(written)
			require.NoError(t, err)
			require.Equal(t, len(tags), len(got), "%s", written)
			require.True(t, slices.Equal(tags, got), "%q is read as %q", tags, got)
		}
		again(tags)
		again(map[string]any{"tags": tags})
		again(map[string]any{"tags": map[string]any{"general": tags, "species": []string{}}})
		again(map[string]any{"tags": objects})
		divisible := func(tag string) bool { return len(strings.Fields(tag)) > 1 || strings.ContainsAny(tag, ",，；;") }
		if !slices.ContainsFunc(tags, divisible) && !known(strings.Join(tags, " ")) { // "long hair" is one tag.
			again(map[string]any{"tags": strings.Join(tags, " ")})
			again(map[string]any{"tag_string": strings.Join(tags, " "), "tags": nil})
		}
	})
}

// Of a metadata file, each wanted post comes once for each of its lines that can be read, no other does, and an error
// names the first line that cannot.
func FuzzDanbooruPosts(f *testing.F) {
	for _, text := range []string{
		`{"id":"1","tags":[{"name":"green_hair"}]}` + "\n" + `{"id":2,"tag_string":"red_hair"}` + "\r\n\n",
		`{"id":1,"tags":3}`, `{"id":3,"tags":3}`, `{}`, `{"id":"1`, `{"id":-1}` + "\n{", "\n\n", `{"id":"\u0031"}`,
	} {
		f.Add([]byte(text))
	}
	type post struct {
		id   int64
		tags []string
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(data []byte) (posts []post, err error) {
			take := func(id int64, tags []string) { posts = append(posts, post{id, tags}) }
			err = eachPost(bytes.NewReader(data), longestPost, func(id int64) bool { return id < 3 }, take)
			return posts, err
		}
		posts, err := read(data)
		require.LessOrEqual(t, len(posts), bytes.Count(data, []byte("\n"))+1)
		for _, p := range posts {
			require.Less(t, p.id, int64(3))
			requireTags(t, p.tags)
		}
		if err != nil {
			require.ErrorContains(t, err, "line ")
		}
		var written []byte
		for _, p := range posts {
			line, err := json.Marshal(map[string]any{"id": p.id, "tags": p.tags})
			require.NoError(t, err)
			written = append(append(written, line...), '\n')
		}
		again, err := read(written)
		require.NoError(t, err)
		require.Len(t, again, len(posts))
		for i := range posts {
			require.Equal(t, posts[i].id, again[i].id)
			require.True(t, slices.Equal(posts[i].tags, again[i].tags), "%q is read as %q", posts[i].tags, again[i].tags)
		}
	})
}

func TestLongLinesOfMetadataAreNamedAndSkipped(t *testing.T) {
	const longest = 1 << 17 // More than is buffered.
	long := `{"id":3,"tags":"` + strings.Repeat("x", 1<<18) + `"}`
	fits := `{"id":4,"tags":"` + strings.Repeat("x ", 1<<15) + `"}`
	var ids []int64
	all := func(int64) bool { return true }
	take := func(id int64, _ []string) { ids = append(ids, id) }
	lines := func(lines ...string) error {
		ids = nil
		return eachPost(strings.NewReader(strings.Join(lines, "\n")), longest, all, take)
	}
	err := lines(`{"id":1,"tags":"a"}`, long, `{"id":2,"tags":"b"}`, fits, `{"id":5,"tags":"b"}`)
	assert.EqualError(t, err, "line 2: it is too long for a post")
	assert.Equal(t, []int64{1, 2, 4, 5}, ids)
	assert.EqualError(t, lines(`{"id":1,"tags":"a"}`, long), "line 2: it is too long for a post")
	assert.Equal(t, []int64{1}, ids)
	assert.ErrorIs(t, lines("["+long), errNoLines)
}

func TestMetadataThatIsNoFileOfLinesIsNamed(t *testing.T) {
	dir := t.TempDir()
	save(t, blank(8, 8), dir, "1.png")
	for _, folder := range []string{"a.json", "kaggle.json"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "metadata", folder), 0o755))
	}
	post := []byte(`{"id":1,"tags":"silver_hair"}` + "\n")
	var utf16 []byte
	for _, letter := range post {
		utf16 = append(utf16, letter, 0)
	}
	for name, data := range map[string][]byte{
		"b.json.gz": nil, "c.json.tar.xz": nil, "d.jsonl.zst": nil, "notes.gz": nil, "kaggle.json/kaggle.JSON": utf16,
		"._d.json": nil,
	} {
		write(t, string(data), dir, "metadata", name)
	}
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "metadata", "link.json")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "metadata", "pipe.json"), 0o644))
	opened, err := openFolder(t.Context(), dir, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"silver_hair"}, opened.sources.posts[1], "of UTF-16 without a mark")
	var said []string
	for _, bad := range opened.badPosts {
		said = append(said, strings.TrimPrefix(bad.Error(), "the tags of posts, "+filepath.Join(dir, "metadata")+"/"))
	}
	assert.Equal(t, []string{
		"a.json: it is a folder, and no .json file is in it; put the file in its place", "b.json.gz: it is packed; unpack it",
		"c.json.tar.xz: it is packed; unpack it", "d.jsonl.zst: it is packed; unpack it",
		"link.json: it is a link to a folder, which is not followed; put the folder in its place",
		"pipe.json: not a regular file",
	}, said)
	_, err = openFolder(t.Context(), dir, Options{Strict: true})
	assert.ErrorContains(t, err, "a.json: it is a folder")
}

// WD14's names are as many as there are lines below the first, and the same if the file is written anew, with or
// without the mark that spreadsheets begin files with.
func FuzzWD14Names(f *testing.F) {
	for _, text := range []string{
		names[wd14File], "name\nsolo\n", "\ufeffname,count\nsolo,1\n", "a,b\n", "",
		"name\n\"a\nb\"\n", "name\n", "name,name\na,b\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := wd14Names(data)
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.NotEmpty(t, got)
		require.LessOrEqual(t, len(got), bytes.Count(data, []byte("\n")))
		if slices.ContainsFunc(got, func(name string) bool { return strings.Contains(name, "\r") }) {
			return // encoding/csv reads \r\n as \n.
		}
		var text bytes.Buffer
		out := csv.NewWriter(&text)
		require.NoError(t, out.Write([]string{"name", "count"}))
		for _, name := range got {
			require.NoError(t, out.Write([]string{name, "1"}))
		}
		out.Flush()
		for _, start := range []string{"", "\ufeff"} {
			again, err := wd14Names([]byte(start + text.String()))
			require.NoError(t, err)
			require.Equal(t, got, again, "%q", start)
		}
	})
}

// Illustration2Vec's names are as many as the list has entries, null among them.
func FuzzIllustration2VecNames(f *testing.F) {
	for _, text := range []string{names[illustration2VecFile], `[null]`, `[]`, `null`, `[1]`, `["a"`, `["\ud800"]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := illustration2VecNames(data)
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.NotEmpty(t, got)
		var entries []any
		require.NoError(t, json.Unmarshal(data, &entries))
		require.Len(t, got, len(entries))
		for i, entry := range entries {
			if entry == nil {
				require.Empty(t, got[i])
			} else {
				require.Equal(t, entry, got[i])
			}
		}
	})
}

func TestNamesOfTagsMayBeginAsSpreadsheetsWriteThem(t *testing.T) {
	got, err := wd14Names([]byte("\ufeffname,count\r\nsolo,1\r\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"solo"}, got)
}

func TestFilesThatNameNoTagsAreErrors(t *testing.T) {
	for text, read := range map[string]func([]byte) ([]string, error){
		"name\n": wd14Names, "[]": illustration2VecNames, "null": illustration2VecNames, `["a",3]`: illustration2VecNames,
	} {
		got, err := read([]byte(text))
		assert.Error(t, err, text)
		assert.Empty(t, got, text)
	}
}

func TestEmptyTagsAreNone(t *testing.T) {
	for _, text := range []string{
		`{"tags": ["", " solo ", null, "\t"]}`, `{"tags": [{"name": ""}, {}, {"name": "solo\n"}, null]}`,
	} {
		got, err := parseJSON([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, []string{"solo"}, got, text)
	}
	_, err := parseJSON([]byte(`{"tags": [[]]}`))
	assert.Equal(t, errors.New(`"tags" is neither text nor a list of tags`), err)
}

func TestAPipeInThePlaceOfAFileOfTagsIsNamed(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "a.txt")
	require.NoError(t, syscall.Mkfifo(pipe, 0o644))
	_, file, err := new(tagFiles).beside(filepath.Join(dir, "a.png"))
	assert.Equal(t, pipe, file)
	assert.EqualError(t, err, "the tags of a picture, "+pipe+": not a regular file; mend or remove the file")
}

func TestMetadataIsReadFromEveryPlaceThatMayHoldIt(t *testing.T) {
	post := []byte(`{"id":1,"tags":"silver_hair"}` + "\n")
	for _, folder := range metadataFolders {
		for _, name := range []string{"posts.json", "posts.jsonl", "POSTS.JSONL", "posts.ndjson", "2017/posts.jsonl"} {
			for _, isLink := range []bool{false, true} {
				dir := t.TempDir()
				save(t, blank(8, 8), dir, "1.png")
				at := filepath.Join(dir, folder)
				if isLink {
					at = t.TempDir()
					require.NoError(t, os.Symlink(at, filepath.Join(dir, folder)))
				}
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(at, name)), 0o755))
				write(t, string(post), at, name)
				opened, err := openFolder(t.Context(), dir, Options{})
				require.NoError(t, err)
				assert.Empty(t, opened.badPosts)
				assert.Equal(t, []string{"silver_hair"}, opened.sources.posts[1], "%s/%s", folder, name)
			}
		}
	}
}
