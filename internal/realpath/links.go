package realpath

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/moelab/moelab/internal/textfile"
)

// Links are the links to folders that a walk through a folder meets and does not follow, as there may be loops. The
// zero value is ready; nil takes no notes.
type Links struct {
	first string
	n     int
}

// Note takes an entry in if it is a link to a folder.
func (l *Links) Note(path string, entry fs.DirEntry) {
	if l == nil || entry.Type()&fs.ModeSymlink == 0 {
		return
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return
	}
	if l.n++; l.n == 1 {
		l.first = path
	}
}

// Warn logs a warning that says how many links there are, if any, and names the first.
func (l *Links) Warn() {
	switch {
	case l == nil || l.n == 0:
	case l.n == 1:
		slog.Warn(fmt.Sprintf("%s is a link to a folder, whose pictures are left out: put the folder in its place, or "+
			"name it", textfile.Shown(l.first)))
	default:
		slog.Warn(fmt.Sprintf("the pictures behind %d links to folders are left out, the first %s: put the folders in their "+
			"places, or name them", l.n, textfile.Shown(l.first)))
	}
}
