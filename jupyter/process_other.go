//go:build !linux

package jupyter

import "syscall"

func kernelProcess(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }
