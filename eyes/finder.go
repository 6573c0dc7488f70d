package eyes

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/draw"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Eye is an eye in a picture.
type Eye struct {
	// Box is the area that a blink changes, in the picture's pixels: lids, lashes and the open eye, as in [dataset.Clip].
	// For a shut eye it is where the open one would be.
	Box image.Rectangle
	// Confidence is in [0, 1]: 1 if the network is certain.
	Confidence float64
	// Closed is set if the eye is shut, or nearly.
	Closed bool
}

// Face is one or two eyes, from left to right as seen: one if the other is hidden, or outside the picture.
type Face struct {
	Eyes []Eye
	// likeness is how much they look like eyes; see [face.likeness].
	likeness float64
}

// size returns the mean width of the eyes.
func (f Face) size() float64 {
	sum := 0
	for _, eye := range f.Eyes {
		sum += eye.Box.Dx()
	}
	return float64(sum) / float64(len(f.Eyes))
}

// Finder finds eyes in pictures. It is for one goroutine.
type Finder struct {
	// Config and Step are the training's.
	Config Config
	Step   int64
	exec   *model.Exec
}

// atOnce is the number of windows per call of the network, for which one program is compiled. A square picture has as
// many: two windows that show all of it and four that show its parts.
const atOnce = 6

// Open makes a finder with the newest checkpoint of a run of [Train].
func Open(backend compute.Backend, dir string) (*Finder, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return nil, err
	}
	return newFinder(backend, config, weights.Below(lab.AverageScope), state.Step)
}

// newFinder compiles the network.
func newFinder(backend compute.Backend, config Config, weights lab.Weights, step int64) (*Finder, error) {
	network := func(scope *model.Scope, pictures *Node) *Node {
		nn.Plainly(pictures.Graph()) // Compiling would take longer than all the runs.
		return Network(scope, config, pictures)
	}
	exec, err := lab.Compile(backend, weights, network, shapes.Make(dtypes.Float32, atOnce, config.Size, config.Size, 3))
	if err != nil {
		return nil, fmt.Errorf("compile the network that finds eyes: %w", err)
	}
	return &Finder{Config: config, Step: step, exec: exec}, nil
}

// Close frees the compiled program.
func (f *Finder) Close() { f.exec.Finalize() }

// Find finds the faces of a picture, the one with the largest eyes first, or none. Transparent pixels lie on white. It
// finds eyes that take about 2 % to half of the picture's longer side, or of the shorter one of a strip or a banner, in
// heads tilted by up to some 30°.
func (f *Finder) Find(ctx context.Context, picture image.Image) ([]Face, error) {
	bounds := picture.Bounds()
	if bounds.Empty() {
		return nil, nil
	}
	canvas, scale := onWhite(picture)
	faces, _, err := f.search(ctx, canvas)
	return result(faces, canvas, bounds, scale), err
}

// search returns the faces of a canvas and the places that may be faces, none of which share an eye with a face.
func (f *Finder) search(ctx context.Context, canvas *image.RGBA) (faces, doubtful []face, err error) {
	var found []eye
	for _, part := range parts(canvas.Rect) {
		more, err := f.look(ctx, f.covering(canvas, part), leastHeat)
		if err != nil {
			return nil, nil, fmt.Errorf("find eyes: %w", err)
		}
		found = append(found, more...)
	}
	for few := range slices.Chunk(pairs(apart(found)), atOnce/len(views)) {
		var windows []window
		for _, c := range few {
			for _, view := range views {
				windows = append(windows, f.around(canvas, c, view))
			}
		}
		again, err := f.lookEach(ctx, windows, leastHeat)
		if err != nil {
			return nil, nil, fmt.Errorf("find eyes: %w", err)
		}
		for i, c := range few {
			var seen []face
			for _, eyes := range again[i*len(views):][:len(views)] {
				if best := c.among(pairs(apart(eyes))); best != nil {
					seen = append(seen, best)
				}
			}
			agreed := agreed(seen)
			switch agreed.certainty(canvas) {
			case sure:
				faces = append(faces, agreed)
			case perhaps:
				doubtful = append(doubtful, agreed)
			}
		}
	}
	faces = distinct(faces)
	return faces, without(distinct(doubtful), faces), nil
}

// enough is the length of the longer side of a picture, or of a part of it, that suffices to see all findable eyes at
// the usual size.
const enough = 1024

// onWhite returns an opaque copy of a picture, shrunk if its parts are larger than enough, and the number of its pixels
// per pixel of the copy.
func onWhite(picture image.Image) (canvas *image.RGBA, scale float64) {
	bounds := picture.Bounds()
	canvas = image.NewRGBA(image.Rectangle{Max: bounds.Size()})
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(canvas, canvas.Rect, picture, bounds.Min, draw.Over)
	part := parts(canvas.Rect)
	largest := part[len(part)-1]
	scale = float64(max(largest.Dx(), largest.Dy())) / enough
	if scale <= 1 {
		return canvas, 1
	}
	short := func(length int) int { return max(int(math.Round(float64(length)/scale)), 1) }
	return imaging.Bicubic(canvas, short(bounds.Dx()), short(bounds.Dy())), scale
}

// parts returns what is looked at by itself: all of a picture and, of a strip or a banner, squares along it as well,
// each half upon the next. In all of it, faces may be too small to be seen. What is longer than 300 squares would take
// minutes, and is a line rather than a picture.
func parts(whole image.Rectangle) []image.Rectangle {
	const long, longest, least = 2, 300, 32 // Ratios of the sides, and pixels across.
	all := []image.Rectangle{whole}
	side, length := min(whole.Dx(), whole.Dy()), max(whole.Dx(), whole.Dy())
	if length <= long*side || length > longest*side || side < least {
		return all
	}
	n := (2*length - 1) / side
	for i := range n {
		at := image.Pt(i*(length-side)/(n-1), 0)
		if whole.Dy() == length {
			at = image.Pt(0, at.X)
		}
		all = append(all, image.Rectangle{Max: image.Pt(side, side)}.Add(whole.Min).Add(at))
	}
	return all
}

// window is an input of the network: a part of a picture, resized to the network's size.
type window struct {
	picture *image.RGBA
	// x and y are the place of the window's upper left corner in the picture, and scale is the number of the picture's
	// pixels per pixel of the window.
	x, y, scale float64
	mirrored    bool
}

// view is a way to look at a face a second time.
type view struct {
	usual    float64 // The width of its eyes in the view, relative to the usual width.
	mirrored bool
}

// views are the views of a second look. Real eyes are seen in most of them, and their mean is better than each. Eyes
// are smaller in them than usual, since artists' styles differ most in fine detail.
var views = []view{{0.6, false}, {0.75, true}, {0.5, false}}

// sides are the lengths to which the longer side of a picture, or of a part of it, is scaled for the windows that cover
// it, in windows. At the smallest the face may fill the picture, at the largest it may take an eighth of it.
var sides = []float64{0.5, 1, 1.75}

// covering returns windows that cover a part of a picture, at several scales.
func (f *Finder) covering(canvas *image.RGBA, part image.Rectangle) (windows []window) {
	look := canvas.SubImage(part).(*image.RGBA)
	look.Rect = look.Rect.Sub(part.Min)
	left, top, longer := float64(part.Min.X), float64(part.Min.Y), float64(max(part.Dx(), part.Dy()))
	size := f.Config.Size
	for _, side := range sides {
		scale := longer / (side * float64(size))
		width := max(int(math.Round(float64(part.Dx())/scale)), 1)
		height := max(int(math.Round(float64(part.Dy())/scale)), 1)
		whole := imaging.Bicubic(look, width, height)
		for _, y := range starts(height, size) {
			for _, x := range starts(width, size) {
				windows = append(windows, window{
					picture: cut(whole, x, y, size), x: left + float64(x)*scale, y: top + float64(y)*scale, scale: scale,
				})
			}
		}
	}
	return windows
}

// starts returns the starts of overlapping windows that cover a length.
func starts(length, size int) []int {
	if length <= size {
		return []int{-(size - length) / 2} // In the middle of the window.
	}
	n := int(math.Ceil(float64(length-size)/(0.8*float64(size)))) + 1
	all := make([]int, n)
	for i := range all {
		all[i] = i * (length - size) / (n - 1)
	}
	return all
}

// cut returns a square of a picture, white outside the picture.
func cut(picture *image.RGBA, x, y, size int) *image.RGBA {
	made := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.Draw(made, made.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(made, picture.Rect.Sub(image.Pt(x, y)), picture, picture.Rect.Min, draw.Src)
	return made
}

// around returns the window that shows a face in a view.
func (f *Finder) around(canvas *image.RGBA, c face, view view) window {
	size := f.Config.Size
	side := max(int(math.Round(c.width()/(usual*view.usual))), 1)
	x, y := c.middle()
	left, top := int(math.Round(x))-side/2, int(math.Round(y))-side/2
	picture := imaging.Bicubic(cut(canvas, left, top, side), size, size)
	if view.mirrored {
		picture = mirrored(picture)
	}
	return window{picture, float64(left), float64(top), float64(side) / float64(size), view.mirrored}
}

// mirrored returns a picture with left and right exchanged.
func mirrored(picture *image.RGBA) *image.RGBA {
	made := image.NewRGBA(picture.Rect)
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			made.SetRGBA(picture.Rect.Dx()-1-x, y, picture.RGBAAt(x, y))
		}
	}
	return made
}

// look returns all eyes that the network finds in windows, in pixels of the picture.
func (f *Finder) look(ctx context.Context, windows []window, least float64) (all []eye, err error) {
	each, err := f.lookEach(ctx, windows, least)
	return slices.Concat(each...), err
}

// lookEach returns the eyes that the network finds in each window.
func (f *Finder) lookEach(ctx context.Context, windows []window, least float64) ([][]eye, error) {
	found := make([][]eye, 0, len(windows))
	n := f.Config.Size * f.Config.Size * 3
	for batch := range slices.Chunk(windows, atOnce) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		values := make([]float32, atOnce*n) // The rest of a short batch stays grey, and is ignored.
		for i, w := range batch {
			imaging.Symmetric.Put(values[i*n:][:n], w.picture, false)
		}
		input := tensors.FromFlatDataAndDimensions(values, atOnce, f.Config.Size, f.Config.Size, 3)
		said, err := f.exec.Call(input)
		if err != nil {
			return nil, err
		}
		flat, err := tensors.CopyFlatData[float32](said[0])
		if err != nil {
			return nil, err
		}
		if err := cmp.Or(input.FinalizeAll(), said[0].FinalizeAll()); err != nil {
			return nil, err
		}
		cells := f.Config.cells() * f.Config.cells() * outputs
		for i, w := range batch {
			found = append(found, f.Config.read(flat[i*cells:][:cells], w, least))
		}
	}
	return found, nil
}

// result returns the faces for [Finder.Find], with boxes within the picture's bounds. scale is the number of the
// picture's pixels per pixel searched.
func result(faces []face, canvas *image.RGBA, bounds image.Rectangle, scale float64) []Face {
	var all []Face
	whole := func(v float64) int { return int(math.Round(v * scale)) }
	for _, face := range faces {
		var made Face
		for _, e := range face {
			r := image.Rect(whole(e.x0), whole(e.y0), whole(e.x1), whole(e.y1))
			if r = r.Add(bounds.Min).Intersect(bounds); !r.Empty() {
				made.Eyes = append(made.Eyes, Eye{Box: r, Confidence: e.heat, Closed: e.open < shut})
			}
		}
		if len(made.Eyes) > 0 {
			made.likeness = face.likeness(canvas)
			all = append(all, made)
		}
	}
	slices.SortStableFunc(all, func(a, b Face) int { return cmp.Compare(b.size(), a.size()) })
	return all
}
