package imaging

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"math"
	"slices"
	"time"

	"github.com/ericpauley/go-quantize/quantize"
)

// maxGIF is the maximum number of pixels in all frames of a GIF. They are kept in memory until the end, a byte each.
const maxGIF = 2_000_000_000

// gifWriter writes a GIF. Package gif needs all frames before it writes.
type gifWriter struct {
	w       io.Writer
	info    Info
	changes changes
	gif.GIF                   // Whole frames.
	parts   []image.Rectangle // The changed part of each frame.
	// uncovers: some pixel becomes transparent, so that partial frames would let earlier ones show through.
	uncovers bool
	colours  []color.RGBA       // The palette, sorted by green.
	nearest  map[[4]uint8]uint8 // A cache of the indices of colours.

	clock clock
	// timeless: some frame has no delay. It, and those of up to 10 ms, last a tenth of a second, as those of files do.
	timeless bool
	convert  func(pixels *image.NRGBA64) *image.NRGBA64 // To sRGB, which all GIFs have; nil: no need.
	given    int                                        // The number of frames so far.
	waiting  *image.NRGBA64                             // The frame that is shown until the next one that is not dropped.
	repeats  int                                        // Frames that make the one before last longer.
	since    int                                        // When it is shown first, in hundredths of a second.
	delay    time.Duration                              // Its own.
}

// shortest is the shortest delay in hundredths of a second. Browsers show frames with shorter ones for a tenth.
const shortest = 2

// mostRepeats is how many frames may be added to let others last longer than 655.35 s. Then they are cut: a file must
// not grow by millions of frames.
const mostRepeats = 1000

func newGIFWriter(w io.Writer, info Info) (*gifWriter, error) {
	if all := int64(info.Frames) * int64(info.Width) * int64(info.Height); all > maxGIF {
		return nil, fmt.Errorf("it would be %d frames of %d×%d pixels: too much for a GIF, write it as .png", info.Frames,
			info.Width, info.Height)
	}
	loops := info.Plays - 1 // The number of repetitions, -1 for none.
	switch {
	case info.Plays == 0 || loops > math.MaxUint16: // For ever, or nearly.
		loops = 0
	case info.Plays == 1:
		loops = -1
	}
	var convert func(pixels *image.NRGBA64) *image.NRGBA64
	if space := colourSpaceOf(info.colour); space != nil && info.Profile == nil {
		convert = space.toSRGB()
	}
	return &gifWriter{w: w, info: info, changes: changes{frames: info.Frames}, clock: clock{unit: 10 * time.Millisecond},
		convert: convert,
		GIF:     gif.GIF{LoopCount: loops, Config: image.Config{Width: info.Width, Height: info.Height}}}, nil
}

// Write drops one of two frames if the second comes too soon: the one with the shorter delay, or the first one if the
// second is the last, which may stay in sight.
func (g *gifWriter) Write(frame Frame) error {
	g.given++
	last := g.given == g.info.Frames
	delay := frame.Delay.Duration()
	g.timeless = g.timeless || delay == 0 && g.info.Frames > 1
	if g.timeless && delay <= 10*time.Millisecond {
		delay = 100 * time.Millisecond
	}
	start := g.clock.now()
	lasts := g.clock.pass(delay)
	switch soon := start-g.since < shortest || last && lasts < shortest; {
	case g.waiting == nil || !soon:
		g.show(start)
		g.waiting, g.since, g.delay = clone(frame.Pixels), start, delay
	case last || delay > g.delay:
		g.waiting, g.delay = clone(frame.Pixels), delay
	}
	return nil
}

// show adds the waiting frame, which is shown until a time in hundredths of a second. One that lasts longer than a
// GIF's frame can is repeated.
func (g *gifWriter) show(until int) {
	if g.waiting == nil {
		return
	}
	const longest = math.MaxUint16
	delay := until - g.since
	if g.info.Frames == 1 {
		g.Delay = append(g.Delay, min(delay, longest))
		g.add(g.waiting)
		return
	}
	delay = max(delay, shortest)
	times := min((delay+longest-1)/longest, 1+mostRepeats-g.repeats)
	for i := range times {
		g.Delay = append(g.Delay, min(delay*(i+1)/times-delay*i/times, longest))
		if i == 0 {
			g.add(g.waiting)
			continue
		}
		whole := g.Image[len(g.Image)-1] // The same: it takes no more memory.
		g.Image, g.parts = append(g.Image, whole), append(g.parts, image.Rectangle{Max: image.Pt(1, 1)}.Add(whole.Rect.Min))
		g.repeats++
	}
}

// add keeps the palette of the frame before if little differs: another one would make still parts flicker.
func (g *gifWriter) add(pixels *image.NRGBA64) {
	if g.convert != nil {
		pixels = g.convert(pixels)
	}
	part, differ := g.changes.next(pixels)
	sharp := sharpened(part)
	indices, suit := g.indices(sharp)
	if whole := pixels.Rect.Size(); differ > whole.X*whole.Y/8 || !suit {
		sharp = sharpened(pixels)
		g.choose(sharp)
		indices, _ = g.indices(sharp)
	}
	shown := image.NewPaletted(pixels.Rect, nil)
	for _, c := range g.colours {
		shown.Palette = append(shown.Palette, c)
	}
	before := shown // Transparent at first.
	if len(g.Image) > 0 {
		before = g.Image[len(g.Image)-1]
		copy(shown.Pix, before.Pix)
	}
	width := sharp.Rect.Dx()
	for n, index := range indices {
		i := shown.PixOffset(sharp.Rect.Min.X+n%width, sharp.Rect.Min.Y+n/width)
		g.uncovers = g.uncovers || before != shown && isClear(shown, index) && !isClear(before, before.Pix[i])
		shown.Pix[i] = index
	}
	g.Image, g.parts = append(g.Image, shown), append(g.parts, sharp.Rect)
}

// indices returns the indices of the colours nearest to the pixels, and whether the palette suits: whether it has
// colours close to most of the pixels.
func (g *gifWriter) indices(sharp *image.RGBA) (indices []uint8, suit bool) {
	if len(g.colours) == 0 {
		return nil, false
	}
	const far = 40 * 40
	poor := 0
	for i := 0; i < len(sharp.Pix); i += 4 {
		c := [4]uint8(sharp.Pix[i:])
		index, ok := g.nearest[c]
		if !ok {
			index = nearest(g.colours, c)
			g.nearest[c] = index
		}
		if distance(g.colours[index], c) > far {
			poor++
		}
		indices = append(indices, index)
	}
	return indices, poor <= len(indices)/4
}

// isClear reports whether a colour of a picture is transparent.
func isClear(of *image.Paletted, index uint8) bool { return of.Palette[index].(color.RGBA).A == 0 }

func (g *gifWriter) Close() error {
	g.show(g.clock.now())
	if len(g.Image) > 0 {
		g.Config.ColorModel = g.Image[0].Palette // Once for all frames that share it.
	}
	for i, whole := range g.Image {
		if g.uncovers {
			g.Disposal = append(g.Disposal, gif.DisposalBackground)
			continue
		}
		g.Disposal = append(g.Disposal, gif.DisposalNone)
		g.Image[i] = whole.SubImage(g.parts[i]).(*image.Paletted)
	}
	return gif.EncodeAll(g.w, &g.GIF)
}

// choose chooses 256 colours that suit a picture. One of them is transparent if a pixel needs it, and in animations:
// without it, some programs do not clear the canvas after a frame.
func (g *gifWriter) choose(sharp *image.RGBA) {
	seen := func(_ image.Image, x, y int) uint32 { return uint32(sharp.Pix[sharp.PixOffset(x, y)+3]) / 255 }
	chooser := quantize.MedianCutQuantizer{Aggregation: quantize.Mean,
		AddTransparent: g.info.Frames > 1 || !sharp.Opaque(), Weighting: seen}
	g.colours, g.nearest = nil, map[[4]uint8]uint8{}
	for _, c := range chooser.Quantize(make(color.Palette, 0, 256), sharp) {
		g.colours = append(g.colours, color.RGBAModel.Convert(c).(color.RGBA))
	}
	slices.SortFunc(g.colours, byGreen)
}

// sharpened makes each pixel either opaque or transparent. It returns the type that the quantiser reads fastest.
func sharpened(pixels *image.NRGBA64) *image.RGBA {
	sharp := (*image.RGBA)(toNRGBA(pixels))
	for i := 3; i < len(sharp.Pix); i += 4 {
		if sharp.Pix[i] >= 128 {
			sharp.Pix[i] = 255
		} else {
			copy(sharp.Pix[i-3:], []byte{0, 0, 0, 0})
		}
	}
	return sharp
}

func byGreen(a, b color.RGBA) int { return cmp.Compare(a.G, b.G) }

// nearest returns the index of the colour nearest to an RGBA colour. color.Palette's method looks at all colours and
// takes a hundred times as long.
func nearest(colours []color.RGBA, c [4]uint8) (index uint8) {
	least := math.MaxInt
	nearer := func(i int) bool { // Reports whether there may be nearer ones beyond it.
		green := int(colours[i].G) - int(c[1])
		if green*green >= least {
			return false
		}
		if d := distance(colours[i], c); d < least {
			least, index = d, uint8(i)
		}
		return true
	}
	middle, _ := slices.BinarySearchFunc(colours, color.RGBA{G: c[1]}, byGreen)
	for i := middle; i < len(colours) && nearer(i); i++ {
	}
	for i := middle - 1; i >= 0 && nearer(i); i-- {
	}
	return index
}

// distance is the sum of the squares of the differences.
func distance(a color.RGBA, b [4]uint8) (sum int) {
	for _, difference := range [4]int{int(a.R) - int(b[0]), int(a.G) - int(b[1]), int(a.B) - int(b[2]),
		int(a.A) - int(b[3])} {
		sum += difference * difference
	}
	return sum
}
