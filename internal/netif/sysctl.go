package netif

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A Sysctl is the directory of the kernel's settings, "/proc/sys".
type Sysctl string

// SetIPv6 says whether an interface may have inet6 addresses. A kernel without
// IPv6 is content with either.
func (s Sysctl) SetIPv6(name string, on bool) error {
	if !on {
		return s.set("ipv6", name, "disable_ipv6", "1")
	}
	return errors.Join(
		s.set("ipv6", name, "disable_ipv6", "0"),
		// "ifconfig ecm0 down" keeps the addresses on QNX.
		s.set("ipv6", name, "keep_addr_on_down", "1"),
	)
}

// KeepAliases makes the other addresses of a network stay when the first one is
// deleted, as on QNX.
func (s Sysctl) KeepAliases(name string) error {
	return s.set("ipv4", name, "promote_secondaries", "1")
}

func (s Sysctl) set(family, name, key, value string) error {
	err := os.WriteFile(filepath.Join(string(s), "net", family, "conf", name, key), []byte(value), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
