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

// danbooruPosts reads the tags of posts out of a metadata file of Danbooru20xx, as Kaggle's "Tagged Anime Illustrations" has it too: a post as JSON in each line, with its
// "id", a number or a text, and its tags as in [tagsBeside]. take is called with each post that wanted says yes to.
func danbooruPosts(path string, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if post := bytes.TrimSpace(line); len(post) > 0 {
			if err := readPost(post, wanted, take); err != nil {
				return fmt.Errorf("%s, line %d: %w", path, number, err)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func readPost(post []byte, wanted func(id int64) bool, take func(id int64, tags []string)) error {
	var head struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(post, &head); err != nil {
		return fmt.Errorf("it is no post as JSON: %w", err)
	}
	id, err := strconv.ParseInt(string(bytes.Trim(head.ID, `"`)), 10, 64)
	if err != nil {
		return errors.New(`the post has no "id" that is a number`)
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
