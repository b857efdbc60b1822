package stack

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// maxLinks is how many link addresses an interface can have beside its own.
const maxLinks = 64

// addLink notes one more link address of an interface, or makes it the one that
// is used; the one that was used until then is kept among the others.
func (s *Stack) addLink(i *iface, text string, active bool) error {
	mac, current, err := s.linkAddresses(i, text)
	if err != nil {
		return err
	}
	if mac[0]&1 != 0 || bytes.Equal(mac, make([]byte, 6)) {
		return fmt.Errorf("%s: link address %v: %w", i.name, mac, syscall.EINVAL)
	}
	same := func(x net.HardwareAddr) bool { return bytes.Equal(x, mac) }
	room := func(l *local) {
		if len(l.links) >= maxLinks && !slices.ContainsFunc(l.links, same) {
			err = fmt.Errorf("%s: more than %d link addresses: %w", i.name, maxLinks, syscall.ENOSPC)
		}
	}
	if active {
		if same(current) {
			return nil
		}
		if s.keep(i, room); err != nil {
			return err
		}
		if err := netif.SetMAC(s.indexOf(i), mac); err != nil {
			return gone(i, err)
		}
		s.keep(i, func(l *local) {
			l.links = append(slices.DeleteFunc(l.links, same), current)
		})
		return nil
	}
	s.keep(i, func(l *local) {
		if same(current) || slices.ContainsFunc(l.links, same) {
			err = fmt.Errorf("%s: link address %v: %w", i.name, mac, syscall.EEXIST)
		} else if room(l); err == nil {
			l.links = append(l.links, mac)
		}
	})
	return err
}

// deleteLink forgets a link address. The one in use cannot go.
func (s *Stack) deleteLink(i *iface, text string) error {
	mac, current, err := s.linkAddresses(i, text)
	if err != nil {
		return err
	}
	if bytes.Equal(mac, current) {
		return fmt.Errorf("%s: link address %v is in use: %w", i.name, mac, syscall.EBUSY)
	}
	err = fmt.Errorf("%s: no link address %v: %w", i.name, mac, syscall.EADDRNOTAVAIL)
	s.keep(i, func(l *local) {
		if k := slices.IndexFunc(l.links, func(x net.HardwareAddr) bool { return bytes.Equal(x, mac) }); k >= 0 {
			l.links, err = slices.Delete(l.links, k, k+1), nil
		}
	})
	return err
}

// linkAddresses reads the address that a request is about and the one that the
// interface uses.
func (s *Stack) linkAddresses(i *iface, text string) (mac, current net.HardwareAddr, err error) {
	mac, err = net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return nil, nil, fmt.Errorf("%s: link address %.32q: %w", i.name, text, syscall.EINVAL)
	}
	index := s.indexOf(i)
	if index == 0 {
		return nil, nil, fmt.Errorf("%s: no parent: %w", i.name, syscall.EINVAL)
	}
	state, err := netif.Read(index)
	if err != nil {
		return nil, nil, gone(i, err)
	}
	if len(state.MAC) != 6 {
		return nil, nil, fmt.Errorf("%s: has no link address: %w", i.name, syscall.EINVAL)
	}
	return mac, state.MAC, nil
}

// foreign reports whether frames to an address that the hardware does not know
// are for this interface, or for a VLAN on it: then the device must not sort.
func (s *Stack) foreign(i *iface, mac net.HardwareAddr) bool {
	if i.spec.MAC == nil {
		return false
	}
	if !bytes.Equal(mac, i.spec.MAC) {
		return true
	}
	for _, v := range s.vlansOn(i) {
		if state, err := netif.Read(v); err == nil && state.Flags&ctl.FlagUp != 0 && !bytes.Equal(state.MAC, i.spec.MAC) {
			return true
		}
	}
	return false
}
