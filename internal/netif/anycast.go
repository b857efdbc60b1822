package netif

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// An Anycast is an inet6 anycast address that an interface answers to. Linux
// counts them with the sockets that want them, not with the interface's
// addresses: this is such a socket.
type Anycast struct{ fd int }

// JoinAnycast makes an interface answer to an anycast address, until Close. The
// kernel wants it to be link-local or within a prefix of the interface, else it
// says EADDRNOTAVAIL.
func JoinAnycast(index int, a netip.Addr) (*Anycast, error) {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		request := unix.IPv6Mreq{Multiaddr: a.As16(), Interface: uint32(index)}
		if err = unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_ANYCAST, &request); err != nil {
			_ = unix.Close(fd)
		}
	}
	if err != nil {
		return nil, addrError("joining anycast", a, err)
	}
	return &Anycast{fd}, nil
}

// Close leaves the address. It may be called once.
func (a *Anycast) Close() error {
	if err := unix.Close(a.fd); err != nil {
		return fmt.Errorf("leaving an anycast address: %w", err)
	}
	return nil
}
