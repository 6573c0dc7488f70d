package upscale

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// madeRRDB returns the convolutions of a net of two blocks, for which our results were compared with package ncnn's.
func madeRRDB(t *testing.T) []weights.Convolution {
	t.Helper()
	layers, err := weights.ReadNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	var convolutions []weights.Convolution
	for _, l := range layers {
		if l.Kind == "Convolution" {
			convolutions = append(convolutions, l.Convolution)
		}
	}
	return convolutions
}

// rrdbNames lists the names of the convolutions of two blocks, conv being a format, between the first and the last
// ones.
func rrdbNames(first, conv string, last ...string) []string {
	names := []string{first}
	for block := range 2 {
		for dense := range 3 {
			for i := range 5 {
				names = append(names, fmt.Sprintf(conv, block, dense+1, i+1))
			}
		}
	}
	return append(names, last...)
}

// basicSR are BasicSR's names.
var basicSR = rrdbNames(
	"conv_first", "body.%d.rdb%d.conv%d", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last",
)

func TestRRDBNetsAreReadWithTheNamesOfEachProgram(t *testing.T) {
	made := madeRRDB(t)
	_, want, err := fitRRDB(made)
	require.NoError(t, err)
	for name, names := range map[string][]string{
		"BasicSR": basicSR,
		"ESRGAN": rrdbNames("conv_first", "RRDB_trunk.%d.RDB%d.conv%d",
			"trunk_conv", "upconv1", "upconv2", "HRconv", "conv_last"),
		"the first ESRGAN": rrdbNames("model.0", "model.1.sub.%d.RDB%d.conv%d.0",
			"model.1.sub.2", "model.3", "model.6", "model.8", "model.10"),
	} {
		t.Run(name, func(t *testing.T) {
			config, variables, err := readRRDB(weightstest.WriteSafetensors(t, names, made, nil))
			require.NoError(t, err)
			require.NoError(t, config.Validate())
			assert.Equal(t, []int{2, 5, 3}, []int{config.Blocks, config.Channels, config.Growth})
			assert.Len(t, variables, len(want))
			for name, value := range want {
				require.True(t, value.Equal(variables[name]), name)
			}
		})
	}
	config, variables, err := fitRRDB(made)
	require.NoError(t, err)
	upscaler, err := esrgan.NewUpscaler(openXLA(t), "test", esrgan.Scale, rrdbNet(config), variables)
	require.NoError(t, err, "RRDBNet has just these variables")
	upscaler.Close()
}

func TestRRDBNetsOfHalfPrecisionAreRead(t *testing.T) {
	made := madeRRDB(t)
	values := map[string]*tensors.Tensor{}
	for i, c := range made {
		kernel, bias := float16.FromFloat32s(c.Kernel...), bfloat16.FromFloat32s(c.Bias...)
		values[basicSR[i]+".weight"] = tensors.FromFlatDataAndDimensions(kernel, c.Shape...)
		values[basicSR[i]+".bias"] = tensors.FromFlatDataAndDimensions(bias, len(c.Bias))
	}
	_, variables, err := readRRDB(weightstest.WriteTensors(t, values))
	require.NoError(t, err)
	_, want, err := fitRRDB(made)
	require.NoError(t, err)
	assert.True(t, want["rgb/weights"].Equal(variables["rgb/weights"]), "ncnn's had 16 bits too")
	wantBias, bias := want["rgb/bias"], variables["rgb/bias"]
	assert.InDeltaSlice(t, tensors.MustCopyFlatData[float32](wantBias), tensors.MustCopyFlatData[float32](bias), 1e-3)
}

func TestFilesThatAreNoRRDBAreRefused(t *testing.T) {
	changed := func(change func(c []weights.Convolution)) string {
		made := madeRRDB(t)
		change(made)
		return weightstest.WriteSafetensors(t, basicSR, made, nil)
	}
	with := func(convolutions int, more map[string]*tensors.Tensor) string {
		return weightstest.WriteSafetensors(t, basicSR, madeRRDB(t)[:convolutions], more)
	}
	cut := changed(func([]weights.Convolution) {})
	require.NoError(t, os.Truncate(cut, 10_000))
	more := map[string]*tensors.Tensor{"conv_up3.weight": tensors.FromFlatDataAndDimensions([]float32{1}, 1)}
	whole := tensors.FromFlatDataAndDimensions([]int32{1}, 1)
	biasless := map[string]*tensors.Tensor{"conv_first.weight": whole, "body.0.rdb1.conv1.weight": whole}
	integers := map[string]*tensors.Tensor{
		"conv_first.weight": whole, "conv_first.bias": whole, "body.0.rdb1.conv1.weight": whole,
	}
	features := weightstest.WriteSafetensors(t, []string{"features.0"}, madeRRDB(t)[:1], nil)
	text := filepath.Join(t.TempDir(), "text.safetensors")
	require.NoError(t, os.WriteFile(text, bytes.Repeat([]byte("text"), 100), 0o644))
	for name, test := range map[string]struct{ path, want string }{
		"no file":        {filepath.Join(t.TempDir(), "none.safetensors"), "no such file"},
		"no safetensors": {text, "not a safetensors file"},
		"cut short":      {cut, "cut short"},
		"NaN": {changed(func(c []weights.Convolution) { c[20].Kernel[0] = float32(math.NaN()) }),
			"body.1.rdb1.conv5 has weights that are NaN"},
		"another net": {features, "it has no tensor body.0.rdb1.conv1.weight"},
		"incomplete":  {with(30, nil), "body.1.rdb3.conv5.weight or body.1.rdb3.conv5.bias is missing"},
		"of factor 8": {with(36, more), "an RRDB net of factor 4 has no tensor conv_up3.weight"},
		"of factor 2": {
			changed(func(c []weights.Convolution) {
				c[0].Shape, c[0].Kernel = []int{5, 12, 3, 3}, make([]float32, 5*12*9)
			}),
			"conv_first has kernels of [5 12 3 3] and 5 biases instead of [5 3 3 3] and 5",
		},
		"other kernels": {changed(func(c []weights.Convolution) { c[1].Shape = []int{3, 5, 9, 1} }),
			"body.0.rdb1.conv1 has kernels of [3 5 9 1]"},
		"of integers":    {with(0, integers), "type Int32 are not supported"},
		"without biases": {with(0, biasless), "conv_first.weight or conv_first.bias is missing"},
		"a vector for all": {changed(func(c []weights.Convolution) { c[0].Shape = []int{135} }),
			"conv_first has kernels of [135]"},
		"growth that jumps": {changed(func(c []weights.Convolution) { c[16], c[17] = c[17], c[16] }),
			"body.1.rdb1.conv1 has kernels of"},
		"no channels": {changed(func(c []weights.Convolution) {
			for i := range c {
				c[i] = weights.Convolution{Shape: []int{0, 0, 3, 3}}
			}
		}), "conv_first has no weights"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readRRDB(test.path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.path)
			assert.False(t, strings.Contains(err.Error(), "\n"), err)
		})
	}
}
