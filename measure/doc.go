// Package measure says how alike pictures are, and how alike sets of pictures are.
//
// pair.go compares a restored picture with the truth, and two pictures with each other: PSNR, SSIM, MS-SSIM, colours, sharpness. set.go compares the features that a
// network sees in two sets of pictures: the Fréchet distance behind FID, and the kernel distance behind KID. nearest.go finds the pictures that are most like others.
package measure
