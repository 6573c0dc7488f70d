package serve

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.Must(template.New("page").Funcs(template.FuncMap{
	"add":   func(a, b int) int { return a + b },
	"bytes": bytesText, "duration": durationText, "number": numberText,
	"numbers": numbersText, "percent": percentText, "when": whenText,
}).Parse(sweep.OutcomeHTML)).Parse(pageText))

// frame is what every page shows around its content.
type frame struct {
	Folder, Title string // Folder is the whole path.
	Load          load
	Content       any
}

// page serves a template with the content that read returns for a request.
func (s *Server) page(name string, read func(r *http.Request) (title string, content any, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		title, content, err := read(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, http.StatusOK, name, title, content)
	}
}

// write writes a page.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, name, title string, content any) {
	f := frame{textfile.Shown(s.listing.dir), title, s.meter.now(r.Context()), content}
	var text bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&text, name, f); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text.Bytes()) // An error is the reader's.
}

// fail says why a page cannot be shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, errNoRun):
		status = http.StatusNotFound
	case errors.As(err, new(requestError)):
		status = http.StatusBadRequest
	}
	s.write(w, r, status, "failure", "Nothing to show", err.Error())
}

// named returns the runs that an address names, each once. No other path is ever opened.
func (s *Server) named(r *http.Request) (named []run, err error) {
	all, err := s.listing.all(r.Context())
	if err != nil {
		return nil, err
	}
	for _, key := range r.URL.Query()["run"] {
		found, ok := all[key]
		if !ok {
			return nil, errNoRun
		}
		if !slices.ContainsFunc(named, func(r run) bool { return r.Key == key }) {
			named = append(named, found)
		}
	}
	return named, nil
}

// shortNames are names of runs that tell them apart.
func shortNames(runs []run) []string {
	var dirs []string
	for _, r := range runs {
		dirs = append(dirs, r.dir)
	}
	return lab.ShortNames(dirs)
}

func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}

func durationText(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

func numberText(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// numbersText lists numbers on a line that breaks between them. A page of many runs has no time for an element of each.
func numbersText(numbers map[string]float64) string {
	const fixed = "\u00a0" // Holds a name and its number together.
	var parts []string
	for _, p := range pairs(numbers) {
		parts = append(parts, p.Name+fixed+p.Value+fixed)
	}
	return strings.Join(parts, " ")
}

func percentText(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func whenText(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
