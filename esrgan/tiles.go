package esrgan

import (
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

// Pixels is a picture as numbers.
type Pixels struct {
	Width, Height int
	// RGB is [height, width, 3] in [0, 1].
	RGB []float32
}

// PixelsOf returns the colours of a picture, without its alpha channel and not multiplied by it.
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

// at returns a part of the picture, as a copy.
func (p Pixels) at(part image.Rectangle) Pixels {
	c := Pixels{part.Dx(), part.Dy(), make([]float32, 0, part.Dx()*part.Dy()*3)}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		row := p.RGB[y*p.Width*3:]
		c.RGB = append(c.RGB, row[part.Min.X*3:part.Max.X*3]...)
	}
	return c
}

// Upscaler enlarges pictures by a network with weights. It is for one goroutine.
type Upscaler struct {
	// Name says which network it is, for figures and messages.
	Name string
	// Scale is how many times larger a picture becomes.
	Scale int
	// Overlap is how many pixels of the small picture a tile sees beyond what is kept of it, on each side. What lies farther away must not change
	// what is kept by more than 1/255. [NewUpscaler] sets it to [DefaultOverlap].
	Overlap int
	// Often says that many tiles of a size will come. Their program then is one that takes longer to compile and less to run; without it, that is made
	// when it is worth while.
	Often bool

	backend      compute.Backend
	network      func(scope *model.Scope, x *Node) *Node
	store        *model.Store
	plain, quick programs
	done         map[image.Point]int // How many pixels of tiles of a size were enlarged.
}

// programs are compiled for sizes of tile.
type programs struct {
	exec  *model.Exec
	sizes map[image.Point]bool
}

// NewUpscaler returns what enlarges by a network. It is compiled for each size of tile when that is met first. The weights are the
// variables that network asks for, by their paths without the leading slash; it is an error if they are not just those.
//
//	network: x [1, height, width, 3] in [0, 1] → [1, scale·height, scale·width, 3]
func NewUpscaler(backend compute.Backend, name string, scale int, network func(scope *model.Scope, x *Node) *Node, weights map[string]*tensors.Tensor) (*Upscaler, error) {
	u := &Upscaler{Name: name, Scale: scale, Overlap: DefaultOverlap, backend: backend, network: network, store: model.NewStore(), done: map[image.Point]int{}}
	given := maps.Clone(lab.Weights(weights))
	given.Into(u.store)
	if err := u.check(given); err != nil {
		u.Close()
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	return u, nil
}

// check builds the network for a small picture, without compiling it, to see that it has just the weights that are given and enlarges as it
// should.
func (u *Upscaler) check(given lab.Weights) error {
	const side = 8
	g := NewGraph(u.backend, u.Name)
	defer g.Finalize()
	var large *Node
	err := exceptions.TryCatch[error](func() {
		large = u.network(u.store.RootScope(), Parameter(g, "x", shapes.Make(dtypes.Float32, 1, side, side, 3)))
	})
	if err != nil {
		return lab.FitError(err)
	}
	if err := errors.Join(given.CheckUsed(), lab.CheckComplete(u.store)); err != nil {
		return err
	}
	return u.checkShape(large.Shape(), image.Pt(side, side))
}

// checkShape returns an error unless the network makes of a picture what it should.
func (u *Upscaler) checkShape(large shapes.Shape, small image.Point) error {
	if want := []int{1, u.Scale * small.Y, u.Scale * small.X, 3}; !slices.Equal(large.Dimensions, want) {
		return fmt.Errorf("%s makes %v of %d×%d pixels, not %v", u.Name, large.Dimensions, small.X, small.Y, want)
	}
	return nil
}

const (
	// maxPrograms is how many sizes of tile have compiled programs at a time.
	maxPrograms = 24
	// often is how many pixels of a size are enlarged before it gets a program that is quicker: some tiles, or a second of a film.
	often = 1 << 20
)

// program returns what enlarges tiles of a size.
func (u *Upscaler) program(size image.Point) (*model.Exec, error) {
	if u.Often || u.done[size] >= often {
		return u.quick.compile(u, u.network, size)
	}
	return u.plain.compile(u, func(scope *model.Scope, x *Node) *Node {
		nn.Plainly(x.Graph())
		return u.network(scope, x)
	}, size)
}

// compile makes sure that there is a program for a size of tile. There are few sizes, unless somebody has many small pictures: then all
// programs are forgotten before they take all of the memory.
func (p *programs) compile(u *Upscaler, network func(scope *model.Scope, x *Node) *Node, size image.Point) (_ *model.Exec, err error) {
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

// Weights returns the variables of the network, by their paths without the leading slash. They are not copied.
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
	// Both would be freed by the garbage collector, which does not know how large they are.
	defer func() { err = errors.Join(err, input.FinalizeAll(), output.FinalizeAll()) }()
	large = Pixels{Width: u.Scale * picture.Width, Height: u.Scale * picture.Height}
	if err := u.checkShape(output.Shape(), size); err != nil {
		return Pixels{}, err
	}
	if large.RGB, err = tensors.CopyFlatData[float32](output); err != nil {
		return Pixels{}, err
	}
	if slices.ContainsFunc(large.RGB, func(v float32) bool { return v-v != 0 }) { // So are NaN and the infinities, and no others.
		return Pixels{}, errors.New("it made numbers that are not finite: its weights are damaged, or of another kind of network")
	}
	return large, nil
}

// TileOptions say how a picture is cut into tiles.
type TileOptions struct {
	// Tile is the side of a tile in pixels of the small picture, without what it sees beyond. 0: what makes 512 pixels with that, for which a network
	// of 64 channels takes 2.5 GB.
	Tile int
	// Progress, if set, is told how many tiles of how many are done.
	Progress func(done, total int)
}

// Upscale enlarges a picture. What it needs is memory for the result, and for a tile.
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

// EachTile enlarges a picture tile by tile and hands on each as soon as it is there: its pixels, and where they belong in the large
// picture. The tiles that are handed on do not overlap and fill it. So the large picture need never be in memory as floating-point
// numbers.
func (u *Upscaler) EachTile(ctx context.Context, picture Pixels, options TileOptions, do func(at image.Point, tile Pixels) error) error {
	if picture.Width < 1 || picture.Height < 1 || len(picture.RGB) != picture.Width*picture.Height*3 {
		return fmt.Errorf("enlarge a picture of %d×%d pixels with %d values: it must have 3 for each pixel", picture.Width, picture.Height, len(picture.RGB))
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
		part := image.Rect(column.keepFrom-column.from, row.keepFrom-row.from, column.keepTo-column.from, row.keepTo-row.from)
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

// DefaultOverlap is enough for RRDB networks of 6 blocks, and for all others of this package but RRDB networks of more. Networks of 6
// blocks see 96 pixels far, but what is far counts little: where the picture is cut, the network of Real-ESRGAN for anime makes at most
// 2.1/255 of a difference 48 pixels from the cut, and 0.3/255 at 56 (on 13 illustrations, photographs and textures).
const DefaultOverlap = 56

// RRDBOverlap is what [Upscaler.Overlap] should be for an [RRDBNet] of a number of blocks. Small ones see no farther. The network of 23
// blocks for photographs makes 2.0/255 of a difference 64 pixels from a cut, 0.9/255 at 76 and 0.3/255 at 88 (on 9 pictures).
func RRDBOverlap(blocks int) int {
	const ofBlock, rest = 15, 4
	enough := DefaultOverlap
	if blocks > 6 {
		enough = 88
	}
	return min(ofBlock*blocks+rest, enough)
}

const (
	// largestWindow is the side of what the network sees at a time, where nothing is asked for. Smaller ones would take less memory, but
	// see more of the picture twice.
	largestWindow = 512
	// windowStep is what the sides of windows are multiples of, so that few programs are compiled for pictures of many sizes.
	windowStep = 16
)

// span is where a tile lies along one side of a picture: the network sees from…to, and keepFrom…keepTo of it is kept.
type span struct{ from, to, keepFrom, keepTo int }

// cut cuts a side of a picture into tiles whose windows have equal size, no larger than needed, and lie within the picture: so those at
// the ends need no program of their own. What two windows share is cut in its middle.
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

// divideUp is a/b, rounded up.
func divideUp(a, b int) int { return (a + b - 1) / b }
