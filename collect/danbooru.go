package collect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/moelab/moelab/internal/textfile"
)

// danbooruPosts reads the tags of posts from a metadata file of Danbooru20xx or of Kaggle's "Tagged Anime
// Illustrations": a post as JSON in each line, with its "id", a number or a string, and its tags as in [parseJSON].
// take is called with each post that is wanted. Lines that cannot be read are left out; the error names the file, the
// first of them and how many more there are.
func danbooruPosts(path string, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := eachPost(textfile.NewReader(file), wanted, take); err != nil {
		return fmt.Errorf("the tags of posts, %s, %w", path, err)
	}
	return nil
}

// errNoLines is the error of a file that another program would read: some converters write a list of all posts.
var errNoLines = errors.New("a list begins here, but each line must be a post, {…}: nothing of the file is read")

// eachPost reads lines. Its error names the first lines that are left out.
func eachPost(lines io.Reader, wanted func(id int64) bool, take func(id int64, tags []string)) error {
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
		line, end := in.ReadBytes('\n')
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
