// Package blink makes a still portrait blink: U-Nets are told by the optical flow of somebody else's blink how the lids move, and draw the same motion into the eyes of a
// picture. It also has what the article of this experiment tried before: VideoGAN, whole frames, and less than all of the networks; see [Failures].
//
// A run is trained by [Train] into a run directory; see package lab. [Open] makes portraits blink with what it has learned, [OpenShipped] with the network that
// comes with moelab:
//
//	b, err := blink.OpenShipped(backend)
//	reference, err := blink.OpenReference(ctx, "quick")
//	frames, err := b.Blink(ctx, portrait, [][]image.Rectangle{{leftEye, rightEye}}, reference)
package blink
