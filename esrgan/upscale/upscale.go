// Package upscale enlarges users' pictures by networks of Real-ESRGAN, by runs of package esrgan, and by RRDB networks
// trained elsewhere. All properties of a picture are kept: alpha channel, grey, 16 bits, colour profile, animation.
//
//	dir, err := upscale.Install(ctx, os.Stderr)
//	network, err := upscale.Open(backend, "anime")
//	defer network.Close()
//	enlarger, err := upscale.NewEnlarger(network, upscale.Options{Scale: 2})
//	size, err := enlarger.File(ctx, "dance.gif", "large.png")
//
// [Enlarger.Image] does the same to a picture in memory, and [Plan] finds the pictures in folders.
package upscale

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/esrgan"
)

// RequestError is an error in the request: an invalid name, file or scale. Other errors, such as a full disk, are not
// the caller's mistake.
type RequestError struct{ error }

// Unwrap returns the underlying error.
func (e RequestError) Unwrap() error { return e.error }

// wrongRequest makes a [RequestError].
func wrongRequest(format string, args ...any) error { return RequestError{fmt.Errorf(format, args...)} }

// wrongFile makes an error about the contents of a file a [RequestError]; the file system's errors stay as they are.
func wrongFile(err error) error {
	if errors.As(err, new(*fs.PathError)) {
		return err
	}
	return RequestError{err}
}

// Open opens a network by the name of a pretrained one (see [Pretrained]), a run directory (see [esrgan.OpenRun]) or a
// .safetensors file of an RRDB network of factor 4, with the names of BasicSR or ESRGAN.
func Open(backend compute.Backend, name string) (*esrgan.Upscaler, error) {
	if slices.Contains(Pretrained(), name) {
		return OpenPretrained(backend, name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, wrongRequest("there is no model %q: it must be %s, a run directory or a .safetensors file",
			name, strings.Join(Pretrained(), ", "))
	case info.IsDir():
		return esrgan.Open(backend, name)
	default:
		return openRRDB(backend, name)
	}
}
