package imaging

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/moelab/moelab/internal/atomicfile"
)

// Still is a picture in the form that networks see: one frame with 8 bits a channel on white. Colour profiles are not
// applied.
type Still struct {
	frame       image.Image     // As its file has it.
	place       image.Rectangle // Where the frame lies on the canvas: frames of animations may be smaller.
	canvas      image.Rectangle
	orientation orientation
}

// OpenStill decodes a file of any format; of an animation, the first frame. The error does not contain the path.
func OpenStill(path string) (Still, error) {
	data, err := readFile(path)
	if err != nil {
		return Still{}, WithoutPath(err)
	}
	return DecodeStill(data)
}

// DecodeStill is [OpenStill] for the contents of a file.
func DecodeStill(data []byte) (Still, error) {
	f, err := open(data)
	if err != nil && len(f.parts) == 0 { // Later frames of an animation may be damaged.
		return Still{}, explain(err)
	}
	if err := checkSize(f.canvas); err != nil {
		return Still{}, err
	}
	first := f.parts[0]
	frame, err := first.decode()
	if err != nil {
		return Still{}, explain(err)
	}
	return Still{
		frame: frame, place: frame.Bounds().Sub(frame.Bounds().Min).Add(first.at),
		canvas: image.Rectangle{Max: f.canvas}, orientation: orientationOf(f.exif),
	}, nil
}

// Load decodes a file as [Still.Whole].
func Load(path string) (*image.RGBA, error) {
	still, err := OpenStill(path)
	if err != nil {
		return nil, err
	}
	return still.Whole(), nil
}

// Whole returns the upright picture at its own size. The caller may change it.
func (s Still) Whole() *image.RGBA { return s.orientation.upright(s.onWhite(s.canvas)) }

// Square returns the upright centred square of the picture at size × size pixels. The caller may change it.
func (s Still) Square(size int) *image.RGBA {
	return s.orientation.upright(Bicubic(s.onWhite(CentredSquare(s.canvas)), size, size))
}

// onWhite draws a part of the canvas on white. Transparent and empty pixels become white.
func (s Still) onWhite(part image.Rectangle) *image.RGBA {
	onto := image.NewRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(onto, onto.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(onto, s.place.Sub(part.Min), s.frame, s.frame.Bounds().Min, draw.Over)
	return onto
}

// WithoutPath returns an error of the file system without the path that package os puts into it, for callers that name
// the file themselves. It still works with [errors.Is] and [errors.As].
func WithoutPath(err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) && error(inner) == err {
		return &nameless{inner}
	}
	return err
}

// nameless is an error of the file system that does not name the path.
type nameless struct{ inner *fs.PathError }

func (n *nameless) Error() string { return n.inner.Err.Error() }
func (n *nameless) Unwrap() error { return n.inner }

// encoder favours speed over size. It keeps its buffers from picture to picture.
var encoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

type pngBuffers struct{ pool sync.Pool }

func (b *pngBuffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *pngBuffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

// SavePNG writes a picture to a file, and creates its folder. The file is written completely or not at all.
func SavePNG(path string, picture image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(file *os.File) error { return encoder.Encode(file, picture) })
}

// EncodePNG returns a picture as [SavePNG] writes it.
func EncodePNG(picture image.Image) ([]byte, error) {
	var data bytes.Buffer
	if err := encoder.Encode(&data, picture); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

// ThroughJPEG returns an opaque picture after saving it as a JPEG of a quality from 1 to 100 and reading it again. A
// picture too large for JPEG, with 65,536 pixels a side, is returned unchanged.
func ThroughJPEG(picture *image.RGBA, quality int) *image.RGBA {
	var data bytes.Buffer
	if err := jpeg.Encode(&data, picture, &jpeg.Options{Quality: quality}); err != nil {
		return picture
	}
	lossy, err := jpeg.Decode(&data)
	if err != nil {
		return picture
	}
	made := image.NewRGBA(lossy.Bounds())
	draw.Draw(made, made.Rect, lossy, image.Point{}, draw.Src)
	return made
}
