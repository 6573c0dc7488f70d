package portrait

import . "github.com/moelab/moelab/internal/vector"

// Fringe, Side and Back are indices into the tables of hair styles; one of each makes a head of hair.
type (
	Fringe int
	Side   int
	Back   int
)

// lock is a tapering strand of hair from its root to its tip.
type lock struct {
	root, tip Point
	width     float64 // at its widest
	bow       float64 // how far it bows sideways, in lengths; positive is to the right if it hangs
	blunt     float64 // 0 pointed … 1 cut off
}

// fringes are the locks over the forehead, the hindmost first.
var fringes = [...][]lock{
	{ // straight
		{Pt(-0.13, 0.19), Pt(-0.215, 0.530), 0.100, -0.10, 0.5}, {Pt(0.13, 0.19), Pt(0.215, 0.530), 0.100, 0.10, 0.5},
		{Pt(-0.09, 0.19), Pt(-0.150, 0.505), 0.105, -0.06, 0.7}, {Pt(0.09, 0.19), Pt(0.150, 0.505), 0.105, 0.06, 0.7},
		{Pt(-0.05, 0.19), Pt(-0.078, 0.500), 0.100, -0.03, 0.7}, {Pt(0.05, 0.19), Pt(0.078, 0.500), 0.100, 0.03, 0.7},
		{Pt(0, 0.19), Pt(0.004, 0.502), 0.105, 0, 0.7},
	},
	{ // a central lock between the eyes
		{Pt(-0.12, 0.19), Pt(-0.225, 0.550), 0.120, -0.14, 0}, {Pt(0.12, 0.19), Pt(0.225, 0.550), 0.120, 0.14, 0},
		{Pt(-0.08, 0.19), Pt(-0.160, 0.500), 0.135, -0.10, 0}, {Pt(0.08, 0.19), Pt(0.165, 0.505), 0.135, 0.10, 0},
		{Pt(-0.04, 0.19), Pt(-0.080, 0.475), 0.125, -0.08, 0}, {Pt(0.05, 0.19), Pt(0.090, 0.485), 0.125, 0.06, 0},
		{Pt(0, 0.18), Pt(0.014, 0.565), 0.105, 0.05, 0},
	},
	{ // swept to one side
		{Pt(0.10, 0.18), Pt(0.235, 0.535), 0.130, 0.20, 0}, {Pt(0.08, 0.18), Pt(0.190, 0.465), 0.120, 0.20, 0},
		{Pt(0.04, 0.18), Pt(-0.230, 0.545), 0.160, -0.22, 0}, {Pt(0.05, 0.18), Pt(-0.165, 0.515), 0.165, -0.18, 0},
		{Pt(0.08, 0.18), Pt(-0.085, 0.505), 0.135, -0.15, 0}, {Pt(0.09, 0.18), Pt(-0.005, 0.490), 0.120, -0.10, 0},
		{Pt(0.10, 0.18), Pt(0.070, 0.470), 0.110, -0.04, 0},
	},
	{ // parted in the middle
		{Pt(-0.01, 0.16), Pt(-0.235, 0.575), 0.130, -0.24, 0}, {Pt(0.01, 0.16), Pt(0.235, 0.575), 0.130, 0.24, 0},
		{Pt(0, 0.16), Pt(-0.185, 0.510), 0.140, -0.20, 0}, {Pt(0, 0.16), Pt(0.185, 0.510), 0.140, 0.20, 0},
		{Pt(0, 0.16), Pt(-0.120, 0.440), 0.120, -0.18, 0}, {Pt(0, 0.16), Pt(0.120, 0.440), 0.120, 0.18, 0},
	},
	{ // choppy
		{Pt(-0.13, 0.19), Pt(-0.230, 0.560), 0.105, -0.12, 0}, {Pt(0.13, 0.19), Pt(0.225, 0.540), 0.105, 0.12, 0},
		{Pt(-0.10, 0.19), Pt(-0.180, 0.490), 0.115, -0.08, 0}, {Pt(0.10, 0.19), Pt(0.175, 0.510), 0.115, 0.02, 0},
		{Pt(0.06, 0.19), Pt(0.115, 0.465), 0.110, 0.06, 0}, {Pt(-0.06, 0.19), Pt(-0.130, 0.525), 0.105, -0.12, 0},
		{Pt(-0.03, 0.19), Pt(-0.065, 0.475), 0.105, -0.02, 0}, {Pt(0.03, 0.19), Pt(0.055, 0.530), 0.105, -0.06, 0},
		{Pt(0, 0.19), Pt(-0.012, 0.505), 0.095, 0.04, 0},
	},
	{ // parted at one side
		{Pt(-0.08, 0.17), Pt(-0.235, 0.555), 0.130, -0.24, 0}, {Pt(-0.07, 0.17), Pt(-0.180, 0.470), 0.120, -0.22, 0},
		{Pt(-0.05, 0.17), Pt(0.235, 0.560), 0.165, 0.24, 0}, {Pt(-0.05, 0.17), Pt(0.180, 0.505), 0.170, 0.22, 0},
		{Pt(-0.07, 0.17), Pt(0.100, 0.480), 0.140, 0.20, 0}, {Pt(-0.07, 0.17), Pt(0.020, 0.440), 0.115, 0.18, 0},
	},
	{ // two curtains that meet over the nose
		{Pt(-0.10, 0.18), Pt(-0.225, 0.565), 0.125, -0.18, 0}, {Pt(0.10, 0.18), Pt(0.225, 0.565), 0.125, 0.18, 0},
		{Pt(-0.07, 0.18), Pt(-0.155, 0.515), 0.130, -0.18, 0}, {Pt(0.07, 0.18), Pt(0.155, 0.515), 0.130, 0.18, 0},
		{Pt(-0.04, 0.18), Pt(-0.050, 0.520), 0.125, -0.16, 0}, {Pt(0.04, 0.18), Pt(0.062, 0.500), 0.125, 0.14, 0},
	},
}

// sides are the locks in front of the right ear. The left ones mirror them.
var sides = [...][]lock{
	// to the cheek
	{{Pt(0.215, 0.30), Pt(0.245, 0.665), 0.085, 0.10, 0}},
	// to the jaw
	{{Pt(0.245, 0.34), Pt(0.285, 0.72), 0.070, 0.10, 0}, {Pt(0.220, 0.30), Pt(0.225, 0.79), 0.100, 0.13, 0}},
	// long
	{{Pt(0.235, 0.36), Pt(0.215, 0.76), 0.060, 0.10, 0}, {Pt(0.225, 0.30), Pt(0.255, 1.00), 0.095, 0.08, 0}},
	// cut straight
	{{Pt(0.222, 0.30), Pt(0.226, 0.735), 0.075, 0.10, 0.75}},
	// short, ears show
	{{Pt(0.222, 0.32), Pt(0.262, 0.575), 0.070, 0.06, 0}},
	// curling in to the chin
	{{Pt(0.222, 0.30), Pt(0.160, 0.755), 0.085, 0.26, 0}, {Pt(0.240, 0.36), Pt(0.260, 0.66), 0.060, 0.12, 0}},
}

// back is the hair behind head and shoulders.
type back struct {
	length, style string
	outline       []knot // right half, from the temple to the middle of the lower edge
	tails         []tail // on the right; the left ones mirror them, except those of ponytails
}

// tail is tied hair: it widens from the tie and thins out.
type tail struct {
	width float64
	spine []knot
}

var backs = [...]back{
	// short
	{short, loose, []knot{
		on(0.298, 0.54), on(0.285, 0.61), corner(0.262, 0.685), corner(0.225, 0.66), corner(0.175, 0.745),
		corner(0.12, 0.71), on(0, 0.73),
	}, nil},
	// bob
	{medium, loose, []knot{
		on(0.318, 0.56), on(0.325, 0.68), on(0.285, 0.80), corner(0.215, 0.845), corner(0.20, 0.81), corner(0.14, 0.84),
		on(0, 0.80),
	}, nil},
	// long
	{long, loose, []knot{on(0.312, 0.56), on(0.325, 0.78), corner(0.345, 1.10), on(0, 1.10)}, nil},
	// long, wavy
	{long, loose, []knot{
		on(0.318, 0.56), on(0.36, 0.66), on(0.335, 0.77), on(0.39, 0.88), corner(0.365, 1.10), on(0, 1.10),
	}, nil},
	// twin tails
	{long, twinTails, []knot{on(0.295, 0.54), corner(0.25, 0.66), on(0, 0.68)}, []tail{
		{0.125, []knot{on(0.285, 0.29), on(0.375, 0.36), on(0.405, 0.62), on(0.375, 0.98)}},
		{0.090, []knot{on(0.285, 0.30), on(0.345, 0.38), on(0.365, 0.60), on(0.320, 0.86)}},
	}},
	// side ponytail
	{long, ponytail, []knot{on(0.295, 0.54), corner(0.25, 0.67), on(0, 0.68)}, []tail{
		{0.150, []knot{on(0.255, 0.23), on(0.345, 0.22), on(0.415, 0.38), on(0.385, 0.78)}},
		{0.085, []knot{on(0.255, 0.24), on(0.335, 0.27), on(0.365, 0.42), on(0.430, 0.64)}},
	}},
	// shaggy
	{medium, loose, []knot{
		on(0.318, 0.54), corner(0.385, 0.65), corner(0.322, 0.655), corner(0.365, 0.775), corner(0.285, 0.755),
		corner(0.265, 0.86), corner(0.19, 0.80), on(0, 0.80),
	}, nil},
	// two buns
	{short, buns, []knot{on(0.295, 0.54), corner(0.25, 0.66), on(0, 0.68)}, nil},
	// low tails over the shoulders
	{long, twinTails, []knot{on(0.300, 0.54), on(0.285, 0.68), corner(0.24, 0.76), on(0, 0.74)}, []tail{
		{0.120, []knot{on(0.215, 0.715), on(0.262, 0.790), on(0.278, 0.90), on(0.262, 1.14)}},
	}},
}
