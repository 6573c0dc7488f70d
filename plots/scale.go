package plots

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// valueScale is the y-axis: linear, logarithmic, or asinh. It implements plot.Normalizer.
type valueScale struct {
	logarithmic bool
	linear      float64 // > 0 makes it asinh(value/linear)
}

// tiny is safely above the subnormal numbers, where float64 loses digits. Smaller magnitudes count as 0.
const tiny = 1e-300

// beyond limits every axis. It is well above 1/tiny, the largest value drawn.
const beyond = 1e305

// newScale picks the scale. Values that are all 0 stay linear.
func newScale(curves []curve, logarithmic bool, y span) valueScale {
	switch {
	case !logarithmic || y.high < tiny && y.low > -tiny:
		return valueScale{}
	case y.low >= tiny:
		return valueScale{logarithmic: true}
	}
	return valueScale{linear: linearRange(curves)}
}

// linearRange is the power of ten at or below the 10th percentile of the magnitudes, but at most about four decades
// below the largest, so that noise around 0 does not fill the axis.
func linearRange(curves []curve) float64 {
	const decades = 4
	var magnitudes []float64
	for _, curve := range curves {
		for _, v := range curve.values {
			if isFinite(v) && v != 0 {
				magnitudes = append(magnitudes, math.Abs(v))
			}
		}
	}
	slices.Sort(magnitudes)
	largest := magnitudes[len(magnitudes)-1]
	low := max(magnitudes[len(magnitudes)/10], largest*math.Pow10(-decades))
	return math.Pow(10, math.Floor(math.Log10(low)))
}

func (s valueScale) forward(v float64) float64 {
	switch {
	case s.logarithmic:
		return math.Log10(v)
	case s.linear > 0:
		return math.Asinh(v / s.linear)
	}
	return v
}

func (s valueScale) backward(v float64) float64 {
	switch {
	case s.logarithmic:
		return math.Pow(10, v)
	case s.linear > 0:
		return s.linear * math.Sinh(v)
	}
	return v
}

// Normalize implements plot.Normalizer.
func (s valueScale) Normalize(low, high, v float64) float64 {
	from := s.forward(low)
	return (s.forward(v) - from) / (s.forward(high) - from)
}

// pad adds some air above and below the values, more if they are all equal.
func (s valueScale) pad(y span) (low, high float64) {
	from, to := s.forward(y.low), s.forward(y.high)
	air := 0.04 * (to - from)
	if size := max(math.Abs(from), math.Abs(to)); to-from <= max(1e-12*size, tiny) {
		air = 0.3
		if s == (valueScale{}) && size >= tiny {
			air = 0.1 * size
		}
	}
	low, high = max(s.backward(from-air), -beyond), min(s.backward(to+air), beyond)
	if s.logarithmic {
		low = max(low, 1/beyond)
	}
	return low, high
}

// ticks returns the grid lines of the y-axis.
func (s valueScale) ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	switch {
	case s.logarithmic:
		ticks = decadeTicks(low, high, 0)
		if len(ticks) < 3 {
			ticks = withinDecadeTicks(low, high)
		}
	case s.linear > 0:
		ticks = decadeTicks(low, high, s.linear)
	}
	if len(ticks) < 3 {
		return linearTicks(low, high, 6)
	}
	return ticks
}

// decadeTicks are the powers of ten within [low, high], thinned to a legible number. With linear > 0 they include 0 and
// negative powers, and none of magnitude below linear.
func decadeTicks(low, high, linear float64) []plot.Tick {
	const most = 9
	smallest := low
	if linear > 0 {
		smallest = linear
	}
	largest := max(high, -low)
	first := int(math.Ceil(math.Log10(smallest) - 1e-9))
	last := int(math.Floor(math.Log10(largest) + 1e-9))
	count := last - first + 1
	if low < 0 && high > 0 {
		count = decadesTo(-low, first) + decadesTo(high, first) + 1
	}
	stride := max(1, (count+most-1)/most)
	var values []float64
	if linear > 0 {
		values = append(values, 0)
	} else {
		first = int(math.Ceil(float64(first)/float64(stride))) * stride // so that 1 is among them
	}
	for exponent := first; exponent <= last; exponent += stride {
		values = append(values, math.Pow10(exponent))
		if linear > 0 {
			values = append(values, -math.Pow10(exponent))
		}
	}
	slices.Sort(values)
	var ticks []plot.Tick
	for _, v := range values {
		if v >= low && v <= high {
			ticks = append(ticks, plot.Tick{Value: v, Label: formatShort(v)})
		}
	}
	return ticks
}

// withinDecadeTicks are 1, 2 and 5 times the powers of ten, for less than two decades.
func withinDecadeTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for exponent := math.Floor(math.Log10(low)); exponent <= math.Log10(high); exponent++ {
		for _, multiple := range []string{"1", "2", "5"} {
			// Parsed, not multiplied, to get the number nearest to its label.
			v, err := strconv.ParseFloat(multiple+"e"+strconv.Itoa(int(exponent)), 64)
			if err == nil && v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: formatShort(v)})
			}
		}
	}
	return ticks
}

// decadesTo counts the powers of ten from 10^first to v.
func decadesTo(v float64, first int) int {
	return max(0, int(math.Floor(math.Log10(v)+1e-9))-first+1)
}

// stepTickRoom is the room of a tick on the x-axis, in points.
const stepTickRoom = 110

// stepTicks are the ticks of the x-axis, at most count of them and one more: whole steps only.
func stepTicks(count int) func(low, high float64) []plot.Tick {
	return func(low, high float64) []plot.Tick {
		return ticksEvery(max(1, niceStep((high-low)/float64(count))), low, high)
	}
}

// linearTicks are multiples of 1, 2 or 5 times a power of ten, at most count of them and one more.
func linearTicks(low, high float64, count int) []plot.Tick {
	return ticksEvery(niceStep((high-low)/float64(count)), low, high)
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is not below step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, multiple := range []float64{1, 2, 5} {
		if multiple*power >= step {
			return multiple * power
		}
	}
	return 10 * power
}

// ticksEvery are the multiples of step.
func ticksEvery(step, low, high float64) []plot.Tick {
	decimals := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	size := max(math.Abs(low), math.Abs(high))
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	var ticks []plot.Tick
	for i := range int(last-first) + 1 {
		v := (first + float64(i)) * step
		label := formatNumber(v, decimals)
		if size < 1e-3 || size >= 1e9 {
			label = formatShort(v)
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	return ticks
}

// formatNumber writes 12345.6 as "12,345.6" and uses a real minus sign.
func formatNumber(v float64, decimals int) string {
	digits := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if v < 0 && strings.Trim(digits, "0.") != "" {
		whole = "−" + whole
	}
	return whole
}

var shortExponent = strings.NewReplacer("e-0", "e−", "e+0", "e", "e+", "e", "-", "−")

// formatShort writes 0.001, 10,000 and 1e-7.
func formatShort(v float64) string {
	size := math.Abs(v)
	if size != 0 && (size < 1e-4 || size >= 1e6) {
		return shortExponent.Replace(strconv.FormatFloat(v, 'g', 6, 64))
	}
	digits := strconv.FormatFloat(size, 'f', -1, 64)
	_, fraction, _ := strings.Cut(digits, ".")
	return formatNumber(v, min(6, len(fraction)))
}

// formatValue writes whole numbers whole and others to three digits at least.
func formatValue(v float64) string {
	size := math.Abs(v)
	switch {
	case size >= 1e9 || size < 1e-4 && size > 0:
		return formatShort(v)
	case v == math.Trunc(v):
		return formatNumber(v, 0)
	}
	return formatNumber(v, max(0, 2-int(math.Floor(math.Log10(size)))))
}
