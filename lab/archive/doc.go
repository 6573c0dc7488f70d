// Package archive packs a run into one file and unpacks it elsewhere. The file is a zip archive with a folder, which
// holds the run as it is, and a model card, README.md. What somebody else has packed is not trusted: nothing is written
// outside the folder that is unpacked into, or beyond a limit.
package archive

import "errors"

// Errors for callers to distinguish with [errors.Is].
var (
	// ErrArchive is wrapped if a file is no archive of a run, or a damaged one.
	ErrArchive = errors.New("not a packed run")
	// ErrExists is wrapped if there is something where a run would be unpacked.
	ErrExists = errors.New("it exists already")
	// ErrCard is wrapped if a run has a card of a person's own, which is not changed.
	ErrCard = errors.New("the card cannot be written")
)

const (
	cardName = "README.md"
	// mostFiles is the number of files that a run may have: one of many thousands is none that moelab made.
	mostFiles = 100_000
)
