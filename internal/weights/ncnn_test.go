package weights_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/weights"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smallNet is a network written by run_ncnn.py of package upscale.
const smallNet = "../../esrgan/upscale/testdata/ncnn/rrdb"

func TestDamagedNCNNFilesAreNamed(t *testing.T) {
	paramPath, binPath := smallNet+".param", smallNet+".bin"
	param, err := os.ReadFile(paramPath)
	require.NoError(t, err)
	bin, err := os.ReadFile(binPath)
	require.NoError(t, err)
	// changed returns the text with a word replaced once.
	changed := func(old, new string) []byte { return bytes.Replace(param, []byte(old), []byte(new), 1) }
	const missing = "inputs or outputs are missing"
	for name, test := range map[string]struct {
		param, bin []byte
		file, want string
	}{
		"empty text":                {nil, bin, "net.param", "not an ncnn text file"},
		"another text":              {[]byte("{\"a\": 1}\n{}"), bin, "net.param", "not an ncnn text file"},
		"no count":                  {[]byte("7767517\nmany\n"), bin, "net.param", "does not give the number of layers"},
		"text cut short":            {param[:len(param)*2/3], bin, "net.param", "cut short or damaged"},
		"no layer":                  {changed("1 1 data", "x y"), bin, "net.param", "damaged: line"},
		"lacking outputs":           {changed("1 1 data", "1 99 data"), bin, "net.param", missing},
		"another convolution":       {changed(" 4=1", " 4=0"), bin, "net.bin", "not a 3×3 convolution"},
		"weights do not divide":     {changed(" 6=135", " 6=134"), bin, "net.bin", "not a 3×3 convolution"},
		"inputs beyond int":         {changed("1 1 data", "9223372036854775807 1 data"), bin, "net.param", missing},
		"outputs beyond int":        {changed("1 1 data", "1 9223372036854775807 data"), bin, "net.param", missing},
		"a huge number of outputs":  {changed(" 0=5 ", " 0=4611686018427387904 "), bin, "net.bin", "not a 3×3 convolution"},
		"a huge number of weights":  {changed(" 6=135", " 6=9223372036854775800"), bin, "net.bin", "layer convolution_1"},
		"weights cut short":         {param, bin[:len(bin)-4], "net.bin", "cut short"},
		"weights cut short at once": {param, nil, "net.bin", "cut short"},
		"more weights":              {param, append(bytes.Clone(bin), 1, 2, 3, 4), "net.bin", "4 bytes are left over"},
		"weights of 8 bits":         {param, append([]byte{0x38, 0x4b, 0x0d, 0}, bin[4:]...), "net.bin", "flag 0x000d4b38"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "net.param"), test.param, 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "net.bin"), test.bin, 0o644))
			_, err := weights.ReadNCNN(filepath.Join(dir, "net.param"), filepath.Join(dir, "net.bin"))
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, filepath.Join(dir, test.file))
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}
