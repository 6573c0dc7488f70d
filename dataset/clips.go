package dataset

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/realpath"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// Clip is a face that blinks: opaque frames of one size, [portrait.BlinkRate] a second.
type Clip struct {
	// Name identifies the clip in messages.
	Name string
	// Frames must not be changed: others may be reading them.
	Frames []*image.RGBA
	// Still are the frames of the same blink with the head held still: the truth for a picture of the first frame that
	// blinks. nil if unknown.
	Still []*image.RGBA
	// Eyes are the boxes of the eyes in the first frame, from left to right as seen. A blink changes pixels in them only.
	Eyes []image.Rectangle
	// Aperture is how far the eyes are open in each frame, 0 closed … 1 open; nil if unknown.
	Aperture []float64
}

// Clips are blinks that can be read in any order, from many goroutines at once.
type Clips interface {
	// Len is the number of clips.
	Len() int
	// Clip reads clip i, in [0, Len()). The error names it.
	Clip(ctx context.Context, i int) (*Clip, error)
}

// DrawnBlinks are the first n blinks of a seed, size × size pixels, [portrait.BlinkFrames] frames each: see
// [portrait.Blink]. Half of them have JPEG artefacts, as videos have. Each is drawn when it is read; nothing is kept.
func DrawnBlinks(seed uint64, n, size int) Clips {
	return drawnBlinks{portrait.Blink, seed, n, size, false}
}

// TrueBlinks are those of [DrawnBlinks] with the truth, [Clip].Still.
func TrueBlinks(seed uint64, n, size int) Clips {
	return drawnBlinks{portrait.Blink, seed, n, size, true}
}

// VariedBlinks are like [TrueBlinks], but drawn as by many artists, but for a quarter: see [portrait.BlinkVaried].
func VariedBlinks(seed uint64, n, size int) Clips {
	return drawnBlinks{func(seed uint64, i int) portrait.BlinkClip {
		if i%4 == 0 {
			return portrait.Blink(seed, i)
		}
		return portrait.BlinkVaried(seed, i)
	}, seed, n, size, true}
}

// HardBlinks are like [TrueBlinks], of one of [portrait.HardCases].
func HardBlinks(hard portrait.HardCase, seed uint64, n, size int) Clips {
	return drawnBlinks{hard.Blink, seed, n, size, true}
}

type drawnBlinks struct {
	blink   func(seed uint64, i int) portrait.BlinkClip
	seed    uint64
	n, size int
	still   bool
}

func (d drawnBlinks) Len() int { return d.n }

func (d drawnBlinks) Clip(ctx context.Context, i int) (*Clip, error) {
	blink := d.blink(d.seed, i)
	boxes := blink.Frames[0].EyeBoxes(d.size)
	clip := &Clip{Name: fmt.Sprintf("blink %d of seed %d", i, d.seed), Eyes: boxes[:]}
	const noise = 0x6e6f697365 // Separates these numbers from those of the blinks.
	rng := rand.New(rand.NewPCG(d.seed^noise, uint64(i)))
	quality := 60 + rng.IntN(40)
	lossy := rng.IntN(2) == 0
	draw := func(blink portrait.BlinkClip) (frames []*image.RGBA, err error) {
		for k, frame := range blink.Frames {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("%s: %w", clip.Name, err)
			}
			if same := slices.Index(blink.Frames[:k], frame); same >= 0 { // A head that is held still has many of them.
				frames = append(frames, frames[same])
				continue
			}
			drawn := frame.Draw(d.size)
			if lossy {
				drawn = imaging.ThroughJPEG(drawn, quality)
			}
			frames = append(frames, drawn)
		}
		return frames, nil
	}
	for _, frame := range blink.Frames {
		clip.Aperture = append(clip.Aperture, frame.EyeOpening)
	}
	var err error
	if clip.Frames, err = draw(blink); err == nil && d.still {
		clip.Still, err = draw(blink.HeldStill())
	}
	if err != nil {
		return nil, err
	}
	return clip, nil
}

// The files next to the frames of a clip.
const (
	// EyesFile holds the boxes of the eyes: see [SaveEyes].
	EyesFile = "eyes.json"
	// AperturesFile holds the apertures of the eyes: see [SaveApertures].
	AperturesFile = "aperture.csv"
)

// OpenBlinks finds the clips below a folder: folders with frames, in the order of their names, in which 9 is before 10,
// and with eyes.json, as [DrawBlinks] writes them; aperture.csv may be missing. Folders that lack one of the two, or
// that cannot be read, are among the bad. It is an error if there are no clips at all.
func OpenBlinks(ctx context.Context, dir string) (Clips, []Bad, error) {
	var clips folderClips
	var bad []Bad
	var links realpath.Links
	root := filepath.Clean(dir) + string(filepath.Separator) // The slash makes WalkDir follow dir itself.
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		isRoot := path == root
		path = filepath.Clean(path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && isRoot:
			return err
		case err != nil: // It has gone since it was listed.
			bad = append(bad, unreadable(path, err))
			return nil
		case !isRoot && hidden(entry.Name()) && entry.IsDir():
			return filepath.SkipDir
		case !entry.IsDir():
			if !hidden(entry.Name()) {
				links.Note(path, entry)
			}
			return nil
		}
		frames, err := framesIn(path)
		switch {
		case err != nil && isRoot:
			return err
		case err != nil:
			bad = append(bad, unreadable(path, err))
			return filepath.SkipDir
		case len(frames) == 0:
			return nil
		case len(frames) != portrait.BlinkFrames:
			bad = append(bad, Bad{path, fmt.Errorf("it has %d frames, a blink has %d", len(frames), portrait.BlinkFrames)})
		default:
			if _, err := ReadEyes(filepath.Join(path, EyesFile)); err != nil {
				bad = append(bad, Bad{path, err})
				return nil
			}
			clips = append(clips, folderClip{dir: path})
		}
		return nil
	})
	if err != nil {
		return nil, bad, fmt.Errorf("cannot look for blinks in %s: %w", dir, err)
	}
	links.Warn()
	if len(clips) == 0 {
		err := errors.New("there is no folder of frames in it")
		if len(bad) > 0 {
			err = bad[0]
		}
		return nil, bad, fmt.Errorf("no blinks in %s: %w", dir, err)
	}
	return clips, bad, nil
}

// OpenTrueBlinks is [OpenBlinks] with the truth, [Clip].Still: folders of the same names below the folder still, with
// as many frames of the same size. Clips without one are among the bad.
func OpenTrueBlinks(ctx context.Context, dir, still string) (Clips, []Bad, error) {
	clips, bad, err := OpenBlinks(ctx, dir)
	if err != nil {
		return nil, bad, err
	}
	var known folderClips
	for _, clip := range clips.(folderClips) {
		name, err := filepath.Rel(dir, clip.dir)
		if err != nil {
			return nil, bad, err
		}
		clip.still = filepath.Join(still, name)
		frames, err := framesIn(clip.still)
		if err == nil && len(frames) != portrait.BlinkFrames {
			err = fmt.Errorf("%s has %d frames, a blink has %d", clip.still, len(frames), portrait.BlinkFrames)
		}
		if err != nil {
			bad = append(bad, Bad{clip.dir, fmt.Errorf("its truth cannot be read: %w", err)})
			continue
		}
		known = append(known, clip)
	}
	if len(known) == 0 {
		return nil, bad, fmt.Errorf("no truth in %s for the blinks in %s: %w", still, dir, bad[len(bad)-1])
	}
	return known, bad, nil
}

// OpenBlink reads the clip in a folder, laid out as for [OpenBlinks].
func OpenBlink(ctx context.Context, dir string) (*Clip, error) {
	clip, err := folderClips{{dir: dir}}.Clip(ctx, 0)
	if err == nil && len(clip.Frames) != portrait.BlinkFrames {
		err = fmt.Errorf("blink %s has %d frames, a blink has %d", dir, len(clip.Frames), portrait.BlinkFrames)
	}
	return clip, err
}

// folderClips are folders of frames.
type folderClips []folderClip

// folderClip is a folder of frames, and that of the same blink with the head held still; "" if there is none.
type folderClip struct{ dir, still string }

func (f folderClips) Len() int { return len(f) }

func (f folderClips) Clip(ctx context.Context, i int) (clip *Clip, err error) {
	dir := f[i].dir
	defer func() {
		if err != nil {
			clip, err = nil, fmt.Errorf("blink %s: %w", dir, err)
		}
	}()
	clip = &Clip{Name: dir}
	if clip.Eyes, err = ReadEyes(filepath.Join(dir, EyesFile)); err != nil {
		return nil, err
	}
	if clip.Frames, err = readFrames(ctx, dir); err != nil {
		return nil, err
	}
	if still := f[i].still; still != "" {
		if clip.Still, err = readFrames(ctx, still); err != nil {
			return nil, fmt.Errorf("its truth in %s: %w", still, err)
		}
		if len(clip.Still) != len(clip.Frames) || clip.Still[0].Rect != clip.Frames[0].Rect {
			return nil, fmt.Errorf("its truth in %s has other frames: as many of the same size are needed", still)
		}
	}
	for _, eye := range clip.Eyes {
		if !eye.In(clip.Frames[0].Rect) {
			return nil, fmt.Errorf(
				"%s says that an eye is at %v: that is not within the frames, which have %d×%d pixels", EyesFile, eye,
				clip.Frames[0].Rect.Dx(), clip.Frames[0].Rect.Dy(),
			)
		}
	}
	clip.Aperture, err = readAperture(filepath.Join(dir, AperturesFile), len(clip.Frames))
	return clip, err
}

// readFrames reads the pictures of a folder, which must have one size.
func readFrames(ctx context.Context, dir string) (frames []*image.RGBA, err error) {
	paths, err := framesIn(dir)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		frame, err := imaging.Load(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		if len(frames) > 0 && frame.Rect != frames[0].Rect {
			return nil, fmt.Errorf("%s has %d×%d pixels, the frames before it %d×%d: they must have one size",
				filepath.Base(path), frame.Rect.Dx(), frame.Rect.Dy(), frames[0].Rect.Dx(), frames[0].Rect.Dy())
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

// framesIn lists the pictures of a folder in the order of their names, in which numbers count as numbers.
func framesIn(dir string) (frames []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if name := entry.Name(); !entry.IsDir() && !hidden(name) && imaging.HasExtension(name) {
			frames = append(frames, filepath.Join(dir, name))
		}
	}
	slices.SortFunc(frames, imaging.CompareNames)
	return frames, err
}

// SaveApertures writes the aperture of the eyes in each frame, 0 closed … 1 open, as CSV with the columns frame and
// aperture.
func SaveApertures(path string, apertures []float64) error {
	text := []byte("frame,aperture\n")
	for i, aperture := range apertures {
		text = fmt.Appendf(text, "%d,%.4f\n", i, aperture)
	}
	return atomicfile.WriteBytes(path, text)
}

// readAperture reads a file of SaveApertures. It returns nil if there is no such file.
func readAperture(path string, frames int) (aperture []float64, err error) {
	aperture, err = readApertures(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(aperture) != frames {
		err = fmt.Errorf("%s has %d apertures, one for each of %d frames is needed", path, len(aperture), frames)
	}
	return aperture, err
}

// ReadOpenings reads a file of [SaveApertures] as how far the eyes are open in each frame, as a part of that in the
// first one: from 0 to 1.
func ReadOpenings(path string) (openings []float64, err error) {
	apertures, err := readApertures(path)
	if err != nil {
		return nil, err
	}
	const most = 1000
	if len(apertures) == 0 || len(apertures) > most {
		return nil, fmt.Errorf("%s has %d frames: from 1 to %d are needed", path, len(apertures), most)
	}
	if apertures[0] == 0 {
		return nil, fmt.Errorf("%s begins with shut eyes: the first frame is the picture, with open ones", path)
	}
	for _, aperture := range apertures {
		openings = append(openings, min(aperture/apertures[0], 1))
	}
	return openings, nil
}

// readApertures reads a file of SaveApertures.
func readApertures(path string) (apertures []float64, err error) {
	data, err := regularfile.Read(path, regularfile.Note)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 || len(rows[0]) != 2 {
		return nil, fmt.Errorf("%s must have two columns, frame and aperture, and a line of their names", path)
	}
	for _, row := range rows[1:] {
		value, err := strconv.ParseFloat(row[1], 64)
		if err != nil || !(value >= 0 && value <= 1) {
			return nil, fmt.Errorf("%s: aperture %q is not a number from 0 to 1", path, row[1])
		}
		apertures = append(apertures, value)
	}
	return apertures, nil
}

// eyesFile is the content of eyes.json: boxes as x, y, width, height in pixels.
type eyesFile struct {
	Left  []int `json:"left,omitempty"`
	Right []int `json:"right,omitempty"`
}

// SaveEyes writes the boxes of one or two eyes, from left to right, as JSON for people to correct: {"left": [x, y,
// width, height], "right": […]}, in pixels.
func SaveEyes(path string, eyes []image.Rectangle) error {
	if len(eyes) < 1 || len(eyes) > 2 {
		return fmt.Errorf("cannot write %s: %d eyes, there must be one or two", path, len(eyes))
	}
	box := func(r image.Rectangle) []int { return []int{r.Min.X, r.Min.Y, r.Dx(), r.Dy()} }
	file := eyesFile{Left: box(eyes[0])}
	if len(eyes) == 2 {
		file.Right = box(eyes[1])
	}
	data, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(data, '\n'))
}

// ReadEyes reads a file of [SaveEyes]: the boxes from left to right. Other keys are ignored.
func ReadEyes(path string) ([]image.Rectangle, error) {
	data, err := regularfile.Read(path, regularfile.Note)
	if err != nil {
		return nil, fmt.Errorf("read the boxes of the eyes: %w", err)
	}
	var file eyesFile
	if err := textfile.UnmarshalJSON(data, &file); err != nil {
		return nil, fmt.Errorf("read the boxes of the eyes from %s: %w", path, err)
	}
	var eyes []image.Rectangle
	for _, box := range [][]int{file.Left, file.Right} {
		if box == nil {
			continue
		}
		if len(box) != 4 || box[2] < 1 || box[3] < 1 || slices.ContainsFunc(box, isFar) {
			return nil, fmt.Errorf("read the boxes of the eyes from %s: %v is not x, y, width, height", path, box)
		}
		eyes = append(eyes, image.Rect(box[0], box[1], box[0]+box[2], box[1]+box[3]))
	}
	if len(eyes) == 0 {
		return nil, fmt.Errorf("read the boxes of the eyes from %s: it names neither left nor right", path)
	}
	slices.SortFunc(eyes, func(a, b image.Rectangle) int { return cmp.Compare(a.Min.X, b.Min.X) })
	return eyes, nil
}

// isFar reports whether a coordinate is so large that sums of two could overflow.
func isFar(n int) bool { return n < math.MinInt32 || n > math.MaxInt32 }
