// Package illustration draws anime illustrations and manga pages from numbers, so that a network that enlarges pictures
// can be trained and measured without a download. They are rich in the details that matter to it: lines, strands of
// hair, gradients, text and screentone.
//
// [Draw] is a pure function: the same seed and index give the same picture.
package illustration
