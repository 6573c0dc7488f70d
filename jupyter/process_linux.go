package jupyter

import "syscall"

// kernelProcess lets the kernel end with this process, even where this one is killed and cannot say goodbye.
func kernelProcess(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}
