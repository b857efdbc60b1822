package netif

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
)

// AddAddress adds an address to an interface; with an address that is there
// already it changes that one's mask, broadcast address, destination and
// lifetimes. Broadcast is made from address and mask when there is none. A mask
// whose ones are not all on the left is EINVAL: Linux has prefixes only.
func AddAddress(index int, a ctl.Address) error {
	l, err := netlink.LinkByIndex(index)
	if err != nil {
		return readError(index, err)
	}
	add, err := fromAddress(a, flags(l.Attrs()))
	if err != nil {
		return err
	}
	old, err := find(index, a.Addr)
	if err != nil {
		return err
	}
	if len(old) == 1 && sameNet(old[0], *add) {
		return addrError("changing", a.Addr, netlink.AddrReplace(link(index), add))
	}
	if err := remove(index, old); err != nil {
		return addrError("replacing", a.Addr, err)
	}
	err = netlink.AddrAdd(link(index), add)
	if err != nil {
		for i := range old {
			_ = netlink.AddrReplace(link(index), &old[i])
		}
	}
	return addrError("adding", a.Addr, err)
}

// DeleteAddress removes an address; EADDRNOTAVAIL when it is not there.
func DeleteAddress(index int, a netip.Addr) error {
	old, err := find(index, a)
	if err != nil {
		return err
	}
	if len(old) == 0 {
		return addrError("deleting", a, syscall.EADDRNOTAVAIL)
	}
	return addrError("deleting", a, remove(index, old))
}

// remove deletes addresses and nothing else: where KeepAliases could not be set,
// the kernel deletes all of a network together with its first. Only those are put
// back: what else is missing afterwards, somebody else has deleted meanwhile.
func remove(index int, old []netlink.Addr) error {
	if len(old) == 0 {
		return nil
	}
	before, err := addresses(index)
	if err != nil {
		return err
	}
	for i := range old {
		if err := netlink.AddrDel(link(index), &old[i]); err != nil {
			return err
		}
	}
	keep := slices.DeleteFunc(before, func(k netlink.Addr) bool {
		taken := func(x netlink.Addr) bool { return takes(x, k) }
		return !slices.ContainsFunc(old, taken) || slices.ContainsFunc(old, k.Equal)
	})
	if len(keep) == 0 {
		return nil
	}
	left, err := addresses(index)
	if err != nil {
		return err
	}
	for i, k := range keep {
		if slices.ContainsFunc(left, k.Equal) {
			continue
		}
		keep[i].Flags &^= unix.IFA_F_SECONDARY // for the kernel to say
		if err := netlink.AddrReplace(link(index), &keep[i]); err != nil {
			return err
		}
	}
	return nil
}

// takes reports whether the kernel may delete b together with a: an inet address
// that is not the first of a's network, while a is (__inet_del_ifa in the kernel's
// net/ipv4/devinet.c).
func takes(a, b netlink.Addr) bool {
	n, m := network(a), network(b)
	return a.IP.To4() != nil && a.Flags&unix.IFA_F_SECONDARY == 0 && b.Flags&unix.IFA_F_SECONDARY != 0 &&
		bytes.Equal(n.Mask, m.Mask) && n.Contains(m.IP)
}

// network gives the network in which the kernel counts an address: the peer's, if
// there is one.
func network(a netlink.Addr) *net.IPNet {
	if a.Peer != nil {
		return a.Peer
	}
	return a.IPNet
}

// find gives what the kernel has of an address. It can be there several times,
// with different prefixes.
func find(index int, a netip.Addr) ([]netlink.Addr, error) {
	all, err := addresses(index)
	if err != nil {
		return nil, readError(index, err)
	}
	return slices.DeleteFunc(all, func(x netlink.Addr) bool { return !x.IP.Equal(a.AsSlice()) }), nil
}

// sameNet reports whether two addresses differ in nothing but what the kernel
// can change in place.
func sameNet(a, b netlink.Addr) bool {
	none := func(ip net.IP) bool { return len(ip) == 0 || ip.IsUnspecified() }
	return a.Equal(b) && (a.Broadcast.Equal(b.Broadcast) || none(a.Broadcast) && none(b.Broadcast)) &&
		(a.Peer == nil) == (b.Peer == nil) && (a.Peer == nil || a.PeerEqual(b))
}

// fromAddress gives an address in the form in which the kernel takes it for an
// interface with these flags.
func fromAddress(a ctl.Address, f ctl.Flags) (*netlink.Addr, error) {
	n := &netlink.Addr{}
	ones, width := a.PrefixLen, a.Addr.BitLen()
	if a.Addr.Is4() {
		var err error
		if ones, err = PrefixLen(a.Mask); err != nil {
			return nil, addrError("adding", a.Addr, err)
		}
		n.Broadcast = kernelBroadcast(a, f)
	} else {
		n.PreferedLft, n.ValidLft = int(a.PreferredLifetime), int(a.ValidLifetime)
	}
	n.IPNet = &net.IPNet{IP: a.Addr.AsSlice(), Mask: net.CIDRMask(ones, width)}
	switch {
	case a.Addr.IsLoopback():
		n.Scope = int(netlink.SCOPE_HOST)
	case a.Addr.IsMulticast():
		n.Flags = unix.IFA_F_MCAUTOJOIN // scripts add groups as aliases, to receive them
	}
	if a.Dest.IsValid() && a.Dest != a.Addr {
		n.Peer = &net.IPNet{IP: a.Dest.AsSlice(), Mask: n.IPNet.Mask}
		n.IPNet = &net.IPNet{IP: a.Addr.AsSlice(), Mask: net.CIDRMask(width, width)}
	}
	return n, nil
}

// kernelBroadcast gives the broadcast address to tell the kernel, 0.0.0.0 for
// none. A BSD has one for each address, but in a network of one or two addresses
// it is a host's: Linux would then no longer reach that host.
func kernelBroadcast(a ctl.Address, f ctl.Flags) net.IP {
	usual := broadcast(a.Addr, a.Mask)
	b := a.Broadcast
	if !b.IsValid() {
		b = usual
	}
	if f&ctl.FlagBroadcast == 0 || b == a.Addr || b == usual && a.Mask >= maskOf(31) {
		return net.IPv4zero
	}
	return b.AsSlice()
}

func addrError(doing string, a netip.Addr, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %v: %w", doing, a, err)
}

// PrefixLen gives the number of ones in a netmask; EINVAL when they are not all on
// the left.
func PrefixLen(mask uint32) (int, error) {
	ones := bits.LeadingZeros32(^mask)
	if mask != maskOf(ones) {
		return 0, fmt.Errorf("netmask %#x is not a prefix: %w", mask, syscall.EINVAL)
	}
	return ones, nil
}

// maskOf gives the netmask with that many ones.
func maskOf(ones int) uint32 { return ^uint32(0) << (32 - ones) }

// broadcast gives the broadcast address of an address's network.
func broadcast(a netip.Addr, mask uint32) netip.Addr {
	b := a.As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|^mask)
	return netip.AddrFrom4(b)
}
