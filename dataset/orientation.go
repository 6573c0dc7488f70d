package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// orientation is EXIF's tag 0x0112: 1 is upright, 2…8 say how row 0 and column 0 lie. 0 stands for no tag.
type orientation uint16

// readOrientation finds the orientation of a picture file. A damaged EXIF block counts as none: the picture is still
// worth having. The error is of reading the file alone.
func readOrientation(file io.ReadSeeker, format string) (orientation, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	var exif []byte
	var err error
	switch in := bufio.NewReader(file); format {
	case "jpeg":
		exif, err = exifOfJPEG(in)
	case "png":
		exif, err = exifOfPNG(in)
	case "webp":
		exif, err = exifOfWebP(in)
	case "tiff":
		return orientationOfTIFF(file)
	}
	if err != nil || exif == nil {
		return 0, ignoreEnd(err)
	}
	return orientationOfTIFF(bytes.NewReader(bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))))
}

// ignoreEnd drops the errors of a file that ends early: its decoder will say so better.
func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// exifOfJPEG is the first APP1 segment that holds EXIF, or nil.
func exifOfJPEG(in *bufio.Reader) ([]byte, error) {
	const startOfScan, app1 = 0xda, 0xe1
	if _, err := in.Discard(2); err != nil { // Start of image.
		return nil, err
	}
	for {
		var segment struct {
			Fill, Marker uint8
			Size         uint16 // With its own two bytes.
		}
		if err := binary.Read(in, binary.BigEndian, &segment); err != nil {
			return nil, err
		}
		if segment.Fill != 0xff || segment.Marker == startOfScan || segment.Size < 2 {
			return nil, nil
		}
		size := int(segment.Size) - 2
		if segment.Marker == app1 {
			data := make([]byte, size)
			if _, err := io.ReadFull(in, data); err != nil {
				return nil, err
			}
			if bytes.HasPrefix(data, []byte("Exif\x00\x00")) {
				return data, nil
			}
		} else if _, err := in.Discard(size); err != nil {
			return nil, err
		}
	}
}

// exifOfPNG is the eXIf chunk, or nil.
func exifOfPNG(in *bufio.Reader) ([]byte, error) {
	if _, err := in.Discard(8); err != nil { // Signature.
		return nil, err
	}
	for {
		var chunk struct {
			Size uint32
			Name [4]byte
		}
		if err := binary.Read(in, binary.BigEndian, &chunk); err != nil {
			return nil, err
		}
		switch {
		case string(chunk.Name[:]) == "IEND":
			return nil, nil
		case string(chunk.Name[:]) == "eXIf":
			return io.ReadAll(io.LimitReader(in, int64(chunk.Size)))
		}
		const checksum = 4
		if _, err := io.CopyN(io.Discard, in, int64(chunk.Size)+checksum); err != nil {
			return nil, err
		}
	}
}

// exifOfWebP is the EXIF chunk, or nil.
func exifOfWebP(in *bufio.Reader) ([]byte, error) {
	if _, err := in.Discard(12); err != nil { // RIFF, size, WEBP.
		return nil, err
	}
	for {
		var chunk struct {
			Name [4]byte
			Size uint32
		}
		if err := binary.Read(in, binary.LittleEndian, &chunk); err != nil {
			return nil, err
		}
		if string(chunk.Name[:]) == "EXIF" {
			return io.ReadAll(io.LimitReader(in, int64(chunk.Size)))
		}
		padded := int64(chunk.Size) + int64(chunk.Size%2)
		if _, err := io.CopyN(io.Discard, in, padded); err != nil {
			return nil, err
		}
	}
}

// orientationOfTIFF reads the tag from the first directory of a TIFF structure, which is what EXIF is.
func orientationOfTIFF(in io.ReadSeeker) (orientation, error) {
	var order binary.ByteOrder = binary.LittleEndian
	var header [8]byte
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, ignoreEnd(err)
	}
	if header[0] == 'M' {
		order = binary.BigEndian
	}
	if _, err := in.Seek(int64(order.Uint32(header[4:])), io.SeekStart); err != nil {
		return 0, err
	}
	buffered := bufio.NewReader(in)
	var entries uint16
	if err := binary.Read(buffered, order, &entries); err != nil {
		return 0, ignoreEnd(err)
	}
	for range entries {
		var entry struct {
			Tag, Type   uint16
			Count       uint32
			Value, Rest uint16
		}
		if err := binary.Read(buffered, order, &entry); err != nil {
			return 0, ignoreEnd(err)
		}
		const orientationTag, short = 0x0112, 3
		if entry.Tag == orientationTag {
			if entry.Type == short && entry.Value >= 1 && entry.Value <= 8 {
				return orientation(entry.Value), nil
			}
			return 0, nil
		}
	}
	return 0, nil
}

// upright turns a picture the way that it should be seen.
func (o orientation) upright(picture *image.RGBA) *image.RGBA {
	if o < 2 {
		return picture
	}
	width, height := picture.Rect.Dx(), picture.Rect.Dy()
	turned := image.NewRGBA(image.Rect(0, 0, width, height))
	if o >= 5 {
		turned = image.NewRGBA(image.Rect(0, 0, height, width))
	}
	for y := range turned.Rect.Dy() {
		for x := range turned.Rect.Dx() {
			fromX, fromY := o.source(x, y, width-1, height-1)
			turned.SetRGBA(x, y, picture.RGBAAt(fromX, fromY))
		}
	}
	return turned
}

// source is the stored pixel that is seen at x, y, if the last that is stored is at right, bottom.
func (o orientation) source(x, y, right, bottom int) (fromX, fromY int) {
	switch o {
	case 2: // Mirrored left to right.
		return right - x, y
	case 3: // Turned by 180°.
		return right - x, bottom - y
	case 4: // Mirrored top to bottom.
		return x, bottom - y
	case 5: // Mirrored along the main diagonal.
		return y, x
	case 6: // To be turned by 90° clockwise.
		return y, bottom - x
	case 7: // Mirrored along the other diagonal.
		return right - y, bottom - x
	case 8: // To be turned by 90° counter-clockwise.
		return right - y, x
	default:
		return x, y
	}
}
