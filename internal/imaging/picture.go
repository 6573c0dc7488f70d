// Package imaging reads all common kinds of pictures, and writes pictures that keep their features: alpha channel,
// grey, 16 bits, colour profile, and the frames of animations. It reads PNG, APNG, JPEG, GIF, WebP, BMP and TIFF and
// writes PNG, APNG, JPEG, GIF and WebP.
//
//	p, err := imaging.Open("in.gif")
//	w, err := imaging.NewWriter(out, imaging.PNG, p.Info)
//	for frame, err := range p.Frames() {
//		err = w.Write(frame)
//	}
//	err = w.Close()
//
// Animations are read, and written as APNG, one frame at a time, where other libraries keep all frames in memory.
// PNG, WebP and most JPEGs are decoded by package image's decoders, for which each frame is cut out of its file as a
// still picture; the other formats, and JPEGs that package jpeg refuses, by decoders of this package.
package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"math"
	"os"
	"time"

	"github.com/moelab/moelab/internal/regularfile"
)

// MaxPixels is the size of the largest picture that is read, as width × height. A header that claims more is rejected
// before memory is allocated for it.
const MaxPixels = 100_000_000

// maxFile is the size of the largest file that is read. 100 million pixels of 16 bits take less, even uncompressed.
const maxFile = 1 << 30

// Info describes a picture apart from its pixels.
type Info struct {
	// Width and Height are in pixels, upright.
	Width, Height int
	// Frames is 1 for a still picture. Plays is how often an animation is shown; 0: for ever.
	Frames, Plays int
	// Pages is the number of pictures in the file, of which only the first is read: some TIFFs have several.
	Pages int
	// Gray: red, green and blue are equal. Alpha: some pixels are, or may be, transparent. Deep: 16 bits a channel,
	// otherwise 8.
	Gray, Alpha, Deep bool
	// Profile is the ICC profile of the colours; nil: presumably sRGB.
	Profile []byte

	metadata
}

// Frame is a picture, whole and upright, from (0, 0). Its pixels must not be changed.
type Frame struct {
	// Pixels are not premultiplied by alpha. Values of 8 bits are multiplied by 257.
	Pixels *image.NRGBA64
	// Delay is the time until the next frame. Of a file it is what browsers make of it: none is shorter than 11 ms.
	Delay Delay
}

// Delay is a time of Numerator/Denominator seconds, as in APNG.
type Delay struct{ Numerator, Denominator uint16 }

// milliseconds returns the fraction nearest to a delay in milliseconds. It is exact up to 65 seconds, and for whole
// seconds.
func milliseconds(n int) Delay {
	const most = math.MaxUint16
	if n <= most {
		return Delay{uint16(n), 1000}
	}
	best, least := Delay{most, 1}, math.Inf(1)
	for denominator := 1; denominator < 1000; denominator++ {
		numerator := (n*denominator + 500) / 1000
		if numerator > most {
			break
		}
		apart := math.Abs(float64(numerator)/float64(denominator) - float64(n)/1000)
		if apart < least {
			best, least = Delay{uint16(numerator), uint16(denominator)}, apart
		}
	}
	return best
}

// asShown returns how long browsers show a frame of an animation, whatever its format: a tenth of a second if its delay
// is 10 ms or less. They count in whole milliseconds.
func (d Delay) asShown() Delay {
	if d.Duration() < 11*time.Millisecond {
		return Delay{1, 10}
	}
	return d
}

// Duration returns the delay as a Go duration.
func (d Delay) Duration() time.Duration {
	denominator := time.Duration(d.Denominator)
	if denominator == 0 {
		denominator = 100 // As APNG's standard says.
	}
	return time.Duration(d.Numerator) * time.Second / denominator
}

// Picture is an opened picture.
type Picture struct {
	Info
	parts       []part
	canvas      image.Point // The size before it is turned upright.
	orientation orientation
}

// Open reads a file. The format follows from its contents, not its name. Frames of an animation are decoded by
// [Picture.Frames]. The error does not name the file unless it cannot be opened.
func Open(path string) (*Picture, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return read(data)
}

// Read is [Open] for a stream.
func Read(in io.Reader) (*Picture, error) {
	data, err := readAll(in, 0)
	if err != nil {
		return nil, err
	}
	return read(data)
}

// OpenRegular opens a file for reading. Anything but a regular file that is not empty is an error.
func OpenRegular(path string) (*os.File, os.FileInfo, error) {
	file, info, err := regularfile.Open(path)
	switch {
	case errors.Is(err, regularfile.ErrOther):
		return nil, nil, regularfile.ErrOther // Without the path.
	case err != nil:
		return nil, nil, err
	case info.Size() == 0:
		return nil, nil, errors.Join(errEmpty, file.Close())
	}
	return file, info, nil
}

var errEmpty = errors.New("the file is empty (zero bytes)")

// readFile reads a regular file, up to maxFile.
func readFile(path string) ([]byte, error) {
	file, info, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, info.Size())
}

// readAll reads a stream, up to maxFile. It sets memory aside for the expected size; 0: unknown.
func readAll(in io.Reader, expected int64) ([]byte, error) {
	buffer := bytes.NewBuffer(make([]byte, 0, min(expected, maxFile)+bytes.MinRead))
	_, err := buffer.ReadFrom(io.LimitReader(in, maxFile+1))
	data := buffer.Bytes()
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, errEmpty
	case len(data) > maxFile:
		return nil, errors.New("the file is larger than 1 GiB, the most that is read")
	}
	return data, nil
}

// open parses the structure of a file. With an error it returns what came before the damage.
func open(data []byte) (f file, err error) {
	if err := CheckStart(data); err != nil {
		return file{}, err
	}
	defer recovered(&err)
	f, err = recognise(data).open(data)
	f.addMetadata(data)
	return f, err
}

// StartBytes are as many bytes as [CheckStart] looks at.
const StartBytes = 512

// CheckStart returns an error if a file is no picture that can be read, by its first bytes.
func CheckStart(start []byte) error {
	if recognise(start) != nil {
		return nil
	}
	if name := unreadable(start); name != "" {
		return fmt.Errorf("%s pictures cannot be read: convert it to PNG or JPEG first", name)
	}
	return errors.New("not a picture that can be read (PNG, JPEG, GIF, WebP, BMP, TIFF)")
}

// recovered turns a panic into an error. Readers must handle any bytes from the internet: a panic is treated as the
// picture's fault.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the decoder failed: %v", r)
	}
}

// read parses a file and decodes it if it is a still picture.
func read(data []byte) (*Picture, error) {
	f, err := open(data)
	if err != nil {
		return nil, explain(err)
	}
	if err := checkSize(f.canvas); err != nil {
		return nil, err
	}
	p, err := f.picture()
	return p, explain(err)
}

// checkSize returns an error if a picture is empty or larger than [MaxPixels].
func checkSize(size image.Point) error {
	switch {
	case size.X < 1 || size.Y < 1:
		return fmt.Errorf("the header says %d×%d pixels", size.X, size.Y)
	case int64(size.X)*int64(size.Y) > MaxPixels:
		return fmt.Errorf("the header says %d×%d pixels: more than the %d million that are read", size.X, size.Y,
			MaxPixels/1_000_000)
	}
	return nil
}

// picture returns the picture in the file. A still picture is decoded.
func (f *file) picture() (*Picture, error) {
	p := &Picture{
		Info: Info{
			Frames: len(f.parts), Plays: f.plays, Pages: 1 + f.pages, Gray: f.gray, Deep: f.deep, Alpha: true,
			metadata: f.metadata,
		},
		parts: f.parts, canvas: f.canvas, orientation: orientationOf(f.exif),
	}
	if len(p.parts) == 1 {
		if err := p.readStill(f.profile); err != nil {
			return nil, err
		}
	} else {
		for i := range p.parts {
			p.parts[i].delay = p.parts[i].delay.asShown()
		}
	}
	upright := p.orientation.size(p.canvas)
	p.Width, p.Height = upright.X, upright.Y
	if p.orientation.turned() {
		p.density.x, p.density.y = p.density.y, p.density.x
	}
	if fits(f.profile, p.Gray) {
		p.Profile = f.profile
	}
	return p, nil
}

// readStill decodes the only frame of a picture, which gives more information than the header. Greys of a palette count
// as colours if the profile is one for colours.
func (p *Picture) readStill(profile []byte) error {
	decoded, err := p.parts[0].decode()
	if err != nil {
		return err
	}
	p.parts[0].decode = func() (image.Image, error) { return decoded, nil }
	_, indexed := decoded.(*image.Paletted)
	p.Gray = p.Gray || isGray(decoded) && !(indexed && profileSpace(profile) == "RGB ")
	p.Deep = p.Deep || isDeep(decoded)
	p.Alpha = !opaque(decoded) || decoded.Bounds().Size() != p.canvas
	return nil
}

// Frames iterates over the frames of the picture, in order, any number of times. A frame is valid until the next one;
// after an error there are no more.
func (p *Picture) Frames() iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		c := canvas{size: p.canvas}
		for i, part := range p.parts {
			pixels, err := c.show(part)
			if err != nil {
				if len(p.parts) > 1 {
					err = fmt.Errorf("frame %d: %w", i+1, err)
				}
				yield(Frame{}, explain(err))
				return
			}
			if !yield(Frame{p.orientation.upright64(pixels), part.delay}, nil) {
				return
			}
		}
	}
}

// explain puts the decoders' EOF into words.
func explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short (%w)", err)
	}
	return err
}
