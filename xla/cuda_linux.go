//go:build linux && amd64

package xla

import "github.com/gomlx/go-xla/installer"

// installCUDA runs go-xla's installer for the newest plugin of CUDA 13.
func installCUDA(dir string) error {
	return installer.CudaInstall("cuda13", "latest", dir, true, installer.Normal)
}
