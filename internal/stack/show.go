package stack

import (
	"errors"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
)

// The loopback interface as QNX shows it: it has a name with a number, and an
// MTU of its own in place of Linux's.
const (
	loopbackName = "lo0"
	loopbackMTU  = 33192
	linuxLoMTU   = 65536
)

// list gives all interfaces, lo0 first and the oldest next.
func (s *Stack) list() (list []ctl.Interface, err error) {
	for _, i := range append([]*iface{s.lo}, s.interfaces(nil)...) {
		shown, err := s.show(i)
		if errors.Is(err, syscall.ENXIO) {
			continue // it went just now
		}
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

// show gives an interface; ENXIO when the kernel has it no more.
func (s *Stack) show(i *iface) (ctl.Interface, error) {
	state, err := netif.Read(i.index)
	if err != nil {
		return ctl.Interface{}, gone(i, err)
	}
	s.mu.Lock()
	local := i.local
	s.mu.Unlock()

	shown := ctl.Interface{
		Name:  i.name, // which it keeps here, even when ip(8) has renamed it
		Index: state.Index, Flags: state.Flags | local.links, Metric: local.metric, MTU: state.MTU,
		MAC: state.MAC.String(), Addresses: state.Addresses, Stats: state.Stats,
	}
	if local.any != nil {
		shown.Addresses = slices.Insert(shown.Addresses, 0, *local.any)
	}
	if i == s.lo {
		s.showLoopback(&shown)
	} else {
		i.showDevice(&shown, state.Carrier)
	}
	return shown, nil
}

func (s *Stack) showLoopback(shown *ctl.Interface) {
	if shown.MTU == linuxLoMTU {
		shown.MTU = loopbackMTU
	}
	if !s.config.IPv6 { // lo is not ours alone: it keeps its ::1
		shown.Addresses = slices.DeleteFunc(shown.Addresses, func(a ctl.Address) bool { return a.Addr.Is6() })
	}
}

// showDevice adds what the driver says, and what was lost on its way.
func (i *iface) showDevice(shown *ctl.Interface, carrier bool) {
	status := i.dev.Status()
	in, out := i.tap.Dropped()
	shown.Stats.InDrops += in
	shown.Stats.OutDrops += out
	shown.Media = &ctl.Media{Current: "autoselect", Active: media(status), Link: carrier}
	shown.Driver = i.module.name
	shown.Description = i.spec.Description
	for _, c := range status.Counters {
		shown.Counters = append(shown.Counters, ctl.Counter(c))
	}
}

// media gives the name of the Ethernet variant that comes nearest to the
// device's speed: a modem has none, but scripts look for these words.
func media(s nic.Status) string {
	switch rate := s.BitRateIn; {
	case rate >= 1e9:
		return "1000baseT full-duplex"
	case rate >= 100e6:
		return "100baseTX full-duplex"
	case rate > 0:
		return "10baseT full-duplex"
	}
	return ""
}
