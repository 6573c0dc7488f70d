// Package blink makes a still portrait blink: U-Nets get the optical flow of a reference blink, and draw the same
// motion of the lids into the eyes of a picture. It also has the earlier attempts of this experiment's article:
// VideoGAN, whole frames, and subsets of the networks; see [Failures].
//
// A run is trained by [Train] into a run directory; see package lab. [Open] makes portraits blink with a trained run,
// [OpenShipped] with the network that comes with moelab:
//
//	b, err := blink.OpenShipped(backend)
//	reference, err := blink.OpenReference(ctx, "quick")
//	frames, err := b.Blink(ctx, portrait, [][]image.Rectangle{{leftEye, rightEye}}, reference)
package blink
