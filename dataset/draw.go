package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/dataset/illustration"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// drawnFile marks a folder as drawn, and holds the parameters.
const drawnFile = "drawn.json"

// drawing is the parameters of a drawn folder.
type drawing struct {
	What  string `json:"what"` // portraits, blinks or illustrations.
	Seed  uint64 `json:"seed"`
	Size  int    `json:"size"`
	Count int    `json:"count"`
	// Hats is the share of portraits with headwear or hair of two colours.
	Hats float64 `json:"hats,omitempty"`
}

// Draw writes the first n portraits of a seed, size × size pixels, as dir/<colour>/<number>.png, and dir/labels.csv
// with the columns file, colour and those of [Attributes]. Numbers have six digits or more. [OpenFolder] reads such a
// folder.
//
// The folder may be missing, empty, or an earlier result of Draw with the same seed and size and at most n portraits:
// that is drawn anew, which also completes an interrupted one. Any other folder is an error and stays untouched.
// progress, if not nil, gets the number of portraits written and the total. Calls do not overlap.
func Draw(ctx context.Context, dir string, n, size int, seed uint64, progress func(done, total int)) error {
	return DrawWithHats(ctx, dir, n, size, seed, 0, progress)
}

// DrawWithHats is [Draw] with hats, hoods, ribbons and the like, or hair of two colours, on a share of the portraits,
// from 0 to 1; see [portrait.AtDressed]. labels.csv has two more columns then: headwear, and second_colour, that of the
// smaller part of the hair.
func DrawWithHats(
	ctx context.Context, dir string, n, size int, seed uint64, share float64, progress func(done, total int),
) error {
	want := drawing{"portraits", seed, size, n, share}
	if err := drawPortraits(ctx, dir, want, progress); err != nil {
		return fmt.Errorf("cannot draw portraits to %s: %w", dir, err)
	}
	return nil
}

func drawPortraits(ctx context.Context, dir string, want drawing, progress func(done, total int)) error {
	if err := claim(dir, want); err != nil {
		return err
	}
	hats := want.Hats > 0
	lines := make([]string, want.Count)
	attributes := Attributes()
	err := inParallel(ctx, 0, want.Count, progress, func(i int) error {
		p := portrait.AtDressed(want.Seed, i, want.Hats, portrait.Colours()...)
		file := fmt.Sprintf("%s/%06d.png", p.Colour, i)
		lines[i] = file + "," + p.Colour.String()
		for _, attribute := range attributes {
			lines[i] += "," + attributeOf(p, attribute.Name)
		}
		if hats {
			lines[i] += "," + p.Headwear.String() + ","
			if p.TwoTone != 0 {
				lines[i] += p.SecondColour.String()
			}
		}
		return imaging.SavePNG(filepath.Join(dir, filepath.FromSlash(file)), p.Draw(want.Size))
	})
	if err != nil {
		return err
	}
	header := "file,colour"
	for _, attribute := range attributes {
		header += "," + attribute.Name
	}
	if hats {
		header += ",headwear,second_colour"
	}
	labels := header + "\n" + strings.Join(lines, "\n") + "\n"
	return atomicfile.WriteBytes(filepath.Join(dir, labelsFile), []byte(labels))
}

// DrawBlinks writes the first n blinks of a seed, [DrawnBlinks], size × size pixels, as dir/<number>/frame_00.png …
// frame_15.png and dir/<number>/aperture.csv with the columns frame and aperture: how far the eyes are open, 0 closed …
// 1 open; dir/<number>/eyes.json holds the boxes of the eyes. [OpenBlinks] reads such a folder. Numbers have six digits
// or more.
//
// The folder and progress, which counts blinks, are as for [Draw].
func DrawBlinks(ctx context.Context, dir string, n, size int, seed uint64, progress func(done, total int)) error {
	err := claim(dir, drawing{What: "blinks", Seed: seed, Size: size, Count: n})
	if err == nil {
		err = inParallel(ctx, 0, n, progress, func(i int) error {
			clip, err := DrawnBlinks(seed, n, size).Clip(ctx, i)
			if err != nil {
				return err
			}
			return saveClip(filepath.Join(dir, fmt.Sprintf("%06d", i)), clip)
		})
	}
	if err != nil {
		return fmt.Errorf("cannot draw blinks to %s: %w", dir, err)
	}
	return nil
}

// DrawIllustrations writes the first n illustrations of a seed, size × size pixels, as dir/<number>.png. Numbers have
// six digits or more. [OpenPictures] reads such a folder. The folder and progress are as for [Draw].
func DrawIllustrations(
	ctx context.Context, dir string, n, size int, seed uint64, progress func(done, total int),
) error {
	err := claim(dir, drawing{What: "illustrations", Seed: seed, Size: size, Count: n})
	if err == nil {
		err = inParallel(ctx, 0, n, progress, func(i int) error {
			return imaging.SavePNG(filepath.Join(dir, fmt.Sprintf("%06d.png", i)), illustration.Draw(seed, i, size))
		})
	}
	if err != nil {
		return fmt.Errorf("cannot draw illustrations to %s: %w", dir, err)
	}
	return nil
}

// saveClip writes aperture.csv last: if it exists, the clip is complete.
func saveClip(dir string, clip *Clip) error {
	for i, frame := range clip.Frames {
		if err := imaging.SavePNG(filepath.Join(dir, fmt.Sprintf("frame_%02d.png", i)), frame); err != nil {
			return err
		}
	}
	if err := SaveEyes(filepath.Join(dir, EyesFile), clip.Eyes); err != nil {
		return err
	}
	return SaveApertures(filepath.Join(dir, AperturesFile), clip.Aperture)
}

// claim checks that dir may be drawn to, and marks it.
func claim(dir string, want drawing) error {
	const smallest, largest = 16, 512
	if want.Count < 1 {
		return fmt.Errorf("%d is not a number of pictures to draw", want.Count)
	}
	if want.Size < smallest || want.Size > largest {
		return fmt.Errorf("size %d is not between %d and %d pixels", want.Size, smallest, largest)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	marker := filepath.Join(dir, drawnFile)
	data, err := regularfile.Read(marker, regularfile.Note)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		children, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		if len(children) > 0 {
			return errors.New("the folder is not empty, and was not drawn by moelab: choose another")
		}
	case err != nil:
		return err
	default:
		var have drawing
		if err := textfile.UnmarshalJSON(data, &have); err != nil {
			return fmt.Errorf("%s, which says what was drawn, is damaged: %w; choose another folder, or delete this one",
				textfile.Shown(marker), err)
		}
		if have.Hats != want.Hats {
			return fmt.Errorf("in the folder, a share of %g of the portraits have hats: choose another, or delete it", have.Hats)
		}
		if have.What != want.What || have.Seed != want.Seed || have.Size != want.Size || have.Count > want.Count {
			return fmt.Errorf("the folder holds %d %s of seed %d and %d×%d pixels: choose another, or delete it",
				have.Count, have.What, have.Seed, have.Size, have.Size)
		}
	}
	data, err = json.Marshal(want)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(marker, append(data, '\n'))
}
