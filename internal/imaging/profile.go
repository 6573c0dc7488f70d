package imaging

import (
	"encoding/binary"
	"math"

	"gonum.org/v1/gonum/mat"
)

// fitted returns what a format can say of a picture: grey pixels have no profile for colours, and others none for grey
// values. Only PNG has chunks that say what the colours mean; JPEG and WebP get an equal profile.
func (i Info) fitted(format Format) Info {
	if i.Profile == nil && format != PNG && format != GIF { // A GIF has no profile: its writer converts the pixels.
		if space := colourSpaceOf(i.colour); space != nil && i.Gray {
			i.Profile = grayProfileOf(space.curve())
		} else if space != nil {
			i.Profile = space.profile()
		}
	}
	if profileSpace(i.Profile) == "GRAY" && (!i.Gray || format == WebP) { // WebP has no grey pixels.
		i.Profile = inRGB(i.Profile)
	}
	if profileSpace(i.Profile) == "RGB " {
		i.Gray = false
	}
	return i
}

// profileSpace returns the colour space of an ICC profile: "RGB ", "GRAY" or another.
func profileSpace(profile []byte) string {
	const space = 16
	if len(profile) < 128 {
		return ""
	}
	return string(profile[space : space+4])
}

// inRGB returns a profile in which equal values of red, green and blue mean what a grey value means in the profile
// given, or nil if that has no simple curve.
func inRGB(gray []byte) []byte {
	const connection = 20 // The offset of the space that the curve leads to.
	curve := iccTag(gray, "kTRC")
	if curve == nil || string(gray[connection:connection+4]) != "XYZ " {
		return nil
	}
	return matrixProfile((&colourSpace{chromaticities: rec709}).colorants(), curve)
}

// iccTag returns the data of a tag of an ICC profile, or nil.
func iccTag(profile []byte, name string) []byte {
	const header = 128
	if len(profile) < header+4 {
		return nil
	}
	be := binary.BigEndian
	count := be.Uint32(profile[header:])
	for entry := profile[header+4:]; count > 0 && len(entry) >= 12; entry, count = entry[12:], count-1 {
		if string(entry[:4]) != name {
			continue
		}
		start, size := int64(be.Uint32(entry[4:])), int64(be.Uint32(entry[8:]))
		if start+size > int64(len(profile)) || size < 8 {
			return nil
		}
		return profile[start : start+size]
	}
	return nil
}

// xyzTag returns a tag that holds a colour.
func xyzTag(x, y, z float64) []byte {
	data := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range []float64{x, y, z} {
		data = binary.BigEndian.AppendUint32(data, uint32(int32(math.Round(v*0x10000))))
	}
	return data
}

// matrixProfile returns an ICC profile for colours of one tone curve, whose tag is given, and a matrix to XYZ.
func matrixProfile(colorants *mat.Dense, curve []byte) []byte {
	var tags []chunk
	for c, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags = append(tags, chunk{name, xyzTag(colorants.At(0, c), colorants.At(1, c), colorants.At(2, c))})
	}
	return profileOf("RGB ", tags, curve, "rTRC", "gTRC", "bTRC")
}

// grayProfileOf returns an ICC profile for grey values of a tone curve, whose tag is given.
func grayProfileOf(curve []byte) []byte { return profileOf("GRAY", nil, curve, "kTRC") }

// profileOf returns an ICC profile for a colour space, with tags of its own and a tone curve that has some names:
// https://www.color.org/ICC1V42.pdf, of version 2, which all programs read.
func profileOf(space string, own []chunk, curve []byte, curves ...string) []byte {
	const title = "as in the picture\x00"
	description := append([]byte("desc\x00\x00\x00\x00"), numbers(uint32(len(title)))...)
	description = append(append(description, title...), make([]byte, 78)...) // No other languages.
	white := xyzTag(d50[0], d50[1], d50[2])
	header := make([]byte, 128)
	copy(header[8:], "\x02\x40\x00\x00mntr"+space+"XYZ ")
	copy(header[36:], "acsp")
	copy(header[68:], white[8:])

	tags := []chunk{{"desc", description}, {"cprt", []byte("text\x00\x00\x00\x00CC0\x00")}, {"wtpt", white}}
	tags = append(tags, own...)
	count := len(tags) + len(curves)
	table := numbers(uint32(count))
	first := len(header) + 4 + 12*count
	var data []byte
	put := func(tag []byte, names ...string) {
		for _, name := range names {
			table = append(append(table, name...), numbers(uint32(first+len(data)), uint32(len(tag)))...)
		}
		data = append(data, tag...)
		data = append(data, make([]byte, -len(data)&3)...) // Each begins at a multiple of four.
	}
	for _, tag := range tags {
		put(tag.data, tag.name)
	}
	put(curve, curves...)
	binary.BigEndian.PutUint32(header, uint32(first+len(data)))
	return append(append(header, table...), data...)
}
