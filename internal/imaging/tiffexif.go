package imaging

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// exifPositions is the offset of a directory that says where the picture was taken.
const exifPositions = 0x8825

// tiffTexts are the tags of a TIFF that say something of the picture instead of its pixels: title, maker, model,
// software, time, artist, copyright.
var tiffTexts = []uint16{0x010e, 0x010f, 0x0110, 0x0131, 0x0132, 0x013b, 0x8298}

// exifField is an entry of a directory of EXIF with its values.
type exifField struct {
	tag, kind uint16
	count     uint32
	values    []byte
}

// mostEXIF is the size of the largest EXIF block that is made: one that fits into a JPEG.
const mostEXIF = 65_000

// tiffEXIF returns an EXIF block with what a TIFF says of its picture, or nil if it says nothing. Values that do not
// fit are left out.
func tiffEXIF(data []byte) []byte {
	d := tiffDirectoryOf(data)
	if d.cut {
		return nil
	}
	made := append([]byte("II*\x00"), make([]byte, 4)...)
	if d.order == binary.BigEndian {
		copy(made, "MM\x00*")
	}
	fields := d.fields(tiffTexts, mostEXIF/2)
	left := mostEXIF/2 - fieldsSize(fields)
	for _, tag := range []uint16{exifMore, exifPositions} {
		more := d.directory(uint64(d.number(tag, 0))).fields(nil, left)
		if len(more) == 0 {
			continue
		}
		left -= fieldsSize(more)
		at := d.order.AppendUint32(nil, uint32(len(made)))
		fields = append(fields, exifField{tag, 4, 1, at})
		made = appendFields(made, d.order, more)
	}
	if len(fields) == 0 {
		return nil
	}
	fields = append(fields, d.fields([]uint16{exifOrientation, exifX, exifY, exifUnit}, mostEXIF)...)
	d.order.PutUint32(made[4:], uint32(len(made)))
	return appendFields(made, d.order, fields)
}

// directory returns another directory of the file, which is empty if it is out of range.
func (d *tiffDirectory) directory(offset uint64) *tiffDirectory {
	other := &tiffDirectory{data: d.data, order: d.order, big: d.big}
	if offset > 0 {
		other.open(offset)
	}
	return other
}

// fields returns the entries with some tags, or all, up to a size in bytes. Only those of EXIF's types are returned,
// and no offset, which would lead elsewhere.
func (d *tiffDirectory) fields(tags []uint16, most int) (fields []exifField) {
	const interoperability, lastType = 0xa005, 12
	for entry := d.entries; len(entry) > 0; entry = entry[d.entrySize():] {
		tag, kind := d.order.Uint16(entry), d.order.Uint16(entry[2:])
		values, size := d.valueOf(entry)
		if len(values) == 0 || kind > lastType || tag == interoperability || tags != nil && !slices.Contains(tags, tag) {
			continue
		}
		field := exifField{tag, kind, uint32(len(values) / size), values}
		if size := fieldsSize([]exifField{field}); size <= most {
			fields, most = append(fields, field), most-size
		}
	}
	return fields
}

// fieldsSize returns how many bytes fields take.
func fieldsSize(fields []exifField) (size int) {
	for _, f := range fields {
		size += 12 + len(f.values) + 1
	}
	return size
}

// appendFields appends a directory and its values.
func appendFields(to []byte, order binary.AppendByteOrder, fields []exifField) []byte {
	slices.SortStableFunc(fields, func(a, b exifField) int { return cmp.Compare(a.tag, b.tag) })
	values := len(to) + 2 + 12*len(fields) + 4 // The offset of the next value that does not fit into its entry.
	var behind []byte
	to = order.AppendUint16(to, uint16(len(fields)))
	for _, f := range fields {
		to = order.AppendUint32(order.AppendUint16(order.AppendUint16(to, f.tag), f.kind), f.count)
		if len(f.values) <= 4 {
			to = append(append(to, f.values...), make([]byte, 4-len(f.values))...)
			continue
		}
		to = order.AppendUint32(to, uint32(values+len(behind)))
		behind = append(behind, f.values...)
		behind = append(behind, make([]byte, len(behind)%2)...)
	}
	return append(append(to, 0, 0, 0, 0), behind...)
}
