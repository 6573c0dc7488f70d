package nn

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
)

func TestLayersForVideosMatchPyTorch(t *testing.T) {
	layers := map[string]layer{
		"Conv3D":        func(scope *model.Scope, x *Node) *Node { return Conv3D(scope, x, 3, 3) },
		"StridedConv3D": func(scope *model.Scope, x *Node) *Node { return StridedConv3D(scope, x, 3) },
		"Deconv3D":      func(scope *model.Scope, x *Node) *Node { return Deconv3D(scope, x, 3) },
		"UpConv3D":      func(scope *model.Scope, x *Node) *Node { return UpConv3D(scope, x, 3) },
	}
	for name, layer := range layers {
		t.Run(name, func(t *testing.T) { assertMatchesPyTorch(t, layer, name) })
	}
}

func TestLayersForVideosRejectOtherShapes(t *testing.T) {
	cases := map[string]struct {
		shape []int
		build func(scope *model.Scope, x *Node) *Node
		want  string
	}{
		"a picture": {
			[]int{1, 4, 4, 2},
			func(scope *model.Scope, x *Node) *Node { return Conv3D(scope, x, 3, 3) },
			"must be [batch, frames, height, width, channels]",
		},
		"an even size": {
			[]int{1, 4, 4, 4, 2},
			func(scope *model.Scope, x *Node) *Node { return Conv3D(scope, x, 3, 4) },
			"must be odd",
		},
		"odd frames": {
			[]int{1, 3, 4, 4, 2},
			func(scope *model.Scope, x *Node) *Node { return StridedConv3D(scope, x, 3) },
			"must be even",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			exec := compile(
				t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node { return []*Node{c.build(scope, in[0])} },
			)
			_, err := exec.Call(count(c.shape...).single())
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestPlainLayersForVideosEqualTheOthers(t *testing.T) {
	for name, layer := range map[string]layer{
		"Conv3D":        func(scope *model.Scope, x *Node) *Node { return Conv3D(scope, x, 3, 3) },
		"StridedConv3D": func(scope *model.Scope, x *Node) *Node { return StridedConv3D(scope, x, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			exec := compile(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
				ours := layer(scope, in[0])
				Plainly(in[0].Graph())
				return []*Node{ours, layer(scope, in[0])}
			})
			out := call(t, exec, random(rng(1), 1, 2, 4, 6, 8, 2).single())
			assertClose(t, name, out[0], out[1], 1e-5)
		})
	}
	exec := compile(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		Plainly(in[0].Graph())
		return Gradient(ReduceAllSum(Conv3D(scope, in[0], 3, 3)), in[0])
	})
	_, err := exec.Call(count(1, 4, 4, 4, 2).single())
	assert.ErrorContains(t, err, "has no gradient")
}
