//go:build unix && !linux

package main

import "syscall"

// childAttributes puts children into a process group of their own, so that Ctrl-C reaches only their supervisor, which
// stops them in good order.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
