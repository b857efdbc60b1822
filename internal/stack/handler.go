package stack

import (
	"context"
	"fmt"
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
		return ctl.Reply{Version: ctl.Version, Errno: int(qnx.Errno(err)), Error: err.Error()}
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
	i, err := s.lookup(r.Interface)
	if err != nil {
		return nil, err
	}
	if r.Op == ctl.OpGet {
		shown, err := s.show(i)
		return []ctl.Interface{shown}, err
	}
	return nil, s.change(i, r)
}

// lookup finds an interface by its name.
func (s *Stack) lookup(name string) (*iface, error) {
	if name == loopbackName {
		return s.lo, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.ifaces[name]
	if i == nil || i.index == 0 || i.going {
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

// change carries out a request that changes one interface.
func (s *Stack) change(i *iface, r ctl.Request) error {
	switch r.Op {
	case ctl.OpDestroy:
		if i == s.lo {
			return fmt.Errorf("%s: %w", i.name, syscall.EINVAL)
		}
		return s.destroyByHand(i)
	case ctl.OpSetFlags:
		if err := netif.SetFlags(i.index, r.Set, r.Clear); err != nil {
			return gone(i, err)
		}
		s.keep(i, func(l *local) { l.links = l.links&^r.Clear | r.Set&linkFlags })
		return nil
	case ctl.OpSetMetric:
		s.keep(i, func(l *local) { l.metric = r.Value })
		return nil
	case ctl.OpSetMTU:
		return gone(i, s.setMTU(i, r.Value))
	case ctl.OpAddAddr:
		return gone(i, s.addAddress(i, *r.Address))
	case ctl.OpDelAddr:
		return gone(i, s.deleteAddress(i, r.Address))
	}
	return fmt.Errorf("operation %.32q: %w", r.Op, syscall.ENOSYS)
}

// keep changes what is kept here of an interface.
func (s *Stack) keep(i *iface, change func(*local)) {
	s.mu.Lock()
	change(&i.local)
	s.mu.Unlock()
	s.watcher.Kick()
}

func (s *Stack) setMTU(i *iface, mtu int) error {
	most := netif.MaxMTU
	if i != s.lo {
		most = i.spec.MaxMTU
	}
	if mtu < netif.MinMTU || mtu > most {
		return fmt.Errorf("%s: mtu %d, not %d to %d: %w", i.name, mtu, netif.MinMTU, most, syscall.EINVAL)
	}
	return netif.SetMTU(i.index, mtu)
}
