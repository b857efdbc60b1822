// Package proctest is for tests that look at what their own process holds, or take from
// themselves what it may do.
package proctest

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Descriptors counts the open ones, but for Go's own: those of its poller, and the pipes
// that it keeps for what copies from one connection to another.
func Descriptors(t testing.TB) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		name, err := os.Readlink("/proc/self/fd/" + fd.Name())
		own := func(kind string) bool { return strings.Contains(name, kind) }
		if err == nil && !slices.ContainsFunc([]string{"eventpoll", "eventfd", "pipe:"}, own) {
			n++
		}
	}
	return n
}

// Sockets counts the open sockets of a domain, such as unix.AF_INET6. It does not see the
// netlink sockets that a question to the kernel opens for a moment, as Descriptors does.
func Sockets(t testing.TB, domain int) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range fds {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && got == domain {
			n++
		}
	}
	return n
}

// AsNobody runs f without root's right to read and open everything.
func AsNobody(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		_ = unix.Setfsuid(65534)
		f()
	}()
	<-done
}
