package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
)

// Sources of a hair colour, in the order in which they are asked.
const (
	// ByFolder is the folder itself: a labels.csv in it, or the name of a folder, such as blonde or blonde_hair, that a
	// picture lies in.
	ByFolder = "folder"
	// ByTags are the tags in a file beside the picture, NAME.txt, NAME.caption or NAME.json as image boards, taggers and
	// trainers of other networks write them, with weights or scores or without, or, of pictures that are named by their
	// number at Danbooru, in the metadata of Danbooru20xx: the files below the folder's metadata or danbooru-metadata.
	// Kaggle's "Tagged Anime Illustrations" is read as it is. They answer if one of them is of the hair's colour: "1girl,
	// solo", and captions in sentences, leave it to the next source.
	ByTags = "tags"
	// ByTagger is a network of the user's, if any; see [Tagger]. It has looked at the face, so it answers with any tag,
	// even if none is of the hair's colour.
	ByTagger = "tagger"
	// ByLook is the hair in the picture: its median colour above the eyes.
	ByLook = "look"
)

// Sources returns the names of all sources, in their order.
func Sources() []string { return []string{ByFolder, ByTags, ByTagger, ByLook} }

// sources are asked for the hair colours of the pictures of a folder.
type sources struct {
	dir    string
	by     []string
	lines  []dataset.Labelled          // Of labels.csv.
	wrong  error                       // What is wrong with lines of it, which are left out.
	labels map[string]dataset.Labelled // Those that name a picture, by its path below dir.
	posts  map[int64][]string          // The tags of Danbooru's posts.
	tagger *Tagger                     // Nil unless it is one of by.
	beside tagFiles
}

// openSources reads the labels.csv of a folder, if there is one and [ByFolder] is asked.
func openSources(dir string, by []string, tagger *Tagger) (*sources, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, errors.New("it is not a folder; an archive must be unpacked first")
	}
	switch {
	case len(by) == 0:
		by = Sources()
		if tagger == nil {
			by = slices.DeleteFunc(by, func(name string) bool { return name == ByTagger })
		}
	case slices.Contains(by, ByTagger) && tagger == nil:
		return nil, errors.New("a tagger is to be asked, but none is named")
	}
	s := &sources{dir: dir, by: by}
	if slices.Contains(by, ByTagger) {
		s.tagger = tagger
	}
	for _, name := range by {
		if !slices.Contains(Sources(), name) {
			return nil, fmt.Errorf("there is no source %q of hair colours; there are %s", name, strings.Join(Sources(), ", "))
		}
	}
	if !slices.Contains(by, ByFolder) {
		return s, nil
	}
	return s, s.readLabels(filepath.Join(dir, labelsFile))
}

// labelsFile has a line for each picture: its file and its hair colour.
const labelsFile = "labels.csv"

// readLabels reads a labels.csv, if it exists.
func (s *sources) readLabels(path string) error {
	lines, wrong, err := dataset.ReadLabels(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.lines = lines
	if len(wrong) > 0 {
		s.wrong = fmt.Errorf("%s: %s", shown(path), dataset.WrongLines(wrong))
	}
	return nil
}

// match finds the pictures that labels.csv means; see [dataset.MatchFiles]. It returns the names of which there is no
// picture.
func (s *sources) match(pictures []string) (missing []string) {
	matched, left := dataset.MatchFiles(s.lines, pictures)
	s.labels = map[string]dataset.Labelled{}
	for _, line := range matched {
		s.labels[line.File] = line
	}
	for _, line := range left {
		missing = append(missing, line.File)
	}
	return missing
}

// metadataFolders hold the metadata of Danbooru20xx, at Kaggle and in the original.
var metadataFolders = []string{"danbooru-metadata", "metadata"}

// readPosts reads the tags of the pictures that are in the folder's metadata of Danbooru. bad has an error for each
// file with something wrong in it; the rest of the file counts.
func (s *sources) readPosts(ctx context.Context, pictures dataset.Pictures) (bad []error, err error) {
	if !slices.Contains(s.by, ByTags) {
		return nil, nil
	}
	s.posts = map[int64][]string{}
	for n := range pictures.Len() {
		if id, ok := postOf(pictures.Name(n)); ok {
			s.posts[id] = nil
		}
	}
	wanted := func(id int64) bool {
		_, ok := s.posts[id]
		return ok
	}
	for _, folder := range metadataFolders {
		root := filepath.Join(s.dir, folder) + string(filepath.Separator) // The slash makes WalkDir follow a link.
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			path = filepath.Clean(path)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				bad = append(bad, fmt.Errorf("the tags of posts, %s: the folder cannot be read: %w; allow it, or move it away",
					shown(path), imaging.WithoutPath(err)))
				return nil
			case ctx.Err() != nil:
				return ctx.Err()
			}
			if wrong := notMetadata(path, entry); wrong != nil {
				bad = append(bad, wrong)
				return nil
			}
			if entry.IsDir() || !isMetadata(entry) {
				return nil
			}
			if err := danbooruPosts(path, wanted, func(id int64, tags []string) { s.posts[id] = tags }); err != nil {
				bad = append(bad, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return bad, nil
}

// postOf returns the number at Danbooru by which a picture is named.
func postOf(name string) (id int64, ok bool) {
	base := filepath.Base(name)
	id, err := strconv.ParseInt(strings.TrimSuffix(base, filepath.Ext(base)), 10, 64)
	return id, err == nil
}

// tags returns the tags beside a picture, or of its post. bad is what is wrong with the file beside it, which then
// counts as missing: it is broken, or a [silentTags].
func (s *sources) tags(name string) (tags []string, bad error) {
	tags, file, bad := s.beside.beside(filepath.Join(s.dir, name))
	known := func(tag string) bool { return tells(plainTag(tag)) }
	if file != "" && bad == nil && !slices.ContainsFunc(tags, known) {
		bad = silentTags(file)
	}
	if len(tags) > 0 {
		return tags, bad
	}
	id, _ := postOf(name)
	return s.posts[id], bad
}

// silentTags is the path of a file of tags without a word that is known here. The file may be right: some pictures show
// no hair.
type silentTags string

func (s silentTags) Error() string {
	return shown(string(s)) + ": no tag is of a hair colour or an attribute"
}

// about returns a digest of what the sources know of a picture without a look at it: when it changes they must be asked
// again. bad is as in tags.
func (s *sources) about(name string) (digest string, bad error) {
	var tags []string
	if slices.Contains(s.by, ByTags) {
		tags, bad = s.tags(name)
	}
	label := s.labels[name]
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q %q", label.Class, label.Attributes, tags, s.tagger.version())
	return hex.EncodeToString(sum.Sum(nil)[:16]), bad
}

// answer is what the sources say about a face.
type answer struct {
	colour     portrait.Colour
	by         string            // The source that said the colour.
	why        string            // The reason if there is no colour.
	second     string            // The colour of a smaller part of the hair, if it was seen.
	attributes map[string]string // Classes by attribute.
}

// ask asks the sources for the hair colour and the attributes of a face that was cut out of a picture of the folder.
// The picture's tags and labels are the face's only if it is the only one. The first source that says something about
// the colour counts, and likewise for each attribute.
func (s *sources) ask(ctx context.Context, name string, face *image.RGBA, only bool) (answer, error) {
	said := answer{why: "nothing says a hair colour", attributes: map[string]string{}}
	for _, by := range s.by {
		var colour portrait.Colour
		var why, second string
		var attributes map[string]string
		answered := true
		switch {
		case by == ByLook:
			seen := look(face)
			colour, second = seen.Colour, seen.Second
			why, _ = seen.verdict()
		case by == ByTagger:
			tags, err := s.tagger.tags(ctx, face)
			if err != nil {
				return said, err
			}
			colour, why = taggedHair(tags)
			attributes, answered = taggedAttributes(tags), len(tags) > 0
		case !only:
			continue
		case by == ByFolder:
			colour, why, answered = s.ofFolder(name)
			attributes = s.labels[name].Attributes
		case by == ByTags:
			tags, _ := s.tags(name) // Errors are reported by about.
			colour, why = taggedHair(tags)
			attributes, answered = taggedAttributes(tags), speaksOfHair(tags)
		}
		if answered && said.by == "" {
			said.colour, said.by, said.why, said.second = colour, by, why, second
		}
		for attribute, class := range attributes {
			if _, known := said.attributes[attribute]; !known {
				said.attributes[attribute] = class
			}
		}
	}
	maps.DeleteFunc(said.attributes, func(_, class string) bool { return class == "" })
	return said, nil
}

// ofFolder returns the colour that labels.csv or the name of a folder says, or why there is none. answered reports
// whether they say anything.
func (s *sources) ofFolder(name string) (colour portrait.Colour, why string, answered bool) {
	if label, ok := s.labels[name]; ok {
		colour, ok := portrait.ColourNamed(label.Class)
		if !ok {
			return 0, fmt.Sprintf("labelled %q, which is none of the nine colours", label.Class), true
		}
		return colour, "", true
	}
	folders := strings.Split(filepath.ToSlash(filepath.Dir(name)), "/")
	for _, folder := range slices.Backward(folders) { // The nearest one first.
		if colour, ok := portrait.ColourNamed(folder); ok {
			return colour, "", true
		}
	}
	return 0, "no folder says a hair colour", false
}
