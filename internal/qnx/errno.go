// Package qnx holds what QNX says in its own words.
package qnx

import (
	"errors"
	"syscall"
)

// texts are the errno texts of QNX's libc, where they differ from Linux's.
var texts = map[syscall.Errno]string{
	syscall.EBUSY:         "Resource busy",
	syscall.ENOMEM:        "Not enough memory",
	syscall.EOPNOTSUPP:    "Operation not supported", // QNX's ENOTSUP, "Not supported", has the same number here
	syscall.ENOTTY:        "Inappropriate I/O control operation",
	syscall.EAFNOSUPPORT:  "Address family not supported by protocol family",
	syscall.EADDRNOTAVAIL: "Can't assign requested address",
	syscall.ENAMETOOLONG:  "Filename too long",
}

// ErrnoText gives QNX's strerror text.
func ErrnoText(e syscall.Errno) string {
	if t, ok := texts[e]; ok {
		return t
	}
	t := []byte(e.Error())
	if len(t) > 0 && 'a' <= t[0] && t[0] <= 'z' {
		t[0] -= 'a' - 'A' // Go's table is in lower case
	}
	return string(t)
}

// Errno gives the errno inside an error, or EIO when there is none; 0 for nil.
func Errno(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return syscall.EIO
}
