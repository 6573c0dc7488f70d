// Package blink makes a still portrait blink: a U-Net is told by the optical flow of somebody else's blink how the lids move, and draws the same motion into
// the eyes of a picture.
//
// A run is trained by [Train] into a run directory; see package lab.
package blink
