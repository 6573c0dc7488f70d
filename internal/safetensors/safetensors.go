// Package safetensors reads and writes named tensors as safetensors, a format that many tools read: the length of a
// header, the header as JSON with the position of each tensor, and the tensors one after the other, little-endian.
//
//	values, err := safetensors.Read("weights.safetensors")
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/regularfile"
)

// maxHeader bounds the header of a file, as the reference implementation does.
const maxHeader = 100 << 20

// entry describes a tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // Within the data that follows the header.
}

// typeNames are the names of the types in the file.
var typeNames = map[dtypes.DType]string{
	dtypes.Float32: "F32", dtypes.Float64: "F64", dtypes.Float16: "F16", dtypes.BFloat16: "BF16",
	dtypes.Int8: "I8", dtypes.Int16: "I16", dtypes.Int32: "I32", dtypes.Int64: "I64",
	dtypes.Uint8: "U8", dtypes.Uint16: "U16", dtypes.Uint32: "U32", dtypes.Uint64: "U64", dtypes.Bool: "BOOL",
}

// metadataName is the entry of the header that is not a tensor.
const metadataName = "__metadata__"

// Write writes named tensors, in order of name, and metadata, which may be nil.
func Write(w io.Writer, values map[string]*tensors.Tensor, metadata map[string]string) error {
	names := slices.Sorted(maps.Keys(values))
	header := map[string]any{}
	if metadata != nil {
		header[metadataName] = metadata
	}
	var offset int64
	for _, name := range names {
		shape := values[name].Shape()
		if name == metadataName {
			return fmt.Errorf("a tensor cannot be named %q in safetensors", name)
		}
		dtype, ok := typeNames[shape.DType]
		if !ok {
			return fmt.Errorf("tensor %q has type %s, which safetensors cannot hold", name, shape.DType)
		}
		end := offset + values[name].ByteSize()
		header[name] = entry{DType: dtype, Shape: append([]int{}, shape.Dimensions...), Offsets: [2]int64{offset, end}}
		offset = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // Tensors start at a multiple of 8.
		text = append(text, ' ')
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, name := range names {
		var writeErr error
		if err := values[name].ConstBytes(func(data []byte) { _, writeErr = w.Write(data) }); err != nil {
			return fmt.Errorf("read tensor %q: %w", name, err)
		}
		if writeErr != nil {
			return writeErr
		}
	}
	return nil
}

// Read reads all tensors of a file. The header is checked against the file before anything is allocated, so that the
// file's size bounds the memory.
func Read(path string) (map[string]*tensors.Tensor, error) {
	var values map[string]*tensors.Tensor
	err := withFile(path, func(file *os.File, size int64) (err error) {
		values, _, err = Decode(file, size)
		return err
	})
	return values, err
}

// Check returns an error unless a file has a right header, and as many bytes as that says. It reads no tensors, so it
// takes no time.
func Check(path string) error {
	return withFile(path, func(file *os.File, size int64) error {
		_, _, _, err := readHeader(file, size)
		return err
	})
}

// withFile calls a function with a file and its size.
func withFile(path string, read func(file *os.File, size int64) error) error {
	file, _, err := regularfile.Open(path)
	if err != nil {
		return fmt.Errorf("read weights: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read weights: %w", err)
	}
	if err := read(file, info.Size()); err != nil {
		return fmt.Errorf("read weights %s: %w", path, err)
	}
	return nil
}

// Decode reads the tensors and the metadata of a file of so many bytes; see [Read].
func Decode(file io.ReaderAt, all int64) (values map[string]*tensors.Tensor, metadata map[string]string, err error) {
	header, metadata, start, err := readHeader(file, all)
	if err != nil {
		return nil, nil, err
	}
	values = map[string]*tensors.Tensor{}
	for name, tensor := range header {
		value, err := readTensor(file, start, tensor)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		values[name] = value
	}
	return values, metadata, nil
}

// readHeader reads what a file of so many bytes says of its tensors, which begin at start, and checks that they fill
// it.
func readHeader(file io.ReaderAt, all int64) (
	header map[string]entry, metadata map[string]string, start int64, err error,
) {
	var length uint64
	if err := binary.Read(io.NewSectionReader(file, 0, all), binary.LittleEndian, &length); err != nil {
		return nil, nil, 0, fmt.Errorf("not a safetensors file: %w", err)
	}
	if length > maxHeader || int64(length) > all-8 {
		return nil, nil, 0, fmt.Errorf("not a safetensors file, or cut short: its header claims %d bytes, the file has %d",
			length, all)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(file, 8, all-8), text); err != nil {
		return nil, nil, 0, err
	}
	if header, metadata, err = parseHeader(text); err != nil {
		return nil, nil, 0, fmt.Errorf("its header is damaged: %w", err)
	}
	start = int64(8 + length)
	return header, metadata, start, checkOffsets(header, all-start)
}

// checkOffsets returns an error unless the tensors, in order, fill size bytes without a gap or an overlap.
func checkOffsets(header map[string]entry, size int64) error {
	names := slices.SortedFunc(maps.Keys(header), func(a, b string) int {
		first, second := header[a].Offsets, header[b].Offsets
		return cmp.Or(cmp.Compare(first[0], second[0]), cmp.Compare(first[1], second[1]))
	})
	var end int64
	for _, name := range names {
		offsets := header[name].Offsets
		if offsets[0] != end || offsets[1] < end {
			return fmt.Errorf("tensor %q has bytes %d to %d, where byte %d was expected: the file is damaged",
				name, offsets[0], offsets[1], end)
		}
		end = offsets[1]
	}
	if end != size {
		return fmt.Errorf("its tensors take %d bytes, the file has %d: it is cut short or damaged", end, size)
	}
	return nil
}

// parseHeader reads the descriptions of the tensors by their names, and the metadata.
func parseHeader(text []byte) (header map[string]entry, metadata map[string]string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, cmp.Or(err, errors.New("it is no JSON object"))
	}
	header = map[string]entry{}
	for decoder.More() { // Token by token: json.Unmarshal would silently keep the last of two entries of the same name.
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		if name == metadataName {
			if err := decoder.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var t entry
		if err := decoder.Decode(&t); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if _, twice := header[name.(string)]; twice {
			return nil, nil, fmt.Errorf("there are two tensors %q", name)
		}
		header[name.(string)] = t
	}
	if _, err := decoder.Token(); err != nil { // The closing brace.
		return nil, nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something follows it")
	}
	return header, metadata, nil
}

// readTensor reads the tensor that an entry of the header describes; the data begins at start.
func readTensor(file io.ReaderAt, start int64, t entry) (*tensors.Tensor, error) {
	begin, end := t.Offsets[0], t.Offsets[1]
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	value := tensors.FromShape(shape)
	var readErr error
	err = value.MutableBytes(func(data []byte) {
		_, readErr = io.ReadFull(io.NewSectionReader(file, start+begin, end-begin), data)
		if shape.DType == dtypes.Bool && slices.ContainsFunc(data, func(b byte) bool { return b > 1 }) {
			readErr = errors.New("it holds a value that is neither true nor false")
		}
	})
	return value, errors.Join(err, readErr)
}

// shape returns the tensor's shape, if it is valid and fits the tensor's bytes.
func (t entry) shape() (shapes.Shape, error) {
	dtype := dtypes.InvalidDType
	for d, name := range typeNames {
		if name == t.DType {
			dtype = d
		}
	}
	if dtype == dtypes.InvalidDType {
		return shapes.Invalid(), fmt.Errorf("type %q is not supported", t.DType)
	}
	size := int64(dtype.Size())
	for _, dim := range t.Shape {
		if dim < 0 || dim > 0 && size > math.MaxInt64/int64(dim) {
			return shapes.Invalid(), fmt.Errorf("shape %v cannot be", t.Shape)
		}
		size *= int64(dim)
	}
	if given := t.Offsets[1] - t.Offsets[0]; size != given {
		return shapes.Invalid(), fmt.Errorf("shape %v of type %s needs %d bytes, the file gives %d",
			t.Shape, t.DType, size, given)
	}
	return shapes.Make(dtype, t.Shape...), nil
}
