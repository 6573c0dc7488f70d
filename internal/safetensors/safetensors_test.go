package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tensorOf makes a tensor of bytes.
func tensorOf(t *testing.T, dtype dtypes.DType, dimensions []int, data []byte) *tensors.Tensor {
	t.Helper()
	value := tensors.FromShape(shapes.Make(dtype, dimensions...))
	require.NoError(t, value.MutableBytes(func(to []byte) { require.Equal(t, len(to), copy(to, data)) }))
	return value
}

// littleEndian returns the bytes of numbers.
func littleEndian(numbers ...any) []byte {
	var data []byte
	for _, number := range numbers {
		data, _ = binary.Append(data, binary.LittleEndian, number)
	}
	return data
}

// samples has a tensor of each type and of several shapes: no axis, an empty axis, and more.
func samples(t *testing.T) map[string]*tensors.Tensor {
	values := map[string]*tensors.Tensor{}
	for dtype, name := range typeNames {
		for _, dimensions := range [][]int{{}, {0, 3}, {5}, {2, 3, 2}} {
			data := make([]byte, shapes.Make(dtype, dimensions...).ByteSize())
			for i := range data {
				data[i] = byte(i) % 64 // No NaN, and yet not a number alike.
				if dtype == dtypes.Bool {
					data[i] %= 2
				}
			}
			values[fmt.Sprintf("%s of/%v \"é\"", name, dimensions)] = tensorOf(t, dtype, dimensions, data)
		}
	}
	return values
}

// written writes tensors to a file.
func written(t testing.TB, values map[string]*tensors.Tensor, metadata map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.safetensors")
	var data bytes.Buffer
	require.NoError(t, Write(&data, values, metadata))
	require.NoError(t, os.WriteFile(path, data.Bytes(), 0o644))
	return path
}

// contents returns shape and bytes of tensors by their names.
func contents(t *testing.T, values map[string]*tensors.Tensor) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, value := range values {
		require.NoError(t, value.ConstBytes(func(data []byte) { all[name] = fmt.Sprintf("%s %x", value.Shape(), data) }))
	}
	return all
}

func TestTensorsAreReadAsTheyWereWritten(t *testing.T) {
	values := samples(t)
	path := written(t, values, map[string]string{"config": "{}"})
	read, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, contents(t, values), contents(t, read))

	first, err := os.ReadFile(path)
	require.NoError(t, err)
	second, err := os.ReadFile(written(t, values, map[string]string{"config": "{}"}))
	require.NoError(t, err)
	assert.Equal(t, first, second)

	read, err = Read(written(t, nil, nil))
	require.NoError(t, err)
	assert.Empty(t, read)

	reserved := map[string]*tensors.Tensor{"__metadata__": tensors.MustFromAnyValue(float32(1))}
	assert.ErrorContains(t, Write(io.Discard, reserved, nil), "cannot be named")
	complex := map[string]*tensors.Tensor{"c": tensors.MustFromAnyValue(complex64(1))}
	assert.ErrorContains(t, Write(io.Discard, complex, nil), `tensor "c" has type`)
}

// The reference implementation must read our files, and we must read its files. It does not need ml_dtypes: BF16 is
// passed as bytes.
func TestFilesMatchTheReferenceImplementation(t *testing.T) {
	env, err := venv.Ensure(t.Context(), "safetensors", []string{"numpy==2.2.6", "safetensors==0.6.2"}, os.Stderr)
	require.NoError(t, err)
	values := samples(t)
	path := written(t, values, map[string]string{"key": "value"})
	again := filepath.Join(t.TempDir(), "again.safetensors")
	const script = `
import json, sys, safetensors
data = open(sys.argv[1], "rb").read()
tensors = dict(safetensors.deserialize(data))
print(json.dumps({name: [t["dtype"], list(t["shape"]), bytes(t["data"]).hex()] for name, t in tensors.items()}))
names = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"}
def long(dtype):
    return names.get(dtype) or {"U": "uint", "I": "int"}[dtype[0]] + dtype[1:]
for t in tensors.values():
    t["dtype"], t["data"] = long(t["dtype"]), bytes(t["data"])
open(sys.argv[2], "wb").write(safetensors.serialize(tensors, {"key": "value"}))
`
	command := exec.Command(env.Python(), "-c", script, path, again)
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	var seen map[string][3]any
	require.NoError(t, json.Unmarshal(out, &seen))
	require.Equal(t, slices.Sorted(maps.Keys(values)), slices.Sorted(maps.Keys(seen)))
	for name, value := range values {
		require.NoError(t, value.ConstBytes(func(data []byte) {
			dimensions := []any{}
			for _, d := range value.Shape().Dimensions {
				dimensions = append(dimensions, float64(d))
			}
			assert.Equal(t, [3]any{typeNames[value.DType()], dimensions, fmt.Sprintf("%x", data)}, seen[name], name)
		}))
	}
	read, err := Read(again)
	require.NoError(t, err)
	assert.Equal(t, contents(t, values), contents(t, read))
}

// file returns the bytes of a safetensors file; a negative length stands for the header's own.
func file(length int64, header string, data int) []byte {
	if length < 0 {
		length = int64(len(header))
	}
	return append(append(littleEndian(uint64(length)), header...), make([]byte, data)...)
}

// tensor is an entry of a header.
func tensor(name, dtype, shape, offsets string) string {
	return fmt.Sprintf(`"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%s]}`, name, dtype, shape, offsets)
}

// filled returns the bytes of a file with some entries and bytes of data.
func filled(data int, entries ...string) []byte {
	return file(-1, "{"+strings.Join(entries, ",")+"}", data)
}

// hostile holds invalid files, by their fault.
var hostile = map[string]struct {
	data []byte
	want string
}{
	"empty":                     {nil, "not a safetensors file"},
	"shorter than a length":     {[]byte{1, 2, 3}, "not a safetensors file"},
	"a huge header":             {file(1<<62, "{}", 0), "header claims"},
	"a header beyond int64":     {file(1<<62, "{}", 0)[:8:8], "header claims"},
	"a header beyond the file":  {file(100, "{}", 0), "header claims"},
	"a header of 100 MiB":       {file(100<<20, "{}", 50), "header claims"},
	"no JSON":                   {file(-1, "nonsense", 0), "header is damaged"},
	"no object":                 {file(-1, "[]", 0), "it is no JSON object"},
	"half an object":            {file(-1, `{"a":`, 0), "header is damaged"},
	"text after the object":     {file(-1, `{} {}`, 0), "something follows it"},
	"an entry of another kind":  {file(-1, `{"a":[1]}`, 4), `tensor "a"`},
	"metadata of another kind":  {file(-1, `{"__metadata__":3}`, 0), "metadata"},
	"an unknown type":           {filled(4, tensor("a", "F4", "1", "0,4")), `type "F4"`},
	"a negative dimension":      {filled(4, tensor("a", "F32", "-1", "0,4")), "shape [-1] cannot be"},
	"two negative dimensions":   {filled(4, tensor("a", "F32", "-1,-1", "0,4")), "cannot be"},
	"dimensions that overflow":  {filled(0, tensor("a", "F32", "4294967296,4294967296,4294967296", "0,0")), "cannot be"},
	"a dimension that is large": {filled(4, tensor("a", "F32", "1000000000000", "0,4")), "needs 4000000000000 bytes"},
	"a dimension beyond int":    {filled(4, tensor("a", "F32", "18446744073709551616", "0,4")), `tensor "a"`},
	"a wrong size":              {filled(4, tensor("a", "F32", "2", "0,4")), "needs 8 bytes, the file gives 4"},
	"offsets beyond the file":   {filled(4, tensor("a", "F32", "2", "0,8")), "take 8 bytes, the file has 4"},
	"negative offsets":          {filled(4, tensor("a", "F32", "1", "-4,0")), "bytes -4 to 0"},
	"offsets the wrong way":     {filled(4, tensor("a", "F32", "0", "0,-4")), "bytes 0 to -4"},
	"an overlap": {filled(12, tensor("a", "F32", "2", "0,8"), tensor("b", "F32", "2", "4,12")),
		`tensor "b" has bytes 4 to 12, where byte 8 was expected`},
	"a gap": {filled(12, tensor("a", "F32", "1", "0,4"), tensor("b", "F32", "1", "8,12")),
		"where byte 4 was expected"},
	"bytes too many": {filled(5, tensor("a", "F32", "1", "0,4")), "the file has 5"},
	"a name twice": {filled(4, tensor("a", "F32", "1", "0,4"), tensor("a", "F32", "1", "0,4")),
		`two tensors "a"`},
	"neither true nor false": {append(filled(0, tensor("a", "BOOL", "1", "0,1")), 2), "neither true nor false"},
}

func TestHostileFilesAreRejected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	for name, test := range hostile {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, test.data, 0o644))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Read(path)
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "it allocated memory for absent data")
		})
	}
	_, err := Read(path + ".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFileCutAnywhereIsRejected(t *testing.T) {
	values := map[string]*tensors.Tensor{"a": tensors.MustFromAnyValue([]float32{1, 2, 3})}
	data, err := os.ReadFile(written(t, values, nil))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "cut")
	for length := range len(data) {
		require.NoError(t, os.WriteFile(path, data[:length], 0o644))
		_, err := Read(path)
		require.Error(t, err, "cut to %d of %d bytes", length, len(data))
	}
}

// Tensors that were read are written again unchanged, and no file makes the reader panic or allocate more memory than
// the file has bytes.
func FuzzRead(f *testing.F) {
	for _, test := range hostile {
		f.Add(test.data)
	}
	two := map[string]*tensors.Tensor{
		"a": tensors.MustFromAnyValue([]float32{1, 2, 3}), "b": tensors.MustFromAnyValue(true),
	}
	for _, values := range []map[string]*tensors.Tensor{nil, two} {
		data, err := os.ReadFile(written(f, values, map[string]string{"k": "v"}))
		require.NoError(f, err)
		f.Add(data)
	}
	path := filepath.Join(f.TempDir(), "fuzz")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		values, err := Read(path)
		if err != nil {
			return
		}
		var total int64
		for _, value := range values {
			total += value.ByteSize()
		}
		require.LessOrEqual(t, total, int64(len(data)))
		var out bytes.Buffer
		require.NoError(t, Write(&out, values, nil))
		require.True(t, strings.HasSuffix(out.String(), string(data[int64(len(data))-total:])))
	})
}
