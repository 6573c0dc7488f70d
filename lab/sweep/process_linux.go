package sweep

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// child are the attributes of a cell's process: it has a process group of its own, so that Ctrl-C reaches the sweep
// alone, which asks it to save; if the sweep is killed, it is asked by the system.
func child() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// onShareOfCores binds the goroutine to a thread, which ends with it, and the thread to one of equal shares of the
// cores. The processes that it starts inherit them: Go and XLA make as many threads as they may use cores. Shares are
// one core at least, so more jobs than cores share some.
func onShareOfCores(worker, jobs int) {
	runtime.LockOSThread() // Pdeathsig is sent when this thread ends.
	var all, share unix.CPUSet
	if jobs < 2 || unix.SchedGetaffinity(0, &all) != nil {
		return
	}
	var cores []int
	for core := 0; len(cores) < all.Count(); core++ {
		if all.IsSet(core) {
			cores = append(cores, core)
		}
	}
	from, to := worker*len(cores)/jobs, (worker+1)*len(cores)/jobs
	if from == to {
		from = worker % len(cores)
		to = from + 1
	}
	for _, core := range cores[from:to] {
		share.Set(core)
	}
	_ = unix.SchedSetaffinity(0, &share) // Without it, it is only slower.
}

// leastSpace is the space in bytes below which a disk is full: a training writes more than that at once.
const leastSpace = 1 << 20

// isFull reports whether the disk of a folder is full.
func isFull(dir string) bool {
	var disk unix.Statfs_t
	return unix.Statfs(dir, &disk) == nil && disk.Bavail*uint64(disk.Bsize) < leastSpace
}
