package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"runtime"
)

// openJPEG reads a JPEG with package jpeg. What that refuses as unsupported, such as unusual sampling, or takes for
// other colours than libjpeg does, is read by [decodeJPEG].
func openJPEG(data []byte) (file, error) {
	// Package jpeg refuses CMYK without Adobe's marker only after it has decoded all, with much memory.
	header, headerErr := readJPEGHeader(data)
	if headerErr == nil && len(header.components) == 2 { // Only TIFFs have two: grey and alpha.
		headerErr = unsupportedComponents(2)
	}
	own := headerErr == nil && (len(header.components) == 4 && header.adobe < 0 || header.namedRGB() && header.luma())
	decode := func(in io.Reader) (image.Image, error) {
		if !own {
			picture, err := jpeg.Decode(in)
			var invalid jpeg.FormatError // Of files that libjpeg reads too: progressive ones with restart markers.
			if !isUnsupported(err) && !errors.As(err, &invalid) {
				return interpolated(picture), err
			}
		}
		d, err := decodeJPEG(nil, data)
		if err != nil {
			return nil, err
		}
		return d.picture(), nil
	}
	f, err := still(data, jpeg.DecodeConfig, decode)
	if isUnsupported(err) {
		if headerErr != nil {
			return f, headerErr
		}
		f, err = file{canvas: image.Pt(header.width, header.height),
			parts: []part{{decode: decoder(data, decode), replace: true}}}, nil
	}
	if err != nil {
		return f, err
	}
	f.exif, f.profile = jpegMetadata(data)
	return f, nil
}

func isUnsupported(err error) bool {
	var unsupported jpeg.UnsupportedError
	return errors.As(err, &unsupported)
}

// jpegDecoder decodes sequential and progressive JPEGs of 8 bits a sample with any sampling: ITU-T T.81. Names of
// fields follow the standard.
type jpegDecoder struct {
	in            []byte
	width, height int
	progressive   bool
	components    []*jpegComponent
	hMax, vMax    int // The largest sampling factors.
	quantisation  [4]*[64]int32
	tables        [2][4]*huffmanTable // Of DC and AC.
	interval      int                 // MCUs between restart markers; 0: none.
	adobe         int                 // The transform that Adobe's marker names; -1: no marker.
	jfif          bool
	scans         int

	// The bits of the current scan.
	bits  uint32 // The lowest n are not used yet.
	n     int
	eob   int // How many more blocks have no further coefficients in this scan.
	fault error
	short bool // There is no more of this scan before the next marker.
}

// jpegComponent is a component, such as luma.
type jpegComponent struct {
	id               byte
	h, v             int // Sampling factors.
	q                byte
	quantisation     *[64]int32
	across, down     int     // Blocks, padded to whole MCUs.
	stride           int     // From one row of samples to the next.
	used             [2]int  // Blocks without the padding, across and down.
	coefficients     []int16 // Of progressive pictures.
	samples          []uint8
	dc               int32
	dcTable, acTable *huffmanTable
}

// scan is a part of the coefficients of some components.
type jpegScan struct {
	components []*jpegComponent
	from, to   int // Coefficients in zigzag order.
	high, low  int // Bits of them.
}

var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
	62, 63,
}

// Markers of a JPEG.
const (
	markSOF0, markSOF1, markSOF2 = 0xc0, 0xc1, 0xc2
	markDHT, markJPG, markDAC    = 0xc4, 0xc8, 0xcc
	markRST0, markRST7           = 0xd0, 0xd7
	markSOI, markEOI, markSOS    = 0xd8, 0xd9, 0xda
	markDQT, markDRI             = 0xdb, 0xdd
	markAPP0, markAPP14          = 0xe0, 0xee
)

func badJPEG(format string, values ...any) error { return fmt.Errorf("jpeg: "+format, values...) }

// readJPEGHeader reads a JPEG up to its size.
func readJPEGHeader(data []byte) (*jpegDecoder, error) {
	d := &jpegDecoder{in: data, adobe: -1}
	for d.components == nil {
		if done, err := d.segment(true); err != nil {
			return nil, err
		} else if done {
			return nil, badJPEG("there is no picture in it")
		}
	}
	return d, nil
}

// decodeJPEG decodes a JPEG. Tables may come from another one, as in TIFFs; nil: none. The caller has bounded the size
// that the header of the JPEG says.
func decodeJPEG(tables, data []byte) (*jpegDecoder, error) {
	d := &jpegDecoder{in: tables, adobe: -1}
	for len(tables) > 0 {
		if done, err := d.segment(true); err != nil {
			return nil, err
		} else if done || len(d.in) == 0 {
			break
		}
	}
	if d.components != nil {
		return nil, badJPEG("there is a picture among its tables")
	}
	d.in = data
	for {
		done, err := d.segment(false)
		switch {
		case err != nil:
			return nil, err
		case done && d.scans == 0:
			return nil, badJPEG("there is no picture in it")
		case done:
			d.finish()
			return d, nil
		}
	}
}

// segment reads a segment, and the scan that follows its header. done: it was the end.
func (d *jpegDecoder) segment(headerOnly bool) (done bool, err error) {
	marker, err := d.marker()
	if err != nil {
		return false, err
	}
	switch {
	case marker == markEOI:
		return true, nil
	case marker == markSOI || marker == 0 || marker == 1 || marker >= markRST0 && marker <= markRST7:
		return false, nil
	}
	if len(d.in) < 2 {
		return false, io.ErrUnexpectedEOF
	}
	size := int(binary.BigEndian.Uint16(d.in))
	if size < 2 {
		return false, badJPEG("a segment is too short")
	}
	if size > len(d.in) {
		return false, io.ErrUnexpectedEOF
	}
	body := d.in[2:size]
	d.in = d.in[size:]
	switch marker {
	case markSOF0, markSOF1, markSOF2:
		d.progressive = marker == markSOF2
		return false, d.readFrame(body)
	case markDHT:
		return false, d.readHuffman(body)
	case markDQT:
		return false, d.readQuantisation(body)
	case markDRI:
		if len(body) < 2 {
			return false, badJPEG("a segment is too short")
		}
		d.interval = int(binary.BigEndian.Uint16(body))
	case markAPP0:
		d.jfif = d.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
	case markAPP14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.adobe = int(body[11])
		}
	case markSOS:
		if headerOnly {
			return true, nil
		}
		return false, d.readScan(body)
	default:
		if marker > markSOF2 && marker < markRST0 && marker != markJPG {
			return false, badJPEG("arithmetic, lossless and hierarchical coding is unsupported: convert the picture to PNG")
		}
	}
	return false, nil
}

// marker finds the next marker.
func (d *jpegDecoder) marker() (byte, error) {
	for i := bytes.IndexByte(d.in, 0xff); i >= 0; i = bytes.IndexByte(d.in, 0xff) {
		d.in = d.in[i:]
		for len(d.in) > 0 && d.in[0] == 0xff { // Any number of them may precede a marker.
			d.in = d.in[1:]
		}
		if len(d.in) == 0 {
			break
		}
		marker := d.in[0]
		d.in = d.in[1:]
		if marker != 0 {
			return marker, nil
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// readFrame reads the size and the components.
func (d *jpegDecoder) readFrame(body []byte) error {
	if d.components != nil {
		return errSecondHeader
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return badJPEG("the header is too short")
	}
	if body[0] != 8 {
		return badJPEG("%d bits a sample are unsupported: convert the picture to PNG", body[0])
	}
	d.height, d.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if d.width == 0 || d.height == 0 {
		return badJPEG("the header says %d×%d pixels", d.width, d.height)
	}
	n := int(body[5])
	if n < 1 || n > 4 {
		return unsupportedComponents(n)
	}
	for i := range n {
		b := body[6+3*i:]
		c := &jpegComponent{id: b[0], h: int(b[1] >> 4), v: int(b[1] & 15), q: b[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.q > 3 {
			return badJPEG("component %d is invalid", i+1)
		}
		d.hMax, d.vMax = max(d.hMax, c.h), max(d.vMax, c.v)
		d.components = append(d.components, c)
	}
	for _, c := range d.components {
		c.across = ceil(d.width, 8*d.hMax) * c.h
		c.down = ceil(d.height, 8*d.vMax) * c.v
		c.stride = 8 * c.across
		c.used = [2]int{ceil(ceil(d.width*c.h, d.hMax), 8), ceil(ceil(d.height*c.v, d.vMax), 8)}
	}
	return nil
}

func unsupportedComponents(n int) error {
	return badJPEG("%d components are unsupported: convert the picture to PNG", n)
}

func ceil(n, by int) int { return (n + by - 1) / by }

func (d *jpegDecoder) readQuantisation(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		if wide > 1 || id > 3 || len(body) < 1+64*(1+wide) {
			return badJPEG("a quantisation table is invalid")
		}
		var table [64]int32
		for i, at := range zigzag {
			if wide == 1 {
				table[at] = int32(binary.BigEndian.Uint16(body[1+2*i:]))
			} else {
				table[at] = int32(body[1+i])
			}
		}
		d.quantisation[id] = &table
		body = body[1+64*(1+wide):]
	}
	return nil
}

// huffmanTable is a canonical Huffman code.
type huffmanTable struct {
	values []byte
	// Codes of up to 8 bits, filled up: their length, or 0, and value.
	fast [256]struct{ size, value byte }
	// For each length: the first code beyond it, and what to add to a code for the index of its value.
	end, offset [17]int32
}

func (d *jpegDecoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 {
			return badJPEG("a Huffman table is too short")
		}
		class, id := body[0]>>4, body[0]&15
		total := 0
		for _, n := range body[1:17] {
			total += int(n)
		}
		if class > 1 || id > 3 || total > 256 || len(body) < 17+total {
			return badJPEG("a Huffman table is invalid")
		}
		t := &huffmanTable{values: bytes.Clone(body[17 : 17+total])}
		code, index := int32(0), int32(0)
		for size := 1; size <= 16; size++ {
			n := int32(body[size])
			t.offset[size] = index - code
			if code+n > 1<<size {
				return badJPEG("a Huffman table is invalid")
			}
			for i := range n {
				if size <= 8 {
					first := (code + i) << (8 - size)
					for j := range int32(1) << (8 - size) {
						t.fast[first+j] = struct{ size, value byte }{byte(size), t.values[index+i]}
					}
				}
			}
			code, index = code+n, index+n
			t.end[size] = code
			code <<= 1
		}
		d.tables[class][id] = t
		body = body[17+total:]
	}
	return nil
}

// fill makes n bits available, n ≤ 16, and reports whether there are so many before the next marker.
func (d *jpegDecoder) fill(n int) bool {
	for d.n < n {
		switch {
		case len(d.in) > 0 && d.in[0] != 0xff:
			d.bits, d.in = d.bits<<8|uint32(d.in[0]), d.in[1:]
		case len(d.in) > 1 && d.in[1] == 0:
			d.bits, d.in = d.bits<<8|0xff, d.in[2:]
		default:
			return false
		}
		d.n += 8
	}
	return true
}

// take returns the next n bits, n ≤ 16. After a fault, and where a marker comes too early, it returns zeros.
func (d *jpegDecoder) take(n int) int32 {
	if d.fault != nil || d.short {
		return 0
	}
	if !d.fill(n) {
		if d.short = len(d.in) >= 2; !d.short {
			d.fault = io.ErrUnexpectedEOF
		}
		return 0
	}
	d.n -= n
	return int32(d.bits >> d.n & (1<<n - 1))
}

// symbol decodes a Huffman code.
func (d *jpegDecoder) symbol(t *huffmanTable) byte {
	if d.fault == nil && !d.short && d.fill(8) {
		if f := t.fast[d.bits>>(d.n-8)&255]; f.size > 0 {
			d.n -= int(f.size)
			return f.value
		}
	}
	code := int32(0)
	for size := 1; size <= 16 && d.fault == nil; size++ {
		code = code<<1 | d.take(1)
		if code < t.end[size] {
			if index := code + t.offset[size]; index >= 0 && int(index) < len(t.values) {
				return t.values[index]
			}
		}
	}
	if d.fault == nil {
		d.fault = badJPEG("a Huffman code is invalid")
	}
	return 0
}

// number reads a signed number of n bits, n ≤ 16.
func (d *jpegDecoder) number(n int) int32 {
	if n == 0 {
		return 0
	}
	v := d.take(n)
	if v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v
}

// readScan decodes a scan.
func (d *jpegDecoder) readScan(body []byte) error {
	const mostScans = 500 // A few bytes can make a scan of a vast picture. Real pictures have 10.
	if d.scans++; d.scans > mostScans {
		return badJPEG("there are more than %d scans", mostScans)
	}
	if d.components == nil || len(body) < 1 || len(body) < 4+2*int(body[0]) {
		return badJPEG("the header of a scan is invalid")
	}
	n := int(body[0])
	last := body[1+2*n:]
	s := jpegScan{from: int(last[0]), to: int(last[1]), high: int(last[2] >> 4), low: int(last[2] & 15)}
	if !d.progressive {
		s.from, s.to, s.high, s.low = 0, 63, 0, 0
	}
	if s.from > s.to || s.to > 63 || s.low > 13 || s.from == 0 && s.to > 0 && d.progressive || s.from > 0 && n != 1 {
		return badJPEG("the header of a scan is invalid")
	}
	blocks := 0
	for i := range n {
		c, err := d.scanComponent(s, body[1+2*i:])
		if err != nil {
			return err
		}
		for _, other := range s.components {
			if other == c {
				return badJPEG("a scan has a component twice")
			}
		}
		s.components = append(s.components, c)
		blocks += c.h * c.v
	}
	if n == 0 || n > 1 && blocks > 10 {
		return badJPEG("a scan has %d components and %d blocks", n, blocks)
	}
	return d.decodeScan(s)
}

// scanComponent finds a component of a scan, its tables, and memory for it.
func (d *jpegDecoder) scanComponent(s jpegScan, b []byte) (*jpegComponent, error) {
	var c *jpegComponent
	for _, candidate := range d.components {
		if candidate.id == b[0] {
			c = candidate
			break
		}
	}
	if c == nil || b[1]>>4 > 3 || b[1]&15 > 3 {
		return nil, badJPEG("the header of a scan is invalid")
	}
	c.dcTable, c.acTable = d.tables[0][b[1]>>4], d.tables[1][b[1]&15]
	if c.dcTable == nil && s.from == 0 && s.high == 0 || c.acTable == nil && s.to > 0 {
		return nil, badJPEG("a Huffman table is missing")
	}
	if c.quantisation == nil {
		if c.quantisation = d.quantisation[c.q]; c.quantisation == nil {
			return nil, badJPEG("a quantisation table is missing")
		}
	}
	if blocks := 64 * c.across * c.down; d.progressive && c.coefficients == nil {
		c.coefficients = make([]int16, blocks)
	} else if !d.progressive && c.samples == nil {
		c.samples = make([]uint8, blocks)
	}
	return c, nil
}

// decodeScan decodes the blocks of a scan. A scan of one component has its blocks row by row, without padding; others
// have MCUs, with the blocks of all components for the same place.
func (d *jpegDecoder) decodeScan(s jpegScan) error {
	across, down := ceil(d.width, 8*d.hMax), ceil(d.height, 8*d.vMax)
	single := len(s.components) == 1
	if single {
		across, down = s.components[0].used[0], s.components[0].used[1]
	}
	d.short = false
	d.restart(s)
	const most = 4 // Up to one in so many MCUs may be missing; they are grey.
	missing := 0
	for mcu := range across * down {
		if d.interval > 0 && mcu > 0 && mcu%d.interval == 0 {
			if err := d.nextInterval(byte(mcu/d.interval-1) & 7); err != nil {
				return err
			}
			d.restart(s)
		}
		x, y := mcu%across, mcu/across
		if single {
			d.block(s, s.components[0], x, y)
		} else {
			for _, c := range s.components {
				for i := range c.h * c.v {
					d.block(s, c, x*c.h+i%c.h, y*c.v+i/c.h)
				}
			}
		}
		if d.fault != nil {
			return d.fault
		}
		if d.short {
			missing++
		}
		if missing*most > across*down {
			return badJPEG("the data of a scan is too short")
		}
	}
	return nil
}

// nextInterval finds the restart marker before an interval of MCUs. If it is missing, so is the interval, as for
// libjpeg: another marker is left where it is.
func (d *jpegDecoder) nextInterval(number byte) error {
	for {
		start := d.in
		marker, err := d.marker()
		if err != nil {
			return err
		}
		ahead := byte(1)
		if marker >= markRST0 && marker <= markRST7 {
			ahead = (marker - markRST0 - number) & 7
		}
		switch ahead {
		case 1, 2: // It is that of a later interval, or ends the scan.
			d.in = start[len(start)-len(d.in)-2:]
			d.short = true
			return nil
		case 6, 7: // It is that of an earlier one.
		default:
			d.short = false
			return nil
		}
	}
}

// restart begins to count anew, at the start of a scan and behind each restart marker.
func (d *jpegDecoder) restart(s jpegScan) {
	d.bits, d.n, d.eob = 0, 0, 0
	for _, c := range s.components {
		c.dc = 0
	}
}

// block decodes what a scan has of a block.
func (d *jpegDecoder) block(s jpegScan, c *jpegComponent, x, y int) {
	at := y*c.across + x
	switch {
	case d.short && d.progressive:
	case d.short:
		c.transform(make([]int16, 64), x, y)
	case !d.progressive:
		var block [64]int16
		d.first(s, c, block[:])
		c.transform(block[:], x, y)
	case s.high == 0:
		d.first(s, c, c.coefficients[64*at:][:64])
	case s.from == 0:
		c.coefficients[64*at] |= int16(d.take(1) << s.low)
	default:
		d.refine(s, c, c.coefficients[64*at:][:64])
	}
}

// first reads coefficients for the first time: section G.1.2.
func (d *jpegDecoder) first(s jpegScan, c *jpegComponent, block []int16) {
	k := s.from
	if k == 0 {
		size := d.symbol(c.dcTable)
		if size > 16 {
			d.fault = badJPEG("a coefficient is too large")
			return
		}
		c.dc += d.number(int(size))
		block[0] = int16(c.dc << s.low)
		k++
	}
	if d.eob > 0 && s.to > 0 {
		d.eob--
		return
	}
	for ; k <= s.to && d.fault == nil; k++ {
		symbol := d.symbol(c.acTable)
		run, size := int(symbol>>4), int(symbol&15)
		switch {
		case size > 0:
			if k += run; k > s.to {
				d.fault = badJPEG("a block has too many coefficients")
				return
			}
			block[zigzag[k]] = int16(d.number(size) << s.low)
		case run == 15:
			k += 15
		default: // The end of this block, and of more in progressive pictures.
			if d.progressive {
				d.eob = 1<<run + int(d.take(run)) - 1
			}
			return
		}
	}
}

// refine reads one more bit of coefficients: section G.1.2.3.
func (d *jpegDecoder) refine(s jpegScan, c *jpegComponent, block []int16) {
	bit := int16(1) << s.low
	// correct reads a bit for a coefficient that is not zero.
	correct := func(v *int16) {
		if d.take(1) == 0 || *v&bit != 0 && *v > 0 || -*v&bit != 0 && *v < 0 {
			return
		}
		if *v > 0 {
			*v += bit
		} else {
			*v -= bit
		}
	}
	k := s.from
	if d.eob == 0 {
		for ; k <= s.to && d.fault == nil; k++ {
			symbol := d.symbol(c.acTable)
			run, size := int(symbol>>4), symbol&15
			var value int16
			switch {
			case size > 0:
				if value = -bit; d.take(1) == 1 {
					value = bit
				}
			case run < 15:
				d.eob = 1<<run + int(d.take(run))
			}
			if d.eob > 0 {
				break
			}
			for ; k <= s.to; k++ { // Zeros count towards the run, the others are corrected.
				if v := &block[zigzag[k]]; *v != 0 {
					correct(v)
				} else if run--; run < 0 {
					break
				}
			}
			if value != 0 {
				if k > s.to {
					d.fault = badJPEG("a block has too many coefficients")
					return
				}
				block[zigzag[k]] = value
			}
		}
	}
	if d.eob > 0 {
		d.eob--
		for ; k <= s.to && d.fault == nil; k++ {
			if v := &block[zigzag[k]]; *v != 0 {
				correct(v)
			}
		}
	}
}

// finish transforms the coefficients of progressive pictures, and interpolates components of half the size. A component
// that no scan had is zero.
func (d *jpegDecoder) finish() {
	for _, c := range d.components {
		if c.samples != nil {
			continue
		}
		c.samples = make([]uint8, 64*c.across*c.down)
		for i := 0; 64*i < len(c.coefficients); i++ {
			c.transform(c.coefficients[64*i:][:64], i%c.across, i/c.across)
		}
		c.coefficients = nil
	}
	for _, c := range d.components {
		if across, down := d.hMax/c.h, d.vMax/c.v; across*down > 1 && across <= 2 && down <= 2 &&
			across*c.h == d.hMax && down*c.v == d.vMax {
			c.samples = enlarged(c.samples, c.stride, image.Pt(d.width, d.height), across, down)
			c.stride, c.h, c.v = d.width, d.hMax, d.vMax
		}
	}
	const large = 1 << 20
	if d.progressive && d.width*d.height > large {
		runtime.GC() // They take more memory than the picture, which is allocated next.
	}
}

// cosines[u][x] is the value of basis function u at sample x: section A.3.3.
var cosines = func() (table [8][8]float32) {
	for u := range 8 {
		for x := range 8 {
			scale := 0.5
			if u == 0 {
				scale = math.Sqrt(0.125)
			}
			table[u][x] = float32(scale * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16))
		}
	}
	return table
}()

// transform turns the coefficients of a block into samples.
func (c *jpegComponent) transform(block []int16, x, y int) {
	var rows, samples [64]float32
	for i, coefficient := range block {
		if coefficient != 0 {
			value := float32(int32(coefficient) * c.quantisation[i])
			row, basis := rows[i&^7:][:8], &cosines[i&7]
			for j := range row {
				row[j] += value * basis[j]
			}
		}
	}
	for v := range 8 {
		row := rows[8*v:][:8]
		if [8]float32(row) == [8]float32{} {
			continue
		}
		for j, basis := range &cosines[v] {
			to := samples[8*j:][:8]
			for i := range to {
				to[i] += row[i] * basis
			}
		}
	}
	for j := range 8 {
		to := c.samples[(8*y+j)*c.stride+8*x:][:8]
		for i := range to {
			to[i] = uint8(min(max(samples[8*j+i]+128.5, 0), 255))
		}
	}
}

// row writes the samples of all components, pixel by pixel. Smaller components are repeated, as libjpeg does with what
// it does not interpolate.
func (d *jpegDecoder) row(y int, to []byte) {
	n := len(d.components)
	for i, c := range d.components {
		from := c.samples[y*c.v/d.vMax*c.stride:]
		if c.h == d.hMax {
			for x := range d.width {
				to[n*x+i] = from[x]
			}
			continue
		}
		for x := range d.width {
			to[n*x+i] = from[x*c.h/d.hMax]
		}
	}
}

// luma reports whether the first three components are luma and chroma, by the rules of libjpeg.
func (d *jpegDecoder) luma() bool {
	switch {
	case len(d.components) == 4:
		return d.adobe > 0
	case len(d.components) < 3:
		return false
	case d.jfif:
		return true
	case d.adobe >= 0:
		return d.adobe > 0
	default:
		return !d.namedRGB()
	}
}

// namedRGB reports whether the components are called red, green and blue.
func (d *jpegDecoder) namedRGB() bool {
	c := d.components
	return len(c) == 3 && c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

// picture returns the pixels. CMYK is stored as its complement, as Adobe does, even without its marker: that is how
// browsers and Pillow read it.
func (d *jpegDecoder) picture() image.Image {
	canvas := image.Rect(0, 0, d.width, d.height)
	switch len(d.components) {
	case 1:
		picture := image.NewGray(canvas)
		for y := range d.height {
			d.row(y, picture.Pix[y*picture.Stride:])
		}
		return picture
	case 3:
		picture := image.NewRGBA(canvas)
		row := make([]byte, 3*d.width)
		luma := d.luma()
		for y := range d.height {
			d.row(y, row)
			if luma {
				toColours(row, 3)
			}
			to := picture.Pix[y*picture.Stride:]
			for x := range d.width {
				to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = row[3*x], row[3*x+1], row[3*x+2], 255
			}
		}
		return picture
	default:
		picture := image.NewCMYK(canvas)
		luma := d.luma()
		for y := range d.height {
			row := picture.Pix[y*picture.Stride:][:4*d.width]
			d.row(y, row)
			if luma { // Of the complement of the stored CMY.
				toColours(row, 4)
			}
			for i := range row {
				if !luma || i%4 == 3 {
					row[i] = 255 - row[i]
				}
			}
		}
		return picture
	}
}

// toColours turns luma and chroma into red, green and blue, in pixels of n bytes each.
func toColours(row []byte, n int) {
	for ; len(row) >= n; row = row[n:] {
		row[0], row[1], row[2] = color.YCbCrToRGB(row[0], row[1], row[2])
	}
}
