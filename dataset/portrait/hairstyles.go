package portrait

// Fringe, Side and Back are indices into the tables of hair styles; one of each makes a head of hair.
type (
	Fringe int
	Side   int
	Back   int
)

// lock is a tapering strand of hair from its root to its tip.
type lock struct {
	root, tip point
	width     float64 // at its widest
	bow       float64 // how far it bows to the side, in lengths: positive to the right for one that hangs
	blunt     float64 // 0 pointed … 1 cut off
}

// fringes give the locks over the forehead, the hindmost first.
var fringes = [...][]lock{
	{ // straight
		{point{-0.13, 0.19}, point{-0.215, 0.530}, 0.100, -0.10, 0.5}, {point{0.13, 0.19}, point{0.215, 0.530}, 0.100, 0.10, 0.5},
		{point{-0.09, 0.19}, point{-0.150, 0.505}, 0.105, -0.06, 0.7}, {point{0.09, 0.19}, point{0.150, 0.505}, 0.105, 0.06, 0.7},
		{point{-0.05, 0.19}, point{-0.078, 0.500}, 0.100, -0.03, 0.7}, {point{0.05, 0.19}, point{0.078, 0.500}, 0.100, 0.03, 0.7},
		{point{0, 0.19}, point{0.004, 0.502}, 0.105, 0, 0.7},
	},
	{ // a central lock between the eyes
		{point{-0.12, 0.19}, point{-0.225, 0.550}, 0.120, -0.14, 0}, {point{0.12, 0.19}, point{0.225, 0.550}, 0.120, 0.14, 0},
		{point{-0.08, 0.19}, point{-0.160, 0.500}, 0.135, -0.10, 0}, {point{0.08, 0.19}, point{0.165, 0.505}, 0.135, 0.10, 0},
		{point{-0.04, 0.19}, point{-0.080, 0.475}, 0.125, -0.08, 0}, {point{0.05, 0.19}, point{0.090, 0.485}, 0.125, 0.06, 0},
		{point{0, 0.18}, point{0.014, 0.565}, 0.105, 0.05, 0},
	},
	{ // swept to one side
		{point{0.10, 0.18}, point{0.235, 0.535}, 0.130, 0.20, 0}, {point{0.08, 0.18}, point{0.190, 0.465}, 0.120, 0.20, 0},
		{point{0.04, 0.18}, point{-0.230, 0.545}, 0.160, -0.22, 0}, {point{0.05, 0.18}, point{-0.165, 0.515}, 0.165, -0.18, 0},
		{point{0.08, 0.18}, point{-0.085, 0.505}, 0.135, -0.15, 0}, {point{0.09, 0.18}, point{-0.005, 0.490}, 0.120, -0.10, 0},
		{point{0.10, 0.18}, point{0.070, 0.470}, 0.110, -0.04, 0},
	},
	{ // parted in the middle
		{point{-0.01, 0.16}, point{-0.235, 0.575}, 0.130, -0.24, 0}, {point{0.01, 0.16}, point{0.235, 0.575}, 0.130, 0.24, 0},
		{point{0, 0.16}, point{-0.185, 0.510}, 0.140, -0.20, 0}, {point{0, 0.16}, point{0.185, 0.510}, 0.140, 0.20, 0},
		{point{0, 0.16}, point{-0.120, 0.440}, 0.120, -0.18, 0}, {point{0, 0.16}, point{0.120, 0.440}, 0.120, 0.18, 0},
	},
	{ // choppy
		{point{-0.13, 0.19}, point{-0.230, 0.560}, 0.105, -0.12, 0}, {point{0.13, 0.19}, point{0.225, 0.540}, 0.105, 0.12, 0},
		{point{-0.10, 0.19}, point{-0.180, 0.490}, 0.115, -0.08, 0}, {point{0.10, 0.19}, point{0.175, 0.510}, 0.115, 0.02, 0},
		{point{0.06, 0.19}, point{0.115, 0.465}, 0.110, 0.06, 0}, {point{-0.06, 0.19}, point{-0.130, 0.525}, 0.105, -0.12, 0},
		{point{-0.03, 0.19}, point{-0.065, 0.475}, 0.105, -0.02, 0}, {point{0.03, 0.19}, point{0.055, 0.530}, 0.105, -0.06, 0},
		{point{0, 0.19}, point{-0.012, 0.505}, 0.095, 0.04, 0},
	},
	{ // parted at one side
		{point{-0.08, 0.17}, point{-0.235, 0.555}, 0.130, -0.24, 0}, {point{-0.07, 0.17}, point{-0.180, 0.470}, 0.120, -0.22, 0},
		{point{-0.05, 0.17}, point{0.235, 0.560}, 0.165, 0.24, 0}, {point{-0.05, 0.17}, point{0.180, 0.505}, 0.170, 0.22, 0},
		{point{-0.07, 0.17}, point{0.100, 0.480}, 0.140, 0.20, 0}, {point{-0.07, 0.17}, point{0.020, 0.440}, 0.115, 0.18, 0},
	},
	{ // two curtains that meet over the nose
		{point{-0.10, 0.18}, point{-0.225, 0.565}, 0.125, -0.18, 0}, {point{0.10, 0.18}, point{0.225, 0.565}, 0.125, 0.18, 0},
		{point{-0.07, 0.18}, point{-0.155, 0.515}, 0.130, -0.18, 0}, {point{0.07, 0.18}, point{0.155, 0.515}, 0.130, 0.18, 0},
		{point{-0.04, 0.18}, point{-0.050, 0.520}, 0.125, -0.16, 0}, {point{0.04, 0.18}, point{0.062, 0.500}, 0.125, 0.14, 0},
	},
}

// sides give the locks in front of the right ear; the left ones mirror them.
var sides = [...][]lock{
	{{point{0.215, 0.30}, point{0.245, 0.665}, 0.085, 0.10, 0}},                                                           // to the cheek
	{{point{0.245, 0.34}, point{0.285, 0.72}, 0.070, 0.10, 0}, {point{0.220, 0.30}, point{0.225, 0.79}, 0.100, 0.13, 0}},  // to the jaw
	{{point{0.235, 0.36}, point{0.215, 0.76}, 0.060, 0.10, 0}, {point{0.225, 0.30}, point{0.255, 1.00}, 0.095, 0.08, 0}},  // long
	{{point{0.222, 0.30}, point{0.226, 0.735}, 0.075, 0.10, 0.75}},                                                        // cut straight
	{{point{0.222, 0.32}, point{0.262, 0.575}, 0.070, 0.06, 0}},                                                           // short, ears show
	{{point{0.222, 0.30}, point{0.160, 0.755}, 0.085, 0.26, 0}, {point{0.240, 0.36}, point{0.260, 0.66}, 0.060, 0.12, 0}}, // curling in to the chin
}

// back is the hair behind head and shoulders.
type back struct {
	outline []knot // right half, from the temple to the middle of the lower edge
	tails   []tail // on the right; the left ones mirror them
	single  bool   // on one side only
	bun     bool
	length  string
	style   string
}

// tail is hair that is tied together: it widens from the tie and runs out.
type tail struct {
	spine []knot
	width float64
}

var backs = [...]back{
	{length: short, style: loose, outline: []knot{{0.298, 0.54, false}, {0.285, 0.61, false}, {0.262, 0.685, true}, {0.225, 0.66, true}, {0.175, 0.745, true}, {0.12, 0.71, true}, {0, 0.73, false}}}, // short
	{length: medium, style: loose, outline: []knot{{0.318, 0.56, false}, {0.325, 0.68, false}, {0.285, 0.80, false}, {0.215, 0.845, true}, {0.20, 0.81, true}, {0.14, 0.84, true}, {0, 0.80, false}}}, // bob
	{length: long, style: loose, outline: []knot{{0.312, 0.56, false}, {0.325, 0.78, false}, {0.345, 1.10, true}, {0, 1.10, false}}},                                                                  // long
	{length: long, style: loose, outline: []knot{{0.318, 0.56, false}, {0.36, 0.66, false}, {0.335, 0.77, false}, {0.39, 0.88, false}, {0.365, 1.10, true}, {0, 1.10, false}}},                        // long, wavy
	{ // twin tails
		length: long, style: twinTails,
		outline: []knot{{0.295, 0.54, false}, {0.25, 0.66, true}, {0, 0.68, false}},
		tails: []tail{
			{[]knot{{0.285, 0.29, false}, {0.375, 0.36, false}, {0.405, 0.62, false}, {0.375, 0.98, false}}, 0.125},
			{[]knot{{0.285, 0.30, false}, {0.345, 0.38, false}, {0.365, 0.60, false}, {0.320, 0.86, false}}, 0.090},
		},
	},
	{ // side ponytail
		length: long, style: ponytail,
		outline: []knot{{0.295, 0.54, false}, {0.25, 0.67, true}, {0, 0.68, false}}, single: true,
		tails: []tail{
			{[]knot{{0.255, 0.23, false}, {0.345, 0.22, false}, {0.415, 0.38, false}, {0.385, 0.78, false}}, 0.150},
			{[]knot{{0.255, 0.24, false}, {0.335, 0.27, false}, {0.365, 0.42, false}, {0.430, 0.64, false}}, 0.085},
		},
	},
	{length: medium, style: loose, outline: []knot{{0.318, 0.54, false}, {0.385, 0.65, true}, {0.322, 0.655, true}, {0.365, 0.775, true}, {0.285, 0.755, true}, {0.265, 0.86, true}, {0.19, 0.80, true}, {0, 0.80, false}}}, // shaggy
	{length: short, style: buns, outline: []knot{{0.295, 0.54, false}, {0.25, 0.66, true}, {0, 0.68, false}}, bun: true},                                                                                                    // two buns
	{ // low tails over the shoulders
		length: long, style: twinTails,
		outline: []knot{{0.300, 0.54, false}, {0.285, 0.68, false}, {0.24, 0.76, true}, {0, 0.74, false}},
		tails:   []tail{{[]knot{{0.215, 0.715, false}, {0.262, 0.790, false}, {0.278, 0.90, false}, {0.262, 1.14, false}}, 0.120}},
	},
}
