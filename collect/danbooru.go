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
)

// danbooruPosts reads the tags of posts from a metadata file of Danbooru20xx or of Kaggle's "Tagged Anime
// Illustrations": a post as JSON in each line, with its "id", a number or a string, and its tags as in [tagsBeside].
// take is called with each post that is wanted.
func danbooruPosts(path string, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := eachPost(file, wanted, take); err != nil {
		return fmt.Errorf("%s, %w", path, err)
	}
	return nil
}

// eachPost reads lines. Its errors name the line.
func eachPost(lines io.Reader, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	in := bufio.NewReaderSize(lines, 1<<16)
	for number := 1; ; number++ {
		line, end := in.ReadBytes('\n')
		if post := bytes.TrimSpace(line); len(post) > 0 && (end == nil || end == io.EOF) {
			if err := readPost(post, wanted, take); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
		switch end {
		case nil:
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("line %d: %w", number, end)
		}
	}
}

func readPost(post []byte, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	var head struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(post, &head); err != nil {
		return fmt.Errorf("not a post in JSON: %w", err)
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
