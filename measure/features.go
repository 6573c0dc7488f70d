package measure

import (
	"context"
	"image"

	"gonum.org/v1/gonum/mat"
)

// Features are a network's features of pictures, for [Frechet] and [Kernel]. Distances by the features of different
// networks cannot be compared.
type Features struct {
	// Name identifies the network and its features.
	Name string
	// Of returns a row of features for each picture.
	Of func(ctx context.Context, pictures []*image.RGBA) (*mat.Dense, error)
}
