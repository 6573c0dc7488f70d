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

// Restorer makes a small picture [Scale] times larger.
type Restorer struct {
	// Name is how tables and figures call it.
	Name string
	// Restore makes an opaque picture of an opaque one.
	Restore func(ctx context.Context, small *image.RGBA) (*image.NRGBA, error)
}

// Bicubic enlarges by interpolation, as Pillow does: what a network has to be better than.
func Bicubic() Restorer {
	return Restorer{"bicubic", func(_ context.Context, small *image.RGBA) (*image.NRGBA, error) {
		size := small.Rect.Size().Mul(Scale)
		return opaque(imaging.Bicubic(small, size.X, size.Y)), nil
	}}
}

// Restorer enlarges by the network.
func (u *Upscaler) Restorer(options TileOptions) Restorer {
	return Restorer{u.Name, func(ctx context.Context, small *image.RGBA) (*image.NRGBA, error) {
		pixels, err := u.Upscale(ctx, PixelsOf(opaque(small)), options)
		if err != nil {
			return nil, err
		}
		return pixels.Image(), nil
	}}
}

// OpenStages opens what a run has trained, in the order of the training, with names for tables and figures: G after the pretraining, named by its
// loss ("L1"), and G after all, named by the network ("ESRGAN"). A stage that is not there is left out; it is an error if both are.
func OpenStages(backend compute.Backend, dir string) ([]*Upscaler, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	last, err := OpenRun(backend, dir)
	if err != nil {
		return nil, err
	}
	if filepath.Base(dir) == pretrainDir {
		last.Name = config.pretrainingName()
		return []*Upscaler{last}, nil
	}
	pretrained, err := OpenRun(backend, filepath.Join(dir, pretrainDir))
	if errors.Is(err, lab.ErrNotARun) || errors.Is(err, lab.ErrNoCheckpoint) {
		last.Name = config.networkName()
		return []*Upscaler{last}, nil
	}
	if err != nil {
		last.Close()
		return nil, err
	}
	sameStage := last.Name == pretrained.Name // OpenRun takes the pretraining's where there is nothing else.
	pretrained.Name, last.Name = config.pretrainingName(), config.networkName()
	if sameStage {
		last.Close()
		return []*Upscaler{pretrained}, nil
	}
	return []*Upscaler{pretrained, last}, nil
}

// networkName is the network's in a figure: "ESRGAN".
func (c Config) networkName() string { return strings.ToUpper(c.Network) }

// pretrainingName is that of the model which was pretrained only, after its loss: "L1", "perceptual" or both.
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
	// Truth is the picture, without what is too much for a height and a width that [Scale] divides, at the right and at the bottom.
	Truth *image.NRGBA
	// Small is what the restorers got: Truth, shrunk with antialiasing by bicubic weights.
	Small *image.RGBA
	// Names are the restorers', and Restored what they made.
	Names    []string
	Restored []*image.NRGBA
}

// smallestCompared is the height and width that a picture needs to be compared: that of the windows of the measures, and of VGG16's.
const smallestCompared = 16

// Compare shrinks an opaque picture and has it restored.
func Compare(ctx context.Context, picture *image.RGBA, restorers ...Restorer) (Comparison, error) {
	size := picture.Rect.Size().Div(Scale).Mul(Scale)
	if min(size.X, size.Y) < smallestCompared {
		return Comparison{}, errTooSmall(picture.Rect.Size())
	}
	truth := picture.SubImage(image.Rectangle{Max: size}.Add(picture.Rect.Min)).(*image.RGBA)
	c := Comparison{Truth: opaque(truth), Small: imaging.Bicubic(truth, size.X/Scale, size.Y/Scale)}
	for _, restorer := range restorers {
		restored, err := restorer.Restore(ctx, c.Small)
		if err != nil {
			return Comparison{}, fmt.Errorf("restore by %s: %w", restorer.Name, err)
		}
		if got := restored.Rect.Size(); got != size {
			return Comparison{}, fmt.Errorf("restore by %s: it made %d×%d pixels of %d×%d, not %d times as many on a side",
				restorer.Name, got.X, got.Y, size.X/Scale, size.Y/Scale, Scale)
		}
		c.Names, c.Restored = append(c.Names, restorer.Name), append(c.Restored, restored)
	}
	return c, nil
}

// BadPicture is the error about a picture that cannot be read, or is too small: others can.
type BadPicture struct{ error }

// Unwrap returns what is wrong with it.
func (b BadPicture) Unwrap() error { return b.error }

// ComparePicture is [Compare] for picture i of some. Where it is to blame the error is a [BadPicture].
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

// errTooSmall is the error about a picture that is too small to be compared.
type errTooSmall image.Point

func (e errTooSmall) Error() string {
	return fmt.Sprintf("the picture has %d×%d pixels: to shrink and restore it takes %d×%d", e.X, e.Y, smallestCompared, smallestCompared)
}

// opaque is the same picture, and the same memory: where nothing is transparent the two types agree.
func opaque(picture *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: picture.Pix, Stride: picture.Stride, Rect: picture.Rect}
}
