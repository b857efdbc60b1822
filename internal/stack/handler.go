package stack

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/qnx"
)

var _ ctl.Handler = (*Stack)(nil)

// linkFlags are a driver's own switches. Ours have none; they are only kept.
const linkFlags = ctl.FlagLink0 | ctl.FlagLink1 | ctl.FlagLink2

// Do carries out one request (ctl.Handler). Its errors are those of the ioctls
// that the operations stand for: ENXIO for an interface that is not there.
func (s *Stack) Do(ctx context.Context, p ctl.Peer, r ctl.Request) ctl.Reply {
	reply := ctl.Reply{Version: ctl.Version}
	err := error(syscall.EPERM)
	if !r.Op.Changes() || p.Privileged() {
		reply.Interfaces, err = s.do(ctx, r)
	}
	if err != nil {
		reply.Errno, reply.Error = int(qnx.Errno(err)), err.Error()
	}
	return reply
}

func (s *Stack) do(ctx context.Context, r ctl.Request) ([]ctl.Interface, error) {
	switch r.Op {
	case ctl.OpList:
		return s.list()
	case ctl.OpMount:
		return nil, s.Mount(ctx, r.Driver, r.Options)
	case ctl.OpCreate:
		return nil, s.create(r.Interface)
	}
	if r.Interface == loopbackName {
		return s.doLoopback(r)
	}
	i, err := s.lookup(r.Interface)
	if err != nil {
		return nil, err
	}
	switch r.Op {
	case ctl.OpGet:
		shown, err := s.show(i)
		return []ctl.Interface{shown}, err
	case ctl.OpDestroy:
		return nil, s.destroyByHand(i)
	case ctl.OpSetMTU:
		if r.Value > i.spec.MaxMTU {
			return nil, fmt.Errorf("%s: mtu %d, the hardware carries %d: %w", i.name, r.Value, i.spec.MaxMTU, syscall.EINVAL)
		}
	case ctl.OpSetFlags:
		s.mu.Lock()
		i.local.links = i.local.links&^r.Clear | r.Set&linkFlags
		s.mu.Unlock()
	case ctl.OpAddAddr, ctl.OpDelAddr:
		return nil, s.changeAddress(i, r)
	}
	return nil, s.set(i.tap.Index(), r)
}

// lookup finds an interface by its name.
func (s *Stack) lookup(name string) (*iface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.ifaces[name]
	if i == nil || i.tap == nil || i.going {
		return nil, fmt.Errorf("%s: %w", name, syscall.ENXIO)
	}
	return i, nil
}

// create makes a pseudo interface. There is no kind of them; but lo0 exists.
func (s *Stack) create(name string) error {
	if name == loopbackName {
		return fmt.Errorf("%s: %w", name, syscall.EEXIST)
	}
	return fmt.Errorf("%s: no pseudo interface is called so: %w", name, syscall.EINVAL)
}

func (s *Stack) doLoopback(r ctl.Request) ([]ctl.Interface, error) {
	switch r.Op {
	case ctl.OpGet:
		shown, err := s.showLoopback()
		return []ctl.Interface{shown}, err
	case ctl.OpDestroy:
		return nil, fmt.Errorf("%s: %w", loopbackName, syscall.EINVAL)
	}
	return nil, s.set(s.loopback, r)
}

// set changes what the kernel keeps of an interface.
func (s *Stack) set(index int, r ctl.Request) error {
	switch r.Op {
	case ctl.OpSetFlags:
		return netif.SetFlags(index, r.Set, r.Clear)
	case ctl.OpSetMTU:
		if r.Value < netif.MinMTU {
			return fmt.Errorf("mtu %d: %w", r.Value, syscall.EINVAL)
		}
		return netif.SetMTU(index, r.Value)
	case ctl.OpAddAddr:
		return s.addAddress(index, *r.Address)
	case ctl.OpDelAddr:
		if r.Address == nil {
			return deletePrimary(index)
		}
		return netif.DeleteAddress(index, r.Address.Addr)
	}
	return fmt.Errorf("operation %.32q: %w", r.Op, syscall.ENOSYS)
}

func (s *Stack) addAddress(index int, a ctl.Address) error {
	switch {
	case a.Addr.Is6() && !s.config.IPv6:
		return fmt.Errorf("%v: not a v6 stack: %w", a.Addr, syscall.EAFNOSUPPORT)
	case a.Addr.Is4() && a.Mask == 0:
		a.Mask = classMask(a.Addr)
	}
	return netif.AddAddress(index, a)
}

// deletePrimary removes the first inet address.
func deletePrimary(index int) error {
	state, err := netif.Read(index)
	if err != nil {
		return err
	}
	for _, a := range state.Addresses {
		if a.Addr.Is4() {
			return netif.DeleteAddress(index, a.Addr)
		}
	}
	return syscall.EADDRNOTAVAIL
}

// changeAddress takes care of 0.0.0.0, which an interface can have on QNX and
// which the kernel takes for nothing at all. It stands before the others.
func (s *Stack) changeAddress(i *iface, r ctl.Request) error {
	if r.Op == ctl.OpAddAddr && r.Address.Addr == netip.IPv4Unspecified() {
		s.setAny(i, r.Address)
		return nil
	}
	if r.Op == ctl.OpDelAddr && (r.Address == nil || r.Address.Addr == netip.IPv4Unspecified()) && s.setAny(i, nil) != nil {
		return nil
	}
	return s.set(i.tap.Index(), r)
}

// setAny sets or, with nil, deletes 0.0.0.0, and gives what was there.
func (s *Stack) setAny(i *iface, a *ctl.Address) (old *ctl.Address) {
	s.mu.Lock()
	old, i.local.any = i.local.any, a
	s.mu.Unlock()
	s.watcher.Kick()
	return old
}

// classMask gives the netmask of an address's class (RFC 791, 3.2), which counts
// when none is given. As on QNX, the classes D and E are treated as C.
func classMask(a netip.Addr) uint32 {
	switch first := a.As4()[0]; {
	case first < 0x80:
		return 0xff000000
	case first < 0xc0:
		return 0xffff0000
	}
	return 0xffffff00
}
