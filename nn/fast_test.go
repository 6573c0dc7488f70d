package nn

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
)

// The shapes cover each choice that fast makes: one part or many, of one picture or several, sizes that tiles do not
// fit, bands that divide a picture and bands that do not, and few pixels.
func TestFastConvolutionsEqualThePlainOnes(t *testing.T) {
	cases := []struct {
		shape     []int
		size      int
		algorithm algorithm
	}{
		{[]int{2, 33, 31, 32}, 3, winograd4},
		{[]int{1, 70, 66, 160}, 3, winograd4}, // In bands of a picture.
		{[]int{1, 76, 66, 160}, 3, winograd4}, // 19 rows of tiles: the last band hangs over.
		{[]int{16, 16, 16, 64}, 3, winograd4}, // Some pictures at a time.
		{[]int{3, 5, 7, 32}, 3, unfolding(same(3))},
		{[]int{3, 9, 5, 48}, 2, unfolding{size: 2}},
		{[]int{2, 33, 31, 8}, 3, nil},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%dx%[1]d of %v", c.size, c.shape), func(t *testing.T) {
			convolve := same(c.size)
			if c.size == 2 {
				convolve = convolution{size: 2}
			}
			outputs := max(c.shape[3], 64)
			if c.algorithm == nil {
				outputs = 4
			}
			exec := compile(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
				x, kernel, v := in[0], in[1], in[2]
				assert.Equal(t, c.algorithm, convolve.fast(x, outputs))
				want := convolve.plain(x, kernel)
				v = Slice(v, AxisRange(), AxisRange(0, want.Shape().Dim(1)), AxisRange(0, want.Shape().Dim(2)))
				y := convolve.of(x, kernel)
				got := append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, v)), x, kernel)...)
				return append(got, want, convolve.plainPictureGradient(v, kernel), convolve.plainKernelGradient(x, v))
			})
			x := random(rng(1), 1, c.shape...)
			kernel := random(rng(2), 1, c.size, c.size, c.shape[3], outputs)
			v := random(rng(3), 1, c.shape[0], c.shape[1], c.shape[2], outputs)
			got := call(t, exec, x.double(), kernel.double(), v.double())
			for i, what := range []string{"result", "gradient of the picture", "gradient of the kernel"} {
				assertClose(t, what, got[3+i], got[i], 1e-10)
			}
		})
	}
}

// As above: a picture at a time, bands that divide one and that hang over, some pictures at a time.
func TestFastUpConvEqualsThePlainOne(t *testing.T) {
	for _, shape := range [][]int{{2, 33, 31, 32}, {1, 70, 66, 160}, {1, 74, 66, 160}, {16, 16, 16, 64}} {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			exec := compile(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
				x, kernel := in[0], in[1]
				assert.Equal(t, algorithm(winogradUp), fastUp(x, 64))
				return []*Node{winogradUp.convolve(x, kernel), upConvolve(x, kernel, doubling)}
			})
			got := call(t, exec, random(rng(1), 1, shape...).double(), random(rng(2), 1, 3, 3, shape[3], 64).double())
			assertClose(t, "result", got[1], got[0], 1e-10)
		})
	}
}

// A kernel updated in the same graph depends on a gradient that has nodes which cannot be differentiated (Pad, from
// Slice). Their gradient is not needed, only the one with respect to the updated kernel.
func TestFastConvolutionAfterAnUpdateInTheSameGraph(t *testing.T) {
	exec := compile(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
		x, kernel := in[0], in[1]
		loss := func(kernel *Node, convolve func(x, kernel *Node) *Node) *Node {
			y := convolve(x, kernel)
			return ReduceAllSum(Square(SliceAxis(y, 0, AxisRange(0, 1))))
		}
		var made []*Node
		for _, convolve := range []func(x, kernel *Node) *Node{same(3).of, same(3).plain} {
			updated := Sub(kernel, MulScalar(Gradient(loss(kernel, convolve), kernel)[0], 1e-3))
			made = append(made, Gradient(loss(updated, convolve), updated)[0])
		}
		return made
	})
	got := call(t, exec, random(rng(1), 1, 2, 4, 5, 64).double(), random(rng(2), 1, 3, 3, 64, 32).double())
	assertClose(t, "gradient", got[1], got[0], 1e-10)
}
