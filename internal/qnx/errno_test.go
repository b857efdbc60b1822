package qnx

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

func TestErrnoText(t *testing.T) {
	for e, want := range map[syscall.Errno]string{
		syscall.ENXIO: "No such device or address", syscall.ENODEV: "No such device",
		syscall.ENOENT: "No such file or directory", syscall.EPERM: "Operation not permitted",
		syscall.EACCES: "Permission denied", syscall.EINVAL: "Invalid argument",
		syscall.EEXIST: "File exists", syscall.EBUSY: "Resource busy",
		syscall.EAGAIN: "Resource temporarily unavailable", syscall.ENOMEM: "Not enough memory",
		syscall.EIO: "Input/output error", syscall.ENOSYS: "Function not implemented",
		syscall.EOPNOTSUPP: "Operation not supported", syscall.EALREADY: "Operation already in progress",
		syscall.EADDRNOTAVAIL: "Can't assign requested address", syscall.EADDRINUSE: "Address already in use",
		syscall.ENETDOWN: "Network is down", syscall.ENETUNREACH: "Network is unreachable",
		syscall.ETIMEDOUT: "Connection timed out", syscall.ENOTTY: "Inappropriate I/O control operation",
		syscall.EAFNOSUPPORT: "Address family not supported by protocol family", syscall.ENAMETOOLONG: "Filename too long",
	} {
		if got := ErrnoText(e); got != want {
			t.Errorf("ErrnoText(%d) = %q; want %q", e, got, want)
		}
	}
}

func TestErrno(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want syscall.Errno
	}{
		{nil, 0},
		{syscall.ENODEV, syscall.ENODEV},
		{fmt.Errorf("open: %w", syscall.EACCES), syscall.EACCES},
		{errors.New("no number"), syscall.EIO},
	} {
		if got := Errno(tt.err); got != tt.want {
			t.Errorf("Errno(%v) = %v; want %v", tt.err, got, tt.want)
		}
	}
}
