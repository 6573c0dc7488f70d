package jupyter

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// kernelProcess makes the kernel end with this process, even if this process is killed.
func kernelProcess(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}

// killMarked kills all processes with a variable, "NAME=value", in their environment. Children inherit it, even those
// that are in a session of their own and have lost their parent.
func killMarked(variable string) {
	const rounds = 10 // A process may start another one between the look and the kill.
	for range rounds {
		marked := processesWith(variable)
		if len(marked) == 0 {
			return
		}
		for _, pid := range marked {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// processesWith returns the ids of the processes with a variable in their environment. Processes of other users, and
// those that have ended, have none.
func processesWith(variable string) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ") // The error can only be that of a bad pattern.
	var pids []int
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(append([]byte{0}, environ...), []byte("\x00"+variable+"\x00")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
