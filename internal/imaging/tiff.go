package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math"
	"math/bits"
	"slices"

	"golang.org/x/image/tiff/lzw"
)

// Tags of a TIFF's directory.
const (
	tagKind, tagWidth, tagHeight                       = 254, 256, 257
	tagDepths, tagCompression, tagPhotometric          = 258, 259, 262
	tagFillOrder, tagStripOffsets, tagSamples          = 266, 273, 277
	tagRowsPerStrip, tagStripCounts, tagPlanar         = 278, 279, 284
	tagGroup3, tagPredictor, tagColourMap              = 292, 317, 320
	tagTileWidth, tagTileHeight, tagTileOffsets        = 322, 323, 324
	tagTileCounts, tagExtra, tagFormat                 = 325, 338, 339
	tagJPEGTables                                      = 347
	orientationTag                              uint16 = 0x0112
	profileTag                                  uint16 = 0x8773
)

// Compressions of a TIFF.
const (
	tiffPlain, tiffRunLength, tiffGroup3, tiffGroup4 = 1, 2, 3, 4
	tiffLZW, tiffJPEG                                = 5, 7
	tiffDeflate, tiffOldDeflate, tiffPackBits        = 8, 32946, 32773
)

// twoDimensional is a flag of [tagGroup3].
const twoDimensional = 1

// Meanings of a TIFF's samples.
const (
	whiteIsZero, blackIsZero, redGreenBlue, indexed, inks, lumaChroma = 0, 1, 2, 3, 5, 6
)

// reducedPage is a flag of [tagKind]: a smaller version of another picture in the file.
const reducedPage = 1

// tiffDirectory is a directory of a TIFF, a BigTIFF, or of EXIF data, which has the same structure.
type tiffDirectory struct {
	data    []byte
	order   tiffOrder
	big     bool
	entries []byte // All that lie in the file.
	cut     bool   // There should be more.
	at      uint64 // Its offset,
	next    uint64 // and that of the next directory; 0: none.
}

// tiffOrder is either order of bytes.
type tiffOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tiffDirectoryOf finds the directory. It is empty if that is out of range.
func tiffDirectoryOf(data []byte) tiffDirectory {
	d := tiffDirectory{data: data, order: binary.LittleEndian, cut: true}
	if len(data) < 8 {
		return d
	}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	const bigTIFF = 43
	d.big = d.order.Uint16(data[2:]) == bigTIFF
	if !d.big {
		d.open(uint64(d.order.Uint32(data[4:])))
	} else if len(data) >= 16 {
		d.open(d.order.Uint64(data[8:]))
	}
	return d
}

// open finds the entries of the directory at an offset.
func (d *tiffDirectory) open(offset uint64) {
	d.at = offset
	at := from(d.data, offset)
	switch {
	case !d.big && len(at) >= 2:
		d.limit(uint64(d.order.Uint16(at)), at[2:])
	case d.big && len(at) >= 8:
		d.limit(d.order.Uint64(at), at[8:])
	}
}

// entrySize is the size of an entry: tag and type of 2 bytes each, count, value.
func (d *tiffDirectory) entrySize() int {
	if d.big {
		return 20
	}
	return 12
}

// limit sets the entries, as many as there are.
func (d *tiffDirectory) limit(n uint64, rest []byte) {
	present := uint64(len(rest) / d.entrySize())
	d.cut, d.next = n > present, 0
	d.entries = rest[:int(min(n, present))*d.entrySize()]
	switch rest = rest[len(d.entries):]; {
	case d.cut:
	case d.big && len(rest) >= 8:
		d.next = d.order.Uint64(rest)
	case !d.big && len(rest) >= 4:
		d.next = uint64(d.order.Uint32(rest))
	}
}

// laterPages counts the directories behind this one that have pictures of their own, not smaller versions of others.
func (d tiffDirectory) laterPages() (n int) {
	const most = 1000 // The chain may be made to take long,
	seen := map[uint64]bool{d.at: true}
	for range most {
		next := d.next
		if next == 0 || seen[next] { // or end in itself.
			break
		}
		seen[next] = true
		d.entries, d.cut, d.next = nil, true, 0
		if d.open(next); d.cut {
			break
		}
		if d.number(tagKind, 0)&reducedPage == 0 && d.number(tagWidth, 0) > 0 {
			n++
		}
	}
	return n
}

// from returns the data from an offset on, or nothing if that is out of range.
func from(data []byte, offset uint64) []byte {
	if offset > uint64(len(data)) {
		return nil
	}
	return data[offset:]
}

// tiffSizes are the sizes of a value by its type; 0: there is no such type.
var tiffSizes = [19]uint64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// value returns the bytes of a tag's values and the size of each, or nil if there is no such tag or it lies outside the
// file.
func (d *tiffDirectory) value(tag uint16) (values []byte, size int) {
	for entry := d.entries; len(entry) > 0; entry = entry[d.entrySize():] {
		if d.order.Uint16(entry) == tag {
			return d.valueOf(entry)
		}
	}
	return nil, 0
}

// valueOf is value for an entry.
func (d *tiffDirectory) valueOf(entry []byte) (values []byte, size int) {
	kind := d.order.Uint16(entry[2:])
	if int(kind) >= len(tiffSizes) || tiffSizes[kind] == 0 {
		return nil, 0
	}
	each := tiffSizes[kind]
	count, inline := uint64(d.order.Uint32(entry[4:])), entry[8:12]
	if d.big {
		count, inline = d.order.Uint64(entry[4:]), entry[12:20]
	}
	if count > uint64(len(d.data))/each {
		return nil, 0
	}
	values = inline
	if count*each > uint64(len(inline)) {
		if d.big {
			values = from(d.data, d.order.Uint64(inline))
		} else {
			values = from(d.data, uint64(d.order.Uint32(inline)))
		}
	}
	if count*each > uint64(len(values)) {
		return nil, 0
	}
	return values[:count*each], int(each)
}

// numbers returns a tag's values.
func (d *tiffDirectory) numbers(tag uint16) []uint64 {
	values, size := d.value(tag)
	if size == 0 {
		return nil
	}
	numbers := make([]uint64, len(values)/size)
	for i := range numbers {
		switch v := values[i*size:]; size {
		case 1:
			numbers[i] = uint64(v[0])
		case 2:
			numbers[i] = uint64(d.order.Uint16(v))
		case 4:
			numbers[i] = uint64(d.order.Uint32(v))
		default:
			numbers[i] = d.order.Uint64(v)
		}
	}
	return numbers
}

// number returns a tag's first value, at most the largest int32, or another number if there is none.
func (d *tiffDirectory) number(tag uint16, otherwise int) int {
	if numbers := d.numbers(tag); len(numbers) > 0 {
		return int(min(numbers[0], math.MaxInt32))
	}
	return otherwise
}

// tiffPicture is the first picture of a TIFF: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
type tiffPicture struct {
	tiffDirectory
	size                                image.Point
	depth, samples                      int // Bits a sample, samples a pixel.
	compression, photometric, predictor int
	reversed                            bool // The lowest bit of a byte comes first.
	separate                            bool // Each sample has blocks of its own.
	alpha                               int  // Which sample is alpha; -1: none.
	premultiplied                       bool
	block                               image.Point // The size of a strip or tile.
	tiled                               bool
}

// openTIFF reads the first picture of a TIFF or a BigTIFF.
func openTIFF(data []byte) (file, error) {
	t := &tiffPicture{tiffDirectory: tiffDirectoryOf(data)}
	if t.cut {
		return file{}, io.ErrUnexpectedEOF
	}
	if err := t.readHeader(); err != nil {
		return file{}, err
	}
	decode := func() (picture image.Image, err error) {
		defer recovered(&err)
		return t.decode()
	}
	f := file{canvas: t.size, parts: []part{{decode: decode, replace: true}}, pages: t.laterPages(), exif: data,
		gray: t.photometric <= blackIsZero}
	f.profile, _ = t.value(profileTag)
	return f, nil
}

func unsupportedTIFF(format string, values ...any) error {
	return fmt.Errorf("tiff: "+format+" is unsupported: convert the picture to PNG", values...)
}

// readHeader finds out what kind of picture it is.
func (t *tiffPicture) readHeader() error {
	t.size = image.Pt(t.number(tagWidth, 0), t.number(tagHeight, 0))
	t.compression = t.number(tagCompression, tiffPlain)
	t.samples = t.number(tagSamples, 1)
	t.photometric = t.number(tagPhotometric, whiteIsZero) // As Pillow has it, though the tag is required.
	t.predictor = t.number(tagPredictor, 1)
	t.reversed = t.number(tagFillOrder, 1) == 2
	t.separate = t.number(tagPlanar, 1) == 2 && t.samples > 1
	t.depth = t.number(tagDepths, 1)
	for _, depth := range t.numbers(tagDepths) {
		if int(min(depth, math.MaxInt32)) != t.depth {
			return unsupportedTIFF("a picture whose samples have different sizes")
		}
	}
	if t.depth < 1 || t.depth > 16 {
		return unsupportedTIFF("a sample of %d bits", t.depth)
	}
	for _, format := range t.numbers(tagFormat) {
		const unsigned, undefined = 1, 4
		if format != unsigned && format != undefined {
			return unsupportedTIFF("a picture of signed or floating-point numbers")
		}
	}
	if n := len(t.numbers(tagDepths)); t.samples == 1 && n > 1 { // Some writers leave out the number of samples.
		t.samples = n
	}
	const mostSamples = 8
	colours := map[int]int{whiteIsZero: 1, blackIsZero: 1, redGreenBlue: 3, indexed: 1, inks: 4, lumaChroma: 3}
	switch n := colours[t.photometric]; {
	case n == 0:
		return unsupportedTIFF("a picture with colours of kind %d", t.photometric)
	case t.samples < n || t.samples > mostSamples:
		return unsupportedTIFF("a picture with %d samples a pixel", t.samples)
	default:
		t.findAlpha(n)
	}
	if err := t.checkCompression(); err != nil {
		return err
	}
	return t.findBlocks()
}

// findAlpha finds the sample of alpha behind those of n colours. One of unknown meaning is ignored, but one without the
// tag is alpha, as for Pillow.
func (t *tiffPicture) findAlpha(n int) {
	const associated, separate = 1, 2
	t.alpha = -1
	extra := t.numbers(tagExtra)
	if extra == nil && t.samples == n+1 && t.photometric != indexed && t.photometric != inks {
		extra = []uint64{separate}
	}
	for i, meaning := range extra {
		if n+i < t.samples && (meaning == associated || meaning == separate) {
			t.alpha, t.premultiplied = n+i, meaning == associated
			return
		}
	}
}

func (t *tiffPicture) checkCompression() error {
	names := map[int]string{6: "JPEG of the old kind", 34712: "JPEG 2000", 34925: "LZMA",
		50000: "Zstandard", 50001: "WebP"}
	switch t.compression {
	case tiffPlain, tiffPackBits:
	case tiffLZW, tiffDeflate, tiffOldDeflate:
		if t.predictor > 2 || t.predictor == 2 && t.depth != 8 && t.depth != 16 {
			return unsupportedTIFF("predictor %d of samples of %d bits", t.predictor, t.depth)
		}
	case tiffRunLength, tiffGroup3, tiffGroup4:
		if t.depth != 1 || t.samples != 1 {
			return unsupportedTIFF("CCITT's code for more than black and white")
		}
	case tiffJPEG:
		if t.depth != 8 {
			return unsupportedTIFF("JPEG with %d bits a sample", t.depth)
		}
	default:
		if name := names[t.compression]; name != "" {
			return unsupportedTIFF("compression with %s", name)
		}
		return unsupportedTIFF("compression %d", t.compression)
	}
	if t.photometric == lumaChroma && t.compression != tiffJPEG {
		return unsupportedTIFF("luma and chroma without JPEG")
	}
	return nil
}

// findBlocks finds the size of strips or tiles. A tile may be larger than the picture, but not much: memory is set
// aside for its rows.
func (t *tiffPicture) findBlocks() error {
	t.block = image.Pt(t.size.X, min(max(t.number(tagRowsPerStrip, t.size.Y), 1), t.size.Y))
	const padding = 1024
	if width := t.number(tagTileWidth, 0); width > 0 {
		t.tiled = true
		t.block = image.Pt(width, t.number(tagTileHeight, 0))
		if t.block.Y < 1 {
			return errors.New("tiff: a tile has no height")
		}
		if t.block.X > t.size.X+padding || t.block.Y > t.size.Y+padding {
			return errors.New("tiff: the tile size is too large")
		}
	}
	const longest = 200 << 20
	if int64(t.block.X)*int64(t.samples*t.depth)/8 > longest {
		return unsupportedTIFF("a row of more than %d MiB", longest>>20)
	}
	return nil
}

// decode returns the pixels.
func (t *tiffPicture) decode() (image.Image, error) {
	canvas, err := t.newCanvas()
	if err != nil {
		return nil, err
	}
	offsets, counts := t.numbers(tagStripOffsets), t.numbers(tagStripCounts)
	if t.tiled {
		offsets, counts = t.numbers(tagTileOffsets), t.numbers(tagTileCounts)
	}
	across, down, planes := ceil(t.size.X, t.block.X), ceil(t.size.Y, t.block.Y), 1
	if t.separate {
		planes = t.samples
	}
	if counts == nil { // Old writers leave it out.
		counts = t.upToNext(offsets)
	}
	if n := across * down * planes; len(offsets) < n || len(counts) < n {
		return nil, errors.New("tiff: there are too few strips or tiles")
	}
	const mostUses = 16 // Equal tiles may share their bytes, but a few bytes must not be decoded a million times.
	total := uint64(0)
	for _, n := range counts {
		if total += min(n, uint64(len(t.data))); total > mostUses*uint64(len(t.data)) {
			return nil, errors.New("tiff: strips or tiles overlap")
		}
	}
	for i := range across * down * planes {
		stored := from(t.data, offsets[i])
		if counts[i] > uint64(len(stored)) {
			return nil, fmt.Errorf("tiff: strip or tile %d does not lie in the file: %w", i+1, io.ErrUnexpectedEOF)
		}
		at := image.Pt(i%across*t.block.X, i/across%down*t.block.Y)
		if err := t.decodeBlock(canvas, stored[:counts[i]], at, i/(across*down)); err != nil {
			return nil, fmt.Errorf("tiff: strip or tile %d: %w", i+1, err)
		}
	}
	return canvas.finish(t.premultiplied), nil
}

// upToNext returns for each block the bytes up to the next one in the file, or to its end.
func (t *tiffPicture) upToNext(offsets []uint64) (counts []uint64) {
	sorted := slices.Sorted(slices.Values(offsets))
	for _, offset := range offsets {
		end := uint64(len(t.data))
		if after, _ := slices.BinarySearch(sorted, offset+1); after < len(sorted) {
			end = min(end, sorted[after])
		}
		counts = append(counts, max(end, offset)-offset)
	}
	return counts
}

// decodeBlock decodes a strip or tile, row by row. plane is the sample that it holds, if each has blocks of its own.
func (t *tiffPicture) decodeBlock(canvas *tiffCanvas, stored []byte, at image.Point, plane int) error {
	samples := t.samples
	if t.separate {
		samples = 1
	}
	shown := image.Pt(min(t.block.X, t.size.X-at.X), min(t.block.Y, t.size.Y-at.Y))
	next, err := t.rows(stored, samples, shown.Y)
	if err != nil {
		return err
	}
	for y := range shown.Y {
		row, err := next()
		if err != nil {
			return err
		}
		for s := range samples {
			canvas.put(t, at.Add(image.Pt(0, y)), shown.X, plane+s, row, s, samples)
		}
	}
	return nil
}

// sample returns a sample of a row.
func (t *tiffPicture) sample(row []byte, i int) uint32 {
	switch {
	case t.depth == 8:
		return uint32(row[i])
	case t.depth == 16:
		return uint32(t.order.Uint16(row[2*i:]))
	default: // Bits run on over bytes, the highest first.
		value := uint32(0)
		for bit := i * t.depth; bit < (i+1)*t.depth; bit++ {
			value = value<<1 | uint32(row[bit/8]>>(7-bit%8)&1)
		}
		return value
	}
}

// rows returns a function that decompresses the rows of a block, of which it must have some.
func (t *tiffPicture) rows(stored []byte, samples, height int) (func() ([]byte, error), error) {
	switch t.compression {
	case tiffJPEG:
		return t.jpegRows(stored, samples, height)
	case tiffRunLength, tiffGroup3, tiffGroup4:
		// White is 0 in its rows, as the code has it. Which of them is shown white says the header, as without compression.
		return newFax(stored, t.reversed, t.block.X, t.compression, t.number(tagGroup3, 0)&twoDimensional != 0).read, nil
	}
	var in interface {
		io.Reader
		io.ByteReader
	} = bytes.NewReader(stored)
	if t.reversed {
		in = &bitReverser{bytes.NewReader(stored)}
	}
	var out io.Reader = in
	switch t.compression {
	case tiffPackBits:
		out = &packBits{in: in}
	case tiffLZW:
		out = lzw.NewReader(in, lzw.MSB, 8)
	case tiffDeflate, tiffOldDeflate:
		inflated, err := zlib.NewReader(in)
		if err != nil {
			return nil, err
		}
		out = inflated
	}
	row := make([]byte, (t.block.X*samples*t.depth+7)/8)
	predicted := t.predictor == 2 && t.compression != tiffPlain && t.compression != tiffPackBits
	return func() ([]byte, error) {
		if _, err := io.ReadFull(out, row); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if predicted {
			t.addLeft(row, samples)
		}
		return row, nil
	}, nil
}

// addLeft undoes the predictor, which stores differences from the pixel to the left.
func (t *tiffPicture) addLeft(row []byte, samples int) {
	if t.depth == 8 {
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
		return
	}
	for i := 2 * samples; i+1 < len(row); i += 2 {
		t.order.PutUint16(row[i:], t.order.Uint16(row[i:])+t.order.Uint16(row[i-2*samples:]))
	}
}

// jpegRows is rows for JPEG. A block is a JPEG, whose tables may lie in the directory.
func (t *tiffPicture) jpegRows(stored []byte, samples, height int) (func() ([]byte, error), error) {
	header, err := readJPEGHeader(stored)
	if err != nil {
		return nil, err
	}
	const padding = 32 // To whole MCUs, as some writers do.
	if header.width < t.block.X || header.width >= t.block.X+padding || header.height < height ||
		header.height >= t.block.Y+padding || len(header.components) != samples {
		return nil, fmt.Errorf("its JPEG has %d×%d pixels of %d samples", header.width, header.height,
			len(header.components))
	}
	tables, _ := t.value(tagJPEGTables)
	d, err := decodeJPEG(tables, stored)
	if err != nil {
		return nil, err
	}
	row := make([]byte, d.width*samples)
	y := -1
	return func() ([]byte, error) {
		y++
		d.row(y, row)
		if t.photometric == lumaChroma && samples >= 3 {
			toColours(row, samples)
		}
		return row, nil
	}, nil
}

// bitReverser reverses the bits of bytes.
type bitReverser struct{ in *bytes.Reader }

func (r *bitReverser) ReadByte() (byte, error) {
	b, err := r.in.ReadByte()
	return bits.Reverse8(b), err
}

func (r *bitReverser) Read(to []byte) (int, error) {
	n, err := r.in.Read(to)
	for i := range to[:n] {
		to[i] = bits.Reverse8(to[i])
	}
	return n, err
}

// packBits expands runs of bytes: section 9.
type packBits struct {
	in      io.ByteReader
	left    int // Bytes of the current run.
	repeat  bool
	current byte
}

func (p *packBits) Read(to []byte) (n int, err error) {
	for n < len(to) {
		for p.left == 0 {
			code, err := p.in.ReadByte()
			if err != nil {
				return n, err
			}
			switch code := int(int8(code)); {
			case code >= 0:
				p.left, p.repeat = code+1, false
			case code > -128:
				p.left, p.repeat = 1-code, true
				if p.current, err = p.in.ReadByte(); err != nil {
					return n, err
				}
			}
		}
		if !p.repeat {
			if p.current, err = p.in.ReadByte(); err != nil {
				return n, err
			}
		}
		to[n] = p.current
		n, p.left = n+1, p.left-1
	}
	return n, nil
}

// tiffCanvas is the picture that a TIFF becomes. It holds 1, 2, 4 or 8 bytes a pixel.
type tiffCanvas struct {
	picture  image.Image
	pixels   []byte
	stride   int
	perPixel int
	wide     bool            // 16 bits a channel.
	channels [][]int         // For each sample, the channels that it sets.
	level    [1 << 16]uint16 // By value of a sample that is not alpha.
	opacity  [1 << 16]uint16 // By value of alpha.
	alpha    int
	veil     []uint8 // Alpha, of pictures that have no channel for it.
}

// newCanvas makes the picture, and the tables from samples to levels.
func (t *tiffPicture) newCanvas() (*tiffCanvas, error) {
	canvas := image.Rectangle{Max: t.size}
	c := &tiffCanvas{wide: t.depth > 8, alpha: t.alpha, channels: make([][]int, t.samples)}
	grey := t.photometric <= blackIsZero
	for s := range min(t.samples, 4) {
		c.channels[s] = []int{s}
	}
	switch {
	case t.photometric == indexed:
		palette, err := t.palette()
		if err != nil {
			return nil, err
		}
		p := image.NewPaletted(canvas, palette)
		c.picture, c.pixels, c.stride, c.perPixel, c.wide = p, p.Pix, p.Stride, 1, false
		c.channels = append([][]int{{0}}, make([][]int, t.samples)...)
	case t.photometric == inks:
		p := image.NewCMYK(canvas)
		c.picture, c.pixels, c.stride, c.perPixel, c.wide = p, p.Pix, p.Stride, 4, false
	case grey && t.alpha < 0 && c.wide:
		p := image.NewGray16(canvas)
		c.picture, c.pixels, c.stride, c.perPixel = p, p.Pix, p.Stride, 2
	case grey && t.alpha < 0:
		p := image.NewGray(canvas)
		c.picture, c.pixels, c.stride, c.perPixel = p, p.Pix, p.Stride, 1
	case c.wide:
		p := image.NewNRGBA64(canvas)
		c.picture, c.pixels, c.stride, c.perPixel = p, p.Pix, p.Stride, 8
	default:
		p := image.NewNRGBA(canvas)
		c.picture, c.pixels, c.stride, c.perPixel = p, p.Pix, p.Stride, 4
	}
	if grey || t.photometric == redGreenBlue || t.photometric == lumaChroma {
		for s := range c.channels {
			if s != t.alpha && (s > 0 && grey || s > 2) {
				c.channels[s] = nil
			}
		}
		if grey && t.alpha >= 0 {
			c.channels[0] = []int{0, 1, 2}
		}
		if t.alpha >= 0 {
			c.channels[t.alpha] = []int{3}
		} else if !grey {
			for i := range c.pixels { // Opaque. The other samples will overwrite the rest.
				c.pixels[i] = 255
			}
		}
	}
	if t.alpha >= 0 && (t.photometric == indexed || t.photometric == inks) {
		c.veil = make([]uint8, t.size.X*t.size.Y)
	}
	c.fillTables(t)
	return c, nil
}

// fillTables fills the tables from samples to levels.
func (c *tiffCanvas) fillTables(t *tiffPicture) {
	most := uint64(1)<<t.depth - 1
	full := uint64(255)
	if t.depth > 8 {
		full = 65535
	}
	for v := range most + 1 {
		scaled := v * full / most
		c.opacity[v] = uint16(scaled)
		if t.depth > 8 && !c.wide { // Of a picture of inks.
			c.opacity[v] >>= 8
		}
		switch {
		case t.photometric == indexed:
			c.level[v] = uint16(v)
		case t.photometric == whiteIsZero:
			c.level[v] = uint16(full - scaled)
		case t.photometric == inks && t.depth > 8:
			c.level[v] = uint16(scaled >> 8)
		default:
			c.level[v] = uint16(scaled)
		}
	}
}

// palette returns the colours. Those that the map lacks are black.
func (t *tiffPicture) palette() (color.Palette, error) {
	if t.depth > 8 {
		return nil, unsupportedTIFF("a palette of %d bits", t.depth)
	}
	levels := t.numbers(tagColourMap)
	n := len(levels) / 3
	if n == 0 {
		return nil, errors.New("tiff: the palette is missing")
	}
	palette := make(color.Palette, 1<<t.depth)
	for i := range palette {
		c := color.NRGBA{A: 255}
		if i < n {
			c.R, c.G, c.B = uint8(levels[i]>>8), uint8(levels[i+n]>>8), uint8(levels[i+2*n]>>8)
		}
		palette[i] = c
	}
	return palette, nil
}

// put stores a sample of some pixels of a row. step is the number of samples from one pixel to the next.
func (c *tiffCanvas) put(t *tiffPicture, at image.Point, width, sample int, row []byte, first, step int) {
	table := &c.level
	if sample == c.alpha {
		table = &c.opacity
	}
	if sample == c.alpha && c.veil != nil {
		for x := range width {
			c.veil[at.Y*t.size.X+at.X+x] = uint8(table[t.sample(row, first+x*step)])
		}
		return
	}
	for _, channel := range c.channels[sample] {
		to := c.pixels[at.Y*c.stride+at.X*c.perPixel:]
		switch {
		case t.depth == 8: // The most common, without detours.
			for x := range width {
				to[x*c.perPixel+channel] = uint8(table[row[first+x*step]])
			}
		case c.wide:
			for x := range width {
				binary.BigEndian.PutUint16(to[x*c.perPixel+2*channel:], table[t.sample(row, first+x*step)])
			}
		default:
			for x := range width {
				to[x*c.perPixel+channel] = uint8(table[t.sample(row, first+x*step)])
			}
		}
	}
}

// veiled returns an opaque picture with an alpha for each pixel.
func veiled(picture image.Image, alpha []uint8) image.Image {
	made := image.NewNRGBA(picture.Bounds())
	draw.Draw(made, made.Rect, picture, image.Point{}, draw.Src)
	for i, a := range alpha {
		made.Pix[4*i+3] = a
	}
	return made
}

// finish returns the picture. Colours that were multiplied by alpha cannot exceed it.
func (c *tiffCanvas) finish(premultiplied bool) image.Image {
	if c.veil != nil {
		return veiled(c.picture, c.veil)
	}
	if c.alpha < 0 || !premultiplied {
		return c.picture
	}
	if p, ok := c.picture.(*image.NRGBA64); ok {
		for i := 0; i < len(p.Pix); i += 8 {
			alpha := binary.BigEndian.Uint16(p.Pix[i+6:])
			for channel := i; channel < i+6; channel += 2 {
				binary.BigEndian.PutUint16(p.Pix[channel:], min(binary.BigEndian.Uint16(p.Pix[channel:]), alpha))
			}
		}
		return &image.RGBA64{Pix: p.Pix, Stride: p.Stride, Rect: p.Rect}
	}
	p := c.picture.(*image.NRGBA)
	for i := 0; i < len(p.Pix); i += 4 {
		for channel := i; channel < i+3; channel++ {
			p.Pix[channel] = min(p.Pix[channel], p.Pix[i+3])
		}
	}
	return &image.RGBA{Pix: p.Pix, Stride: p.Stride, Rect: p.Rect}
}
