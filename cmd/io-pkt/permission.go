package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"io-pkt/internal/daemon"
)

const tun = "/dev/net/tun"

// mayMakeInterfaces looks whether this process can make TAP interfaces, before
// anything is begun: later the message would be for the log only.
func mayMakeInterfaces() error {
	f, err := os.OpenFile(tun, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("no TAP interfaces here (modprobe tun; in a container, --device %s): %w", tun, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission to make interfaces (be root, or have CAP_NET_ADMIN and access to %s): %w", tun, err)
	case err != nil:
		return err
	}
	_ = f.Close()
	capable, err := netAdmin()
	if err == nil && !capable {
		return fmt.Errorf("no permission to make interfaces (be root, or have CAP_NET_ADMIN): %w", unix.EPERM)
	}
	return err
}

// drop gives up being root for the user of -U. What is kept of root's rights is the
// right to make interfaces, that to open the nodes of devices that are plugged in
// later and to make the names below /dev, and, if it was there, that to give what TCP
// sends a queue of its own.
func (a arguments) drop(argv []string) error {
	spec, given := a.values['U']
	if !given {
		return nil
	}
	u, err := daemon.ParseUser(spec)
	if err != nil || u.UID == os.Geteuid() { // it has been done
		return err
	}
	p, _ := a.priority()
	_ = p.Permit() // slower without
	return u.Exec(argv, unix.CAP_NET_ADMIN, unix.CAP_DAC_OVERRIDE, unix.CAP_BPF)
}

// netAdmin reports whether CAP_NET_ADMIN is in effect (capabilities(7)).
func netAdmin() (bool, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // version 3 has two words
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false, fmt.Errorf("capabilities: %w", err)
	}
	return data[0].Effective&(1<<unix.CAP_NET_ADMIN) != 0, nil
}
