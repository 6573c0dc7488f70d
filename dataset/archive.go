package dataset

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/moelab/moelab/internal/imaging"
)

// limits bound an archive's size, whatever its headers say.
type limits struct {
	members  int   // Number of members, pictures or not.
	member   int64 // Bytes of one picture file.
	kept     int64 // Bytes of all picture files of a .tar.gz, which are kept in a temporary file.
	unpacked int64 // Bytes that a .tar.gz may expand to.
}

var archiveLimits = limits{members: 1_000_000, member: 256 << 20, kept: 1 << 30, unpacked: 8 << 30}

// archive is an archive whose members are being listed.
type archive struct {
	path     string
	modified time.Time
	limits   limits

	found []member
	place map[string]int // Index in found by name.
	bad   []Bad
}

// listArchive finds the pictures of an archive, whose format is recognised by its content, not its name.
func listArchive(ctx context.Context, file string, bounds limits) ([]stored, []Bad, error) {
	in, info, err := imaging.OpenRegular(file) // It stays open until the last of its pictures is garbage.
	if err != nil {
		return nil, nil, imaging.WithoutPath(err)
	}
	a := &archive{path: file, modified: info.ModTime(), limits: bounds, place: map[string]int{}}
	switch kindOfArchive(in) {
	case zipArchive:
		err = a.listZip(ctx, in, info.Size())
	case tarArchive:
		err = a.listTar(ctx, in)
	case gzipArchive:
		err = a.listGzip(ctx, in)
		in.Close() // All was copied.
	default:
		in.Close()
		err = errors.New("neither a folder nor an archive that can be read (.zip, .tar, .tar.gz): unpack it")
	}
	// In the order of walkPictures, so that a training can resume when a folder has become an archive.
	slices.SortFunc(a.found, func(a, b member) int { return comparePaths(a.inside, b.inside) })
	found := make([]stored, len(a.found))
	for i, m := range a.found {
		found[i] = m
	}
	return found, a.bad, err
}

// comparePaths orders paths by their parts: a/b before a.png.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if os.IsPathSeparator(a[i]) {
			return -1
		}
		if os.IsPathSeparator(b[i]) {
			return 1
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

type archiveKind int

const (
	noArchive archiveKind = iota
	zipArchive
	tarArchive
	gzipArchive
)

// kindOfArchive looks at the first block. Old tar files have no magic number, so they are recognised by name.
func kindOfArchive(file *os.File) archiveKind {
	var block [512]byte
	n, _ := file.ReadAt(block[:], 0)
	switch start := block[:n]; {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte("PK\x05\x06")):
		return zipArchive
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return gzipArchive
	case n == len(block) && string(block[257:262]) == "ustar", strings.EqualFold(filepath.Ext(file.Name()), ".tar"):
		return tarArchive
	default:
		return noArchive
	}
}

// member is a picture in an archive.
type member struct {
	archive  string
	inside   string // Its name in the archive.
	size     int64
	modified time.Time // The archive's time.
	open     func() (io.ReadCloser, error)
}

func (m member) name() string { return filepath.Join(m.archive, filepath.FromSlash(m.inside)) }

func (m member) check(x *index) error {
	return x.check(m.inside, m.size, m.modified, func() error {
		_, err := m.decode()
		return err
	})
}

func (m member) decode() (imaging.Still, error) {
	if m.size > large {
		largeOnes.Lock()
		defer largeOnes.Unlock()
	}
	data, err := m.read()
	if err != nil {
		return imaging.Still{}, err
	}
	return imaging.DecodeStill(data)
}

// large is the size of a member, in bytes, from which on it is in memory alone, whoever reads it: a few kilobytes may
// expand to so much.
const large = 16 << 20

var largeOnes sync.Mutex

// read reads the member into memory, which is set aside only if it begins like a picture. Its size must be the one in
// its header.
func (m member) read() ([]byte, error) {
	in, err := m.open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	start := make([]byte, min(m.size, imaging.StartBytes))
	if _, err := io.ReadFull(in, start); err != nil {
		return nil, damagedHere(err)
	}
	if err := imaging.CheckStart(start); err != nil {
		return nil, err
	}
	data := make([]byte, m.size)
	if _, err := io.ReadFull(in, data[copy(data, start):]); err != nil {
		return nil, damagedHere(err)
	}
	switch n, err := io.ReadFull(in, start[:1]); { // At its end a zip's member is checked.
	case n > 0:
		return nil, errors.New("it is larger than the archive says")
	case err != io.EOF:
		return nil, damagedHere(err)
	}
	return data, nil
}

func damagedHere(err error) error { return fmt.Errorf("the archive is damaged here: %w", err) }

// isPicture reports whether a member is a picture by its name. One that cannot be used is noted as bad.
func (a *archive) isPicture(name string, regular bool, size int64) bool {
	inside := shownName(name)
	for _, part := range strings.Split(inside, "/") {
		const ofMacOS = "__MACOSX" // macOS's metadata.
		if part == ofMacOS || (hidden(part) && part != "." && part != "..") {
			return false
		}
	}
	switch {
	case isArchive(inside):
		a.leaveOut(inside, errors.New("an archive in an archive is not opened: unpack it"))
	case !imaging.HasExtension(inside):
	case !filepath.IsLocal(filepath.FromSlash(inside)):
		a.leaveOut(inside, errors.New("its name leads out of the archive"))
	case !regular:
		a.leaveOut(inside, errors.New("a link, a device or a sparse file: unpack the archive to include it"))
	case size == 0:
		a.leaveOut(inside, errors.New("the file is empty (zero bytes)"))
	case size < 0 || size > a.limits.member:
		a.leaveOut(
			inside,
			fmt.Errorf("its header says %d bytes: more than the %d MiB that are read", uint64(size), a.limits.member>>20),
		)
	default:
		return true
	}
	return false
}

func (a *archive) leaveOut(inside string, err error) {
	a.bad = append(a.bad, Bad{a.path + "/" + inside, err})
}

// add adds a picture. It replaces one of the same name, as unpacking would.
func (a *archive) add(name string, size int64, open func() (io.ReadCloser, error)) {
	m := member{archive: a.path, inside: path.Clean(shownName(name)), size: size, modified: a.modified, open: open}
	if at, again := a.place[m.inside]; again {
		a.found[at] = m
		return
	}
	a.place[m.inside] = len(a.found)
	a.found = append(a.found, m)
}

// checkCount returns an error if n members are too many.
func (a *archive) checkCount(n int) error {
	if n > a.limits.members {
		return fmt.Errorf("it has more than the %d members that are read", a.limits.members)
	}
	return nil
}

// shownName returns a member's name with slashes and without control characters for a terminal. Bytes that are not
// UTF-8, as in many an old zip file, are escaped.
func shownName(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		quoted := strconv.Quote(name)
		name = strings.ReplaceAll(quoted[1:len(quoted)-1], `\\`, "/")
		return name
	}
	return strings.ReplaceAll(name, `\`, "/")
}

func isArchive(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar":
		return true
	default:
		return false
	}
}
