package collect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// danbooruPosts reads the tags of posts from a metadata file of Danbooru20xx or of Kaggle's "Tagged Anime
// Illustrations": a post as JSON in each line, with its "id", a number or a string, and its tags as in [parseJSON].
// take is called with each post that is wanted. Lines that cannot be read, or are longer than [longestPost], are left
// out; the error names the file, the first of them and how many more there are.
func danbooruPosts(path string, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	file, _, err := regularfile.Open(path)
	if err != nil {
		return fmt.Errorf("the tags of posts, %s: %w", shown(path), imaging.WithoutPath(err))
	}
	defer file.Close()
	if err := eachPost(textfile.NewReader(file), longestPost, wanted, take); err != nil {
		return fmt.Errorf("the tags of posts, %s, %w", shown(path), err)
	}
	return nil
}

// longestPost is how many bytes a line may have. A post has some thousands.
const longestPost = 64 << 20

// errLongLine is the error of a line that is longer.
var errLongLine = errors.New("it is too long for a post")

// readLine reads a line with its end. Of one that is longer than longest, it returns the beginning and [errLongLine],
// and goes past it. At the end of the text the error is [io.EOF], and there may be a line without an end.
func readLine(in *bufio.Reader, longest int) (line []byte, err error) {
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > longest; !tooLong {
			line = append(line, part...)
		} else if len(line) == 0 {
			line = bytes.Clone(part)
		}
		switch {
		case err == bufio.ErrBufferFull:
		case tooLong && (err == nil || err == io.EOF):
			return line, errLongLine
		default:
			return line, err
		}
	}
}

// notMetadata returns what is wrong with an entry of a folder of metadata that is no file of lines but looks as if one
// had been meant: it is packed, a folder with no such file in it, or a link to a folder.
func notMetadata(path string, entry os.DirEntry) error {
	name := strings.ToLower(filepath.Base(path))
	isPacked := func(extension string) bool {
		return strings.Contains(name, extension+".") && slices.Contains(packed, filepath.Ext(name))
	}
	why := ""
	switch {
	case strings.HasPrefix(name, "."): // The system's own.
	case entry.IsDir() && slices.Contains(lineExtensions, filepath.Ext(name)):
		if entries, err := os.ReadDir(path); err == nil && !slices.ContainsFunc(entries, isMetadata) {
			why = "it is a folder, and no .json file is in it; put the file in its place"
		}
	case entry.IsDir():
	case entry.Type()&os.ModeSymlink != 0 && isFolder(path):
		why = "it is a link to a folder, which is not followed; put the folder in its place"
	case slices.ContainsFunc(lineExtensions, isPacked):
		why = "it is packed; unpack it"
	}
	if why == "" {
		return nil
	}
	return fmt.Errorf("the tags of posts, %s: %s", shown(path), why)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// packed are the extensions of packed files.
var packed = []string{".gz", ".xz", ".bz2", ".zst", ".zip", ".7z", ".rar", ".tar", ".tgz"}

// lineExtensions are the extensions of files with a post in each line.
var lineExtensions = []string{".json", ".jsonl", ".ndjson"}

// isMetadata reports whether an entry of a folder is a file of lines. Hidden ones are the system's.
func isMetadata(entry os.DirEntry) bool {
	return slices.Contains(lineExtensions, strings.ToLower(filepath.Ext(entry.Name()))) &&
		!strings.HasPrefix(entry.Name(), ".")
}

// errNoLines is the error of a file that another program would read: some converters write a list of all posts.
var errNoLines = errors.New("a list begins here, but each line must be a post, {…}: nothing of the file is read")

// eachPost reads lines. Its error names the first lines that are left out.
func eachPost(
	lines io.Reader, longest int, wanted func(id int64) bool, take func(id int64, tags []string),
) error {
	in := bufio.NewReaderSize(lines, 1<<16)
	const named = 3
	var said []string
	left := 0
	leaveOut := func(number int, err error) {
		if left++; left <= named {
			said = append(said, fmt.Sprintf("line %d: %v", number, err))
		}
	}
	for number := 1; ; number++ {
		line, end := readLine(in, longest)
		post := bytes.TrimSpace(line)
		if number == 1 && bytes.HasPrefix(post, []byte("[")) {
			return fmt.Errorf("line 1: %w", errNoLines)
		}
		if len(post) > 0 && (end == nil || end == io.EOF) {
			if err := readPost(post, wanted, take); err != nil {
				leaveOut(number, err)
			}
		}
		switch {
		case end == nil:
			continue
		case end == errLongLine:
			leaveOut(number, end)
			continue
		case end != io.EOF:
			leaveOut(number, end)
		}
		switch {
		case left > named:
			return fmt.Errorf("%s; and so on, %d lines in all", strings.Join(said, "; "), left)
		case left > 0:
			return errors.New(strings.Join(said, "; "))
		}
		return nil
	}
}

func readPost(post []byte, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	var head struct {
		ID json.RawMessage `json:"id"`
	}
	if err := textfile.UnmarshalJSON(post, &head); err != nil {
		return fmt.Errorf("no post: %w", err)
	}
	if len(head.ID) == 0 {
		return errors.New(`the post has no "id"`)
	}
	id, err := strconv.ParseInt(string(bytes.Trim(head.ID, `"`)), 10, 64)
	if err != nil {
		return errors.New(`the "id" of the post is not a number`)
	}
	if !wanted(id) {
		return nil
	}
	tags, err := parseJSON(post)
	if err != nil {
		return err
	}
	take(id, tags)
	return nil
}
