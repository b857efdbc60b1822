package stack

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
)

// list gives all interfaces: lo0, the drivers' with the oldest first, and the
// VLANs.
func (s *Stack) list() (list []ctl.Interface, err error) {
	for _, i := range slices.Concat([]*iface{s.lo}, s.interfaces(nil), s.vlanInterfaces()) {
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

// state reads what the kernel has of an interface; ENXIO when it has it no more. A
// VLAN interface need not be there.
func (s *Stack) state(i *iface) (netif.State, error) {
	index := s.indexOf(i)
	if index == 0 {
		return unlinked(i.name), nil
	}
	state, err := netif.Read(index)
	if i.cloned && errors.Is(err, syscall.ENODEV) {
		s.left(i, index)
		return unlinked(i.name), nil
	}
	return state, gone(i, err)
}

// show gives an interface; ENXIO when the kernel has it no more.
func (s *Stack) show(i *iface) (ctl.Interface, error) {
	state, err := s.state(i)
	if err != nil {
		return ctl.Interface{}, err
	}
	s.mu.Lock()
	local, vlan := i.local, i.vlan
	local.links, local.anycast, local.order = slices.Clone(local.links), slices.Clone(local.anycast), slices.Clone(local.order)
	s.mu.Unlock()

	shown := ctl.Interface{
		Name:  i.name, // which it keeps here, even when ip(8) has renamed it
		Index: state.Index, Flags: state.Flags | local.flags, Metric: local.metric, MTU: state.MTU,
		MAC: state.MAC.String(), Addresses: local.addresses(state.Addresses), Stats: state.Stats,
	}
	for _, mac := range local.links {
		if !bytes.Equal(mac, state.MAC) { // ip(8) may have made it the active one
			shown.Links = append(shown.Links, mac.String())
		}
	}
	switch {
	case i == s.lo:
		s.showLoopback(&shown)
	case i.cloned:
		shown.VLAN = &vlan
	default:
		i.showDevice(&shown, state.Carrier)
	}
	shown.Stats = shown.Stats.Sub(local.zero)
	return shown, nil
}

// showDevice adds what the driver says, and what was lost on its way.
func (i *iface) showDevice(shown *ctl.Interface, carrier bool) {
	status := i.dev.Status()
	in, out := i.tap.Dropped()
	shown.Stats.InDrops += in
	shown.Stats.OutDrops += out
	shown.Media = &ctl.Media{Current: autoselect, Active: media(status, carrier), Supported: []string{autoselect}, Link: carrier}
	supported, enabled := i.tap.Supported(), i.tap.Enabled()
	shown.CapRx, shown.CapTx = supported.Rx, supported.Tx
	shown.EnabledRx, shown.EnabledTx = enabled.Rx, enabled.Tx
	shown.Driver = i.module.name
	shown.Description = i.spec.Description
	i.showHardware(shown, status)
	for _, c := range status.Counters {
		shown.Counters = append(shown.Counters, ctl.Counter(c))
	}
}

// autoselect is the one medium that an interface can be set to.
const autoselect = "autoselect"

// setMedia takes nothing but what there is already.
func setMedia(i *iface, word string) error {
	switch {
	case i.dev == nil:
		return fmt.Errorf("%s: has no media: %w", i.name, syscall.EINVAL)
	case word != autoselect:
		return fmt.Errorf("%s: media %q: %w", i.name, word, syscall.ENXIO)
	}
	return nil
}

// media gives the name of the Ethernet variant that comes nearest to the
// device's speed, or none without a carrier: a modem has no such thing, but scripts
// look for these words.
func media(s nic.Status, carrier bool) string {
	switch rate := s.BitRateIn; {
	case !carrier:
		return "none"
	case rate >= 1e9:
		return "1000baseT full-duplex"
	case rate >= 100e6:
		return "100baseTX full-duplex"
	case rate > 0:
		return "10baseT full-duplex"
	}
	return ""
}
