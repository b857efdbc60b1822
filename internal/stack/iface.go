package stack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
	"io-pkt/slog"
)

// An iface is one of the drivers' interfaces, a VLAN interface, which has neither
// module nor device, or lo0, which has only a name and an index.
type iface struct {
	name   string
	turn   chan struct{} // capacity 1, full while somebody is alone with its addresses
	module *module
	spec   nic.Spec
	dev    nic.Device
	cloned bool // a VLAN interface

	told told // what dev knows; belongs to the goroutine that follows the kernel

	// Guarded by Stack.mu.
	index int        // the kernel's; 0 while there is nothing in the kernel
	tap   *netif.TAP // a driver's, set together with index
	vlan  ctl.VLAN   // of a VLAN interface; without parent it is not in the kernel
	going bool       // it is being removed, and not shown any more
	small bool       // its MTU was too small for IPv6 when follow saw it last
	local local
}

// newIface makes an interface that is in no table yet.
func newIface(name string) *iface { return &iface{name: name, turn: make(chan struct{}, 1)} }

// alone waits until nobody else changes the interface's addresses, and keeps others
// from it until done is called. A change takes several steps in the kernel, and one
// here. Only the kernel is waited for meanwhile.
func (i *iface) alone() (done func()) {
	i.turn <- struct{}{}
	return func() { <-i.turn }
}

// Attach makes an interface for one of the driver's devices (nic.Host).
func (m *module) Attach(spec nic.Spec, dev nic.Device) (nic.Port, error) {
	s := m.stack
	if m.base != "" {
		spec.Base = m.base
	}
	i, err := s.reserve(m, spec, dev)
	if err != nil {
		return nil, err
	}
	dev.Named(i.name)
	tap, err := netif.Open(netif.Config{
		Name: i.name, MAC: spec.MAC, MTU: spec.MTU, MaxMTU: spec.MaxMTU,
		CarrierChanged: s.watcher.Kick,
	})
	if err != nil {
		s.forget(i)
		s.log(slog.Error, "%v", err)
		return nil, err
	}
	s.prepare(i.name, tap.Index())

	s.mu.Lock()
	if m.closing {
		s.mu.Unlock()
		_ = tap.Close()
		s.forget(i)
		return nil, fmt.Errorf("%s: %w", i.name, syscall.ESHUTDOWN)
	}
	i.tap, i.index, m.used = tap, tap.Index(), true
	s.mu.Unlock()

	s.log(slog.Info, "%s", i.name)
	s.watcher.Kick()
	return tap, nil
}

// reserve finds a name for an interface and puts it into the table.
func (s *Stack) reserve(m *module, spec nic.Spec, dev nic.Device) (*iface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case m.closing:
		return nil, fmt.Errorf("%s: %w", m.file, syscall.ESHUTDOWN)
	case m.single && s.hasInterfacesLocked(m):
		return nil, fmt.Errorf("%s: another device has the number %d: %w", m.file, m.unit, syscall.EBUSY)
	}
	name := spec.Base + strconv.Itoa(max(m.unit, 0))
	for n := 1; m.unit < 0 && s.takenLocked(name); n++ {
		name = spec.Base + strconv.Itoa(n)
	}
	if err := netif.CheckName(name); err != nil {
		return nil, err // before it is part of a path
	}
	if s.takenLocked(name) {
		return nil, fmt.Errorf("%s: in use: %w", name, syscall.EALREADY)
	}
	i := newIface(name)
	i.module, i.spec, i.dev = m, spec, dev
	s.ifaces[name] = i
	return i, nil
}

func (s *Stack) takenLocked(name string) bool {
	_, taken := s.ifaces[name]
	return taken || name == loopbackName
}

func (s *Stack) hasInterfacesLocked(m *module) bool {
	for _, i := range s.ifaces {
		if i.module == m {
			return true
		}
	}
	return false
}

// prepare makes those of the kernel's settings that differ from QNX's ways. The
// interface works without them.
func (s *Stack) prepare(name string, index int) {
	s.prepare6(name, index)
	if err := s.config.Sysctl.KeepAliases(name); err != nil {
		s.log(slog.Warning, "%s: kernel settings: %v", name, err)
	}
}

// prepare6 makes those that are IPv6's.
func (s *Stack) prepare6(name string, index int) {
	if err := s.config.Sysctl.SetIPv6(name, index, s.config.IPv6); err != nil {
		s.log(slog.Warning, "%s: kernel settings: %v", name, err)
	}
}

// Detach removes an interface whose device was pulled (nic.Host). It may meet a
// destroy, which then waits for the driver that calls here: so it does not wait
// for that one, and only makes sure that the interface has gone.
func (m *module) Detach(p nic.Port) {
	s := m.stack
	tap, ours := p.(*netif.TAP)
	if !ours || tap == nil {
		return
	}
	s.mu.Lock()
	var i *iface
	for _, x := range s.ifaces {
		if x.tap == tap {
			i = x
		}
	}
	destroyed := i == nil || i.going
	if i != nil {
		i.going = true
	}
	s.mu.Unlock()
	_ = tap.Close()
	if !destroyed {
		s.forget(i)
		s.unloadIfPulled(m)
	}
}

// Log writes a line of the driver's to the system log (nic.Host).
func (m *module) Log(sev slog.Severity, format string, args ...any) {
	m.stack.log(sev, format, args...)
}

// destroy takes an interface away from its driver and removes it. It reports
// false when somebody else is doing that.
func (s *Stack) destroy(i *iface) bool {
	s.mu.Lock()
	already := i.going
	i.going = true
	s.mu.Unlock()
	if already {
		return false
	}
	if err := i.dev.Close(); err != nil {
		s.log(slog.Warning, "%s: closing: %v", i.name, err)
	}
	_ = i.tap.Close()
	s.forget(i)
	return true
}

// destroyByHand is "ifconfig ecm0 destroy". With its last interface the driver
// goes as well, even one that waits for further devices.
func (s *Stack) destroyByHand(i *iface) error {
	if !s.destroy(i) {
		return syscall.ENXIO
	}
	s.unloadUnused(i.module)
	return nil
}

// lost gives up an interface that the kernel has no more: "ip link del ecm0", or a move to
// another network namespace.
func (s *Stack) lost(i *iface) {
	if s.destroy(i) {
		s.log(slog.Warning, "%s: the interface is gone from this network namespace", i.name)
		s.unloadUnused(i.module)
	}
}

func (s *Stack) unloadUnused(m *module) {
	s.mu.Lock()
	used := s.hasInterfacesLocked(m)
	s.mu.Unlock()
	if !used {
		s.unload(m)
	}
}

// forget takes an interface out of the table.
func (s *Stack) forget(i *iface) {
	s.mu.Lock()
	if s.ifaces[i.name] == i {
		delete(s.ifaces, i.name)
	}
	s.vlans = slices.DeleteFunc(s.vlans, func(x *iface) bool { return x == i })
	old := i.local
	i.local = local{}
	s.mu.Unlock()
	old.close()
	s.watcher.Kick()
}

// indexOf gives the kernel's index of an interface; 0 for a VLAN interface
// without a parent.
func (s *Stack) indexOf(i *iface) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return i.index
}

// interfaces gives the drivers' interfaces, of one module unless m is nil, oldest
// first.
func (s *Stack) interfaces(m *module) []*iface {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.ifaces))
	list = slices.DeleteFunc(list, func(i *iface) bool {
		return i.index == 0 || i.cloned || i.going || m != nil && i.module != m
	})
	slices.SortFunc(list, func(a, b *iface) int { return cmp.Compare(a.index, b.index) })
	return list
}
