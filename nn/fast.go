package nn

import (
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// algorithm computes a [convolution] faster on a CPU than XLA does.
type algorithm interface {
	convolve(x, kernel *Node) *Node
	pictureGradient(v, kernel *Node) *Node
	kernelGradient(x, v *Node) *Node
}

// fast chooses an algorithm, or nil for XLA's own.
func (c convolution) fast(x *Node, outputs int) algorithm {
	batch, height, width, inputs := dims4("convolution", x)
	pixels := batch * height * width
	const few = 512
	switch {
	case plainly(x.Graph()), !onCPU(x.Graph()), min(inputs, outputs) < 32, inputs*outputs < 32*64:
		return nil
	case pixels <= few:
		return unfolding(c)
	case c == same(3):
		return winograd4
	default:
		return nil
	}
}

// fastUp chooses an algorithm for [UpConv].
func fastUp(x *Node, outputs int) algorithm {
	if fast := same(3).fast(x, outputs); fast == algorithm(winograd4) {
		return winogradUp
	}
	return nil
}

// plainlyKey is the key of the graph state that [Plainly] sets.
type plainlyKey struct{}

// Plainly makes all convolutions built in a graph from now on XLA's own. On a CPU these run up to twice as long as
// those of this package, but compile in a third of the time: choose them for programs that run only a few times.
// Convolutions of videos then have no gradient.
func Plainly(g *Graph) { g.AttachState(plainlyKey{}, true) }

// plainly reports whether [Plainly] was called.
func plainly(g *Graph) bool { return g.State(plainlyKey{}) != nil }

// onCPU reports whether a graph is for XLA on a CPU. On a GPU, cuDNN has fast algorithms itself, and GoMLX's pure-Go
// backend lacks operations that ours need.
func onCPU(g *Graph) bool {
	return g.Backend().Name() == "xla" && !strings.Contains(strings.ToLower(g.Backend().Description()), "cuda")
}

// withFast builds a node with a fast algorithm, if any, that keeps the gradient of the plain node. XLA drops the branch
// that is never taken, so the plain node is not run.
func withFast(fast algorithm, plain *Node, build func(by algorithm) *Node) *Node {
	if fast == nil {
		return plain
	}
	y := Where(Const(plain.Graph(), true), build(fast), plain)
	return withGradient(y, func(v *Node) []*Node { return []*Node{nil, nil, v} })
}

// unfolding is a convolution as one matrix product, in which all pixels that a result sees form a row. XLA does the
// same with the kernel's axes in another order; with few pixels and many channels, transposing the kernel takes most of
// the time.
type unfolding convolution

func (u unfolding) convolve(x, kernel *Node) *Node {
	rows := u.rows(x)
	outputs := kernel.Shape().Dim(3)
	return Dot(rows, Reshape(kernel, -1, outputs)).General([]int{3}, nil, []int{0}, nil)
}

func (u unfolding) pictureGradient(v, kernel *Node) *Node {
	inputs, outputs := kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	// [batch, height', width', size·size·inputs]
	rows := Dot(v, Reshape(kernel, -1, outputs)).General([]int{3}, nil, []int{1}, nil)
	var x *Node
	for i := range u.size {
		for j := range u.size {
			tap := SliceAxis(rows, 3, AxisRange((i*u.size+j)*inputs, (i*u.size+j+1)*inputs))
			tap = padAxis(padAxis(tap, 1, i, u.size-1-i), 2, j, u.size-1-j)
			if x == nil {
				x = tap
			} else {
				x = Add(x, tap)
			}
		}
	}
	vertical, horizontal := u.padding[0], u.padding[1]
	return Slice(
		x,
		AxisRange(),
		AxisRange(vertical[0], x.Shape().Dim(1)-vertical[1]),
		AxisRange(horizontal[0], x.Shape().Dim(2)-horizontal[1]),
	)
}

func (u unfolding) kernelGradient(x, v *Node) *Node {
	inputs, outputs := x.Shape().Dim(3), v.Shape().Dim(3)
	rows := u.rows(x)
	kernel := Dot(Reshape(rows, -1, u.size*u.size*inputs), Reshape(v, -1, outputs)).General([]int{0}, nil, []int{0}, nil)
	return Reshape(kernel, u.size, u.size, inputs, outputs)
}

// rows gathers the pixels that each result sees, in the order of the kernel's axes.
//
//	x: [batch, height, width, inputs] → [batch, height of the result, width of the result, size·size·inputs]
func (u unfolding) rows(x *Node) *Node {
	for i, lines := range u.padding {
		x = padAxis(x, i+1, lines[0], lines[1])
	}
	height, width := x.Shape().Dim(1)-u.size+1, x.Shape().Dim(2)-u.size+1
	var taps []*Node
	for i := range u.size {
		for j := range u.size {
			taps = append(taps, Slice(x, AxisRange(), AxisRange(i, i+height), AxisRange(j, j+width)))
		}
	}
	return Concatenate(taps, 3)
}
