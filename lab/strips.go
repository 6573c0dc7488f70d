package lab

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/moelab/moelab/internal/regularfile"
)

// stripsName is the folder in a run for pictures of the same subjects over time: a strip of square pictures per
// recorded step.
const stripsName = "figures/progress"

// ErrNoStrips is wrapped by the error of [ReadStrips] if a run has none.
var ErrNoStrips = fmt.Errorf("train it with samples: %w", ErrLacks)

// SaveStrip saves square pictures of one size side by side as figures/progress/step-N.png.
func SaveStrip(dir string, step int64, pictures []*image.RGBA) error {
	if len(pictures) == 0 {
		return errors.New("save a strip of no pictures")
	}
	size := pictures[0].Rect.Dx()
	strip := image.NewRGBA(image.Rect(0, 0, size*len(pictures), size))
	for i, picture := range pictures {
		draw.Draw(strip, image.Rect(i*size, 0, (i+1)*size, size), picture, picture.Rect.Min, draw.Src)
	}
	folder := filepath.Join(dir, stripsName)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return WriteFile(filepath.Join(folder, stripName(step)), func(w io.Writer) error { return png.Encode(w, strip) })
}

// stripName is the name of a strip's file.
func stripName(step int64) string { return fmt.Sprintf("step-%08d.png", step) }

// ReadStrips reads the strips that [SaveStrip] saved in a run, in the order of the steps, which are the labels of a
// figure. The error wraps [ErrNoStrips] if there are none.
func ReadStrips(dir string) (steps []string, strips [][]image.Image, err error) {
	for _, step := range StripSteps(os.DirFS(dir)) {
		path := filepath.Join(dir, StripName(step))
		strip, err := readStrip(path)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		steps, strips = append(steps, fmt.Sprint(step)), append(strips, strip)
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("draw the progress of %s: %w", dir, ErrNoStrips)
	}
	return steps, strips, nil
}

// readStrip splits a strip into its square pictures.
func readStrip(path string) (pictures []image.Image, err error) {
	file, _, err := regularfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	strip, err := png.Decode(file)
	if err != nil {
		return nil, err
	}
	part, ok := strip.(interface {
		SubImage(image.Rectangle) image.Image
	})
	size := strip.Bounds().Dy()
	if !ok || strip.Bounds().Dx()%size != 0 {
		return nil, errors.New("it is not a strip of a run's pictures")
	}
	for x := 0; x < strip.Bounds().Dx(); x += size {
		pictures = append(pictures, part.SubImage(image.Rect(x, 0, x+size, size)))
	}
	return pictures, nil
}

// StripName returns the path of the strip of a step within a run, with slashes.
func StripName(step int64) string { return stripsName + "/" + stripName(step) }

// StripSteps lists the steps whose strips [SaveStrip] saved in a run, in order. Other files are passed over.
func StripSteps(run fs.FS) (steps []int64) {
	entries, _ := fs.ReadDir(run, stripsName) // There may be none.
	for _, entry := range entries {
		var step int64
		if _, err := fmt.Sscanf(entry.Name(), "step-%d.png", &step); err == nil && entry.Name() == stripName(step) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps
}
