// Package serve shows the runs and sweeps below a folder as a page in a browser: their state, live curves, pictures
// over the steps, settings and measures side by side, and the load of the machine.
//
// The page only reads. It is reachable from this machine alone, under an address that nobody else can guess, and it
// shows nothing outside the folder. It needs no network and, but for its liveliness, no JavaScript.
package serve

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moelab/moelab/lab"
)

// Server serves the page of a folder.
type Server struct {
	token     string
	kinds     []lab.AnyKind
	root      *os.Root
	listing   listing
	histories histories
	meter     meter
	pages     http.Handler
}

// New returns the server of a folder. kinds are those whose curves are drawn as they draw them; the metrics of other
// runs are drawn one by one. The caller closes the server.
func New(dir string, kinds []lab.AnyKind) (*Server, error) {
	real, err := filepath.Abs(dir)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", dir, err)
	}
	if info, err := os.Stat(real); err == nil && !info.IsDir() { // OpenRoot's own error is no known one.
		return nil, fmt.Errorf("serve %w", &fs.PathError{Op: "folder", Path: dir, Err: syscall.ENOTDIR})
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", dir, err)
	}
	s := &Server{token: rand.Text(), kinds: kinds, root: root, listing: listing{dir: real, root: root}}
	s.pages = s.routes()
	return s, nil
}

// Close closes the folder.
func (s *Server) Close() error { return s.root.Close() }

// Path is the secret path of the page: who does not know it gets nothing.
func (s *Server) Path() string { return "/" + s.token + "/" }

// Listen opens a port of this machine, which no other machine reaches; 0: any that is free.
func Listen(port int) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// Serve answers requests until ctx ends, and returns its error.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // Such as connections that break.
	}
	go s.listing.all(ctx) // The first page is quick then.
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(listener)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// policy lets the page load nothing but its own parts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // The address is a secret.
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-cache")
	token, rest, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case !isLocal(r.Host):
		http.Error(w, "this page is served to this machine alone", http.StatusForbidden)
	case subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 || !ok:
		http.Error(w, "there is nothing here: the address is the one that moelab serve printed", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
	default:
		r = r.Clone(r.Context())
		r.URL.Path = "/" + rest
		r.URL.RawPath = ""
		s.pages.ServeHTTP(w, r)
	}
}

// isLocal reports whether a request's Host is this machine. A page elsewhere whose name is made to lead here (DNS
// rebinding) has its own. The port may be that of a tunnel.
func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "127.0.0.1" || name == "localhost" || name == "::1"
}

//go:embed page.css
var style []byte

//go:embed page.js
var script []byte

//go:embed icon.svg
var icon []byte

// routes are what is below the secret path.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.page("index", s.indexPage))
	mux.HandleFunc("/run", s.page("run", s.runPage))
	mux.HandleFunc("/compare", s.page("compare", s.comparePage))
	mux.HandleFunc("/sweep", s.page("sweep", s.sweepPage))
	mux.HandleFunc("/curve.svg", s.drawing(s.curve))
	mux.HandleFunc("/dots.svg", s.drawing(s.dots))
	mux.HandleFunc("/picture", s.picture)
	mux.HandleFunc("/page.css", static("text/css; charset=utf-8", style))
	mux.HandleFunc("/page.js", static("text/javascript; charset=utf-8", script))
	mux.HandleFunc("/icon.svg", static("image/svg+xml", icon))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNotFound) })
	return mux
}

func static(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(content) // An error is the reader's.
	}
}

var (
	errNotFound = errors.New("there is no such page")
	errNoRun    = errors.New("there is no such run: it may have been removed or renamed")
)

// requestError is a mistake in an address.
type requestError string

func (e requestError) Error() string { return string(e) }
