package dataset

import (
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // image.Decode reads it.
	_ "image/jpeg" // The same.
	_ "image/png"  // The same.
	"io"
	"os"

	_ "golang.org/x/image/bmp" // The same.
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp" // The same.
)

// MaxPixels is the largest picture that is read, as width × height. A header that claims more is refused before
// memory is set aside for it: decoded, this many pixels already take 400 MB.
const MaxPixels = 100_000_000

// pictureFile is what is needed of a file to decode it.
type pictureFile interface {
	io.ReadSeeker
	io.ReaderAt
}

// decoded is a picture as its file has it.
type decoded struct {
	picture     image.Image
	canvas      image.Rectangle // What the picture lies on. The first frame of an animation may be smaller.
	orientation orientation     // How to turn it upright.
}

// decodeFile reads the picture at path, whatever its format: by what it holds, not by how it is called.
// Of an animation it is the first frame. The error does not name the path.
func decodeFile(path string) (decoded, error) {
	file, _, err := openPicture(path)
	if err != nil {
		return decoded{}, err
	}
	defer file.Close()
	return decode(file)
}

// openPicture opens a file that may hold a picture.
func openPicture(path string) (*os.File, os.FileInfo, error) {
	// Asked before opening: to open a named pipe would wait for somebody to write to it.
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("not a regular file")
	}
	if info.Size() == 0 {
		return nil, nil, errors.New("the file is empty (zero bytes)")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	return file, info, nil
}

// withoutPath is the error less the path that package os puts in it, as callers name the path themselves.
func withoutPath(err error) error {
	var inner *os.PathError
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

// decode reads a picture from the beginning of file, wherever that stands.
func decode(file pictureFile) (d decoded, err error) {
	defer func() {
		// The decoders meet any bytes that people find on the net. If one fails on them, it is the picture's fault.
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder failed: %v", r)
		}
	}()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return decoded{}, err
	}
	config, format, err := decodeConfig(file)
	if errors.Is(err, image.ErrFormat) {
		return decoded{}, errors.New("not a picture that can be read (PNG, JPEG, GIF, WebP, BMP, TIFF)")
	}
	if err != nil {
		return decoded{}, explain(err)
	}
	width, height := config.Width, config.Height
	if width < 1 || height < 1 {
		return decoded{}, fmt.Errorf("the header says %d×%d pixels", width, height)
	}
	if int64(width)*int64(height) > MaxPixels {
		return decoded{}, fmt.Errorf("the header says %d×%d pixels: more than the %d million that are read",
			width, height, MaxPixels/1_000_000)
	}
	if d.orientation, err = readOrientation(file, format); err != nil {
		return decoded{}, explain(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return decoded{}, err
	}
	picture, err := decodeAs(format, file)
	if err != nil {
		return decoded{}, explain(err)
	}
	d.picture, d.canvas = picture, image.Rect(0, 0, width, height)
	if bounds := picture.Bounds(); !bounds.In(d.canvas) {
		return decoded{}, fmt.Errorf("the picture (%v) is larger than its header says (%v)", bounds, d.canvas)
	}
	return d, nil
}

// decodeConfig is image.DecodeConfig, but hands a TIFF to its decoder as the file that it is. Given a mere stream, as
// package image would, that decoder reads everything before an offset into memory, and a damaged offset may be 4 GB.
func decodeConfig(file pictureFile) (image.Config, string, error) {
	var magic [4]byte
	if _, err := file.ReadAt(magic[:], 0); err == nil && (string(magic[:]) == "II*\x00" || string(magic[:]) == "MM\x00*") {
		config, err := tiff.DecodeConfig(file)
		return config, "tiff", err
	}
	return image.DecodeConfig(file)
}

// decodeAs decodes a file of a known format.
func decodeAs(format string, file pictureFile) (picture image.Image, err error) {
	in := &endWatcher{in: file}
	switch format {
	case "tiff":
		return tiff.Decode(file)
	case "webp":
		picture, err = decodeWebP(in)
	default:
		picture, _, err = image.Decode(in)
	}
	if err != nil && in.ended && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return picture, err
}

// endWatcher notes whether a decoder wanted more than there is. Some say then that the data is invalid.
type endWatcher struct {
	in    io.ReadSeeker
	ended bool
}

func (w *endWatcher) Read(to []byte) (int, error) {
	n, err := w.in.Read(to)
	w.ended = w.ended || err == io.EOF
	return n, err
}

func (w *endWatcher) Seek(offset int64, whence int) (int64, error) { return w.in.Seek(offset, whence) }

// explain says in words what the decoders mean by EOF.
func explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short (%w)", err)
	}
	return err
}
