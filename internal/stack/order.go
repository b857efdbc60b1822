package stack

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"io-pkt/internal/ctl"
)

// addresses adds to the kernel's addresses those that are known here only, and
// their preferences. The inet ones come in the order in which they were added, as
// on QNX, where the first of them is the primary: the kernel has the first of each
// network before all others, and moves one whose mask is changed. Those that are
// not in the order, as somebody else has added them, come last as the kernel has
// them.
func (l *local) addresses(kernel []ctl.Address) []ctl.Address {
	all := kernel
	if l.any != nil {
		all = append(all, *l.any)
	}
	for _, a := range l.anycast {
		all = append(all, a.address)
	}
	for i := range all {
		all[i].Preference = l.preferences[all[i].Addr]
	}
	places := make(map[netip.Addr]int, len(l.order)) // below 0, which those have that are not in it
	for n, a := range l.order {
		places[a] = n - len(l.order)
	}
	place := func(a ctl.Address) int {
		if a.Addr.Is6() {
			return 1
		}
		return places[a.Addr]
	}
	slices.SortStableFunc(all, func(a, b ctl.Address) int { return cmp.Compare(place(a), place(b)) })
	return all
}

// settle gives an interface's addresses before a request changes them. Their order
// is the one that stays: what is added next comes behind them all, whoever has
// added them.
func (s *Stack) settle(i *iface) (all []ctl.Address, err error) {
	state, err := s.state(i)
	if err != nil {
		return nil, err
	}
	s.keep(i, func(l *local) {
		all = l.addresses(state.Addresses)
		l.forgetGone(all)
		l.order = nil
		for _, a := range all {
			if a.Addr.Is4() {
				l.added(a.Addr)
			}
		}
	})
	return all, nil
}

// added notes an inet address. One that was there keeps its place.
func (l *local) added(a netip.Addr) {
	if !slices.Contains(l.order, a) {
		l.order = append(l.order, a)
	}
}

// forgetGone forgets what was kept of addresses that are not among these.
func (l *local) forgetGone(all []ctl.Address) {
	there := make(map[netip.Addr]bool, len(all))
	for _, a := range all {
		there[a.Addr] = true
	}
	l.forget(func(a netip.Addr) bool { return !there[a] })
}

// forget forgets what was kept of some addresses.
func (l *local) forget(gone func(netip.Addr) bool) {
	l.order = slices.DeleteFunc(l.order, gone)
	left := maps.Clone(l.preferences) // somebody may be reading the old ones
	maps.DeleteFunc(left, func(a netip.Addr, _ int) bool { return gone(a) })
	l.preferences = left
}
