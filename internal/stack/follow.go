package stack

import (
	"context"
	"errors"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
)

// told is what a device has been told of its interface.
type told struct {
	up   bool
	mode nic.ReceiveMode
}

// follow brings the devices' idea of their interfaces up to date after each
// change in the kernel, whoever made it, and wakes the followers. It ends when
// the stack closes.
func (s *Stack) follow() {
	for {
		select {
		case <-s.quit:
			return
		case <-s.watcher.Changed():
		}
		for _, i := range s.interfaces(nil) {
			s.tell(i)
		}
		for _, i := range s.vlanInterfaces() {
			_, _ = s.look(i) // which notes when its parent has gone
		}
		_, _ = s.look(s.lo)
		s.mu.Lock()
		for f := range s.followers {
			select {
			case f <- struct{}{}:
			default: // it has not yet looked at the last change
			}
		}
		s.mu.Unlock()
	}
}

// look reads what the kernel has of an interface, and takes over what others have
// done to it. It does so alone: an address that a request has just added is not
// taken for one that has gone.
func (s *Stack) look(i *iface) (netif.State, error) {
	defer i.alone()()
	state, err := s.state(i)
	if err != nil {
		return state, err
	}
	if i != s.lo {
		s.followMTU(i, state)
	}
	s.mu.Lock()
	i.local.forgetGone(i.local.addresses(state.Addresses))
	s.mu.Unlock()
	return state, nil
}

// tell tells a device what is new about its interface.
func (s *Stack) tell(i *iface) {
	state, err := s.look(i)
	if errors.Is(err, syscall.ENXIO) {
		s.spawn(func() { s.lost(i) })
		return
	}
	if err != nil {
		return // told at the next change
	}
	now := wanted(state.Flags, s.foreign(i, state.MAC))
	if now.mode != i.told.mode {
		i.dev.SetReceiveMode(now.mode)
	}
	if now.up != i.told.up {
		i.dev.SetUp(now.up)
	}
	i.told = now
}

// wanted gives what a device has to do for an interface with these flags, to which
// frames for a foreign address may belong. An interface that is up always has
// groups: Linux joins 224.0.0.1.
func wanted(f ctl.Flags, foreign bool) told {
	if f&ctl.FlagUp == 0 {
		return told{}
	}
	return told{up: true, mode: nic.ReceiveMode{
		Promiscuous:  f&ctl.FlagPromisc != 0 || foreign,
		AllMulticast: f&ctl.FlagAllMulti != 0,
		Multicast:    true,
	}}
}

// Follow sends the interfaces now and after each change, until ctx is done, the
// stack closes or send fails (ctl.Handler). A client that is slow misses changes
// between, never the newest state.
func (s *Stack) Follow(ctx context.Context, _ ctl.Peer, send func(ctl.Reply) error) error {
	changed := make(chan struct{}, 1)
	s.mu.Lock()
	s.followers[changed] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.followers, changed)
		s.mu.Unlock()
	}()
	for {
		list, err := s.list()
		if err != nil {
			return err
		}
		if err := send(ctl.Reply{Version: ctl.Version, Interfaces: list}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		case <-s.quit:
			return nil
		}
	}
}
