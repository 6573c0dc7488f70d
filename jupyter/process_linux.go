package jupyter

import "syscall"

// kernelProcess makes the kernel end with this process, even if this process is killed.
func kernelProcess(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}
