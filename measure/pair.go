package measure

import (
	"cmp"
	"image"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// The measures compare a restored picture with the truth. Both are opaque and of one size; otherwise a measure is NaN.
// Values range from 0 to 255, and no border is left out.

// PSNR is the peak signal-to-noise ratio in decibels: 255² over the mean squared error of red, green and blue. It is
// +Inf for equal pictures. It equals scikit-image's peak_signal_noise_ratio(truth, restored, data_range=255).
func PSNR(truth, restored *image.NRGBA) float64 { return psnr(rgbPlanes(truth), rgbPlanes(restored)) }

// PSNRY is [PSNR] of the luma Y of ITU-R BT.601 as used in papers on super-resolution, MATLAB's and scikit-image's
// rgb2ycbcr: from 16 to 235, but with a peak of 255, and not rounded.
func PSNRY(truth, restored *image.NRGBA) float64 {
	return psnr([]plane{lumaPlane(truth)}, []plane{lumaPlane(restored)})
}

// SSIM is the structural similarity of Wang et al. 2004, the mean over red, green and blue: 1 for equal pictures.
// Windows are Gaussian, 11×11 with σ = 1.5, and lie within the picture, which must thus have at least 11×11 pixels. It
// equals scikit-image's structural_similarity(truth, restored, data_range=255, channel_axis=-1, gaussian_weights=True,
// sigma=1.5, use_sample_covariance=False).
func SSIM(truth, restored *image.NRGBA) float64 { return ssim(rgbPlanes(truth), rgbPlanes(restored)) }

// SSIMY is [SSIM] of the luma of [PSNRY].
func SSIMY(truth, restored *image.NRGBA) float64 {
	return ssim([]plane{lumaPlane(truth)}, []plane{lumaPlane(restored)})
}

// msSSIMWeights are the weights of the scales, from the finest.
var msSSIMWeights = []float64{0.0448, 0.2856, 0.3001, 0.2363, 0.1333}

// MSSSIM is the multi-scale structural similarity of two pictures' luma (Wang, Simoncelli & Bovik 2003, equation 7):
// contrast and structure at five scales, each with half the height and width of the one before, and luminance at the
// last. It is 1 for equal pictures, and at least 0. Pictures of less than 176 pixels have only as many scales as have
// room for a window, with weights normalised to a sum of 1. The mean over pairs of a GAN's pictures measures their
// diversity (Odena et al. 2017, section 4.2): a higher value means less.
func MSSSIM(a, b *image.NRGBA) float64 {
	x, y := lumaPlane(a), lumaPlane(b)
	if x.width != y.width || x.height != y.height {
		return math.NaN()
	}
	scales := 0
	for side := min(x.width, x.height); side > 2*ssimRadius && scales < len(msSSIMWeights); side /= 2 {
		scales++
	}
	product, total := 1.0, floats.Sum(msSSIMWeights[:scales])
	for scale, weight := range msSSIMWeights[:scales] {
		luminance, contrast := planeSSIM(x, y)
		value := contrast
		if scale == scales-1 {
			value = luminance
		}
		product *= math.Pow(max(value, 0), weight/total)
		x, y = x.halve(), y.halve()
	}
	if scales == 0 {
		return math.NaN() // Smaller than a window.
	}
	return product
}

// strongest is the share of pixels that count as edges for [Sharpness].
const strongest = 0.05

// Sharpness compares the sharpness of a restored picture's lines with the truth's: 1 if equal, less if blurred, more if
// harder. It is the ratio of two sums, over the twentieth of the pixels where the truth's luma is steepest, of the
// gradient's magnitude by central differences. Each term is the largest of the 3×3 pixels around, so that a line may be
// off by a pixel. A step that a Gaussian of deviation σ blurs has Φ(1.5/σ) + Φ(0.5/σ) − 1. It is NaN if the truth has
// no edge.
func Sharpness(truth, restored *image.NRGBA) float64 {
	if truth.Rect.Size() != restored.Rect.Size() || truth.Rect.Dx() < 3 || truth.Rect.Dy() < 3 {
		return math.NaN()
	}
	steep := lumaPlane(truth).gradient()
	sorted := slices.Sorted(slices.Values(steep.values))
	edge := stat.Quantile(1-strongest, stat.Empirical, sorted, nil)

	reached, wanted := lumaPlane(restored).gradient().around(), steep.around()
	var sharp, sharpest float64
	for i, v := range steep.values {
		if v > 0 && v >= edge {
			sharp += reached.values[i]
			sharpest += wanted.values[i]
		}
	}
	return sharp / sharpest
}

// ColourHistogram is the share of each value from 0 to 255 in red, in green and in blue; the shares of a channel sum to
// 1.
type ColourHistogram [3][256]float64

// NewColourHistogram counts the pixels of some pictures, all pixels equally.
func NewColourHistogram(pictures ...*image.NRGBA) (h ColourHistogram) {
	pixels := 0
	for _, picture := range pictures {
		size := picture.Rect.Size()
		pixels += size.X * size.Y
		for y := range size.Y {
			for pixel := range slices.Chunk(picture.Pix[y*picture.Stride:][:4*size.X], 4) {
				for c := range h {
					h[c][pixel[c]]++
				}
			}
		}
	}
	for c := range h {
		floats.Scale(1/float64(pixels), h[c][:])
	}
	return h
}

// Distance is the earth mover's distance of each channel: the mean number of levels of 255 by which values have to move
// to turn one histogram into the other. In one dimension that is the area between the cumulative histograms.
func (h ColourHistogram) Distance(other ColourHistogram) (distance [3]float64) {
	for c := range h {
		moved := floats.SubTo(make([]float64, 256), h[c][:], other[c][:])
		distance[c] = floats.Norm(floats.CumSum(moved, moved), 1)
	}
	return distance
}

// Details returns up to n squares of a picture with the richest lines, the richest first: those with the largest sum of
// gradients that do not overlap. It returns fewer if no more fit.
func Details(picture *image.NRGBA, n, side int) (boxes []image.Rectangle) {
	size := picture.Rect.Size()
	if side < 3 || min(size.X, size.Y) < side {
		return nil
	}
	sums := lumaPlane(picture).gradient().sums(side - 2) // Pixel 0, 0 of a gradient is the picture's 1, 1.
	corners := make([]int, len(sums.values))
	for i := range corners {
		corners[i] = i
	}
	slices.SortStableFunc(corners, func(i, j int) int { return cmp.Compare(sums.values[j], sums.values[i]) })
	for _, corner := range corners {
		if len(boxes) >= n {
			break
		}
		at := image.Pt(corner%sums.width, corner/sums.width)
		box := image.Rectangle{at, at.Add(image.Pt(side, side))}
		if !slices.ContainsFunc(boxes, box.Overlaps) {
			boxes = append(boxes, box)
		}
	}
	return boxes
}

// plane is a channel of a picture as numbers, row by row.
type plane struct {
	width, height int
	values        []float64
}

func newPlane(width, height int) plane { return plane{width, height, make([]float64, width*height)} }

// rgbPlanes returns the red, green and blue of a picture, from 0 to 255.
func rgbPlanes(picture *image.NRGBA) []plane {
	size := picture.Rect.Size()
	planes := []plane{newPlane(size.X, size.Y), newPlane(size.X, size.Y), newPlane(size.X, size.Y)}
	for y := range size.Y {
		for x := range size.X {
			for c, p := range planes {
				p.values[y*size.X+x] = float64(picture.Pix[y*picture.Stride+4*x+c])
			}
		}
	}
	return planes
}

// lumaPlane returns the Y of a picture, from 16 to 235.
func lumaPlane(picture *image.NRGBA) plane {
	rgb := rgbPlanes(picture)
	y := newPlane(rgb[0].width, rgb[0].height)
	for i := range y.values {
		y.values[i] = 16 + (65.481*rgb[0].values[i]+128.553*rgb[1].values[i]+24.966*rgb[2].values[i])/255
	}
	return y
}

func psnr(truth, restored []plane) float64 {
	if !sameSize(truth, restored) {
		return math.NaN()
	}
	sum, count := 0.0, 0
	for c := range truth {
		difference := floats.Distance(truth[c].values, restored[c].values, 2)
		sum += difference * difference
		count += len(truth[c].values)
	}
	return 10 * math.Log10(255*255*float64(count)/sum)
}

// ssimRadius and ssimDeviation are the windows'; ssimC1 and ssimC2 keep quotients of small numbers stable.
const (
	ssimRadius    = 5
	ssimDeviation = 1.5
	ssimC1        = (0.01 * 255) * (0.01 * 255)
	ssimC2        = (0.03 * 255) * (0.03 * 255)
)

func ssim(truth, restored []plane) float64 {
	if !sameSize(truth, restored) || min(truth[0].width, truth[0].height) < 2*ssimRadius+1 {
		return math.NaN()
	}
	sum := 0.0
	for c := range truth {
		whole, _ := planeSSIM(truth[c], restored[c])
		sum += whole
	}
	return sum / float64(len(truth))
}

// planeSSIM returns the mean of equation 13 of Wang et al. 2004 over all windows, and the mean of its contrast and
// structure, without luminance.
func planeSSIM(a, b plane) (whole, contrast float64) {
	meanA, meanB := a.blur(), b.blur()
	meanAA, meanBB, meanAB := a.times(a).blur(), b.times(b).blur(), a.times(b).blur()
	for i, ma := range meanA.values {
		mb := meanB.values[i]
		varianceA, varianceB, covariance := meanAA.values[i]-ma*ma, meanBB.values[i]-mb*mb, meanAB.values[i]-ma*mb
		structure := (2*covariance + ssimC2) / (varianceA + varianceB + ssimC2)
		contrast += structure
		whole += structure * (2*ma*mb + ssimC1) / (ma*ma + mb*mb + ssimC1)
	}
	windows := float64(len(meanA.values))
	return whole / windows, contrast / windows
}

func sameSize(a, b []plane) bool { return a[0].width == b[0].width && a[0].height == b[0].height }

// times returns the elementwise product.
func (p plane) times(q plane) plane {
	product := newPlane(p.width, p.height)
	floats.MulTo(product.values, p.values, q.values)
	return product
}

// blur takes the weighted mean of each SSIM window that lies within the plane.
func (p plane) blur() plane {
	window := make([]float64, 2*ssimRadius+1)
	for i := range window {
		x := float64(i-ssimRadius) / ssimDeviation
		window[i] = math.Exp(-x * x / 2)
	}
	floats.Scale(1/floats.Sum(window), window)

	across := newPlane(p.width-2*ssimRadius, p.height)
	for y := range across.height {
		for x := range across.width {
			across.values[y*across.width+x] = floats.Dot(window, p.values[y*p.width+x:][:len(window)])
		}
	}
	down := newPlane(across.width, p.height-2*ssimRadius)
	for y := range down.height {
		row := down.values[y*down.width:][:down.width]
		for i, weight := range window {
			floats.AddScaled(row, weight, across.values[(y+i)*across.width:][:across.width])
		}
	}
	return down
}

// halve takes the mean of each square of 2×2 values; an odd row or column at the end is left out.
func (p plane) halve() plane {
	half := newPlane(p.width/2, p.height/2)
	for y := range half.height {
		for x := range half.width {
			i := 2*y*p.width + 2*x
			half.values[y*half.width+x] = (p.values[i] + p.values[i+1] + p.values[i+p.width] + p.values[i+p.width+1]) / 4
		}
	}
	return half
}

// gradient is the magnitude of the gradient by central differences, without the border of one pixel.
func (p plane) gradient() plane {
	g := newPlane(p.width-2, p.height-2)
	for y := range g.height {
		for x := range g.width {
			i := (y+1)*p.width + x + 1
			g.values[y*g.width+x] = math.Hypot(p.values[i+1]-p.values[i-1], p.values[i+p.width]-p.values[i-p.width]) / 2
		}
	}
	return g
}

// sums returns the sums over all squares of the given side within the plane, each at the place of its first value.
func (p plane) sums(side int) plane {
	across := newPlane(p.width-side+1, p.height)
	for y := range p.height {
		row := p.values[y*p.width:][:p.width]
		for x := range across.width {
			across.values[y*across.width+x] = floats.Sum(row[x : x+side])
		}
	}
	squares := newPlane(across.width, p.height-side+1)
	for y := range squares.height {
		row := squares.values[y*squares.width:][:squares.width]
		for i := range side {
			floats.Add(row, across.values[(y+i)*across.width:][:across.width])
		}
	}
	return squares
}

// around returns the largest of the 3×3 values around each.
func (p plane) around() plane {
	largest := newPlane(p.width, p.height)
	for y := range p.height {
		for x := range p.width {
			v := 0.0
			for ny := max(y-1, 0); ny <= min(y+1, p.height-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, p.width-1); nx++ {
					v = max(v, p.values[ny*p.width+nx])
				}
			}
			largest.values[y*p.width+x] = v
		}
	}
	return largest
}
