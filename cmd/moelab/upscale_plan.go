package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/internal/imaging"
)

// upscaleJob is a picture to enlarge.
type upscaleJob struct {
	in, out string // Files, or standard.
	format  imaging.Format
	inDir   bool  // OUT is a folder: what is done already need not be done again.
	err     error // What was wrong with it before it was opened.
}

// open reads the picture.
func (j upscaleJob) open(stdin io.Reader) (*imaging.Picture, error) {
	if j.in == standard {
		return imaging.Read(stdin)
	}
	return imaging.Open(j.in)
}

// done says whether the picture was enlarged since it was last changed. What is there is whole: it is written so.
func (j upscaleJob) done() bool {
	if !j.inDir || j.err != nil {
		return false
	}
	in, errIn := os.Stat(j.in)
	out, errOut := os.Stat(j.out)
	return errIn == nil && errOut == nil && !out.ModTime().Before(in.ModTime())
}

// wrap names the picture in an error, unless the error names a file itself.
func (j upscaleJob) wrap(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == j.in {
		return err
	}
	if j.in == standard {
		return fmt.Errorf("standard input: %w", err)
	}
	return fmt.Errorf("%s: %w", j.in, err)
}

// planUpscale lists what is to be made of the pictures and folders that were named.
func planUpscale(ctx context.Context, in []string, out, formatName string) ([]upscaleJob, error) {
	format, err := formatNamed(formatName)
	if err != nil {
		return nil, err
	}
	found, folders, err := findPictures(ctx, in, out)
	if err != nil {
		return nil, err
	}
	toFolder, err := isFolder(out, folders || len(in) > 1)
	if err != nil {
		return nil, err
	}
	if !toFolder {
		return planOne(in[0], out, format)
	}
	jobs := make([]upscaleJob, len(found))
	for i, f := range found {
		if f.in == standard {
			return nil, usage("standard input needs a name for what is made of it: -o must be a file or %q", standard)
		}
		jobs[i] = upscaleJob{in: f.in, format: format, inDir: true, err: f.err}
		if format == "" {
			jobs[i].format = formatInFolder(f.in)
		}
	}
	nameOutputs(jobs, found, out)
	return jobs, checkOutputs(jobs)
}

// formatNamed returns what --format says, "" for nothing.
func formatNamed(name string) (imaging.Format, error) {
	if name == "" {
		return "", nil
	}
	format, err := imaging.FormatOf("." + strings.TrimPrefix(strings.ToLower(name), "."))
	if err != nil {
		return "", usage("--format is %q: it must be png, jpg, gif or webp", name)
	}
	return format, nil
}

// foundPicture is a picture, and where it lies in the folder that was named.
type foundPicture struct {
	in, relative string
	err          error
}

// findPictures lists the pictures that were named and those in folders that were named, which they say whether there are any.
func findPictures(ctx context.Context, in []string, out string) (found []foundPicture, folders bool, err error) {
	for _, path := range in {
		if path == standard {
			found = append(found, foundPicture{in: standard})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, false, err
		}
		if !info.IsDir() {
			found = append(found, foundPicture{in: path, relative: filepath.Base(path)})
			continue
		}
		if other, err := os.Stat(out); err == nil && os.SameFile(info, other) {
			return nil, false, usage("%s is the folder of the pictures: name another one with -o", out)
		}
		below, err := picturesBelow(ctx, path, out)
		if err != nil {
			return nil, false, err
		}
		if len(below) == 0 {
			return nil, false, usage("there are no pictures in %s (PNG, JPEG, GIF, WebP, BMP, TIFF)", path)
		}
		found, folders = append(found, below...), true
	}
	return found, folders, nil
}

// picturesBelow lists the pictures of a folder and the folders in it, less those in out. Links to folders are not followed, so that
// none can lead round in a circle.
func picturesBelow(ctx context.Context, dir, out string) (found []foundPicture, err error) {
	skipped, _ := os.Stat(out)                               // Where there is nothing yet, nothing is skipped.
	root := filepath.Clean(dir) + string(filepath.Separator) // The slash makes WalkDir follow dir itself.
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(root, path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && relative == ".":
			return err
		case err != nil || relErr != nil:
			found = append(found, foundPicture{in: path, relative: relative, err: errors.Join(err, relErr)})
		case relative != "." && strings.HasPrefix(entry.Name(), "."): // The system's own.
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir() && relative != ".":
			if info, err := entry.Info(); err == nil && skipped != nil && os.SameFile(info, skipped) {
				return fs.SkipDir
			}
		case !entry.IsDir() && imaging.HasExtension(path):
			found = append(found, foundPicture{in: filepath.Clean(path), relative: relative})
		}
		return nil
	})
	return found, err
}

// isFolder says whether OUT is one, or becomes one, which it must where there is more than one picture.
func isFolder(out string, must bool) (bool, error) {
	if out == standard {
		if must {
			return false, usage("standard output takes one picture: -o must be a folder")
		}
		return false, nil
	}
	info, err := os.Stat(out)
	switch {
	case err == nil && info.IsDir():
		return true, nil
	case err == nil && must:
		return false, usage("%s is a file: -o must be a folder for several pictures", out)
	case err == nil:
		return false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return must || os.IsPathSeparator(out[len(out)-1]), nil
}

// planOne is the plan for one picture that becomes one file.
func planOne(in, out string, format imaging.Format) ([]upscaleJob, error) {
	if out == standard {
		if format == "" {
			format = imaging.PNG
		}
		return []upscaleJob{{in: in, out: out, format: format}}, nil
	}
	named, err := imaging.FormatOf(out)
	if err != nil {
		return nil, usage("-o %s: %w", out, err)
	}
	if format != "" && format != named {
		return nil, usage("-o %s is a %s, --format says %s", out, named, format)
	}
	jobs := []upscaleJob{{in: in, out: out, format: named}}
	return jobs, checkOutputs(jobs)
}

// formatInFolder is the format that a picture becomes where nobody says one. What cannot be read will be found out later.
func formatInFolder(in string) imaging.Format {
	if strings.EqualFold(filepath.Ext(in), ".gif") {
		if p, err := imaging.Open(in); err == nil && p.Info.Frames > 1 {
			return imaging.GIF
		}
	}
	return imaging.PNG
}

// extensions are those of what is made.
var extensions = map[imaging.Format]string{imaging.PNG: ".png", imaging.JPEG: ".jpg", imaging.GIF: ".gif", imaging.WebP: ".webp"}

// nameOutputs gives each picture its name in the folder out: its own with the extension of the format. Pictures that would have the same
// name so, as a.png and a.jpg, keep their extensions before it.
func nameOutputs(jobs []upscaleJob, found []foundPicture, out string) {
	short := func(i int) string {
		return strings.TrimSuffix(found[i].relative, filepath.Ext(found[i].relative)) + extensions[jobs[i].format]
	}
	claims := map[string]int{}
	for i := range jobs {
		claims[strings.ToLower(short(i))]++
	}
	for i := range jobs {
		name := short(i)
		if claims[strings.ToLower(name)] > 1 {
			name = found[i].relative + extensions[jobs[i].format]
		}
		jobs[i].out = filepath.Join(out, name)
	}
}

// checkOutputs refuses what would overwrite a picture that is to be enlarged, by whatever name it is called, or another one that is made.
func checkOutputs(jobs []upscaleJob) error {
	type mark struct{ size, modified int64 } // What files that are the same have in common.
	inputs := map[mark][]os.FileInfo{}
	markOf := func(info os.FileInfo) mark { return mark{info.Size(), info.ModTime().UnixNano()} }
	outputs := map[string]string{}
	for _, job := range jobs {
		if other, taken := outputs[job.out]; taken {
			return usage("%s and %s would both become %s: enlarge them into different folders", other, job.in, job.out)
		}
		outputs[job.out] = job.in
		var info os.FileInfo
		var err error
		if job.in == standard {
			info, err = os.Stdin.Stat()
		} else {
			info, err = os.Stat(job.in)
		}
		if err == nil {
			inputs[markOf(info)] = append(inputs[markOf(info)], info)
		}
	}
	for _, job := range jobs {
		info, err := os.Stat(job.out)
		if err != nil {
			continue
		}
		for _, input := range inputs[markOf(info)] {
			if os.SameFile(info, input) {
				return usage("%s would overwrite a picture that is to be enlarged: name another file or folder with -o", job.out)
			}
		}
	}
	return nil
}
