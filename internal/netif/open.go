package netif

import (
	"errors"
	"os"

	"github.com/songgao/water"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// openFDs makes a TAP and gives descriptors of it, one for each lane. They are not
// water's. That one belongs to Go's poller, which would wake up for each frame, to no
// end because drivers poll(2) by themselves. And water cannot ask for IFF_VNET_HDR,
// without which TCP is half as fast, so that the TAP is kept for the moment it takes
// to open it again.
func openFDs(name string) (fds []int, err error) {
	lanes := 2
	steering, err := newSteering()
	if err != nil { // for want of the right, as a rule: everything works with one lane, too
		lanes = 1
	} else {
		defer steering.Close()
	}
	w, err := water.New(water.Config{
		DeviceType:             water.TAP,
		PlatformSpecificParams: water.PlatformSpecificParams{Name: name, Persist: true, MultiQueue: lanes > 1},
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			return
		}
		_ = closeAll(fds)
		if l, err := netlink.LinkByName(name); err == nil {
			_ = netlink.LinkDel(l)
		}
	}()
	for range lanes {
		fd, err := attach(name, lanes > 1)
		if err != nil {
			return fds, err
		}
		fds = append(fds, fd)
	}
	if lanes > 1 {
		if err := unix.IoctlSetPointerInt(fds[bulk], unix.TUNSETSTEERINGEBPF, steering.FD()); err != nil {
			return fds, os.NewSyscallError("setting which lane a frame takes", err)
		}
	}
	return fds, os.NewSyscallError("letting it go with its descriptors", unix.IoctlSetInt(fds[bulk], unix.TUNSETPERSIST, 0))
}

// attach opens a queue of a TAP that is there, with a header before each frame.
func attach(name string, several bool) (int, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	flags := uint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if several {
		flags |= unix.IFF_MULTI_QUEUE
	}
	ifr.SetUint16(flags)
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("attaching to it", err)
	}
	return fd, nil
}

func closeAll(fds []int) (err error) {
	for _, fd := range fds {
		err = errors.Join(err, unix.Close(fd))
	}
	return err
}
