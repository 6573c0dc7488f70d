package lab

import (
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
)

// Weights are stored as safetensors, a format that other tools read too: the length of a header, the header as JSON, which
// says where each tensor lies, and the tensors one after the other, little-endian.

// maxHeader bounds the header of a safetensors file, as the reference implementation does.
const maxHeader = 100 << 20

// safeTensor describes a tensor in the header.
type safeTensor struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // Within the data that follows the header.
}

// safeNames are the names of the types in the file.
var safeNames = map[dtypes.DType]string{
	dtypes.Float32: "F32", dtypes.Float64: "F64", dtypes.Float16: "F16", dtypes.BFloat16: "BF16",
	dtypes.Int32: "I32", dtypes.Int64: "I64", dtypes.Uint8: "U8", dtypes.Uint32: "U32", dtypes.Uint64: "U64", dtypes.Bool: "BOOL",
}

// WriteSafetensors writes named tensors, in order of name, and metadata, which may be nil.
func WriteSafetensors(w io.Writer, values map[string]*tensors.Tensor, metadata map[string]string) error {
	names := slices.Sorted(maps.Keys(values))
	header := map[string]any{}
	if metadata != nil {
		header["__metadata__"] = metadata
	}
	var offset int64
	for _, name := range names {
		shape := values[name].Shape()
		dtype, ok := safeNames[shape.DType]
		if !ok {
			return fmt.Errorf("tensor %q has type %s, which safetensors cannot hold", name, shape.DType)
		}
		end := offset + values[name].ByteSize()
		header[name] = safeTensor{DType: dtype, Shape: append([]int{}, shape.Dimensions...), Offsets: [2]int64{offset, end}}
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

// ReadSafetensors reads all tensors of a file. It checks that the header fits the file before it allocates.
func ReadSafetensors(path string) (map[string]*tensors.Tensor, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	defer file.Close()
	values, err := readSafetensors(file)
	if err != nil {
		return nil, fmt.Errorf("read weights %s: %w", path, err)
	}
	return values, nil
}

func readSafetensors(file *os.File) (map[string]*tensors.Tensor, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var length uint64
	if err := binary.Read(file, binary.LittleEndian, &length); err != nil {
		return nil, fmt.Errorf("no safetensors file: %w", err)
	}
	if length > maxHeader || int64(length) > info.Size()-8 {
		return nil, fmt.Errorf("no safetensors file, or cut short: its header claims %d bytes, the file has %d", length, info.Size())
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(file, text); err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("its header is damaged: %w", err)
	}
	delete(raw, "__metadata__") // Free text, says the format.

	header := map[string]safeTensor{}
	for name, entry := range raw {
		var t safeTensor
		if err := json.Unmarshal(entry, &t); err != nil {
			return nil, fmt.Errorf("its entry for %q is damaged: %w", name, err)
		}
		header[name] = t
	}
	start, size := int64(8+length), info.Size()-int64(8+length)
	names := slices.SortedFunc(maps.Keys(header), func(a, b string) int { return cmp.Compare(header[a].Offsets[0], header[b].Offsets[0]) })
	values := map[string]*tensors.Tensor{}
	for _, name := range names {
		value, err := readTensor(file, start, size, header[name])
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		values[name] = value
	}
	return values, nil
}

// readTensor reads the tensor that an entry of the header describes; the data begins at start and has size bytes.
func readTensor(file *os.File, start, size int64, t safeTensor) (*tensors.Tensor, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	begin, end := t.Offsets[0], t.Offsets[1]
	if begin < 0 || end < begin || end > size {
		return nil, fmt.Errorf("bytes %d to %d are outside of the file's %d: the file is cut short or damaged", begin, end, size)
	}
	if want := int64(shape.ByteSize()); end-begin != want {
		return nil, fmt.Errorf("shape %s needs %d bytes, the file gives %d", shape, want, end-begin)
	}
	value := tensors.FromShape(shape)
	var readErr error
	err = value.MutableBytes(func(data []byte) {
		_, readErr = io.ReadFull(io.NewSectionReader(file, start+begin, end-begin), data)
	})
	return value, errors.Join(err, readErr)
}

// shape returns the tensor's shape, if it is one that can be.
func (t safeTensor) shape() (shapes.Shape, error) {
	dtype := dtypes.InvalidDType
	for d, name := range safeNames {
		if name == t.DType {
			dtype = d
		}
	}
	if dtype == dtypes.InvalidDType {
		return shapes.Invalid(), fmt.Errorf("type %q is not supported", t.DType)
	}
	size := 1
	for _, dim := range t.Shape {
		if dim < 1 || size > math.MaxInt32/dim {
			return shapes.Invalid(), fmt.Errorf("shape %v is not supported", t.Shape)
		}
		size *= dim
	}
	return shapes.Make(dtype, t.Shape...), nil
}
