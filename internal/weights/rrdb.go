package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/safetensors"
)

// rrdbNaming holds a program's names for the convolutions of an RRDB net (Wang et al. 2018). The name of those in
// blocks is a format with the block, counted from 0, and the dense block and the convolution, counted from 1.
type rrdbNaming struct {
	first, conv, trunk, up1, up2, high, rgb string
}

// rrdbNamings are the namings of BasicSR, of ESRGAN, and of the first ESRGAN, which many shared models still use.
var rrdbNamings = []rrdbNaming{
	{"conv_first", "body.%d.rdb%d.conv%d", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"},
	{"conv_first", "RRDB_trunk.%d.RDB%d.conv%d", "trunk_conv", "upconv1", "upconv2", "HRconv", "conv_last"},
	{"model.0", "model.1.sub.%d.RDB%d.conv%d.0", "model.1.sub.%[1]d", "model.3", "model.6", "model.8", "model.10"},
}

// rrdbOfBlock is the number of convolutions in a block, rrdbOutside that of those outside.
const rrdbOfBlock, rrdbOutside = 15, 6

// names lists the names of a net with a number of blocks, in the order in which it runs the convolutions.
func (n rrdbNaming) names(blocks int) []string {
	names := []string{n.first}
	for block := range blocks {
		for dense := range 3 {
			for conv := range 5 {
				names = append(names, fmt.Sprintf(n.conv, block, dense+1, conv+1))
			}
		}
	}
	trunk := n.trunk
	if strings.Contains(trunk, "%") { // The first ESRGAN counted it as another block.
		trunk = fmt.Sprintf(trunk, blocks)
	}
	return append(names, trunk, n.up1, n.up2, n.high, n.rgb)
}

// BasicSR returns the variables of an RRDB net of factor 4, which [Fit] has laid out for layers, as tensors with the
// names and the layout of BasicSR. [ReadRRDB] reads them.
func BasicSR(layers []Layer, variables map[string]*tensors.Tensor) (map[string]*tensors.Tensor, error) {
	named := map[string]*tensors.Tensor{}
	for i, name := range rrdbNamings[0].names((len(layers) - rrdbOutside) / rrdbOfBlock) {
		layer := layers[i]
		for _, variable := range []string{"/weights", "/bias"} {
			if variables[layer.Scope+variable] == nil {
				return nil, fmt.Errorf("there is no variable %s", layer.Scope+variable)
			}
		}
		kernel, err := tensors.CopyFlatData[float32](variables[layer.Scope+"/weights"])
		if err != nil {
			return nil, err
		}
		kernel = tapsLast(kernel, layer.Outputs, layer.Inputs)
		named[name+".weight"] = tensors.FromFlatDataAndDimensions(kernel, layer.Outputs, layer.Inputs, 3, 3)
		named[name+".bias"] = variables[layer.Scope+"/bias"]
	}
	return named, nil
}

// ReadRRDB reads the convolutions of an RRDB net of factor 4 from safetensors, with the names of BasicSR
// (body.0.rdb1.conv1.weight) or of ESRGAN (RRDB_trunk.0.RDB1.conv1.weight, model.1.sub.0.RDB1.conv1.0.weight). They are
// first, 15 of each block, trunk, up1, up2, high and rgb; their shapes are not checked.
func ReadRRDB(path string) ([]Convolution, error) {
	values, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	convolutions, err := rrdbConvolutions(values)
	if err != nil {
		return nil, fmt.Errorf("RRDB net in %s: %w", path, err)
	}
	return convolutions, nil
}

// rrdbConvolutions finds the convolutions among the tensors of a file, which must hold no others.
func rrdbConvolutions(values map[string]*tensors.Tensor) ([]Convolution, error) {
	for _, naming := range rrdbNamings {
		blocks := 0
		for values[fmt.Sprintf(naming.conv, blocks, 1, 1)+".weight"] != nil {
			blocks++
		}
		if blocks == 0 {
			continue
		}
		names := naming.names(blocks)
		convolutions, err := ByNames(values, names)
		if err != nil {
			return nil, err
		}
		if len(values) > 2*len(names) {
			return nil, fmt.Errorf("it is another network: an RRDB net of factor 4 has no tensor %s", surplus(values, names))
		}
		return convolutions, nil
	}
	first := fmt.Sprintf(rrdbNamings[0].conv, 0, 1, 1)
	return nil, fmt.Errorf("it is another network: "+
		"it has no tensor %s.weight, and none of the other names of RRDB nets", first)
}

// surplus returns a tensor that belongs to none of the named convolutions.
func surplus(values map[string]*tensors.Tensor, names []string) string {
	rest := maps.Clone(values)
	for _, name := range names {
		delete(rest, name+".weight")
		delete(rest, name+".bias")
	}
	return slices.Sorted(maps.Keys(rest))[0]
}
