package stack

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// maxAnycast is how many anycast addresses an interface can have: each one is a
// socket.
const maxAnycast = 64

// An anycast is an anycast address of an interface.
type anycast struct {
	address    ctl.Address
	membership *netif.Anycast
}

// addAnycast makes an interface answer to an anycast address.
func (s *Stack) addAnycast(i *iface, index int, a ctl.Address) error {
	membership, err := netif.JoinAnycast(index, a.Addr)
	if err != nil {
		return err
	}
	s.keep(i, func(l *local) {
		known := slices.ContainsFunc(l.anycast, func(x anycast) bool { return x.address.Addr == a.Addr })
		if known || len(l.anycast) >= maxAnycast {
			err = fmt.Errorf("%s: anycast %v: %w", i.name, a.Addr, syscall.EEXIST)
			return
		}
		l.anycast = append(l.anycast, anycast{a, membership})
	})
	if err != nil {
		_ = membership.Close()
	}
	return err
}

// dropAnycast takes out all anycast addresses of an interface, of which the kernel
// has forgotten them. It must be told so before one of them is joined again, or
// takes the end of the old membership for that of the new one.
func (s *Stack) dropAnycast(i *iface) {
	s.mu.Lock()
	old := local{anycast: i.local.anycast}
	i.local.anycast = nil
	s.mu.Unlock()
	old.close()
}

// deleteAnycast reports whether an address was an anycast one and is no more.
func (s *Stack) deleteAnycast(i *iface, a netip.Addr) bool {
	var old *netif.Anycast
	s.keep(i, func(l *local) {
		l.anycast = slices.DeleteFunc(l.anycast, func(x anycast) bool {
			if x.address.Addr != a {
				return false
			}
			old = x.membership
			return true
		})
	})
	if old != nil {
		_ = old.Close()
	}
	return old != nil
}
