//go:build !(linux && amd64)

package xla

import (
	"fmt"
	"runtime"
)

// installCUDA fails: there is no CUDA plugin for this platform.
func installCUDA(string) error {
	return fmt.Errorf("there is no CUDA plugin for %s/%s", runtime.GOOS, runtime.GOARCH)
}
