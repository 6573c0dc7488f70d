package imaging

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// metadata is what is kept of a picture's file beside its pixels.
type metadata struct {
	colour   []chunk // A PNG's chunks that say what the colours mean, apart from the profile.
	embedded []byte  // The EXIF block, as in the file.
	density  density
}

// density is the number of pixels along a metre, or their proportions only; the zero value is unknown. It is printers'
// DPI, and kept in enlarged pictures too: it is a wish, not a measure.
type density struct {
	x, y  uint32
	metre bool
}

// metresPerInch converts densities.
const metresPerInch = 0.0254

// perMetre returns the density of pixels along some metres, or none if that is no density.
func perMetre(x, y, metres float64) density {
	x, y = math.Round(x/metres), math.Round(y/metres)
	if !(min(x, y) >= 1 && max(x, y) <= math.MaxInt32) {
		return density{}
	}
	return density{uint32(x), uint32(y), true}
}

// perInch returns the rounded numbers of pixels an inch.
func (d density) perInch() (x, y float64) {
	return math.Round(float64(d.x) * metresPerInch), math.Round(float64(d.y) * metresPerInch)
}

// addMetadata reads the metadata of a file whose structure is known. PNG's are known already.
func (f *file) addMetadata(data []byte) {
	const bmpDensity = 38 // An offset.
	switch {
	case begins(data, "\xff\xd8"):
		f.density = jfifDensity(data)
	case begins(data, "BM") && len(data) >= bmpDensity+8 && data[14] >= 40:
		le := binary.LittleEndian
		f.density = perMetre(float64(le.Uint32(data[bmpDensity:])), float64(le.Uint32(data[bmpDensity+4:])), 1)
	}
	if f.density == (density{}) {
		f.density = exifDensity(f.exif)
	}
	f.embedded = f.exif
	if begins(data, "II") || begins(data, "MM") { // A TIFF is such a structure as a whole, with the pixels.
		f.embedded = tiffEXIF(data)
	}
}

// jfifDensity returns the density in the first JFIF segment of a JPEG. EXIF may lie before it.
func jfifDensity(data []byte) density {
	for marker, segment := range jpegSegments(data) {
		if marker != app0 || !begins(segment, "JFIF\x00??") || len(segment) < 12 {
			continue
		}
		x, y := binary.BigEndian.Uint16(segment[8:]), binary.BigEndian.Uint16(segment[10:])
		switch unit := segment[7]; {
		case unit == 1:
			return perMetre(float64(x), float64(y), metresPerInch)
		case unit == 2:
			return perMetre(float64(x), float64(y), 0.01)
		case x != y && x > 0 && y > 0:
			return density{uint32(x), uint32(y), false}
		default:
			return density{}
		}
	}
	return density{}
}

// Tags of EXIF: https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E.
const (
	exifWidth, exifHeight           = 0x0100, 0x0101
	exifOrientation                 = 0x0112
	exifX, exifY, exifUnit          = 0x011a, 0x011b, 0x0128
	exifMore                        = 0x8769 // The offset of another directory.
	exifPixelWidth, exifPixelHeight = 0xa002, 0xa003
)

// exifOrder returns the order of bytes in an EXIF block, or nil if it is none.
func exifOrder(exif []byte) binary.ByteOrder {
	switch {
	case begins(exif, "II*\x00????"):
		return binary.LittleEndian
	case begins(exif, "MM\x00*????"):
		return binary.BigEndian
	default:
		return nil
	}
}

// exifDirectory returns the entries of a directory, 12 bytes each, and the offset of the next directory, 4 bytes.
func exifDirectory(exif []byte, order binary.ByteOrder, at uint32) (entries [][]byte, next []byte) {
	if int64(at)+2 > int64(len(exif)) {
		return nil, nil
	}
	rest := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(rest) < 12 {
			return entries, nil
		}
		entries, rest = append(entries, rest[:12]), rest[12:]
	}
	return entries, rest[:min(4, len(rest))]
}

// exifDensity returns the density in an EXIF block.
func exifDensity(exif []byte) density {
	order := exifOrder(exif)
	if order == nil {
		return density{}
	}
	ratio := func(entry []byte) float64 {
		at := int64(order.Uint32(entry[8:]))
		if order.Uint16(entry[2:]) != 5 || at+8 > int64(len(exif)) {
			return 0
		}
		return float64(order.Uint32(exif[at:])) / float64(order.Uint32(exif[at+4:]))
	}
	x, y, metres := 0.0, 0.0, metresPerInch
	entries, _ := exifDirectory(exif, order, order.Uint32(exif[4:]))
	for _, entry := range entries {
		switch order.Uint16(entry) {
		case exifX:
			x = ratio(entry)
		case exifY:
			y = ratio(entry)
		case exifUnit:
			metres = map[uint16]float64{2: metresPerInch, 3: 0.01}[order.Uint16(entry[8:])]
		}
	}
	return perMetre(x, y, metres) // None if the unit is unknown: it divides by 0.
}

// exifOf returns the EXIF block of a picture that is written upright: the file's own without its thumbnail, which shows
// another picture, and with the density, for formats that can hold it nowhere else. It is nil if there is neither.
func (i Info) exifOf(needsDensity bool) []byte {
	order := exifOrder(i.embedded)
	if order == nil {
		if needsDensity && i.density.metre {
			return densityEXIF(i.density)
		}
		return nil
	}
	made := bytes.Clone(i.embedded)
	put := func(entry []byte, value int) { // As a number of 32 bits.
		order.PutUint16(entry[2:], 4)
		order.PutUint32(entry[4:], 1)
		order.PutUint32(entry[8:], uint32(value))
	}
	entries, next := exifDirectory(made, order, order.Uint32(made[4:]))
	clear(next)
	if orientationOf(i.embedded).turned() { // The width lies along the file's height.
		swapDensity(entries, order)
	}
	for _, entry := range entries {
		switch order.Uint16(entry) {
		case exifOrientation:
			copy(entry[2:], make([]byte, 10))
			order.PutUint16(entry[2:], 3)
			order.PutUint32(entry[4:], 1)
			order.PutUint16(entry[8:], 1)
		case exifWidth:
			put(entry, i.Width)
		case exifHeight:
			put(entry, i.Height)
		case exifMore:
			more, _ := exifDirectory(made, order, order.Uint32(entry[8:]))
			for _, entry := range more {
				switch order.Uint16(entry) {
				case exifPixelWidth:
					put(entry, i.Width)
				case exifPixelHeight:
					put(entry, i.Height)
				}
			}
		}
	}
	if needsDensity && i.density.metre && exifDensity(made) != i.density {
		made = withDensity(made, order, entries, i.density)
	}
	return made
}

// withDensity gives an EXIF block a first directory, at its end, whose density is another.
func withDensity(exif []byte, order binary.ByteOrder, entries [][]byte, d density) []byte {
	x, y := d.perInch()
	kept := slices.DeleteFunc(slices.Clone(entries), func(entry []byte) bool {
		tag := order.Uint16(entry)
		return tag == exifX || tag == exifY || tag == exifUnit
	})
	made := append(bytes.Clone(exif), make([]byte, len(exif)%2)...) // Offsets are even.
	values := uint32(len(made))
	number := func(size int, value uint32) {
		at := len(made)
		made = append(made, make([]byte, size)...)
		if size == 2 {
			order.PutUint16(made[at:], uint16(value))
		} else {
			order.PutUint32(made[at:], value)
		}
	}
	for _, value := range []uint32{uint32(x), 1, uint32(y), 1} {
		number(4, value)
	}
	order.PutUint32(made[4:], uint32(len(made)))
	for _, entry := range []struct{ tag, kind, value uint32 }{
		{exifX, 5, values}, {exifY, 5, values + 8}, {exifUnit, 3, 2},
	} {
		start := len(made)
		number(2, entry.tag)
		number(2, entry.kind)
		number(4, 1)
		size := 4
		if entry.kind == 3 { // A short number lies in the first two bytes.
			size = 2
		}
		number(size, entry.value)
		made = append(made, make([]byte, start+12-len(made))...)
		kept = append(kept, bytes.Clone(made[start:]))
		made = made[:start]
	}
	slices.SortStableFunc(kept, func(a, b []byte) int { return cmp.Compare(order.Uint16(a), order.Uint16(b)) })
	number(2, uint32(len(kept)))
	for _, entry := range kept {
		made = append(made, entry...)
	}
	number(4, 0) // There is no further directory.
	return made
}

// swapDensity swaps the densities along the width and the height.
func swapDensity(entries [][]byte, order binary.ByteOrder) {
	find := func(tag uint16) int {
		return slices.IndexFunc(entries, func(entry []byte) bool { return order.Uint16(entry) == tag })
	}
	x, y := find(exifX), find(exifY)
	if x < 0 || y < 0 {
		return
	}
	before := bytes.Clone(entries[x])
	copy(entries[x][2:], entries[y][2:])
	copy(entries[y][2:], before[2:])
}

// densityEXIF returns an EXIF block with nothing but a density.
func densityEXIF(d density) []byte {
	return withDensity([]byte("MM\x00*\x00\x00\x00\x00"), binary.BigEndian, nil, d)
}

// appendMetadata appends the segments of a JPEG before its pixels.
func (i Info) appendMetadata(to []byte) []byte {
	x, y, unit := float64(i.density.x), float64(i.density.y), byte(0)
	if i.density.metre {
		x, y = i.density.perInch()
		unit = 1
	}
	if min(x, y) >= 1 && max(x, y) <= math.MaxUint16 {
		to = append(to, "\xff\xe0\x00\x10JFIF\x00\x01\x02"...)
		to = binary.BigEndian.AppendUint16(append(to, unit), uint16(x))
		to = append(binary.BigEndian.AppendUint16(to, uint16(y)), 0, 0)
	}
	exif := i.exifOf(false)
	if size := 2 + len(exifHeader) + len(exif); exif != nil && size <= math.MaxUint16 {
		to = append(to, 0xff, 0xe1, byte(size>>8), byte(size))
		to = append(append(to, exifHeader...), exif...)
	}
	return appendProfile(to, i.Profile)
}
