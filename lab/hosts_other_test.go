//go:build !linux

package lab

import "errors"

func holdElsewhere(_, _, _ string) error { return errors.New("only Linux has namespaces") }
