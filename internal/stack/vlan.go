package stack

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// vlanName is what VLAN interfaces are called, before the number.
const vlanName = "vlan"

// Limits of a VLAN: of its tag (IEEE 802.1Q, table 9-2), of the interface's
// number as NetBSD has it, and what the tag takes from the parent's frames.
const (
	minTag, maxTag = 1, 4094
	maxUnit        = 0x7fff
	tagLength      = 4
	etherMTU       = 1500
)

// create makes a VLAN interface. Linux has them only on top of others: until it
// gets a parent, it is an entry in our table.
func (s *Stack) create(name string) error {
	digits, ours := strings.CutPrefix(name, vlanName)
	unit, err := strconv.ParseUint(digits, 10, 16)
	valid := ours && err == nil && unit <= maxUnit && strconv.FormatUint(unit, 10) == digits

	defer s.watcher.Kick() // after the unlocking
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !valid:
		return fmt.Errorf("%s: no pseudo interface is called so: %w", name, syscall.EINVAL)
	case s.takenLocked(name):
		return fmt.Errorf("%s: %w", name, syscall.EEXIST)
	case s.closed:
		return fmt.Errorf("%s: %w", name, syscall.ESHUTDOWN)
	}
	i := newIface(name)
	i.cloned = true
	s.ifaces[name] = i
	s.vlans = append(s.vlans, i)
	return nil
}

// setVLAN gives a VLAN interface its tag and its parent, or takes them away.
func (s *Stack) setVLAN(i *iface, v ctl.VLAN) error {
	if !i.cloned {
		return fmt.Errorf("%s is no VLAN interface: %w", i.name, syscall.EINVAL)
	}
	if v.Parent == "" {
		return s.leave(i)
	}
	if v.Tag < minTag || v.Tag > maxTag {
		return fmt.Errorf("%s: tag %d: %w", i.name, v.Tag, syscall.EINVAL)
	}
	parent, err := s.lookup(v.Parent)
	if err != nil {
		return fmt.Errorf("%s: parent %s: %w", i.name, v.Parent, syscall.ENOENT)
	}
	if parent.dev == nil {
		return fmt.Errorf("%s: parent %s: %w", i.name, v.Parent, syscall.EPROTONOSUPPORT)
	}
	s.mu.Lock()
	busy := i.vlan.Parent != ""
	if !busy {
		i.vlan = v // nobody else gives it a parent now
	}
	s.mu.Unlock()
	if busy {
		return fmt.Errorf("%s: has a parent: %w", i.name, syscall.EBUSY)
	}
	return s.join(i, parent, v.Tag)
}

// join makes the kernel's interface, as far up as the user has already said.
func (s *Stack) join(i, parent *iface, tag int) error {
	mtu, err := vlanMTU(parent)
	index := 0
	if err == nil {
		index, err = netif.AddVLAN(i.name, parent.index, tag, mtu)
	}
	if err != nil {
		s.mu.Lock()
		i.vlan = ctl.VLAN{}
		s.mu.Unlock()
		return gone(i, err)
	}
	s.prepare(i.name, index)

	s.mu.Lock()
	flags, going := i.local.flags, i.going
	i.index = index
	i.local.flags &= linkFlags
	s.mu.Unlock()
	if going { // destroyed meanwhile
		_ = netif.DeleteLink(index)
		return fmt.Errorf("%s: %w", i.name, syscall.ENXIO)
	}
	s.watcher.Kick()
	return gone(i, netif.SetFlags(index, flags, 0))
}

// vlanMTU gives the largest MTU that a VLAN on an interface can have: hardware
// that says nothing of tags must carry them within its ordinary frames.
func vlanMTU(parent *iface) (int, error) {
	state, err := netif.Read(parent.index)
	if err != nil {
		return 0, err
	}
	return min(state.MTU, parent.spec.MaxMTU-tagLength), nil
}

// leave takes the parent away, and with the kernel's interface all addresses.
func (s *Stack) leave(i *iface) error {
	index := s.indexOf(i)
	if index == 0 {
		return nil
	}
	err := netif.DeleteLink(index)
	if err != nil && !errors.Is(err, syscall.ENODEV) {
		return err
	}
	s.left(i, index)
	return nil
}

// left notes that the kernel's interface has gone: with "-vlanif", with the
// parent, or with ip(8). Nothing is left of it but its name and its metric.
func (s *Stack) left(i *iface, index int) {
	s.mu.Lock()
	var old local
	if i.index == index {
		old = i.local
		i.index, i.vlan = 0, ctl.VLAN{}
		i.local = local{metric: old.metric, flags: old.flags & linkFlags}
	}
	s.mu.Unlock()
	old.close()
	s.watcher.Kick()
}

// destroyVLAN removes a VLAN interface.
func (s *Stack) destroyVLAN(i *iface) error {
	s.mu.Lock()
	already, index := i.going, i.index
	i.going = true
	s.mu.Unlock()
	if already {
		return fmt.Errorf("%s: %w", i.name, syscall.ENXIO)
	}
	if index != 0 {
		_ = netif.DeleteLink(index) // it may have gone with its parent
	}
	s.forget(i)
	return nil
}

// vlanInterfaces gives the VLAN interfaces in the order in which they were made.
func (s *Stack) vlanInterfaces() []*iface {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.vlans), func(i *iface) bool { return i.going })
}

// vlansOn gives the kernel's indexes of the VLAN interfaces on an interface.
func (s *Stack) vlansOn(parent *iface) (indexes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.vlans {
		if i.vlan.Parent == parent.name && i.index != 0 {
			indexes = append(indexes, i.index)
		}
	}
	return indexes
}

// unlinked is what there is to be shown of a VLAN interface without a parent.
func unlinked(name string) netif.State {
	return netif.State{
		Name: name, MTU: etherMTU, MAC: make([]byte, 6),
		Flags: ctl.FlagBroadcast | ctl.FlagSimplex | ctl.FlagMulticast,
	}
}

// changeUnlinked carries out a request for a VLAN interface without a parent.
func (s *Stack) changeUnlinked(i *iface, r ctl.Request) error {
	switch r.Op {
	case ctl.OpSetFlags:
		settable := ctl.FlagUp | ctl.FlagDebug | ctl.FlagNoARP | linkFlags
		s.keep(i, func(l *local) { l.flags = l.flags&^r.Clear | r.Set&settable })
		return nil
	case ctl.OpDelAddr:
		return fmt.Errorf("%s: no address: %w", i.name, syscall.EADDRNOTAVAIL)
	}
	return fmt.Errorf("%s: no parent: %w", i.name, syscall.EINVAL)
}
