package nn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// winograd is the minimal filtering algorithm F(m×m, 3×3) of Lavin & Gray 2016, section 4: a tile of m×m results of a
// 3×3 convolution is computed from the tile of (m+2)×(m+2) pixels that it sees as
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//
// where the products ⊙, summed over the channels, are (m+2)² matrix products. A tile of 4×4 takes 36 multiplications
// for each channel, instead of 144.
type winograd struct {
	m    int         // The side of a tile of results.
	step int         // How many lines of the picture make m of the result; a tile sees one more on either side.
	bt   [][]float64 // Bᵀ: [products, step+2], of the picture.
	g    [][]float64 // G: [products, 3], of the kernel.
	at   [][]float64 // Aᵀ: [m, products], of the result.
}

// winograd4 is F(4×4, 3×3), section 4.3.
var winograd4 = &winograd{
	m:    4,
	step: 4,
	bt: [][]float64{
		{4, 0, -5, 0, 1, 0},
		{0, -4, -4, 1, 1, 0},
		{0, 4, -4, -1, 1, 0},
		{0, -2, -1, 2, 1, 0},
		{0, 2, -1, -2, 1, 0},
		{0, 4, 0, -5, 0, 1},
	},
	g: [][]float64{
		{1. / 4, 0, 0},
		{-1. / 6, -1. / 6, -1. / 6},
		{-1. / 6, 1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6},
		{0, 0, 1},
	},
	at: [][]float64{
		{1, 1, 1, 1, 1, 0},
		{0, 1, -1, 2, -2, 0},
		{0, 1, 1, 4, 4, 0},
		{0, 1, -1, 8, -8, 1},
	},
}

// winogradUp is F(4×4, 3×3) of a picture doubled by nearest neighbour, as in [UpConv], computed from the picture before
// doubling. A tile of four lines of the result sees the lines p, a, a, b, b, c of the doubled picture. In Bᵀ of
// [winograd4] the columns of the two a add up to one, and so do those of the two b. Its third row becomes zero, so that
// one line each of G and A is not needed: 25 multiplications instead of 36.
var winogradUp = &winograd{
	m:    4,
	step: 2,
	bt: [][]float64{
		{4, -5, 1, 0},
		{0, -8, 2, 0},
		{0, -3, 3, 0},
		{0, 1, -1, 0},
		{0, 4, -5, 1},
	},
	g: [][]float64{
		{1. / 4, 0, 0},
		{-1. / 6, -1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6},
		{0, 0, 1},
	},
	at: [][]float64{
		{1, 1, 1, 1, 0},
		{0, 1, 2, -2, 0},
		{0, 1, 4, 4, 0},
		{0, 1, 8, -8, 1},
	},
}

// convolve convolves with a 3×3 kernel.
//
//	x: [batch, height, width, inputs], kernel: [3, 3, inputs, outputs] → [batch, m/step·height, m/step·width, outputs]
func (w *winograd) convolve(x, kernel *Node) *Node {
	g := constant(x, w.g)
	kernel = Einsum("ih,hwco->iwco", g, kernel)
	kernel = Einsum("jw,iwco->jico", g, kernel)
	kernel = places(kernel)

	outputs := kernel.Shape().Dim(2)
	p := w.partsOf(x, outputs)
	y := p.each(p.shape(outputs), x, kernel, func(part part, y, x, kernel *Node) *Node {
		product := Dot(w.ofPicture(part.of(x, w.step, 1)), kernel).General([]int{2}, []int{0}, []int{1}, []int{0})
		return part.in(y, w.toPicture(product, p))
	})
	return p.cropped(y)
}

// pictureGradient is [convolution.pictureGradient] of such a convolution.
func (w *winograd) pictureGradient(v, kernel *Node) *Node { return w.convolve(v, reverse(kernel)) }

// kernelGradient is [convolution.kernelGradient] of such a convolution. All steps from a kernel to the result are
// linear, so the gradient takes the same matrices, transposed.
func (w *winograd) kernelGradient(x, v *Node) *Node {
	inputs, outputs := x.Shape().Dim(3), v.Shape().Dim(3)
	p := w.partsOf(x, outputs)
	shape := shapes.Make(x.DType(), len(w.g)*len(w.g), inputs, outputs)
	kernel := p.each(shape, x, v, func(part part, kernel, x, v *Node) *Node {
		d, dv := w.ofPicture(part.of(x, w.step, 1)), w.ofResult(part.of(v, w.m, 0))
		return Add(kernel, Dot(d, dv).General([]int{1}, []int{0}, []int{1}, []int{0}))
	})
	kernel = Reshape(kernel, len(w.g), len(w.g), inputs, outputs)
	g := constant(x, w.g)
	kernel = Einsum("ih,jico->jhco", g, kernel)
	return Einsum("jw,jhco->hwco", g, kernel)
}

// parts divides a batch into parts that are processed one after another, so that the tiles of a part stay in the CPU's
// cache: some pictures at a time, or some rows of one picture.
type parts struct {
	batch, height, width  int // Of the whole result.
	dtype                 dtypes.DType
	images, rows, columns int // Of a part: pictures, rows of tiles and columns of tiles.
	bands, n              int // Number of parts of a picture, and of the batch.
	m                     int // The side of a tile of results.
}

// partNumbers is the maximum number of values in the tiles of a part, if that is possible.
const partNumbers = 1 << 20

// partsOf divides a batch into parts.
func (w *winograd) partsOf(x *Node, outputs int) parts {
	batch, height, width, inputs := dims4("winograd", x)
	p := parts{
		batch:  batch,
		height: height * w.m / w.step,
		width:  width * w.m / w.step,
		dtype:  x.DType(),
		images: 1,
		m:      w.m,
		bands:  1,
	}
	rows := divideUp(height, w.step)
	p.columns = divideUp(width, w.step)
	ofRow := len(w.bt) * len(w.bt) * p.columns * max(inputs, outputs)
	p.rows = min(max(partNumbers/ofRow, 1), rows)
	p.bands = divideUp(rows, p.rows)
	p.rows = divideUp(rows, p.bands)
	for some := p.rows; 2*some > p.rows; some-- { // Fewer rows if they divide evenly: cropped copies otherwise.
		if rows%some == 0 {
			p.rows, p.bands = some, rows/some
			break
		}
	}
	for p.bands == 1 && p.images < batch && batch%(2*p.images) == 0 && 2*p.images*rows*ofRow <= partNumbers {
		p.images *= 2
	}
	p.n = p.bands * batch / p.images
	return p
}

// cropped cuts off the parts of tiles outside the result.
func (p parts) cropped(x *Node) *Node {
	return Slice(x, AxisRange(), AxisRange(0, p.height), AxisRange(0, p.width))
}

// shape is the shape of results before cropping.
func (p parts) shape(channels int) shapes.Shape {
	return shapes.Make(p.dtype, p.batch, p.bands*p.rows*p.m, p.columns*p.m, channels)
}

// zerosOf returns zeros that depend on a node. Plain Zeros would be shared by all loops: XLA copies them for each loop
// at the start of a program, and keeps the copies until the loop's turn.
func zerosOf(x *Node, shape shapes.Shape) *Node {
	one := make([]SliceAxisSpec, x.Rank())
	for i := range one {
		one[i] = AxisElem(0)
	}
	zero := Mul(Reshape(Slice(x, one...)), ScalarZero(x.Graph(), x.DType()))
	return BroadcastToDims(zero, shape.Dimensions...)
}

// part is one of the parts, by its number.
type part struct {
	parts
	number *Node
}

// each runs step for one part after the other, with two inputs. step also gets total, the result of the step before,
// which starts as zeros. The inputs are part of the loop's state because GoMLX does not see that the result depends on
// nodes that a closure captures.
func (p parts) each(shape shapes.Shape, a, b *Node, step func(part part, total, a, b *Node) *Node) *Node {
	g := a.Graph()
	first, total := Const(g, int32(0)), zerosOf(a, shape)
	if p.n == 1 {
		return step(part{p, first}, total, a, b)
	}
	state := func(g *Graph) []*Node {
		parameters := []*Node{Parameter(g, "number", first.Shape()), Parameter(g, "total", shape)}
		return append(parameters, Parameter(g, "a", a.Shape()), Parameter(g, "b", b.Shape()))
	}
	more := NewClosure(g, func(g *Graph) []*Node { return []*Node{LessThan(state(g)[0], Const(g, int32(p.n)))} })
	body := NewClosure(g, func(g *Graph) []*Node {
		s := state(g)
		number, total, a, b := s[0], s[1], s[2], s[3]
		return []*Node{Add(number, Const(g, int32(1))), step(part{p, number}, total, a, b), a, b}
	})
	return While(more, body, first, total, a, b)[1]
}

// image is the index of the part's first picture.
func (p part) image() *Node { return Mul(Div(p.number, p.int(p.bands)), p.int(p.images)) }

// row is the part's first line, in a picture whose tiles are side lines apart.
func (p part) row(side int) *Node { return Mul(Mod(p.number, p.int(p.bands)), p.int(p.rows*side)) }

// int returns a constant for calculations with the part's number.
func (p part) int(n int) *Node { return Const(p.number.Graph(), int32(n)) }

// of cuts the part out of pictures whose tiles are side lines apart, with a frame around it: lines of its neighbours,
// and zeros outside the picture. The whole picture is never padded: XLA would keep the padded copy in memory until the
// gradient needs it.
//
//	x: [batch, height, width, channels] → [images, frame + rows·side + frame, frame + columns·side + frame, channels]
func (p part) of(x *Node, side, frame int) *Node {
	height, width, channels := x.Shape().Dim(1), x.Shape().Dim(2), x.Shape().Dim(3)
	lines := frame + p.rows*side + frame
	if p.bands == 1 {
		if p.n > 1 {
			x = DynamicSlice(x, []*Node{p.image(), p.int(0), p.int(0), p.int(0)}, []int{p.images, height, width, channels})
		}
		x = padAxis(x, 1, frame, lines-frame-height)
	} else {
		// The existing lines are padded with more zeros than needed, and the right ones are cut out.
		there := min(lines, height)
		start := Sub(p.row(side), p.int(frame))
		from := Min(Max(start, p.int(0)), p.int(height-there))
		x = DynamicSlice(x, []*Node{p.image(), from, p.int(0), p.int(0)}, []int{1, there, width, channels})
		x = padAxis(x, 1, frame, p.bands*p.rows*side+frame-height)
		offset := Add(Sub(start, from), p.int(frame))
		x = DynamicSlice(x, []*Node{p.int(0), offset, p.int(0), p.int(0)}, []int{1, lines, width, channels})
	}
	return padAxis(x, 2, frame, p.columns*side-width+frame)
}

// in writes the part into the whole result.
func (p part) in(whole, x *Node) *Node {
	if p.n == 1 {
		return x
	}
	return DynamicUpdateSlice(whole, x, []*Node{p.image(), p.row(p.m), p.int(0), p.int(0)})
}

// ofPicture splits a picture into tiles and transforms them, Bᵀ d B.
//
//	x: [images, step·rows+2, step·columns+2, channels] → [products², images·rows·columns, channels]
func (w *winograd) ofPicture(x *Node) *Node {
	rows, columns := (x.Shape().Dim(1)-2)/w.step, (x.Shape().Dim(2)-2)/w.step
	x = mix(w.bt, everyOther(x, 1, w.step, rows, w.step+2), 0)    // [products, images, rows, …, channels]
	x = mix(w.bt, everyOther(x, 3, w.step, columns, w.step+2), 0) // [products, products, images, rows, columns, channels]
	return places(x)
}

// ofResult splits an array of the result's shape into tiles and transforms them, A v Aᵀ: the transpose of toPicture.
//
//	v: [images, m·rows, m·columns, channels] → [products², images·rows·columns, channels]
func (w *winograd) ofResult(v *Node) *Node {
	rows, columns := v.Shape().Dim(1)/w.m, v.Shape().Dim(2)/w.m
	a := transposed(w.at)
	v = mix(a, everyOther(v, 1, w.m, rows, w.m), 0)
	v = mix(a, everyOther(v, 3, w.m, columns, w.m), 0)
	return places(v)
}

// toPicture transforms the tiles of results and joins them, Aᵀ y A.
//
//	y: [products², images·rows·columns, channels] → [images, m·rows, m·columns, channels]
func (w *winograd) toPicture(y *Node, p parts) *Node {
	y = Reshape(y, len(w.bt), len(w.bt), p.images, p.rows, p.columns, -1)
	y = mix(w.at, split(y), 4) // [products, images, rows, columns, m, channels]
	y = mix(w.at, split(y), 2) // [images, rows, m, columns, m, channels]
	return Reshape(y, p.images, p.rows*w.m, p.columns*w.m, -1)
}

// divideUp is a/b, rounded up.
func divideUp(a, b int) int { return (a + b - 1) / b }

// places merges the two axes of the place in a tile, and all others but the channels.
//
//	x: [products, products, ..., channels] → [products², ..., channels]
func places(x *Node) *Node {
	dims := x.Shape().Dimensions
	return Reshape(x, dims[0]*dims[1], -1, dims[len(dims)-1])
}

// everyOther returns n pictures; the i-th has count lines along an axis: line i and then every step-th.
func everyOther(x *Node, axis, step, count, n int) []*Node {
	lines := make([]*Node, n)
	for i := range lines {
		lines[i] = SliceAxis(x, axis, AxisRange(i, i+(count-1)*step+1).Stride(step))
	}
	return lines
}

// split splits the first axis into its elements.
func split(x *Node) []*Node {
	parts := make([]*Node, x.Shape().Dim(0))
	for i := range parts {
		parts[i] = Squeeze(SliceAxis(x, 0, AxisElem(i)), 0)
	}
	return parts
}

// mix multiplies a list of nodes by a matrix, Σ_k matrix[i, k] · x[k], and stacks the results along a new axis. Most
// entries are 0, 1 or −1, which cost nothing in this form.
func mix(matrix [][]float64, x []*Node, axis int) *Node {
	sums := make([]*Node, len(matrix))
	for i, row := range matrix {
		for k, factor := range row {
			if factor == 0 {
				continue
			}
			term := x[k]
			if factor != 1 {
				// Not MulScalar: GoMLX caches scalars for the whole graph, even those made in the body of a loop.
				term = Mul(term, ConstAsDType(term.Graph(), term.DType(), factor))
			}
			if sums[i] == nil {
				sums[i] = term
			} else {
				sums[i] = Add(sums[i], term)
			}
		}
	}
	return Stack(sums, axis)
}

// constant returns a matrix as a node of the type of x.
func constant(x *Node, matrix [][]float64) *Node { return ConstAsDType(x.Graph(), x.DType(), matrix) }

// transposed transposes a matrix.
func transposed(matrix [][]float64) [][]float64 {
	t := make([][]float64, len(matrix[0]))
	for i := range t {
		for _, row := range matrix {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}
