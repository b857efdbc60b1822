package netif

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
)

// A Sysctl is the directory of the kernel's settings, "/proc/sys".
type Sysctl string

// genModeNone is IN6_ADDR_GEN_MODE_NONE (linux/if_link.h): no link-local address.
const genModeNone = 1

// SetIPv6 says whether an interface may have inet6 addresses. It is for an
// interface that is new, or whose MTU was less than MinMTU6: the kernel forgets it
// then. A kernel without IPv6 is content with either.
func (s Sysctl) SetIPv6(name string, index int, on bool) error {
	if on {
		return errors.Join(
			s.set("ipv6", name, "disable_ipv6", "0"),
			// "ifconfig ecm0 down" keeps the addresses on QNX. Linux does so with
			// all but link-local ones.
			s.set("ipv6", name, "keep_addr_on_down", "1"),
		)
	}
	err := s.set("ipv6", name, "disable_ipv6", "1")
	if err != nil {
		// Containers have /proc/sys read-only. Then it gets at least no address by
		// itself.
		err = netlink.LinkSetIP6AddrGenMode(link(index), genModeNone)
	}
	return err
}

// KeepAliases makes the other addresses of a network stay when the first one is
// deleted, whoever does it, as on QNX.
func (s Sysctl) KeepAliases(name string) error {
	return s.set("ipv4", name, "promote_secondaries", "1")
}

// set writes nothing when the value is there already: it may be one that cannot be
// written.
func (s Sysctl) set(family, name, key, value string) error {
	file := filepath.Join(string(s), "net", family, "conf", name, key)
	old, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && string(bytes.TrimSpace(old)) == value:
		return nil
	}
	return os.WriteFile(file, []byte(value), 0)
}
