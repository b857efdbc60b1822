// Package netif is the kernel's side of an interface: the TAP that carries its
// frames, its settings and addresses, and what the kernel says about it. All of
// it happens in the network namespace that the process runs in.
//
// A TAP exists from Open to Close and is the nic.Port of a driver. The kernel
// removes it when its descriptor is closed, so nothing is left behind by a
// process that was killed. The settings are made through rtnetlink, and are read
// back from there each time: somebody else may use ip(8) on the same interface,
// and what is shown is always the kernel's truth.
//
// A Watcher has one goroutine, which ends in Close. Nothing else here starts
// any.
package netif

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
)

// Limits of the kernel's for Ethernet interfaces.
const (
	MinMTU  = 68    // RFC 791: what every IPv4 link must carry
	MinMTU6 = 1280  // RFC 8200, 5: below, the kernel removes all of an interface's IPv6
	MaxMTU  = 65521 // a TAP's: 64 KiB less an Ethernet header
)

// CheckName refuses what the kernel would refuse, or worse, understand in a way
// of its own: it cuts long names, and fills in a number for "%d".
func CheckName(name string) error {
	switch {
	case len(name) >= unix.IFNAMSIZ:
		return fmt.Errorf("interface name %q: %w", name, syscall.ENAMETOOLONG)
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/:%"),
		strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fmt.Errorf("interface name %q: %w", name, syscall.EINVAL)
	}
	return nil
}

// exists reports whether the kernel has an interface of that name.
func exists(name string) (bool, error) {
	_, err := netlink.LinkByName(name)
	if notFound(err) {
		return false, nil
	}
	return err == nil, err
}

func notFound(err error) bool {
	_, ok := errors.AsType[netlink.LinkNotFoundError](err)
	return ok
}

// link names an interface by its index alone, which is all that the netlink
// package's setters look at.
func link(index int) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: index}}
}

// SetMTU sets the MTU in bytes.
func SetMTU(index, mtu int) error {
	if err := netlink.LinkSetMTU(link(index), mtu); err != nil {
		return fmt.Errorf("interface %d: setting mtu %d: %w", index, mtu, err)
	}
	return nil
}

// settable are the flags that SetFlags can change. Their bits are the same for
// QNX and for Linux.
const settable = ctl.FlagUp | ctl.FlagDebug | ctl.FlagNoARP

// SetFlags sets some flags and clears others, all at once. Flags that are not the
// user's to change are left alone.
func SetFlags(index int, set, clear ctl.Flags) error {
	set &= settable
	change := set | clear&settable
	if change == 0 {
		return nil
	}
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	msg.Change = uint32(change)
	msg.Flags = uint32(set)
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	req.AddData(msg)
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("interface %d: setting flags: %w", index, err)
	}
	return nil
}
