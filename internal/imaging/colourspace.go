package imaging

import (
	"encoding/binary"
	"image"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// colourSpace is what numbers of red, green and blue mean.
type colourSpace struct {
	// chromaticities are x and y of white, red, green and blue.
	chromaticities [8]float64
	// light is the amount of light of a value, both in [0, 1].
	light func(value float64) float64
	// gamma is the exponent if light is a power, otherwise 0.
	gamma float64
}

var (
	rec709  = [8]float64{0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06} // sRGB's too.
	rec601  = [8]float64{0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}
	pal     = [8]float64{0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06}
	rec2020 = [8]float64{0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046}
	dciP3   = [8]float64{0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}
	p3      = [8]float64{0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}
)

// primaries are the colours of the code points of ITU-T H.273, which cICP holds.
var primaries = map[byte][8]float64{1: rec709, 5: pal, 6: rec601, 7: rec601, 9: rec2020, 11: dciP3, 12: p3}

// transfers are the amounts of light of H.273's code points. Brightness beyond white, which it has for films, is cut.
var transfers = map[byte]func(value float64) float64{
	1: rec709Light, 6: rec709Light, 14: rec709Light, 15: rec709Light,
	4:  func(v float64) float64 { return math.Pow(v, 2.2) },
	5:  func(v float64) float64 { return math.Pow(v, 2.8) },
	8:  func(v float64) float64 { return v },
	13: srgbLight,
	16: func(v float64) float64 { // PQ of SMPTE ST 2084, in 10,000 nits. White is at 203 nits, as in ITU-R BT.2408.
		const m1, m2, c1, c2, c3 = 1305. / 8192, 2523. / 32, 107. / 128, 2413. / 128, 2392. / 128
		e := math.Pow(v, 1/m2)
		return min(math.Pow(max(e-c1, 0)/(c2-c3*e), 1/m1)*10000/203, 1)
	},
	18: func(v float64) float64 { // HLG of ITU-R BT.2100 on a screen of 1,000 nits. White is at three quarters.
		const a, b, c = 0.17883277, 0.28466892, 0.55991073
		scene := v * v / 3
		if v > 0.5 {
			scene = (math.Exp((v-c)/a) + b) / 12
		}
		return min(math.Pow(scene, 1.2)*1000/203, 1)
	},
}

func rec709Light(v float64) float64 {
	if v < 0.081 {
		return v / 4.5
	}
	return math.Pow((v+0.099)/1.099, 1/0.45)
}

func srgbLight(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// srgbValue is the inverse of srgbLight.
func srgbValue(light float64) float64 {
	if light <= 0.0031308 {
		return light * 12.92
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// addColour keeps a chunk of a PNG that says what the colours mean, apart from a profile: the first of each name that
// has the standard's length.
func (m *metadata) addColour(c chunk) {
	sizes := map[string]int{"cICP": 4, "gAMA": 4, "cHRM": 32, "sRGB": 1, "mDCV": 24, "cLLI": 8}
	size, known := sizes[c.name]
	repeated := slices.ContainsFunc(m.colour, func(other chunk) bool { return other.name == c.name })
	if known && len(c.data) == size && !repeated {
		m.colour = append(m.colour, c)
	}
}

// colourSpaceOf returns the space that chunks of a PNG describe, or nil if that is sRGB. The order of precedence is
// that of https://www.w3.org/TR/png-3/#color-chunk-precendence.
func colourSpaceOf(chunks []chunk) *colourSpace {
	byName := map[string][]byte{}
	for _, c := range chunks {
		byName[c.name] = c.data
	}
	if cicp := byName["cICP"]; len(cicp) == 4 {
		chromaticities, known := primaries[cicp[0]]
		if light := transfers[cicp[1]]; known && light != nil {
			if chromaticities == rec709 && cicp[1] == 13 {
				return nil
			}
			return &colourSpace{chromaticities: chromaticities, light: light}
		}
	}
	if byName["sRGB"] != nil {
		return nil
	}
	space := &colourSpace{chromaticities: rec709, light: srgbLight}
	const unit = 100000 // In which both chunks hold numbers.
	equal := true
	if chrm := byName["cHRM"]; len(chrm) == 32 {
		for i := range space.chromaticities {
			v := float64(binary.BigEndian.Uint32(chrm[4*i:])) / unit
			equal = equal && math.Abs(v-rec709[i]) < 0.002
			space.chromaticities[i] = v
		}
	}
	if gama := byName["gAMA"]; len(gama) == 4 {
		if v := float64(binary.BigEndian.Uint32(gama)) / unit; v > 0 && math.Abs(v-1/2.2) > 0.001 {
			space.gamma = 1 / v
			space.light = func(value float64) float64 { return math.Pow(value, space.gamma) }
			equal = false
		}
	}
	if equal || space.colorants() == nil {
		return nil
	}
	return space
}

// d50 is the white of ICC profiles.
var d50 = [3]float64{0.9642, 1, 0.8249}

// colorants returns the matrix from amounts of light to XYZ, adapted to [d50], or nil for impossible chromaticities.
func (s *colourSpace) colorants() *mat.Dense {
	xyz := func(i int) []float64 {
		x, y := s.chromaticities[2*i], s.chromaticities[2*i+1]
		return []float64{x / y, 1, (1 - x - y) / y}
	}
	colours := mat.NewDense(3, 3, slices.Concat(xyz(1), xyz(2), xyz(3))).T()
	white := mat.NewVecDense(3, xyz(0))
	var shares mat.VecDense
	if shares.SolveVec(colours, white) != nil {
		return nil
	}
	bradford := mat.NewDense(3, 3, []float64{0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296})
	var from, to, adapted, made mat.Dense
	var cones, wanted mat.VecDense
	cones.MulVec(bradford, white)
	wanted.MulVec(bradford, mat.NewVecDense(3, d50[:]))
	wanted.DivElemVec(&wanted, &cones)
	from.Mul(mat.NewDiagDense(3, wanted.RawVector().Data), bradford)
	if to.Solve(bradford, &from) != nil {
		return nil
	}
	adapted.Mul(&to, colours)
	made.Mul(&adapted, mat.NewDiagDense(3, shares.RawVector().Data))
	for _, v := range made.RawMatrix().Data {
		if math.IsNaN(v) || math.Abs(v) > 100 {
			return nil
		}
	}
	return &made
}

// profile returns the ICC profile of a space.
func (s *colourSpace) profile() []byte { return matrixProfile(s.colorants(), s.curve()) }

// curve returns the tag of a profile with the space's tone curve.
func (s *colourSpace) curve() []byte {
	curve := []uint16{uint16(math.Round(s.gamma * 256))}
	if s.gamma == 0 || s.gamma >= 255 {
		curve = make([]uint16, 1024)
		for i := range curve {
			curve[i] = uint16(math.Round(s.light(float64(i)/1023) * 0xffff))
		}
	}
	tag := append([]byte("curv\x00\x00\x00\x00"), numbers(uint32(len(curve)))...)
	for _, v := range curve {
		tag = binary.BigEndian.AppendUint16(tag, v)
	}
	return tag
}

// toSRGB returns a function that converts opaque or transparent pixels of a space to sRGB, with 8 bits a channel.
func (s *colourSpace) toSRGB() func(pixels *image.NRGBA64) *image.NRGBA64 {
	var light [256]float64
	for v := range light {
		light[v] = s.light(float64(v) / 255)
	}
	const fine = 1 << 14
	var value [fine + 1]uint8
	for i := range value {
		value[i] = uint8(math.Round(srgbValue(float64(i)/fine) * 255))
	}
	var m mat.Dense
	if m.Solve((&colourSpace{chromaticities: rec709}).colorants(), s.colorants()) != nil {
		return func(pixels *image.NRGBA64) *image.NRGBA64 { return pixels }
	}
	return func(pixels *image.NRGBA64) *image.NRGBA64 {
		made := image.NewNRGBA64(image.Rectangle{Max: pixels.Rect.Size()})
		eachPixel(pixels, func(rgba []byte, i int) {
			to := made.Pix[8*i:][:8]
			copy(to, rgba)
			var given [3]float64
			for c := range given {
				given[c] = light[narrow(channel(rgba, c))]
			}
			for c := range 3 {
				sum := m.At(c, 0)*given[0] + m.At(c, 1)*given[1] + m.At(c, 2)*given[2]
				v := value[int(min(max(sum, 0), 1)*fine+0.5)]
				to[2*c], to[2*c+1] = v, v
			}
		})
		return made
	}
}
