package esrgan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Pixels is a picture of floating-point numbers.
type Pixels struct {
	Width, Height int
	// RGB is [height, width, 3] in [0, 1].
	RGB []float32
}

// PixelsOf returns the colours of a picture, without its alpha channel and not premultiplied.
func PixelsOf(picture *image.NRGBA) Pixels {
	size := picture.Rect.Size()
	p := Pixels{size.X, size.Y, make([]float32, 0, size.X*size.Y*3)}
	for y := range size.Y {
		row := picture.Pix[y*picture.Stride:][:4*size.X]
		for i := 0; i < len(row); i += 4 {
			p.RGB = append(p.RGB, float32(row[i])/255, float32(row[i+1])/255, float32(row[i+2])/255)
		}
	}
	return p
}

// Image rounds to 8 bits, opaque.
func (p Pixels) Image() *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		for c := range 3 {
			picture.Pix[4*i+c] = uint8(min(max(p.RGB[3*i+c], 0), 1)*255 + 0.5)
		}
		picture.Pix[4*i+3] = 255
	}
	return picture
}

// at returns a copy of a part of the picture.
func (p Pixels) at(part image.Rectangle) Pixels {
	c := Pixels{part.Dx(), part.Dy(), make([]float32, 0, part.Dx()*part.Dy()*3)}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		row := p.RGB[y*p.Width*3:]
		c.RGB = append(c.RGB, row[part.Min.X*3:part.Max.X*3]...)
	}
	return c
}

// Upscaler enlarges pictures by a trained network. It is for one goroutine.
type Upscaler struct {
	// Name is the network's name, for figures and messages.
	Name string
	// Scale is the factor by which a picture's height and width grow.
	Scale int
	// Overlap is the number of pixels of the small picture that a tile sees beyond its kept part, on each side. Pixels
	// farther away must not change the kept part by more than 1/255. [NewUpscaler] sets it to [DefaultOverlap].
	Overlap int
	// Often is a hint that many tiles of one size will come. Their program then takes longer to compile and less to run;
	// otherwise that program is only made once it is worthwhile.
	Often bool

	backend      compute.Backend
	network      func(scope *model.Scope, x *Node) *Node
	store        *model.Store
	plain, quick programs
	done         map[image.Point]int // Pixels enlarged so far, by size of tile.
}

// programs are the compiled programs, by size of tile.
type programs struct {
	exec  *model.Exec
	sizes map[image.Point]bool
}

// NewUpscaler returns an upscaler for a network, which is compiled for each size of tile on first use. The weights are
// the network's variables, by path without the leading slash; missing or surplus ones are an error.
//
//	network: x [1, height, width, 3] in [0, 1] → [1, scale·height, scale·width, 3]
func NewUpscaler(
	backend compute.Backend, name string, scale int,
	network func(scope *model.Scope, x *Node) *Node, weights map[string]*tensors.Tensor,
) (*Upscaler, error) {
	u := &Upscaler{
		Name: name, Scale: scale, Overlap: DefaultOverlap, backend: backend, network: network,
		store: model.NewStore(), done: map[image.Point]int{},
	}
	given := maps.Clone(lab.Weights(weights))
	given.Into(u.store)
	if err := u.check(weights, given); err != nil {
		u.Close()
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	return u, nil
}

// check builds the network for a small picture, without compiling it, to check that it has exactly the weights and the
// right scale. given are the weights that the network has not asked for yet.
func (u *Upscaler) check(weights, given lab.Weights) error {
	const side = 8
	build := func(store *model.Store) (shape shapes.Shape, err error) {
		g := NewGraph(u.backend, u.Name)
		defer g.Finalize()
		err = exceptions.TryCatch[error](func() {
			x := Parameter(g, "x", shapes.Make(dtypes.Float32, 1, side, side, 3))
			shape = u.network(store.RootScope(), x).Shape()
		})
		return shape, err
	}
	large, err := build(u.store)
	if err != nil {
		bare := model.NewStore()
		if _, bareErr := build(bare); bareErr != nil {
			return err
		}
		return cmp.Or(weights.Misfit(bare), err)
	}
	if err := errors.Join(given.CheckUsed(), lab.CheckComplete(u.store)); err != nil {
		return err
	}
	return u.checkShape(large, image.Pt(side, side))
}

// checkShape returns an error unless the network enlarges a picture by the right scale.
func (u *Upscaler) checkShape(large shapes.Shape, small image.Point) error {
	if want := []int{1, u.Scale * small.Y, u.Scale * small.X, 3}; !slices.Equal(large.Dimensions, want) {
		return fmt.Errorf("%s makes %v of %d×%d pixels, not %v", u.Name, large.Dimensions, small.X, small.Y, want)
	}
	return nil
}

const (
	// maxPrograms bounds the number of sizes that have compiled programs at a time.
	maxPrograms = 24
	// often is the number of pixels in tiles of one size after which that size gets a quicker program: some tiles, or a
	// second of a film.
	often = 1 << 20
)

// program returns the program for tiles of a size.
func (u *Upscaler) program(size image.Point) (*model.Exec, error) {
	if u.Often || u.done[size] >= often {
		return u.quick.compile(u, u.network, size)
	}
	return u.plain.compile(u, func(scope *model.Scope, x *Node) *Node {
		nn.Plainly(x.Graph())
		return u.network(scope, x)
	}, size)
}

// compile ensures that there is a program for a size of tile. There are few sizes, except with many small pictures:
// then all programs are dropped before they fill the memory.
func (p *programs) compile(
	u *Upscaler, network func(scope *model.Scope, x *Node) *Node, size image.Point,
) (_ *model.Exec, err error) {
	if p.sizes[size] {
		return p.exec, nil
	}
	if p.exec == nil || len(p.sizes) == maxPrograms {
		p.close()
		if p.exec, err = model.NewExec(u.backend, u.store, network); err != nil {
			return nil, err
		}
		p.sizes = map[image.Point]bool{}
	}
	if _, err := p.exec.Compile(shapes.Make(dtypes.Float32, 1, size.Y, size.X, 3)); err != nil {
		return nil, err
	}
	p.sizes[size] = true
	return p.exec, nil
}

// close frees the programs.
func (p *programs) close() {
	if p.exec != nil {
		p.exec.Finalize()
		p.exec = nil
	}
}

// Weights returns the variables of the network, not copied, by path without the leading slash.
func (u *Upscaler) Weights() (map[string]*tensors.Tensor, error) {
	weights := map[string]*tensors.Tensor{}
	for v := range u.store.IterVariables() {
		if v.Name() == model.RNGStateVariableName {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("weights of %s: %w", u.Name, err)
		}
		weights[strings.TrimPrefix(v.Path(), model.RootScopePath)] = value
	}
	return weights, nil
}

// Close frees the compiled programs.
func (u *Upscaler) Close() {
	u.plain.close()
	u.quick.close()
}

// enlarge runs the network on a whole picture.
func (u *Upscaler) enlarge(picture Pixels) (large Pixels, err error) {
	size := image.Pt(picture.Width, picture.Height)
	exec, err := u.program(size)
	if err != nil {
		return Pixels{}, err
	}
	u.done[size] += size.X * size.Y
	input := tensors.FromFlatDataAndDimensions(picture.RGB, 1, picture.Height, picture.Width, 3)
	output, err := exec.Call1(input)
	if err != nil {
		return Pixels{}, err
	}
	// The garbage collector would free both, but it does not know how large they are.
	defer func() { err = errors.Join(err, input.FinalizeAll(), output.FinalizeAll()) }()
	large = Pixels{Width: u.Scale * picture.Width, Height: u.Scale * picture.Height}
	if err := u.checkShape(output.Shape(), size); err != nil {
		return Pixels{}, err
	}
	if large.RGB, err = tensors.CopyFlatData[float32](output); err != nil {
		return Pixels{}, err
	}
	notFinite := func(v float32) bool { return v-v != 0 } // True for NaN and the infinities only.
	if slices.ContainsFunc(large.RGB, notFinite) {
		return Pixels{}, errors.New(
			"it made numbers that are not finite: its weights are damaged, or of another kind of network",
		)
	}
	return large, nil
}

// TileOptions are the options for cutting a picture into tiles.
type TileOptions struct {
	// Tile is the side of a tile in pixels of the small picture, without the overlap. 0: 512 pixels including the overlap,
	// for which a network of 64 channels takes 2.5 GB.
	Tile int
	// Progress, if set, is called after each tile.
	Progress func(done, total int)
}

// Upscale enlarges a picture. It needs memory for the result and one tile.
func (u *Upscaler) Upscale(ctx context.Context, picture Pixels, options TileOptions) (Pixels, error) {
	large := Pixels{Width: u.Scale * picture.Width, Height: u.Scale * picture.Height}
	large.RGB = make([]float32, large.Width*large.Height*3)
	err := u.EachTile(ctx, picture, options, func(at image.Point, tile Pixels) error {
		for y := range tile.Height {
			from := tile.RGB[y*tile.Width*3:][:tile.Width*3]
			copy(large.RGB[((at.Y+y)*large.Width+at.X)*3:], from)
		}
		return nil
	})
	return large, err
}

// EachTile enlarges a picture tile by tile and passes on each as soon as it is ready: its pixels, and their place in
// the large picture. These tiles do not overlap, and fill the picture. So the large picture need never be in memory as
// floating-point numbers.
func (u *Upscaler) EachTile(
	ctx context.Context, picture Pixels, options TileOptions, do func(at image.Point, tile Pixels) error,
) error {
	if picture.Width < 1 || picture.Height < 1 || len(picture.RGB) != picture.Width*picture.Height*3 {
		return fmt.Errorf(
			"enlarge a picture of %d×%d pixels with %d values: it must have 3 for each pixel", picture.Width, picture.Height,
			len(picture.RGB),
		)
	}
	if options.Tile < 0 {
		return fmt.Errorf("tiles of %d pixels: there must be at least 1", options.Tile)
	}
	side := options.Tile
	if side == 0 {
		side = max(largestWindow-2*u.Overlap, 1)
	}
	columns, rows := cut(picture.Width, side, u.Overlap), cut(picture.Height, side, u.Overlap)
	for i := range len(rows) * len(columns) {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, column := rows[i/len(columns)], columns[i%len(columns)]
		tile, err := u.enlarge(picture.at(image.Rect(column.from, row.from, column.to, row.to)))
		if err != nil {
			return fmt.Errorf("enlarge by %s: %w", u.Name, err)
		}
		part := image.Rect(column.keepFrom, row.keepFrom, column.keepTo, row.keepTo).Sub(image.Pt(column.from, row.from))
		kept := tile.at(image.Rectangle{part.Min.Mul(u.Scale), part.Max.Mul(u.Scale)})
		if err := do(image.Pt(column.keepFrom, row.keepFrom).Mul(u.Scale), kept); err != nil {
			return err
		}
		if options.Progress != nil {
			options.Progress(i+1, len(rows)*len(columns))
		}
	}
	return nil
}

// DefaultOverlap is enough for RRDB networks of 6 blocks, and for all others of this package but RRDB networks of more.
// Networks of 6 blocks see 96 pixels far, but distant pixels matter little: cutting the picture changes the result of
// Real-ESRGAN's network for anime by at most 2.1/255 at 48 pixels from the cut, and by 0.3/255 at 56 (on 13
// illustrations, photographs and textures).
const DefaultOverlap = 56

// RRDBOverlap returns the right [Upscaler.Overlap] for an [RRDBNet] of a number of blocks. Small ones see no farther.
// With the network of 23 blocks for photographs a cut changes the result by 2.0/255 at 64 pixels from it, 0.9/255 at 76
// and 0.3/255 at 88 (on 9 pictures).
func RRDBOverlap(blocks int) int {
	const ofBlock, rest = 15, 4
	enough := DefaultOverlap
	if blocks > 6 {
		enough = 88
	}
	return min(ofBlock*blocks+rest, enough)
}

const (
	// largestWindow is the default side of the network's window. Smaller ones would take less memory, but see more of the
	// picture twice.
	largestWindow = 512
	// windowStep divides the sides of windows, so that few programs are compiled for pictures of many sizes.
	windowStep = 16
)

// span is the extent of a tile along one side of a picture: the network sees from…to, and keepFrom…keepTo is kept.
type span struct{ from, to, keepFrom, keepTo int }

// cut cuts a side of a picture into tiles whose windows have equal size, no larger than needed, and lie within the
// picture: so those at the ends need no program of their own. The overlap of two windows is cut in its middle.
func cut(length, tile, overlap int) []span {
	n := divideUp(length-2*overlap, tile)
	if n <= 1 {
		return []span{{0, length, 0, length}}
	}
	window := divideUp(length-2*overlap, n) + 2*overlap
	window = min(divideUp(window, windowStep)*windowStep, length)
	spans := make([]span, n)
	for i := range spans {
		from := i * (length - window) / (n - 1)
		spans[i] = span{from: from, to: from + window, keepFrom: 0, keepTo: length}
		if i > 0 {
			middle := (from + spans[i-1].to) / 2
			spans[i-1].keepTo, spans[i].keepFrom = middle, middle
		}
	}
	return spans
}

// divideUp returns a/b, rounded up.
func divideUp(a, b int) int { return (a + b - 1) / b }
