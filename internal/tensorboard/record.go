package tensorboard

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A record of a TFRecord file is the length of its data, 8 bytes, a checksum of these, the data, and a checksum of it.
const lengthBytes, checksumBytes = 8, 4

// longestRecord is the largest number of bytes that is believed.
const longestRecord = 1 << 30

// errDamaged is the error for a record that is cut short, or not what was written.
var errDamaged = errors.New("damaged record")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is TFRecord's: a masked CRC-32C.
func checksum(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// appendRecord appends a record.
func appendRecord(to, data []byte) []byte {
	start := len(to)
	to = binary.LittleEndian.AppendUint64(to, uint64(len(data)))
	to = binary.LittleEndian.AppendUint32(to, checksum(to[start:]))
	to = append(to, data...)
	return binary.LittleEndian.AppendUint32(to, checksum(data))
}

// readRecord reads the data of a record. The error is io.EOF at the end, and wraps errDamaged for anything else than a
// record.
func readRecord(r io.Reader) ([]byte, error) {
	var head [lengthBytes + checksumBytes]byte
	switch _, err := io.ReadFull(r, head[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errDamaged
	case err != nil:
		return nil, err
	}
	length := binary.LittleEndian.Uint64(head[:])
	if binary.LittleEndian.Uint32(head[lengthBytes:]) != checksum(head[:lengthBytes]) || length > longestRecord {
		return nil, errDamaged
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(length)+checksumBytes)) // No more memory than there are bytes.
	if err != nil {
		return nil, err
	}
	if uint64(len(data)) != length+checksumBytes || binary.LittleEndian.Uint32(data[length:]) != checksum(data[:length]) {
		return nil, errDamaged
	}
	return data[:length], nil
}
