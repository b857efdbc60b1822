package netif

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
)

// A State is what the kernel says about one interface.
type State struct {
	Index int
	Name  string
	Flags ctl.Flags // with QNX's bits
	MTU   int
	MAC   net.HardwareAddr // nil when it has none
	// Carrier says whether there is a link; it is false while the interface is
	// down.
	Carrier bool
	// Addresses are inet in the kernel's order, which has the primary first, then
	// inet6 in the order in which they were added.
	Addresses []ctl.Address
	Stats     ctl.Stats // a large frame counts once: see Passed
}

// Read reads an interface's state. The error is ENODEV when it is not there.
func Read(index int) (State, error) {
	l, err := netlink.LinkByIndex(index)
	if err != nil {
		return State{}, readError(index, err)
	}
	addrs, err := addresses(index)
	if err != nil {
		return State{}, readError(index, err)
	}
	a := l.Attrs()
	s := State{
		Index: a.Index, Name: a.Name, Flags: flags(a), MTU: a.MTU,
		Carrier: a.RawFlags&unix.IFF_LOWER_UP != 0,
		Stats:   stats(a.Statistics),
	}
	if a.RawFlags&unix.IFF_LOOPBACK == 0 && len(a.HardwareAddr) > 0 {
		s.MAC = a.HardwareAddr
	}
	for _, addr := range addrs {
		s.Addresses = append(s.Addresses, toAddress(addr, s.Flags))
	}
	return s, nil
}

func readError(index int, err error) error {
	if notFound(err) {
		err = syscall.ENODEV
	}
	return fmt.Errorf("interface %d: reading its state: %w", index, err)
}

// addresses gives the kernel's addresses of an interface, in State's order.
func addresses(index int) ([]netlink.Addr, error) {
	var all []netlink.Addr
	var err error = netlink.ErrDumpInterrupted
	for try := 0; try < 5 && errors.Is(err, netlink.ErrDumpInterrupted); try++ {
		all, err = netlink.AddrList(link(index), netlink.FAMILY_ALL)
	}
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, err
	}
	var inet, inet6 []netlink.Addr
	for _, a := range all {
		switch {
		case a.IPNet == nil: // neither family gets here without an address
		case a.IP.To4() != nil:
			inet = append(inet, a)
		default:
			inet6 = append(inet6, a)
		}
	}
	slices.Reverse(inet6) // the kernel has the newest of each scope first, link-local last
	return append(inet, inet6...), nil
}

// flags gives QNX's flags for the kernel's.
func flags(a *netlink.LinkAttrs) ctl.Flags {
	var f ctl.Flags
	for _, bit := range []struct {
		kernel uint32
		qnx    ctl.Flags
	}{
		{unix.IFF_BROADCAST, ctl.FlagBroadcast | ctl.FlagSimplex},
		{unix.IFF_DEBUG, ctl.FlagDebug},
		{unix.IFF_LOOPBACK, ctl.FlagLoopback | ctl.FlagMulticast},
		{unix.IFF_POINTOPOINT, ctl.FlagPointToPoint},
		{unix.IFF_NOARP, ctl.FlagNoARP},
		{unix.IFF_PROMISC, ctl.FlagPromisc},
		{unix.IFF_ALLMULTI, ctl.FlagAllMulti},
		{unix.IFF_MULTICAST, ctl.FlagMulticast},
		// An interface that is up has its resources, which is what RUNNING means
		// on QNX; Linux's IFF_RUNNING is about the carrier.
		{unix.IFF_UP, ctl.FlagUp | ctl.FlagRunning},
	} {
		if a.RawFlags&bit.kernel != 0 {
			f |= bit.qnx
		}
	}
	// The kernel's flags show only what the user has set. These count who else
	// wants it: tcpdump, a bridge.
	if a.Promisc > 0 {
		f |= ctl.FlagPromisc
	}
	if a.Allmulti > 0 {
		f |= ctl.FlagAllMulti
	}
	return f
}

// toAddress gives an address in the protocol's form.
func toAddress(a netlink.Addr, f ctl.Flags) ctl.Address {
	ip, _ := netip.AddrFromSlice(a.IP)
	r := ctl.Address{Addr: ip.Unmap()}
	mask := a.Mask
	if a.Peer != nil { // the prefix is the peer's then, and Mask is all ones
		mask = a.Peer.Mask
		peer, _ := netip.AddrFromSlice(a.Peer.IP)
		r.Dest = peer.Unmap()
	}
	ones, _ := mask.Size()
	if r.Addr.Is4() {
		r.Mask = maskOf(ones)
		switch b, ok := netip.AddrFromSlice(a.Broadcast); {
		case ok:
			r.Broadcast = b.Unmap()
		case f&ctl.FlagBroadcast != 0: // a BSD always has one
			r.Broadcast = broadcast(r.Addr, r.Mask)
		}
		return r
	}
	r.PrefixLen = ones
	r.Tentative = a.Flags&unix.IFA_F_TENTATIVE != 0
	r.Duplicated = a.Flags&unix.IFA_F_DADFAILED != 0
	r.Deprecated = a.Flags&unix.IFA_F_DEPRECATED != 0
	r.PreferredLifetime = uint32(min(a.PreferedLft, math.MaxUint32))
	r.ValidLifetime = uint32(min(a.ValidLft, math.MaxUint32))
	return r
}

func stats(s *netlink.LinkStatistics) ctl.Stats {
	if s == nil {
		return ctl.Stats{}
	}
	return ctl.Stats{
		InPackets: s.RxPackets, InBytes: s.RxBytes, InErrors: s.RxErrors,
		InDrops: s.RxDropped, InMulticasts: s.Multicast,
		OutPackets: s.TxPackets, OutBytes: s.TxBytes, OutErrors: s.TxErrors,
		OutDrops: s.TxDropped, Collisions: s.Collisions,
	}
}
