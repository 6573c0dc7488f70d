package main

import (
	"fmt"
	"syscall"
)

// leastSpace is the address space, in bytes, that a command takes at least: with less, the runtime ends the process in
// the middle, with a trace for an explanation. XLA takes more, which package xla checks.
const leastSpace = 2 << 30

// checkSpace returns an error if the process may not use enough address space.
func checkSpace() error {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil || limit.Cur >= leastSpace {
		return nil
	}
	return fmt.Errorf("the address space is limited to %.1f GiB (ulimit -v), and moelab needs %d GiB: raise the limit",
		float64(limit.Cur)/(1<<30), leastSpace>>30)
}
