package netif

import (
	"os"

	"github.com/songgao/water"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// openFD makes a TAP and gives a descriptor of it, which is not water's. That one
// belongs to Go's poller, which would wake up for each frame, to no end because
// drivers poll(2) by themselves. And water cannot ask for IFF_VNET_HDR, without
// which TCP is half as fast, so that the TAP is kept for the moment it takes to
// open it a second time.
func openFD(name string) (fd int, err error) {
	w, err := water.New(water.Config{
		DeviceType:             water.TAP,
		PlatformSpecificParams: water.PlatformSpecificParams{Name: name, Persist: true},
	})
	if err != nil {
		return -1, err
	}
	if err := w.Close(); err != nil {
		return -1, err
	}
	if fd, err = attach(name); err != nil {
		if l, err := netlink.LinkByName(name); err == nil {
			_ = netlink.LinkDel(l)
		}
		return -1, err
	}
	return fd, nil
}

// attach opens a TAP that is there, from now on with a header before each frame,
// and makes it go with the descriptor.
func attach(name string) (int, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	if err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err == nil {
		err = unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 0)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("attaching to it", err)
	}
	return fd, nil
}
