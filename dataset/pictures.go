package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"

	"github.com/moelab/moelab/dataset/illustration"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/realpath"
)

// Pictures are pictures of any size, without labels, that can be read in any order, from many goroutines at once.
type Pictures interface {
	// Len is the number of pictures.
	Len() int
	// Name identifies picture i in messages. i is in [0, Len()).
	Name(i int) string
	// Whole reads picture i at its own size, upright, opaque (transparent areas on white), sRGB, from (0, 0). Others may
	// be reading the same memory: do not change it. The error names the picture.
	Whole(ctx context.Context, i int) (*image.RGBA, error)
}

// IllustrationSize is the height and width of [Illustrations] in pixels.
const IllustrationSize = 512

// Illustrations are the first n illustrations of a seed, 512 × 512 pixels. Each is drawn when it is read; nothing is
// kept.
func Illustrations(seed uint64, n int) Pictures { return illustrations{seed, n} }

type illustrations struct {
	seed uint64
	n    int
}

func (s illustrations) Len() int { return s.n }
func (s illustrations) Name(i int) string {
	return fmt.Sprintf("illustration %d of seed %d", i, s.seed)
}

func (s illustrations) Whole(ctx context.Context, i int) (*image.RGBA, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name(i), err)
	}
	return illustration.Draw(s.seed, i, IllustrationSize), nil
}

// PicturesOptions are the options of [OpenPictures]. The zero value is fine.
type PicturesOptions struct {
	// Strict makes a broken picture an error. Otherwise it is left out and reported.
	Strict bool
	// Workers is the number of pictures checked at once; 0 means one per CPU.
	Workers int
	// Progress, if set, gets the number of checked pictures and the total. Calls do not overlap.
	Progress func(done, total int)
}

// ReadPicture reads a picture file of any size and format, upright and on white. The error names it.
func ReadPicture(path string) (*image.RGBA, error) {
	whole, err := imaging.Load(path)
	if err != nil {
		return nil, fmt.Errorf("read the picture %s: %w", path, err)
	}
	return whole, nil
}

// OpenPictures opens all pictures below a folder, or in an archive: .zip, .tar or .tar.gz. Archives are read in place;
// nothing is unpacked to disk. A .tar.gz cannot be read in any order, so its picture files are kept in memory,
// undecoded; if they are too large, the error says what to do instead.
//
// Every picture is decoded once, so that broken ones are known before training begins. The results are remembered as by
// [OpenFolder], and formats, [imaging.MaxPixels], orientation, animation and transparency are as there. Archives are
// not trusted: members whose names lead out of the archive, links, and archives in archives are left out like broken
// pictures.
//
// It fails if there is no readable picture. The report, which has no classes, is filled in as far as possible in that
// case too.
func OpenPictures(ctx context.Context, path string, opts PicturesOptions) (Pictures, Report, error) {
	pictures, report, err := openPictures(ctx, path, opts)
	if err != nil {
		return nil, report, fmt.Errorf("cannot open the pictures of %s: %w", path, err)
	}
	return pictures, report, nil
}

func openPictures(ctx context.Context, path string, opts PicturesOptions) (Pictures, Report, error) {
	found, bad, err := listPictures(ctx, path)
	report := Report{Bad: bad}
	if err != nil {
		return nil, report, err
	}
	if opts.Strict && len(bad) > 0 {
		return nil, report, bad[0]
	}
	index := openIndex(path)
	errs := make([]error, len(found))
	err = inParallel(ctx, opts.Workers, len(found), opts.Progress, func(i int) error {
		errs[i] = found[i].check(index)
		if errs[i] != nil && opts.Strict {
			return Bad{found[i].name(), errs[i]}
		}
		return nil
	})
	index.save()
	if err != nil {
		return nil, report, err
	}
	var readable openedPictures
	for i, f := range found {
		if errs[i] != nil {
			report.Bad = append(report.Bad, Bad{f.name(), errs[i]})
			continue
		}
		readable = append(readable, f)
	}
	slices.SortStableFunc(report.Bad, func(a, b Bad) int { return comparePaths(a.Path, b.Path) })
	report.Total = len(readable)
	switch {
	case len(readable) > 0:
		return readable, report, nil
	case len(report.Bad) > 0:
		return nil, report, fmt.Errorf(
			"none of %s can be read; the first is %w", count(len(report.Bad), "picture"), report.Bad[0],
		)
	default:
		return nil, report, errors.New("there are no pictures in it (PNG, JPEG, GIF, WebP, BMP, TIFF)")
	}
}

// listPictures finds the pictures of a folder or an archive, the folders in it that cannot be read, and the unusable
// members of an archive.
func listPictures(ctx context.Context, path string) ([]stored, []Bad, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, imaging.WithoutPath(err)
	}
	if !info.IsDir() {
		return listArchive(ctx, path, archiveLimits)
	}
	var links realpath.Links
	files, bad, err := walkPictures(ctx, path, &links)
	if err != nil {
		return nil, nil, imaging.WithoutPath(err)
	}
	links.Warn()
	found := make([]stored, len(files))
	for i, file := range files {
		found[i] = pictureOnDisk(file)
	}
	return found, bad, nil
}

// stored is a picture in a folder or an archive.
type stored interface {
	// name is the path of a file, or that of an archive and the name in it.
	name() string
	// check returns its error, nil if it is readable. The index may know.
	check(index *index) error
	decode() (imaging.Still, error)
}

// openedPictures are the pictures that were readable when opened.
type openedPictures []stored

func (p openedPictures) Len() int          { return len(p) }
func (p openedPictures) Name(i int) string { return p[i].name() }

func (p openedPictures) Whole(ctx context.Context, i int) (*image.RGBA, error) {
	if err := ctx.Err(); err != nil {
		return nil, Bad{p[i].name(), err}
	}
	still, err := p[i].decode()
	if err != nil {
		return nil, Bad{p[i].name(), err}
	}
	return still.Whole(), nil
}

// pictureOnDisk is the path of a file.
type pictureOnDisk string

func (p pictureOnDisk) name() string                   { return filepath.Clean(string(p)) }
func (p pictureOnDisk) check(x *index) error           { return x.checkFile(string(p)) }
func (p pictureOnDisk) decode() (imaging.Still, error) { return imaging.OpenStill(string(p)) }

// CachedPictures keeps pictures in memory, up to a number of bytes, so that they are decoded or drawn once and not once
// an epoch. A picture takes width × height × 4 bytes. When the memory is full, its contents stay.
func CachedPictures(pictures Pictures, bytes int64) Pictures {
	return &cachedPictures{Pictures: pictures, cache: newCache[int, *image.RGBA](bytes)}
}

type cachedPictures struct {
	Pictures
	cache *cache[int, *image.RGBA]
}

func (c *cachedPictures) Whole(ctx context.Context, i int) (*image.RGBA, error) {
	if picture, found := c.cache.get(i); found {
		return picture, nil
	}
	picture, err := c.Pictures.Whole(ctx, i)
	if err == nil {
		c.cache.keep(i, picture, int64(len(picture.Pix)))
	}
	return picture, err
}
