//go:build !linux

package sweep

import "syscall"

// child are the attributes of a cell's process: it has a process group of its own, so that Ctrl-C reaches the sweep
// alone, which asks it to save.
func child() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// onShareOfCores does nothing: the processes share all cores.
func onShareOfCores(worker, jobs int) {}

// isFull reports whether the disk of a folder is full, which is not known here.
func isFull(string) bool { return false }
