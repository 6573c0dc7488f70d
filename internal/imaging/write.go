package imaging

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// Format is a format that can be written.
type Format string

const (
	PNG  Format = "PNG" // Animations become animated PNGs.
	JPEG Format = "JPEG"
	GIF  Format = "GIF"
	WebP Format = "WebP" // Lossless.
)

// FormatOf returns the format that the extension of a path names.
func FormatOf(path string) (Format, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".png", ".apng":
		return PNG, nil
	case ".jpg", ".jpeg", ".jpe", ".jfif":
		return JPEG, nil
	case ".gif":
		return GIF, nil
	case ".webp":
		return WebP, nil
	case "":
		return "", errors.New("it has no extension that names a format: .png, .jpg, .gif or .webp")
	default:
		return "", fmt.Errorf("%s cannot be written: .png, .jpg, .gif and .webp can", extension)
	}
}

// Writer writes a picture. The output is complete only after Close.
type Writer interface {
	Write(frame Frame) error
	Close() error
}

// NewWriter returns a writer for a picture of the given size, number of frames and kind of pixels. The formats keep
// what they can: PNG everything; JPEG 8 bits without alpha channel, on white; GIF 256 colours and pixels that are
// either opaque or transparent; WebP 8 bits. Of each frame only the part that differs from the one before is stored.
func NewWriter(w io.Writer, f Format, info Info) (Writer, error) {
	largest := map[Format]int{PNG: 1<<31 - 1, JPEG: 1<<16 - 1, GIF: 1<<16 - 1, WebP: 1 << 14}[f]
	switch {
	case info.Width < 1 || info.Height < 1 || info.Frames < 1:
		return nil, fmt.Errorf("cannot write %d frames of %d×%d pixels", info.Frames, info.Width, info.Height)
	case info.Width > largest || info.Height > largest:
		return nil, fmt.Errorf("it would be %d×%d pixels: a %s cannot have more than %d a side", info.Width, info.Height,
			f, largest)
	}
	info = info.fitted(f)
	switch f {
	case PNG:
		return &pngWriter{w: w, info: info, changes: changes{frames: info.Frames}}, nil
	case JPEG:
		if info.Frames > 1 {
			return nil, errors.New("an animation cannot be a JPEG: write it as .png or .gif")
		}
		return &jpegWriter{w: w, info: info}, nil
	case GIF:
		return newGIFWriter(w, info)
	case WebP:
		return &webpWriter{w: w, info: info, changes: changes{frames: info.Frames}, clock: clock{unit: time.Millisecond}}, nil
	default:
		return nil, fmt.Errorf("%q cannot be written", f)
	}
}

// jpegQuality is the quality of JPEGs, out of 100. Enlarged pictures are looked at closely.
const jpegQuality = 95

type jpegWriter struct {
	w    io.Writer
	info Info
}

func (j *jpegWriter) Write(frame Frame) error {
	var pixels image.Image
	if opaque := onWhite(frame.Pixels); j.info.Gray {
		pixels = toGray(opaque)
	} else {
		pixels = (*image.RGBA)(toNRGBA(opaque)) // The same for opaque pictures, but package jpeg is fast with this type.
	}
	const startOfImage = 2
	return jpeg.Encode(&inserter{w: j.w, after: startOfImage, change: func(start []byte) []byte {
		return j.info.appendMetadata(start)
	}}, pixels, &jpeg.Options{Quality: jpegQuality})
}

func (j *jpegWriter) Close() error { return nil }

// appendProfile appends APP2 segments with an ICC profile: https://www.color.org/ICC1V42.pdf, annex B.4.
func appendProfile(to, profile []byte) []byte {
	const most = 65535 - 2 - len(profileHeader) - 2
	pieces := (len(profile) + most - 1) / most
	if pieces > 255 {
		return to // Real profiles are never that large.
	}
	for i := range pieces {
		piece := profile[i*most : min((i+1)*most, len(profile))]
		size := 2 + len(profileHeader) + 2 + len(piece)
		to = append(to, 0xff, 0xe2, byte(size>>8), byte(size))
		to = append(append(to, profileHeader...), byte(i+1), byte(pieces))
		to = append(to, piece...)
	}
	return to
}

// inserter changes the first bytes written to it, and passes on the rest.
type inserter struct {
	w      io.Writer
	after  int // The number of first bytes.
	change func(start []byte) []byte
	start  []byte
}

func (i *inserter) Write(data []byte) (int, error) {
	all := len(data)
	if missing := i.after - len(i.start); missing > 0 {
		n := min(missing, len(data))
		i.start, data = append(i.start, data[:n]...), data[n:]
		if n < missing {
			return all, nil
		}
		if _, err := i.w.Write(i.change(i.start)); err != nil {
			return 0, err
		}
	}
	n, err := i.w.Write(data)
	return all - len(data) + n, err
}

// pngWriter writes a PNG, or an animated one frame by frame.
type pngWriter struct {
	w        io.Writer
	info     Info
	changes  changes
	frames   int
	sequence uint32 // The number of the next fcTL or fdAT.
}

// pngHeader is the length in bytes of the signature and the first chunk, IHDR.
const pngHeader = 8 + 25

func (p *pngWriter) Write(frame Frame) error {
	if p.info.Frames > 1 {
		return p.writeAnimated(frame)
	}
	pixels, colourType := p.encodable(frame.Pixels)
	return png.Encode(&inserter{w: p.w, after: pngHeader, change: func(start []byte) []byte {
		return p.header(start, colourType)
	}}, pixels)
}

// grayAlpha is the colour type of PNG that package png cannot write.
const grayAlpha = 4

// encodable returns a picture for which package png writes the wanted bytes. If these belong to another colour type,
// colourType replaces the one in the header.
func (p *pngWriter) encodable(pixels *image.NRGBA64) (encodable image.Image, colourType byte) {
	alpha := p.info.Frames > 1 || !pixels.Opaque()
	switch {
	case p.info.Gray && alpha && p.info.Deep:
		return withAlpha{toGrayAlpha64(pixels)}, grayAlpha
	case p.info.Gray && alpha:
		return toGrayAlpha(pixels), grayAlpha
	case p.info.Gray && p.info.Deep:
		return toGray16(pixels), 0
	case p.info.Gray:
		return toGray(pixels), 0
	case p.info.Deep && p.info.Frames > 1:
		return withAlpha64{pixels}, 0
	case p.info.Deep:
		return pixels, 0
	case p.info.Frames > 1:
		return withAlpha{toNRGBA(pixels)}, 0
	default:
		return toNRGBA(pixels), 0
	}
}

// header changes the start of the file, and appends chunks that package png does not write.
func (p *pngWriter) header(start []byte, colourType byte) []byte {
	header := bytes.Clone(start[16:29])
	if colourType == grayAlpha {
		header[9] = grayAlpha
		header[8] = 8
		if p.info.Deep {
			header[8] = 16
		}
	}
	start = chunk{"IHDR", header}.append(bytes.Clone(start[:len(pngSignature)]))
	for _, c := range p.info.colour {
		start = c.append(start)
	}
	if p.info.Profile != nil {
		start = chunk{"iCCP", deflateProfile(p.info.Profile)}.append(start)
	}
	if d := p.info.density; d != (density{}) {
		unit := byte(0)
		if d.metre {
			unit = 1
		}
		start = chunk{"pHYs", append(numbers(d.x, d.y), unit)}.append(start)
	}
	if exif := p.info.exifOf(false); exif != nil {
		start = chunk{"eXIf", exif}.append(start)
	}
	if p.info.Frames > 1 {
		start = chunk{"acTL", numbers(uint32(p.info.Frames), uint32(p.info.Plays))}.append(start)
	}
	return start
}

func deflateProfile(profile []byte) []byte {
	var b bytes.Buffer
	b.WriteString("ICC profile\x00\x00")
	w := zlib.NewWriter(&b)
	_, _ = w.Write(profile) // A buffer takes all.
	_ = w.Close()
	return b.Bytes()
}

// writeAnimated writes the changed part of a frame.
func (p *pngWriter) writeAnimated(frame Frame) error {
	part, _ := p.changes.next(frame.Pixels)
	pixels, colourType := p.encodable(part)
	var still bytes.Buffer
	if err := png.Encode(&still, pixels); err != nil {
		return err
	}
	chunks, err := readChunks(still.Bytes())
	if err != nil {
		return err
	}
	var out []byte
	if p.frames == 0 {
		out = p.header(still.Bytes()[:pngHeader], colourType)
	}
	at, size, delay := part.Rect.Min.Sub(frame.Pixels.Rect.Min), part.Rect.Size(), frame.Delay
	control := append(p.next(), numbers(uint32(size.X), uint32(size.Y), uint32(at.X), uint32(at.Y))...)
	control = append(control, byte(delay.Numerator>>8), byte(delay.Numerator), byte(delay.Denominator>>8),
		byte(delay.Denominator), 0, 0)
	out = chunk{"fcTL", control}.append(out)
	for _, c := range chunks {
		if c.name != "IDAT" {
			continue
		}
		if p.frames > 0 {
			c = chunk{"fdAT", append(p.next(), c.data...)}
		}
		out = c.append(out)
	}
	p.frames++
	_, err = p.w.Write(out)
	return err
}

// next returns the next number of a chunk of the animation.
func (p *pngWriter) next() []byte {
	p.sequence++
	return numbers(p.sequence - 1)
}

func (p *pngWriter) Close() error {
	if p.info.Frames == 1 {
		return nil
	}
	if p.frames != p.info.Frames {
		return fmt.Errorf("%d of %d frames were written", p.frames, p.info.Frames)
	}
	_, err := p.w.Write(chunk{"IEND", nil}.append(nil))
	return err
}
