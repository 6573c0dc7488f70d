// Package checkedjson writes JSON objects whose last field is a checksum of what comes before it. Without one, many an
// object that has lost a bit is read as one with another number.
package checkedjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/textfile"
)

// ErrDamaged is returned if an object is not what was written.
var ErrDamaged = errors.New("it is damaged: it does not fit its checksum")

// The last field holds the CRC-32 in hexadecimal.
const (
	lineField = `,"crc32":"%08x"}`
	fileField = ",\n  \"crc32\": \"%08x\"\n}"
)

// Line writes an object with one field at least as a line, without its end.
func Line(object any) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return withSum(bytes.TrimSuffix(text, []byte("}")), lineField), nil
}

// File writes an object with one field at least as a file, a line for each field.
func File(object any) ([]byte, error) {
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(withSum(bytes.TrimSuffix(text, []byte("\n}")), fileField), '\n'), nil
}

func withSum(before []byte, field string) []byte {
	return fmt.Appendf(slices.Clone(before), field, crc32.ChecksumIEEE(before))
}

// Check returns [ErrDamaged] if an object is not what was written. One without a checksum, of an older moelab or
// another program, passes.
func Check(object []byte) error {
	object = bytes.TrimSpace(object)
	for _, field := range []string{lineField, fileField} {
		end := len(object) - len(fmt.Sprintf(field, 0))
		if end < 0 || !isField(string(object[end:]), field) {
			continue
		}
		if !bytes.Equal(object, withSum(object[:end], field)) {
			return ErrDamaged
		}
	}
	return nil
}

// isField reports whether an object's end is a field of a checksum, which may have lost a bit itself.
func isField(end, field string) bool {
	before, after, _ := strings.Cut(field, "%08x")
	lost := 0
	for i := range len(before) {
		lost += bits.OnesCount8(end[i] ^ before[i])
	}
	return lost <= 1 && strings.HasSuffix(end, after)
}

// Unmarshal checks an object and reads it, as [textfile.UnmarshalJSON] does.
func Unmarshal(object []byte, to any) error {
	if err := textfile.UnmarshalJSON(object, to); err != nil { // It says where the fault is.
		return err
	}
	return Check(object)
}
