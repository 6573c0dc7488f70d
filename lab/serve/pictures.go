package serve

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moelab/moelab/lab"
)

// pictureKinds are the files that are shown as pictures.
var pictureKinds = map[string]string{
	".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".webp": "image/webp", ".svg": "image/svg+xml",
}

// figuresName is the folder of a run's pictures.
const figuresName = "figures"

// picture serves a picture of a run.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	runs, err := s.named(r)
	if err == nil && len(runs) != 1 {
		err = requestError("a picture is of one run")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := pictureName(r.URL.Query())
	kind := pictureKinds[strings.ToLower(path.Ext(name))]
	if kind == "" || !strings.HasPrefix(name, figuresName+"/") {
		s.fail(w, r, errNotFound)
		return
	}
	file, info, err := s.open(path.Join(runs[0].Key, name))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", drawingPolicy)
	http.ServeContent(w, r, "", info.ModTime(), file)
}

// pictureName returns the path of a picture within its run: that of a step, or of a file.
func pictureName(query url.Values) string {
	if step, err := strconv.ParseInt(query.Get("step"), 10, 64); err == nil {
		return lab.StripName(step)
	}
	return path.Clean(query.Get("file"))
}

// open opens a plain file within the folder. Links out of it are not followed.
func (s *Server) open(name string) (*os.File, fs.FileInfo, error) {
	name = filepath.FromSlash(name)
	info, err := s.root.Stat(name)
	if err != nil || !info.Mode().IsRegular() { // A pipe would wait for its writer.
		return nil, nil, errNotFound
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, nil, errNotFound
	}
	return file, info, nil
}

// pictureAddress is where a picture of a run is served.
func pictureAddress(r run, name string) string {
	return "picture?" + url.Values{"run": {r.Key}, "file": {name}}.Encode()
}

// figure is a picture in the figures of a run. A drawn one has numbers, and is no photograph.
type figure struct {
	Name, Address string
	Drawn         bool
}

// figures lists the figures of a run, in order, without those of curves, which the page draws anew.
func (s *Server) figures(r run, curves []lab.Curve) (all []figure) {
	folder := path.Join(r.Key, figuresName)
	entries, _ := fs.ReadDir(s.root.FS(), folder) // There may be none.
	for _, entry := range entries {
		name := entry.Name()
		extension := path.Ext(name)
		if pictureKinds[strings.ToLower(extension)] == "" || !entry.Type().IsRegular() {
			continue
		}
		base := strings.TrimSuffix(name, extension)
		if slices.ContainsFunc(curves, func(c lab.Curve) bool { return c.Name == base }) {
			continue
		}
		_, err := fs.Stat(s.root.FS(), path.Join(folder, base+".csv"))
		all = append(all, figure{base, pictureAddress(r, figuresName+"/"+name), err == nil})
	}
	return all
}

// samples are pictures that runs made of the same subjects over their steps.
type samples struct {
	// Steps are all steps of all runs, of which At is shown.
	Steps []int64
	At    int
	Of    []strip
}

// Step is the step that is shown.
func (s samples) Step() int64 { return s.Steps[s.At] }

// All lists the steps, separated by spaces.
func (s samples) All() string { return stepsText(s.Steps) }

// Last is the largest At.
func (s samples) Last() int { return len(s.Steps) - 1 }

// strip are the pictures of one run.
type strip struct {
	Name  string
	run   run
	Steps []int64
	Step  int64 // The one that is shown: the last that is not after that of the samples, or the first.
}

// Source is the address of the strip of a step, without the step.
func (s strip) Source() string {
	return "picture?" + url.Values{"run": {s.run.Key}}.Encode() + "&step="
}

// Address is that of the shown strip.
func (s strip) Address() string { return s.Source() + strconv.FormatInt(s.Step, 10) }

// All lists the steps, separated by spaces.
func (s strip) All() string { return stepsText(s.Steps) }

func stepsText(steps []int64) string { return strings.Trim(fmt.Sprint(steps), "[]") }

// readSamples lists the pictures of runs. at is a position in the steps; beyond them, as -1, it is the last.
func (server *Server) readSamples(runs []run, at int) (s samples) {
	names := shortNames(runs)
	for i, r := range runs {
		of, err := fs.Sub(server.root.FS(), r.Key)
		if err != nil {
			continue // No key of a run is an invalid path.
		}
		if steps := lab.StripSteps(of); len(steps) > 0 {
			s.Of = append(s.Of, strip{Name: names[i], run: r, Steps: steps})
			s.Steps = append(s.Steps, steps...)
		}
	}
	slices.Sort(s.Steps)
	s.Steps = slices.Compact(s.Steps)
	if s.At = at; at < 0 || at >= len(s.Steps) {
		s.At = s.Last()
	}
	for i := range s.Of {
		of := &s.Of[i]
		after, found := slices.BinarySearch(of.Steps, s.Step())
		if !found {
			after = max(after-1, 0)
		}
		of.Step = of.Steps[after]
	}
	return s
}
