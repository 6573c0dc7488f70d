package imaging

import (
	"errors"
	"io"
	"math/bits"
	"strings"
	"sync"
)

// Codes of white and black runs of 0 to 63 pixels, then of 64, 128 … 1728, and those of both for 1792 … 2560: ITU-T
// T.4, tables 2 and 3.
const (
	whiteCodes = "" +
		"00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010 101011 " +
		"0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011 " +
		"00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011 " +
		"00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101 " +
		"01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100 11011 10010 010111 0110111 " +
		"00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010 011010011 011010100 " +
		"011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001 010011010 011000 " +
		"010011011"
	blackCodes = "" +
		"0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000 " +
		"0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111 " +
		"00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 000001101001 000001101010 " +
		"000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111 000001101100 " +
		"000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100 " +
		"000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000 " +
		"000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111 0000001111 " +
		"000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101 " +
		"0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 0000001110101 " +
		"0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101 0000001011010 0000001011011 " +
		"0000001100100 0000001100101"
	longCodes = "" +
		"00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110 " +
		"000000010111 000000011100 000000011101 000000011110 000000011111"
)

// faxCode is a code that begins with certain bits.
type faxCode struct{ run, size int16 }

const longestFaxCode = 13

// faxCodes are the codes of white and black runs by their first 13 bits.
var faxCodes = sync.OnceValue(func() *[2][1 << longestFaxCode]faxCode {
	var tables [2][1 << longestFaxCode]faxCode
	for colour, short := range []string{whiteCodes, blackCodes} {
		for i, code := range strings.Fields(short + " " + longCodes) {
			run := i
			if i > 63 {
				run = 64 * (i - 63)
			}
			value := 0
			for _, bit := range code {
				value = value<<1 | int(bit-'0')
			}
			free := longestFaxCode - len(code)
			for rest := range 1 << free {
				tables[colour][value<<free|rest] = faxCode{int16(run), int16(len(code))}
			}
		}
	}
	return &tables
})

// fax decodes rows of black and white pixels: ITU-T T.4 and T.6.
type fax struct {
	in         []byte
	reversed   bool
	at         int // The next bit.
	width      int
	kind       int  // A compression of a TIFF.
	two        bool // Rows of Group 3 may have the two-dimensional code.
	codes      *[2][1 << longestFaxCode]faxCode
	last, next []int // Where the colours of the row above and of this one change, beginning with black.
	row        []byte
}

// newFax returns a decoder. reversed: the lowest bit of a byte comes first.
func newFax(in []byte, reversed bool, width, kind int, two bool) *fax {
	return &fax{in: in, reversed: reversed, width: width, kind: kind, two: two, codes: faxCodes(),
		row: make([]byte, (width+7)/8)}
}

// peek returns the next n bits, n ≤ 16. Behind the end there are zeros.
func (f *fax) peek(n int) int {
	value := 0
	for i := f.at / 8; i < f.at/8+3; i++ {
		value <<= 8
		switch {
		case i >= len(f.in):
		case f.reversed:
			value |= int(bits.Reverse8(f.in[i]))
		default:
			value |= int(f.in[i])
		}
	}
	return value >> (24 - f.at%8 - n) & (1<<n - 1)
}

// skip goes on by some bits.
func (f *fax) skip(n int) error {
	if f.at += n; f.at > 8*len(f.in) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// read decodes a row, in which black is 1.
func (f *fax) read() ([]byte, error) {
	f.last, f.next = f.next, f.last[:0]
	flat := f.kind == tiffRunLength
	switch f.kind {
	case tiffRunLength: // Rows begin with a byte.
		f.at = (f.at + 7) &^ 7
	case tiffGroup3:
		marked, err := f.endOfLine()
		if err != nil {
			return nil, err
		}
		if flat = !f.two; f.two {
			if !marked {
				return nil, badFax("the end of a row is missing")
			}
			flat = f.peek(1) == 1
			if err := f.skip(1); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if flat {
		err = f.oneDimension()
	} else {
		err = f.twoDimensions()
	}
	if err != nil {
		return nil, err
	}
	clear(f.row)
	for i := 0; i < len(f.next); i += 2 {
		end := f.width
		if i+1 < len(f.next) {
			end = f.next[i+1]
		}
		for x := f.next[i]; x < end; x++ {
			f.row[x/8] |= 0x80 >> (x % 8)
		}
	}
	return f.row, nil
}

// endOfLine skips the mark at the end of a row, at least 11 zeros and a one, if there is one.
func (f *fax) endOfLine() (found bool, err error) {
	const zeros = 11
	if f.peek(zeros) != 0 {
		return false, nil
	}
	if err := f.skip(zeros); err != nil {
		return false, err
	}
	for f.peek(1) == 0 {
		if err := f.skip(1); err != nil {
			return false, err
		}
	}
	return true, f.skip(1)
}

// run reads the length of a run of a colour, 0 white, 1 black.
func (f *fax) run(colour int) (length int, err error) {
	for {
		code := f.codes[colour][f.peek(longestFaxCode)]
		if code.size == 0 {
			if f.at >= 8*len(f.in) {
				return 0, io.ErrUnexpectedEOF
			}
			return 0, badFax("a code is invalid")
		}
		if err := f.skip(int(code.size)); err != nil {
			return 0, err
		}
		if length += int(code.run); length > f.width {
			return 0, badFax("a run is longer than the row")
		}
		if code.run < 64 {
			return length, nil
		}
	}
}

func (f *fax) oneDimension() error {
	for x, colour := 0, 0; x < f.width; colour ^= 1 {
		length, err := f.run(colour)
		if err != nil {
			return err
		}
		if x += length; x > f.width {
			return badFax("a run is longer than the row")
		}
		f.next = append(f.next, x)
	}
	return nil
}

// twoDimensions decodes a row by its differences from the one above: section 2.2 of T.6, with its names.
func (f *fax) twoDimensions() error {
	a0, colour, i := -1, 0, 0
	above := func(i int) int {
		if i < len(f.last) {
			return f.last[i]
		}
		return f.width
	}
	for a0 < f.width {
		for i > 0 && above(i-1) > a0 {
			i--
		}
		for i < len(f.last) && (above(i) <= a0 || i%2 != colour) {
			i++
		}
		b1, b2 := above(i), above(i+1)
		size, offset := 0, 0
		switch code := f.peek(7); {
		case code>>6 == 1:
			size = 1
		case code>>4 == 3:
			size, offset = 3, 1
		case code>>4 == 2:
			size, offset = 3, -1
		case code>>4 == 1: // Two runs.
			if err := f.skip(3); err != nil {
				return err
			}
			a0 = max(a0, 0)
			for _, c := range []int{colour, colour ^ 1} {
				length, err := f.run(c)
				if err != nil {
					return err
				}
				if a0 += length; a0 > f.width {
					return badFax("a run is longer than the row")
				}
				f.next = append(f.next, a0)
			}
			continue
		case code>>3 == 1: // No change between b1 and b2.
			a0 = b2
			if err := f.skip(4); err != nil {
				return err
			}
			continue
		case code>>1 == 3:
			size, offset = 6, 2
		case code>>1 == 2:
			size, offset = 6, -2
		case code == 3:
			size, offset = 7, 3
		case code == 2:
			size, offset = 7, -3
		default:
			if f.at+7 >= 8*len(f.in) {
				return io.ErrUnexpectedEOF
			}
			return badFax("a code is invalid")
		}
		if err := f.skip(size); err != nil {
			return err
		}
		a1 := b1 + offset
		if a1 < max(a0, 0) || a1 > f.width {
			return badFax("a change lies outside the row")
		}
		f.next = append(f.next, a1)
		a0, colour = a1, colour^1
	}
	return nil
}

func badFax(says string) error { return errors.New("CCITT: " + says) }
