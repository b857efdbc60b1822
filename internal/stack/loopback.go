package stack

import (
	"net"
	"net/netip"
	"slices"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// The loopback interface as QNX shows it: it has a name with a number, and an
// MTU of its own in place of Linux's.
const (
	loopbackName = "lo0"
	loopbackMTU  = 33192
	linuxLoMTU   = 65536
)

// loopback configures the kernel's lo. It changes nothing where that is done
// already.
func loopback(v6 bool) (index int, err error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return 0, err
	}
	if err := netif.SetFlags(lo.Index, ctl.FlagUp, 0); err != nil {
		return 0, err
	}
	state, err := netif.Read(lo.Index)
	if err != nil {
		return 0, err
	}
	home := ctl.Address{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Mask: 0xff000000}
	if !has(state, home.Addr) {
		err = netif.AddAddress(lo.Index, home)
	}
	if v6 {
		loopback6(lo.Index)
	}
	return lo.Index, err
}

// loopback6 gives lo a link-local address. The kernel takes that away when lo goes
// down, with ::1, of which it thinks by itself when lo comes up again. A kernel
// without IPv6 can go without.
func loopback6(index int) {
	local := ctl.Address{Addr: netip.MustParseAddr("fe80::1"), PrefixLen: 64}
	state, err := netif.Read(index)
	if err == nil && has(state, netip.IPv6Loopback()) && !has(state, local.Addr) {
		_ = netif.AddAddress(index, local)
	}
}

func has(s netif.State, a netip.Addr) bool {
	return slices.ContainsFunc(s.Addresses, func(x ctl.Address) bool { return x.Addr == a })
}

func (s *Stack) showLoopback(shown *ctl.Interface) {
	if shown.MTU == linuxLoMTU {
		shown.MTU = loopbackMTU
	}
	if !s.config.IPv6 { // lo is not ours alone: it keeps its inet6 addresses
		shown.Addresses = slices.DeleteFunc(shown.Addresses, func(a ctl.Address) bool { return a.Addr.Is6() })
	}
}
