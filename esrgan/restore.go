package esrgan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
)

// Restorer enlarges a small picture [Scale] times.
type Restorer struct {
	// Name is the name in tables and figures.
	Name string
	// Restore enlarges an opaque picture. The result is opaque.
	Restore func(ctx context.Context, small *image.RGBA) (*image.NRGBA, error)
}

// Bicubic enlarges by interpolation, as Pillow does: the baseline for networks.
func Bicubic() Restorer {
	return Restorer{"bicubic", func(_ context.Context, small *image.RGBA) (*image.NRGBA, error) {
		size := small.Rect.Size().Mul(Scale)
		return imaging.Opaque(imaging.Bicubic(small, size.X, size.Y)), nil
	}}
}

// Restorer returns the network as a restorer.
func (u *Upscaler) Restorer(options TileOptions) Restorer {
	return Restorer{u.Name, func(ctx context.Context, small *image.RGBA) (*image.NRGBA, error) {
		pixels, err := u.Upscale(ctx, PixelsOf(imaging.Opaque(small)), options)
		if err != nil {
			return nil, err
		}
		return pixels.Image(), nil
	}}
}

// OpenStages opens the trained stages of a run, in order, with names for tables and figures: G after the pretraining,
// named after its loss ("L1"), and the final G, named after the network ("ESRGAN"). A missing stage is left out; it is
// an error if both are missing.
func OpenStages(backend compute.Backend, dir string) ([]*Upscaler, error) {
	config, err := Experiment.Read(dir)
	if err != nil {
		return nil, err
	}
	last, err := Open(backend, dir)
	if err != nil {
		return nil, err
	}
	if filepath.Base(dir) == pretrainDir {
		last.Name = config.pretrainingName()
		return []*Upscaler{last}, nil
	}
	pretrained, err := Open(backend, filepath.Join(dir, pretrainDir))
	if errors.Is(err, lab.ErrNotARun) || errors.Is(err, lab.ErrNoCheckpoint) {
		last.Name = config.networkName()
		return []*Upscaler{last}, nil
	}
	if err != nil {
		last.Close()
		return nil, err
	}
	sameStage := last.Name == pretrained.Name // OpenRun falls back to the pretraining.
	pretrained.Name, last.Name = config.pretrainingName(), config.networkName()
	if sameStage {
		last.Close()
		return []*Upscaler{pretrained}, nil
	}
	return []*Upscaler{pretrained, last}, nil
}

// networkName returns the name of the network in figures, such as "ESRGAN".
func (c Config) networkName() string { return strings.ToUpper(c.Network) }

// pretrainingName returns the name of the pretrained model in figures, after its loss: "L1", "perceptual" or both.
func (c Config) pretrainingName() string {
	var names []string
	if c.Pretrain.Pixel > 0 {
		names = append(names, strings.ToUpper(c.Pixel))
	}
	if c.Pretrain.Perceptual > 0 {
		names = append(names, "perceptual")
	}
	return strings.Join(names, " + ")
}

// Comparison is a picture that was shrunk to a quarter and restored.
type Comparison struct {
	// Truth is the picture, cropped at the right and at the bottom to a height and a width that [Scale] divides.
	Truth *image.NRGBA
	// Small is the restorers' input: Truth, shrunk with antialiasing by bicubic weights.
	Small *image.RGBA
	// Names are the restorers', and Restored their results.
	Names    []string
	Restored []*image.NRGBA
}

// smallestCompared is the least height and width of a picture to be compared: the size of the measures' windows, and of
// VGG16's.
const smallestCompared = 16

// Compare shrinks an opaque picture to a quarter and has it restored.
func Compare(ctx context.Context, picture *image.RGBA, restorers ...Restorer) (Comparison, error) {
	size := picture.Rect.Size().Div(Scale).Mul(Scale)
	if min(size.X, size.Y) < smallestCompared {
		return Comparison{}, errTooSmall(picture.Rect.Size())
	}
	truth := picture.SubImage(image.Rectangle{Max: size}.Add(picture.Rect.Min)).(*image.RGBA)
	c := Comparison{Truth: imaging.Opaque(truth), Small: imaging.Bicubic(truth, size.X/Scale, size.Y/Scale)}
	for _, restorer := range restorers {
		restored, err := restorer.Restore(ctx, c.Small)
		if err != nil {
			return Comparison{}, fmt.Errorf("restore by %s: %w", restorer.Name, err)
		}
		if got := restored.Rect.Size(); got != size {
			return Comparison{}, fmt.Errorf("restore by %s: it made %d×%d pixels from %d×%d, not %d times as many on a side",
				restorer.Name, got.X, got.Y, size.X/Scale, size.Y/Scale, Scale)
		}
		c.Names, c.Restored = append(c.Names, restorer.Name), append(c.Restored, restored)
	}
	return c, nil
}

// BadPicture is the error about a picture that cannot be read, or is too small. Others may be fine.
type BadPicture struct{ error }

// Unwrap returns the reason.
func (b BadPicture) Unwrap() error { return b.error }

// ComparePicture is [Compare] for picture i of several. If the picture is to blame the error is a [BadPicture].
func ComparePicture(ctx context.Context, pictures dataset.Pictures, i int, restorers ...Restorer) (Comparison, error) {
	picture, err := pictures.Whole(ctx, i)
	if err != nil {
		return Comparison{}, BadPicture{err}
	}
	comparison, err := Compare(ctx, picture, restorers...)
	if err != nil {
		err = fmt.Errorf("%s: %w", pictures.Name(i), err)
	}
	if errors.As(err, new(errTooSmall)) {
		err = BadPicture{err}
	}
	return comparison, err
}

// errTooSmall is the error about a picture that is too small to compare.
type errTooSmall image.Point

func (e errTooSmall) Error() string {
	return fmt.Sprintf(
		"the picture has %d×%d pixels: to shrink and restore it takes %d×%d", e.X, e.Y, smallestCompared, smallestCompared,
	)
}
