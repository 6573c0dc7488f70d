// Package dataset provides pictures: portraits and illustrations that the project draws itself, and folders and
// archives of your own.
//
// A [Set] holds labelled pictures that can be read in any order and by many goroutines. [Drawn] draws portraits on the
// fly, so nothing needs to be downloaded and every label is exact. [OpenFolder] reads DIR/<class>/… or a labels.csv;
// broken pictures are reported and left out. [Cached] keeps pictures in memory.
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
// [Pictures] are the training data of a network that enlarges: of any size and without labels. [Illustrations] draws
// scenes and manga pages, and [OpenPictures] reads a folder or an archive in place. A [CropLoader] cuts random squares
// out of them and makes each small by [Bicubic], which equals Pillow's; [Degrade] spoils the small ones in realistic
// ways.
//
//	pictures := dataset.CachedPictures(dataset.Illustrations(1, 500), 1<<30)
//	loader, err := dataset.NewCropLoader(pictures, dataset.CropOptions{Crop: 128, Batch: 8, Seed: 1, Flip: true})
//	if err != nil { … }
//	defer loader.Close()
//	batch, err := loader.Next(ctx) // batch.High: [batch, 128, 128, 3], batch.Low: [batch, 32, 32, 3], both in [0, 1]
//
// [Draw], [DrawBlinks] and [DrawIllustrations] write portraits, blinks and illustrations to a folder.
package dataset
