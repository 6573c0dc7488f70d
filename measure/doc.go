// Package measure measures the similarity of pictures, and of sets of pictures.
//
// pair.go compares a restored picture with the truth, and two pictures with each other: PSNR, SSIM, MS-SSIM, colours,
// sharpness. set.go compares the features that a network sees in two sets of pictures: the Fréchet distance behind FID,
// and the kernel distance behind KID. nearest.go finds the most similar pictures.
package measure
