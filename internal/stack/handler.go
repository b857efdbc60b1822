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
	var reply ctl.Reply
	err := error(syscall.EPERM)
	if !r.Op.Changes() || p.Privileged() {
		reply, err = s.do(ctx, r)
	}
	if err != nil {
		reply = ctl.Reply{Errno: int(qnx.Errno(err)), Error: err.Error()}
	}
	reply.Version = ctl.Version
	return reply
}

func (s *Stack) do(ctx context.Context, r ctl.Request) (reply ctl.Reply, err error) {
	switch r.Op {
	case ctl.OpList:
		reply.Interfaces, err = s.list()
		return reply, err
	case ctl.OpCloners:
		return ctl.Reply{Cloners: []string{vlanName}}, nil
	case ctl.OpMount:
		return reply, s.mount(ctx, r)
	case ctl.OpCreate:
		return reply, s.create(r.Interface)
	}
	i, err := s.lookup(r.Interface)
	if err != nil {
		return reply, err
	}
	show := s.show
	switch r.Op {
	case ctl.OpZeroStats:
		show = s.zeroStats
		fallthrough
	case ctl.OpGet:
		shown, err := show(i)
		return ctl.Reply{Interfaces: []ctl.Interface{shown}}, err
	}
	return reply, s.change(i, r)
}

// lookup finds an interface by its name.
func (s *Stack) lookup(name string) (*iface, error) {
	if name == loopbackName {
		return s.lo, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.ifaces[name]
	if i == nil || i.index == 0 && !i.cloned || i.going {
		return nil, fmt.Errorf("%s: %w", name, syscall.ENXIO)
	}
	return i, nil
}

// change carries out a request that changes one interface.
func (s *Stack) change(i *iface, r ctl.Request) error {
	switch r.Op {
	case ctl.OpDestroy:
		return s.destroyAny(i)
	case ctl.OpSetMetric:
		s.keep(i, func(l *local) { l.metric = r.Value })
		return nil
	case ctl.OpSetCap:
		return s.setCapabilities(i, netif.Capabilities{Rx: r.Rx, Tx: r.Tx})
	case ctl.OpSetMedia:
		return setMedia(i, r.Media)
	case ctl.OpAddLink:
		return s.addLink(i, r.MAC, r.Active)
	case ctl.OpDelLink:
		return s.deleteLink(i, r.MAC)
	case ctl.OpPrefer:
		return s.prefer(i, r.Address.Addr, r.Value)
	case ctl.OpSetVLAN:
		if r.VLAN == nil {
			r.VLAN = &ctl.VLAN{}
		}
		return s.setVLAN(i, *r.VLAN)
	}
	if index := s.indexOf(i); index != 0 {
		return gone(i, s.changeLink(i, index, r))
	}
	return s.changeUnlinked(i, r)
}

// changeLink carries out a request that changes the kernel's interface.
func (s *Stack) changeLink(i *iface, index int, r ctl.Request) error {
	switch r.Op {
	case ctl.OpSetFlags:
		if err := netif.SetFlags(index, r.Set, r.Clear); err != nil {
			return err
		}
		s.keep(i, func(l *local) { l.flags = l.flags&^r.Clear | r.Set&linkFlags })
		if i == s.lo && s.config.IPv6 && r.Set&ctl.FlagUp != 0 {
			loopback6(index)
		}
		return nil
	case ctl.OpSetMTU:
		return s.setMTU(i, index, r.Value)
	case ctl.OpAddAddr, ctl.OpDelAddr:
		return s.changeAddress(i, index, r)
	}
	return fmt.Errorf("operation %.32q: %w", r.Op, syscall.ENOSYS)
}

// destroyAny is "ifconfig IF destroy", whatever the interface is.
func (s *Stack) destroyAny(i *iface) error {
	switch {
	case i == s.lo:
		return fmt.Errorf("%s: %w", i.name, syscall.EINVAL)
	case i.cloned:
		return s.destroyVLAN(i)
	}
	return s.destroyByHand(i)
}
