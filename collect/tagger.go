package collect

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/internal/onnxnet"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// Tagger is a network of the user's that tags pictures: WD14's or Illustration2Vec's, as an ONNX file. It may be used
// by several goroutines.
type Tagger struct {
	path      string
	stamp     string
	network   *onnxnet.Network
	names     []string
	threshold float32
}

// The files that name the tags lie beside the network. The name of the file tells how the network wants its pictures.
const (
	wd14File             = "selected_tags.csv"
	illustration2VecFile = "tag_list.json"
)

// Thresholds of the taggers' authors: the least confidence that makes a tag.
const (
	wd14Threshold             = 0.35
	illustration2VecThreshold = 0.25
)

var (
	// wd14Input: BGR from 0 to 255.
	wd14Input = onnxnet.Input{BGR: true, Deviation: [3]float64{1, 1, 1}}
	// illustration2VecInput: BGR less the mean of its training pictures.
	illustration2VecInput = onnxnet.Input{
		BGR: true, Mean: [3]float64{164.76139251, 167.47864617, 181.13838569}, Deviation: [3]float64{1, 1, 1},
	}
)

// Sizes of the pictures that the networks were trained with, for files that do not say.
const (
	wd14Size             = 448
	illustration2VecSize = 224
)

// OpenTagger opens a tagger. The names of its tags are read from the file that its authors publish with it, which must
// lie beside it: selected_tags.csv of WD14, tag_list.json of Illustration2Vec.
func OpenTagger(backend compute.Backend, path string) (*Tagger, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	t := &Tagger{path: path, threshold: wd14Threshold}
	options := onnxnet.Options{Input: wd14Input, Size: wd14Size}
	dir := filepath.Dir(path)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	namesFile := wd14File
	names, err := readNames(filepath.Join(dir, namesFile), wd14Names)
	if errors.Is(err, fs.ErrNotExist) {
		namesFile, t.threshold = illustration2VecFile, illustration2VecThreshold
		options = onnxnet.Options{Input: illustration2VecInput, Size: illustration2VecSize}
		names, err = readNames(filepath.Join(dir, namesFile), illustration2VecNames)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("neither %s (WD14) nor %s (Illustration2Vec) lies beside %s: they name its tags",
			wd14File, illustration2VecFile, path)
	case err != nil:
		return nil, err
	}
	t.names = names
	if t.stamp, err = stampOf(path, filepath.Join(dir, namesFile)); err != nil {
		return nil, err
	}
	t.network, err = onnxnet.Open(backend, path, options)
	return t, err
}

// stampOf distinguishes files from earlier and later ones at the same paths: by their sizes and times.
func stampOf(paths ...string) (stamp string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprintf("%s: %d bytes, %d\n", filepath.Base(path), info.Size(), info.ModTime().UnixNano())
	}
	return stamp, nil
}

// readNames reads a file of names.
func readNames(path string, parse func([]byte) ([]string, error)) ([]string, error) {
	data, err := regularfile.Read(path, regularfile.Note)
	if err != nil {
		return nil, err
	}
	names, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read the names of tags in %s: %w", path, err)
	}
	return names, nil
}

// wd14Names returns the column "name".
func wd14Names(data []byte) ([]string, error) {
	rows, err := csv.NewReader(bytes.NewReader(textfile.Decode(data))).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("it is empty")
	}
	column := slices.Index(rows[0], "name")
	if column < 0 {
		return nil, errors.New(`no column is called "name"`)
	}
	if len(rows) == 1 {
		return nil, errNoTags
	}
	names := make([]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		names = append(names, row[column])
	}
	return names, nil
}

// illustration2VecNames returns a list of strings; a tag that was given up is null there, and empty here.
func illustration2VecNames(data []byte) (names []string, err error) {
	if err := textfile.UnmarshalJSON(data, &names); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errNoTags
	}
	return names, nil
}

var errNoTags = errors.New("it names no tags")

// file returns the path of the network; empty for no tagger.
func (t *Tagger) file() string {
	if t == nil {
		return ""
	}
	return t.path
}

// version changes when another network, or other names of its tags, come to lie at the same path; empty for no tagger.
func (t *Tagger) version() string {
	if t == nil {
		return ""
	}
	return t.stamp
}

// Close frees the network.
func (t *Tagger) Close() { t.network.Close() }

// tags returns the tags of a picture that the network is confident of, the most confident first. Of tags that rule each
// other out, those of hair colours and of the classes of an attribute, only the most confident one is among them. Those
// for several colours stay beside it.
func (t *Tagger) tags(ctx context.Context, picture *image.RGBA) ([]string, error) {
	rows, err := t.network.See(ctx, []*image.RGBA{picture})
	if err != nil {
		return nil, err
	}
	confidence := rows[0]
	if len(confidence) != len(t.names) {
		return nil, fmt.Errorf("the tagger gives %d numbers for a picture, but the file beside it names %d tags: "+
			"they belong to different networks", len(confidence), len(t.names))
	}
	var tags []int
	for i := range t.names {
		if confidence[i] >= t.threshold && t.names[i] != "" {
			tags = append(tags, i)
		}
	}
	slices.SortStableFunc(tags, func(a, b int) int {
		switch {
		case confidence[a] > confidence[b]:
			return -1
		case confidence[a] < confidence[b]:
			return 1
		}
		return 0
	})
	var kept []string
	said := map[string]bool{}
	for _, i := range tags {
		plain := plainTag(t.names[i])
		if of := rival(plain); of != "" {
			if said[of] {
				continue
			}
			said[of] = true
		}
		kept = append(kept, plain)
	}
	return kept, nil
}

// rival names the question to which a tag is one of several answers; empty for most tags. Tags for several colours are
// no rivals of a colour: they say that it is not all.
func rival(plain string) string {
	switch {
	case ofMixedHair(plain) || ofMixedEyes(plain):
		return ""
	case ofHair(plain):
		return "hair colour"
	case slices.Contains(otherEyes, plain):
		return eyeColour
	}
	for attribute, classes := range attributeTags {
		for _, names := range classes {
			if slices.Contains(names, plain) {
				return attribute
			}
		}
	}
	return ""
}
