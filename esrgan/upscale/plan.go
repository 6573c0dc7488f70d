package upscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/realpath"
	"github.com/moelab/moelab/internal/textfile"
)

// Standard is the name of standard input and output.
const Standard = "-"

// Job is a picture to enlarge.
type Job struct {
	// In and Out are files or [Standard].
	In, Out string
	// InFolder reports whether Out was given as a folder: finished jobs need not be repeated then; see [Journal].
	InFolder bool

	format imaging.Format
	err    error // From finding the picture.
}

// open reads the picture.
func (j Job) open(stdin io.Reader) (*imaging.Picture, error) {
	if j.In == Standard {
		return imaging.Read(stdin)
	}
	return imaging.Open(j.In)
}

// wrap names the picture in an error, unless the error names it itself.
func (j Job) wrap(err error) error {
	var file *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &file) && file.Path == j.In && textfile.Shown(j.In) == j.In:
		return err
	case j.In == Standard:
		return fmt.Errorf("standard input: %w", err)
	default:
		return fmt.Errorf("%s: %w", textfile.Shown(j.In), err)
	}
}

// Plan lists the jobs for pictures and for folders, which are searched with their subfolders. out is a file
// or a folder; several pictures need a folder, in which each picture NAME.* becomes NAME.png, an animated GIF NAME.gif.
// A format ("png", "jpg", "gif" or "webp") overrides these; "" means none. Jobs that would overwrite an input or each
// other are a [RequestError].
func Plan(ctx context.Context, in []string, out, formatName string) ([]Job, error) {
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
	jobs := make([]Job, len(found))
	for i, f := range found {
		if f.in == Standard {
			return nil, wrongRequest("standard input needs a name for its result: a file, or %q", Standard)
		}
		jobs[i] = Job{In: f.in, InFolder: true, format: format, err: f.err}
		if format == "" {
			jobs[i].format = formatInFolder(f.in)
		}
	}
	nameOutputs(jobs, found, out)
	if err := checkOutputs(jobs); err != nil {
		return nil, err
	}
	return jobs, checkLinks(jobs, out)
}

// formatNamed returns the format with a name, "" for none.
func formatNamed(name string) (imaging.Format, error) {
	if name == "" {
		return "", nil
	}
	format, err := imaging.FormatOf("." + strings.TrimPrefix(strings.ToLower(name), "."))
	if err != nil {
		return "", wrongRequest("the format is %q: it must be png, jpg, gif or webp", name)
	}
	return format, nil
}

// foundPicture is a picture, and its path relative to the given folder.
type foundPicture struct {
	in, relative string
	err          error
}

// findPictures lists pictures, and those in folders. folders reports whether any folder was given.
func findPictures(ctx context.Context, in []string, out string) (found []foundPicture, folders bool, err error) {
	for _, path := range in {
		if path == Standard {
			found = append(found, foundPicture{in: Standard})
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
			return nil, false, wrongRequest("%s is the folder of the pictures: name another one for the results", out)
		}
		below, err := picturesBelow(ctx, path, out)
		if err != nil {
			return nil, false, err
		}
		if len(below) == 0 {
			return nil, false, wrongRequest("there are no pictures in %s (PNG, JPEG, GIF, WebP, BMP, TIFF)", path)
		}
		found, folders = append(found, below...), true
	}
	return found, folders, nil
}

// picturesBelow lists the pictures of a folder and of the folders in it, without those in out. Links to folders are not
// followed, so that there are no loops.
func picturesBelow(ctx context.Context, dir, out string) (found []foundPicture, err error) {
	var links realpath.Links
	defer links.Warn()
	skipped, _ := os.Stat(out)                               // A folder that does not exist yet needs no skipping.
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
		default:
			links.Note(filepath.Clean(path), entry)
		}
		return nil
	})
	return found, err
}

// isFolder reports whether out is a folder or becomes one. Several pictures need one.
func isFolder(out string, must bool) (bool, error) {
	if out == Standard {
		if must {
			return false, wrongRequest("standard output takes one picture: several need a folder")
		}
		return false, nil
	}
	info, err := os.Stat(out)
	switch {
	case err == nil && info.IsDir():
		return true, nil
	case err == nil && must:
		return false, wrongRequest("%s is a file: several pictures need a folder", out)
	case err == nil:
		return false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return must || os.IsPathSeparator(out[len(out)-1]), nil
}

// planOne is the plan for one picture that becomes one file, or goes to standard output.
func planOne(in, out string, format imaging.Format) ([]Job, error) {
	if out == Standard {
		if format == "" {
			format = imaging.PNG
		}
		return []Job{{In: in, Out: out, format: format}}, nil
	}
	named, err := imaging.FormatOf(out)
	if err != nil {
		return nil, wrongRequest("%s: %w", out, err)
	}
	if format != "" && format != named {
		return nil, wrongRequest("%s is a %s, not the requested %s", out, named, format)
	}
	jobs := []Job{{In: in, Out: out, format: named}}
	return jobs, checkOutputs(jobs)
}

// formatInFolder returns the default format of a result in a folder. Unreadable pictures fail later.
func formatInFolder(in string) imaging.Format {
	if strings.EqualFold(filepath.Ext(in), ".gif") {
		if p, err := imaging.Open(in); err == nil && p.Info.Frames > 1 {
			return imaging.GIF
		}
	}
	return imaging.PNG
}

// extensions are the extensions of the results, by format.
var extensions = map[imaging.Format]string{
	imaging.PNG: ".png", imaging.JPEG: ".jpg", imaging.GIF: ".gif", imaging.WebP: ".webp",
}

// nameOutputs names the result of each picture in the folder out: the picture's name with the extension of the format.
// Pictures whose results would share a name, such as a.png and a.jpg, keep their extensions before it; if even that is
// the name of another result, as for a.png.png, they are numbered.
func nameOutputs(jobs []Job, found []foundPicture, out string) {
	short := func(i int) string {
		return strings.TrimSuffix(found[i].relative, filepath.Ext(found[i].relative)) + extensions[jobs[i].format]
	}
	claims := map[string]int{}
	for i := range jobs {
		if !imaging.Unreadable(found[i].in) { // It would rename the results of others, and have none itself.
			claims[strings.ToLower(short(i))]++
		}
	}
	owners := map[string]string{}
	name := func(i int, name string) {
		jobs[i].Out, owners[strings.ToLower(name)] = filepath.Join(out, name), found[i].relative
	}
	taken := func(i int, name string) bool { // Not by a picture of the same name elsewhere: see checkOutputs.
		owner, ok := owners[strings.ToLower(name)]
		return ok && owner != found[i].relative
	}
	for i := range jobs {
		if claims[strings.ToLower(short(i))] == 1 && !imaging.Unreadable(found[i].in) {
			name(i, short(i))
		}
	}
	for i := range jobs {
		if jobs[i].Out != "" {
			continue
		}
		long := found[i].relative + extensions[jobs[i].format]
		for n := 2; taken(i, long); n++ {
			long = fmt.Sprintf("%s-%d%s", found[i].relative, n, extensions[jobs[i].format])
		}
		name(i, long)
	}
}

// checkLinks returns an error if a result would be written through a link that leads out of the folder of the results,
// which may be somebody else's.
func checkLinks(jobs []Job, out string) error {
	for _, job := range jobs {
		inside, err := realpath.Contains(out, job.Out)
		if err != nil {
			return err
		}
		if !inside {
			return wrongRequest("%s is not in %s but behind a link that leads out of it: remove the link", job.Out, out)
		}
	}
	return nil
}

// checkOutputs returns an error if a job would overwrite an input, by whatever name, the result of another job, or what
// is no file.
func checkOutputs(jobs []Job) error {
	type mark struct{ size, modified int64 } // Equal for different names of one file.
	inputs := map[mark][]os.FileInfo{}
	markOf := func(info os.FileInfo) mark { return mark{info.Size(), info.ModTime().UnixNano()} }
	outputs := map[string]string{}
	for _, job := range jobs {
		if other, taken := outputs[job.Out]; taken {
			return wrongRequest("%s and %s would both become %s: enlarge them into different folders", other, job.In, job.Out)
		}
		outputs[job.Out] = job.In
		if err := atomicfile.Check(job.Out); err != nil {
			return wrongRequest("%w", err)
		}
		var info os.FileInfo
		var err error
		if job.In == Standard {
			info, err = os.Stdin.Stat()
		} else {
			info, err = os.Stat(job.In)
		}
		if err == nil {
			inputs[markOf(info)] = append(inputs[markOf(info)], info)
		}
	}
	for _, job := range jobs {
		info, err := os.Stat(job.Out)
		if err != nil {
			continue
		}
		for _, input := range inputs[markOf(info)] {
			if os.SameFile(info, input) {
				return wrongRequest("%s would overwrite a picture that is to be enlarged: name another file or folder", job.Out)
			}
		}
	}
	return nil
}
