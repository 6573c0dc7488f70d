package flow

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"
)

// Options are the arguments of OpenCV's calcOpticalFlowFarneback, with the same meaning and their names spelled out.
type Options struct {
	// PyramidScale is the size of a pyramid level relative to the level below, in (0, 1).
	PyramidScale float64
	// Levels is the number of levels above the frames themselves; those with fewer than 32 pixels on a side are left out.
	Levels int
	// Window is the side of the averaging window in pixels. A larger window is more robust to noise but blurs the motion.
	Window int
	// Iterations is the number of refinements at each level.
	Iterations int
	// PolyRadius is the radius in pixels of the neighbourhood that a polynomial is fitted to, and PolySigma the standard
	// deviation of the fit's Gaussian weights.
	PolyRadius int
	PolySigma  float64
	// Gaussian averages with a Gaussian window instead of a box, which is slower and more accurate.
	Gaussian bool
}

// Default are the arguments of OpenCV's tutorials.
func Default() Options {
	return Options{PyramidScale: 0.5, Levels: 3, Window: 15, Iterations: 3, PolyRadius: 5, PolySigma: 1.2}
}

// Validate returns an error that names every invalid argument.
func (o Options) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(
		o.PyramidScale > 0 && o.PyramidScale < 1, "the pyramid's scale is %g: it must be between 0 and 1", o.PyramidScale,
	)
	// The upper ends are beyond all sensible use: a typing error is to be named, and not to exhaust the memory.
	check(o.Levels >= 0 && o.Levels <= 100, "the levels are %d: they must be from 0 to 100", o.Levels)
	check(o.Window >= 1 && o.Window <= 1000, "the window is %d: it must be from 1 to 1000", o.Window)
	check(o.Iterations >= 1 && o.Iterations <= 1000, "the iterations are %d: they must be from 1 to 1000", o.Iterations)
	check(o.PolyRadius >= 1 && o.PolyRadius <= 100,
		"the polynomial's radius is %d: it must be from 1 to 100", o.PolyRadius)
	check(o.PolySigma > 0 && o.PolySigma <= 1000,
		"the polynomial's sigma is %g: it must be positive, and at most 1000", o.PolySigma)
	return errors.Join(errs...)
}

// Axes of a plane.
const (
	vertical   = 1
	horizontal = 2
)

// Farneback estimates the displacement of each pixel from one frame to another (Farnebäck 2003, "Two-frame motion
// estimation based on polynomial expansion"), as OpenCV's calcOpticalFlowFarneback does. If several consecutive pairs
// share their first frame, from holds it once; each of its frames must have the same number of pairs.
//
//	from: grey [videos, height, width] in [0, 255]
//	to: [batch, height, width], batch a multiple of videos
//	initial: a flow to start from, or nil
//	→ flow [batch, height, width, 2]: displacements to the right and down, in pixels
func Farneback(from, to, initial *Node, options Options) *Node {
	batch, height, width := to.Shape().Dim(0), to.Shape().Dim(vertical), to.Shape().Dim(horizontal)
	var x, y *Node // The flow.
	for level := options.levels(height, width); level >= 0; level-- {
		scale := math.Pow(options.PyramidScale, float64(level))
		h, w := round(float64(height)*scale), round(float64(width)*scale)
		switch {
		case x != nil:
			x, y = grow(x, h, w, options.PyramidScale), grow(y, h, w, options.PyramidScale)
		case initial != nil:
			x, y = shrink(part(initial, 0), h, w, scale), shrink(part(initial, 1), h, w, scale)
		default:
			x = Zeros(to.Graph(), shapes.Make(to.DType(), batch, h, w))
			y = x
		}
		first, second := options.expand(blurred(from, scale, h, w)), options.expand(blurred(to, scale, h, w))
		for range options.Iterations {
			x, y = solve(options.average(compare(first, warp(second, x, y), x, y)))
		}
	}
	return Stack([]*Node{x, y}, -1)
}

// levels is the number of the coarsest level.
func (o Options) levels(height, width int) int {
	const smallest = 32
	level, scale := 0, 1.0
	for ; level < o.Levels; level++ {
		if scale *= o.PyramidScale; float64(min(height, width))*scale < smallest {
			break
		}
	}
	return level
}

// polynomial approximates a frame around each pixel (equation 4.1), without its constant: y·p_y + x·p_x + y²·p_yy +
// x²·p_xx + xy·p_xy, each [batch, height, width].
type polynomial struct{ y, x, yy, xx, xy *Node }

// expand fits the polynomials by least squares, weighted by a Gaussian around the pixel. Gaussians are separable: first
// down the columns, then along the rows.
func (o Options) expand(frame *Node) polynomial {
	n := o.PolyRadius
	weights := gaussian(n, o.PolySigma)
	linear, square := make([]float64, len(weights)), make([]float64, len(weights))
	for i, weight := range weights {
		linear[i], square[i] = weight*float64(i-n), weight*float64((i-n)*(i-n))
	}
	down := window(frame, vertical, n)
	rows := window(down(weights), horizontal, n)
	rowsY := window(down(linear), horizontal, n)
	rowsYY := window(down(square), horizontal, n)

	b1 := rows(weights)
	inverse := dual(weights, n)
	return polynomial{
		y:  MulScalar(rowsY(weights), inverse.linear),
		x:  MulScalar(rows(linear), inverse.linear),
		yy: Add(MulScalar(b1, inverse.constant), MulScalar(rowsYY(weights), inverse.square)),
		xx: Add(MulScalar(b1, inverse.constant), MulScalar(rows(square), inverse.square)),
		xy: MulScalar(rowsY(linear), inverse.mixed),
	}
}

// duals are the factors that turn the products of a frame with 1, x, x² and xy into coefficients: entries of the
// inverse of these functions' Gram matrix.
type duals struct{ linear, constant, square, mixed float64 }

func dual(weights []float64, n int) duals {
	basis := func(y, x float64) []float64 { return []float64{1, y, x, y * y, x * x, x * y} }
	products := mat.NewSymDense(6, nil)
	for i, wy := range weights {
		for j, wx := range weights {
			b := mat.NewVecDense(6, basis(float64(i-n), float64(j-n)))
			products.SymRankOne(products, wy*wx, b)
		}
	}
	var factors mat.Cholesky
	if !factors.Factorize(products) {
		panic(fmt.Errorf("a neighbourhood of radius %d with weights %v does not determine a polynomial", n, weights))
	}
	var inverse mat.SymDense
	if err := factors.InverseTo(&inverse); err != nil {
		panic(err)
	}
	return duals{linear: inverse.At(1, 1), constant: inverse.At(0, 3), square: inverse.At(3, 3), mixed: inverse.At(5, 5)}
}

// borders are the weights of pixels by their distance from the border.
var borders = []float64{0.14, 0.14, 0.4472, 0.4472, 0.4472}

// equations are the two linear equations for each pixel's flow (equation 7.28): yy, yx and xx of the symmetric matrix
// AᵀA, and y and x of Aᵀ∆b, [5, batch, height, width].
type equations struct{ *Node }

// compare compares the polynomial of each pixel with the one at the position that the flow gives.
func compare(here polynomial, found sample, x, y *Node) equations {
	// Outside the frame there is nothing to compare with, so the pixel's own coefficients are used.
	half := func(own, other *Node) *Node {
		own = forEach(own, other)
		return MulScalar(Add(own, Where(found.inside, other, own)), 0.5)
	}
	ayy, axx, axy := half(here.yy, found.yy), half(here.xx, found.xx), MulScalar(half(here.xy, found.xy), 0.5)
	difference := func(own, other *Node) *Node {
		return MulScalar(Sub(forEach(own, other), Where(found.inside, other, ZerosLike(x))), 0.5)
	}
	by := Add(difference(here.y, found.y), Add(Mul(ayy, y), Mul(axy, x)))
	bx := Add(difference(here.x, found.x), Add(Mul(axy, y), Mul(axx, x)))
	weight := Square(borderWeights(x)) // Each of the products below has two weighted factors.
	products := Stack([]*Node{
		Add(Square(ayy), Square(axy)),
		Mul(Add(ayy, axx), axy),
		Add(Square(axx), Square(axy)),
		Add(Mul(ayy, by), Mul(axy, bx)),
		Add(Mul(axy, by), Mul(axx, bx)),
	}, 0)
	return equations{Mul(products, InsertAxes(weight, 0))}
}

// forEach repeats the planes of each video for all of its frames.
func forEach(planes, frames *Node) *Node {
	videos, batch, height, width := planes.Shape().
		Dim(0),
		frames.Shape().
			Dim(0),
		frames.Shape().
			Dim(vertical),
		frames.Shape().
			Dim(horizontal)
	return Reshape(BroadcastToDims(InsertAxes(planes, 1), videos, batch/videos, height, width), batch, height, width)
}

// sample holds the polynomials at other positions, and whether these are inside the frame.
type sample struct {
	polynomial
	inside *Node
}

// warp interpolates the polynomials at the positions that the flow gives for each pixel, bilinearly.
func warp(p polynomial, x, y *Node) sample {
	batch, height, width := x.Shape().Dim(0), x.Shape().Dim(vertical), x.Shape().Dim(horizontal)
	g := x.Graph()
	coordinate := func(axis int, flow *Node) (whole, fraction, inside *Node) {
		at := Add(Iota(g, x.Shape(), axis), flow)
		whole = Floor(at)
		last := float64(x.Shape().Dim(axis) - 2)
		inside = LogicalAnd(GreaterOrEqual(whole, ZerosLike(whole)), LessOrEqual(whole, Scalar(g, x.DType(), last)))
		return ConvertDType(ClipScalar(whole, 0, last), dtypes.Int32), Sub(at, whole), inside
	}
	top, fractionY, insideY := coordinate(vertical, y)
	left, fractionX, insideX := coordinate(horizontal, x)

	picture := Iota(g, shapes.Make(dtypes.Int32, batch, height, width), 0)
	corner := InsertAxes(Add(Add(MulScalar(picture, height*width), MulScalar(top, width)), left), -1)
	all := OptimizationBarrier(Reshape(Stack([]*Node{p.y, p.x, p.yy, p.xx, p.xy}, -1), batch*height*width, 5))
	pixel := func(dy, dx int) *Node { return Gather(all, AddScalar(corner, dy*width+dx)) }
	mix := func(a, b, share *Node) *Node { return Add(a, Mul(Sub(b, a), InsertAxes(share, -1))) }
	upper, lower := mix(pixel(0, 0), pixel(0, 1), fractionX), mix(pixel(1, 0), pixel(1, 1), fractionX)
	// Without the barrier XLA would repeat the sampling for each of the equations.
	values := OptimizationBarrier(mix(upper, lower, fractionY))
	return sample{
		polynomial{part(values, 0), part(values, 1), part(values, 2), part(values, 3), part(values, 4)},
		LogicalAnd(insideY, insideX),
	}
}

// borderWeights are the weights of the pixels, [1, height, width]. They are small near the border, where polynomials
// are fitted to pixels outside the frame.
func borderWeights(like *Node) *Node {
	axis := func(length int) []float32 {
		weights := make([]float32, length)
		for i := range weights {
			weights[i] = 1
			for _, distance := range []int{i, length - 1 - i} {
				if distance < len(borders) {
					weights[i] *= float32(borders[distance])
				}
			}
		}
		return weights
	}
	g := like.Graph()
	down, along := Const(g, axis(like.Shape().Dim(vertical))), Const(g, axis(like.Shape().Dim(horizontal)))
	return Mul(Reshape(down, 1, -1, 1), Reshape(along, 1, 1, -1))
}

// average averages the equations over a window.
func (o Options) average(e equations) equations {
	radius := o.Window / 2
	weights := make([]float64, 2*radius+1)
	if o.Gaussian {
		weights = gaussian(radius, 0.3*float64(radius))
	} else {
		for i := range weights {
			weights[i] = 1 / float64(o.Window)
		}
	}
	dims := e.Shape().Dimensions
	planes := Reshape(e.Node, dims[0]*dims[1], dims[2], dims[3])
	down := window(planes, vertical, radius)(weights)
	return equations{Reshape(window(down, horizontal, radius)(weights), dims...)}
}

// solve solves the equations of each pixel.
func solve(e equations) (x, y *Node) {
	means := OptimizationBarrier(e.Node)
	mean := func(i int) *Node { return Squeeze(SliceAxis(means, 0, AxisElem(i)), 0) }
	yy, yx, xx, by, bx := mean(0), mean(1), mean(2), mean(3), mean(4)
	determinant := AddScalar(Sub(Mul(yy, xx), Square(yx)), 1e-3)
	x = Div(Sub(Mul(yy, bx), Mul(yx, by)), determinant)
	y = Div(Sub(Mul(xx, by), Mul(yx, bx)), determinant)
	return x, y
}

// small is the length of an axis up to which sums along it are computed as products with a matrix: that is as fast and
// compiles sooner.
const small = 64

// window returns a function that sums an axis of planes around each pixel, with the border repeated: Σ
// weights[k]·x[i+k−radius].
func window(x *Node, axis, radius int) func(weights []float64) *Node {
	length := x.Shape().Dim(axis)
	if length > small {
		padded := pad(x, axis, radius)
		return func(weights []float64) *Node { return correlate(padded, axis, weights) }
	}
	return func(weights []float64) *Node {
		m := mat.NewDense(length, length, nil)
		for i := range length {
			for k, weight := range weights {
				from := min(max(i+k-radius, 0), length-1)
				m.Set(i, from, m.At(i, from)+weight)
			}
		}
		return product(x, axis, m)
	}
}

// correlate sums an axis of a padded plane, which becomes shorter by len(weights)−1: Σ weights[k]·x[i+k].
func correlate(x *Node, axis int, weights []float64) *Node {
	length := x.Shape().Dim(axis) - len(weights) + 1
	var sum *Node
	for k, weight := range weights {
		if weight == 0 {
			continue
		}
		term := MulScalar(SliceAxis(x, axis, AxisRange(k, k+length)), weight)
		if sum == nil {
			sum = term
		} else {
			sum = Add(sum, term)
		}
	}
	return sum
}

// pad repeats the border of an axis.
func pad(x *Node, axis, radius int) *Node {
	if radius == 0 {
		return x
	}
	last := x.Shape().Dim(axis) - 1
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = radius
	before := BroadcastToDims(SliceAxis(x, axis, AxisRange(0, 1)), dims...)
	after := BroadcastToDims(SliceAxis(x, axis, AxisRange(last, last+1)), dims...)
	// The padded plane is read many times, so it must be materialised.
	return OptimizationBarrier(Concatenate([]*Node{before, x, after}, axis))
}

// blurred returns a frame at a scale of the pyramid: blurred accordingly, and resampled to height × width.
func blurred(frame *Node, scale float64, height, width int) *Node {
	sigma := (1/scale - 1) / 2
	size := max(round(sigma*5)|1, 3)
	kernel := []float64{0.25, 0.5, 0.25} // OpenCV uses this for a deviation of 0.
	if sigma > 0 {
		kernel = gaussian(size/2, sigma)
	}
	// Not as a product of two full matrices: both are nearly all 0, and for a large frame it would take seconds.
	along := func(from, to int) *mat.Dense {
		sampled, m := linear(from, to), mat.NewDense(to, from, nil)
		for i := range to {
			for j, share := range sampled.RawRowView(i) {
				if share == 0 {
					continue
				}
				for k, weight := range kernel {
					at := reflect(j+k-size/2, from)
					m.Set(i, at, m.At(i, at)+share*weight)
				}
			}
		}
		return m
	}
	return resample(frame, along(frame.Shape().Dim(vertical), height), along(frame.Shape().Dim(horizontal), width))
}

// grow enlarges a component of a flow to the next level.
func grow(flow *Node, height, width int, scale float64) *Node {
	h, w := flow.Shape().Dim(vertical), flow.Shape().Dim(horizontal)
	return MulScalar(resample(flow, linear(h, height), linear(w, width)), 1/scale)
}

// shrink brings a component of a flow to the first level.
func shrink(flow *Node, height, width int, scale float64) *Node {
	h, w := flow.Shape().Dim(vertical), flow.Shape().Dim(horizontal)
	return MulScalar(resample(flow, area(h, height), area(w, width)), scale)
}

// resample multiplies the columns and the rows of planes by matrices.
func resample(x *Node, down, along *mat.Dense) *Node {
	return product(product(x, vertical, down), horizontal, along)
}

// block is the number of rows of a matrix that are multiplied at once, without the columns in which they are all 0.
const block = 64

// product multiplies an axis of planes by a matrix that is 0 far from its diagonal.
func product(x *Node, axis int, m *mat.Dense) *Node {
	equation := map[int]string{vertical: "bhw,yh->byw", horizontal: "bhw,xw->bhx"}[axis]
	rows, _ := m.Dims()
	var blocks []*Node
	for start := 0; start < rows; start += block {
		end := min(start+block, rows)
		first, last := filled(m, start, end)
		var values []float32
		for row := start; row < end; row++ {
			for _, v := range m.RawRowView(row)[first : last+1] {
				values = append(values, float32(v))
			}
		}
		matrix := Reshape(Const(x.Graph(), values), end-start, last+1-first)
		blocks = append(blocks, Einsum(equation, SliceAxis(x, axis, AxisRange(first, last+1)), matrix))
	}
	return Concatenate(blocks, axis)
}

// filled returns the first and the last column in which some row of a matrix is not 0, or 0 and 0 if there is none.
func filled(m *mat.Dense, start, end int) (first, last int) {
	_, columns := m.Dims()
	first = columns
	for row := start; row < end; row++ {
		for column, v := range m.RawRowView(row) {
			if v != 0 {
				first, last = min(first, column), max(last, column)
			}
		}
	}
	return min(first, last), last
}

// part returns one component of an array with several components for each pixel.
func part(x *Node, i int) *Node { return Squeeze(SliceAxis(x, -1, AxisElem(i)), -1) }
