package tap

import (
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// openIn opens a TAP in a network namespace, making it if it is not there.
func openIn(ns netns.NsHandle, name string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result)
	go func() {
		// A namespace is a thread's. This one ends with the goroutine, since it
		// is not unlocked.
		runtime.LockOSThread()
		var r result
		if r.err = netns.Set(ns); r.err == nil {
			r.file, r.err = open(name)
		}
		done <- r
	}()
	r := <-done
	return r.file, r.err
}

// open opens a TAP in the thread's network namespace. The file is non-blocking,
// so that Close ends a read.
func open(name string) (*os.File, error) {
	const path = "/dev/net/tun"
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("attach %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}
