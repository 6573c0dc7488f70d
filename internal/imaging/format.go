package imaging

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
)

// file is the structure of a picture file, before the pixels are decoded.
type file struct {
	canvas image.Point // Width and height.
	parts  []part      // At least one.
	pages  int         // Further pictures, which are not read.
	plays  int
	// gray and deep come from the header, if the type of the decoded picture does not show them.
	gray, deep bool
	// exif is a TIFF structure with the orientation, and profile an ICC profile; nil if there is none.
	exif, profile []byte
	metadata
}

// format is a format that can be read.
type format struct {
	magic string // The first bytes of a file; a ? matches any byte.
	open  func(data []byte) (file, error)
}

var formats = []format{
	{pngSignature, openPNG},
	{"\xff\xd8", openJPEG},
	{"GIF8?a", openGIF},
	{"RIFF????WEBP", openWebP},
	{"BM", openBMP},
	{"II*\x00", openTIFF},
	{"MM\x00*", openTIFF},
	{"II+\x00", openTIFF}, // BigTIFF.
	{"MM\x00+", openTIFF},
}

// recognise returns the format of a file by its contents, or nil.
func recognise(data []byte) *format {
	for i, f := range formats {
		if begins(data, f.magic) {
			return &formats[i]
		}
	}
	return nil
}

func begins(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// still returns the structure of a file with one frame, decoded by a function like those of package image.
func still(data []byte, config func(io.Reader) (image.Config, error),
	decode func(io.Reader) (image.Image, error)) (file, error) {
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return file{}, err
	}
	size := image.Pt(c.Width, c.Height)
	return file{canvas: size, parts: []part{{decode: decoder(data, decode), replace: true}}}, nil
}

// decoder returns a function that decodes a still picture.
func decoder(data []byte, decode func(io.Reader) (image.Image, error)) func() (image.Image, error) {
	return func() (picture image.Image, err error) {
		in := &endWatcher{Reader: bytes.NewReader(data)}
		defer recovered(&err)
		defer func() {
			if err != nil && in.ended && !errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
			}
		}()
		return decode(in)
	}
}

// endWatcher notes whether a decoder read past the end. Some decoders then report invalid data.
type endWatcher struct {
	*bytes.Reader
	ended bool
}

func (w *endWatcher) Read(to []byte) (int, error) {
	n, err := w.Reader.Read(to)
	w.ended = w.ended || err == io.EOF
	return n, err
}

func (w *endWatcher) ReadByte() (byte, error) {
	b, err := w.Reader.ReadByte()
	w.ended = w.ended || err == io.EOF
	return b, err
}

const (
	exifHeader    = "Exif\x00\x00"
	profileHeader = "ICC_PROFILE\x00" // The number of the piece and how many there are follow, a byte each.
)

// Markers of a JPEG's segments.
const app0, app1, app2 = 0xe0, 0xe1, 0xe2

// jpegSegments iterates over the segments before the pixels of a JPEG. Any number of bytes 0xff may lie before each.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	const startOfScan = 0xda
	return func(yield func(marker byte, segment []byte) bool) {
		for data := data[2:]; len(data) > 0 && data[0] == 0xff; {
			for len(data) > 0 && data[0] == 0xff {
				data = data[1:]
			}
			if len(data) < 3 || data[0] == startOfScan {
				return
			}
			size := 1 + int(binary.BigEndian.Uint16(data[1:]))
			if size < 3 || size > len(data) || !yield(data[0], data[3:size]) {
				return
			}
			data = data[size:]
		}
	}
}

// jpegMetadata returns the first EXIF block and the ICC profile, whose pieces are numbered. One of which a piece is
// missing is none.
func jpegMetadata(data []byte) (exif, profile []byte) {
	const number = len(profileHeader)
	var pieces [][]byte
	for marker, segment := range jpegSegments(data) {
		switch {
		case marker == app1 && exif == nil && bytes.HasPrefix(segment, []byte(exifHeader)):
			exif = segment[len(exifHeader):]
		case marker == app2 && len(segment) > number+2 && bytes.HasPrefix(segment, []byte(profileHeader)):
			pieces = append(pieces, segment)
		}
	}
	slices.SortStableFunc(pieces, func(a, b []byte) int { return cmp.Compare(a[number], b[number]) })
	for i, piece := range pieces {
		if int(piece[number]) != i+1 || int(piece[number+1]) != len(pieces) {
			return exif, nil
		}
		profile = append(profile, piece[number+2:]...)
	}
	return exif, profile
}

// fits reports whether an ICC profile is for colours or for grey values, as the picture is. The profile of a CMYK
// picture does not fit.
func fits(profile []byte, gray bool) bool {
	name := profileSpace(profile)
	return name == "RGB " && !gray || name == "GRAY" && gray
}

// HasExtension reports whether a file has the extension of a picture. Pictures that are [Unreadable] are among them:
// who lists a folder names them that way, instead of skipping them without a word.
func HasExtension(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".bmp", ".tif", ".tiff":
		return true
	default:
		return Unreadable(path)
	}
}

// Unreadable reports whether a file has the extension of a picture in a format that is not read. [Open] says so too,
// unless the file has other contents.
func Unreadable(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".avif", ".avifs", ".heic", ".heif", ".heics", ".hif", ".jxl":
		return true
	default:
		return false
	}
}

// unreadable names the format of a picture that is not read, or returns "".
func unreadable(data []byte) string {
	if begins(data, "\xff\x0a") || begins(data, "\x00\x00\x00\x0cJXL ") {
		return "JPEG XL"
	}
	const header, brand = 8, 4
	if !begins(data, "????ftyp") {
		return ""
	}
	name := ""
	size := int(min(binary.BigEndian.Uint32(data), 256, uint32(len(data))))
	for at := header; at+brand <= size; at += brand {
		switch string(data[at : at+brand]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": // The last two are of AVIFs too.
			name = "HEIC"
		}
	}
	return name
}
