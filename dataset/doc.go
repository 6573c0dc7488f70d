// Package dataset brings pictures in: portraits that the project draws itself, and folders of your own.
//
// A [Set] is labelled pictures that can be read in any order and by many goroutines. [Drawn] draws portraits on the
// fly, so nothing needs to be downloaded and every label is exact. [OpenFolder] reads DIR/<class>/… or a labels.csv;
// broken pictures are named and left out. [Cached] keeps what was read in memory.
//
// A [Loader] turns a Set into batches for training: shuffled by a seed, flipped if asked, read ahead in parallel, and
// in [-1, 1]. Batch number k depends only on the set, the options and k, so a resumed training reads exactly what it
// would have read.
//
//	set := dataset.Drawn(1, 10_000)
//	loader, err := dataset.NewLoader(set, dataset.LoaderOptions{Size: 64, Batch: 16, Seed: 1, Flip: true})
//	if err != nil { … }
//	defer loader.Close()
//	batch, err := loader.Next(ctx) // batch.Pictures: [batch, height, width, 3] in [-1, 1]
//
// [Draw] and [DrawBlinks] write portraits and blinks to a folder.
package dataset
