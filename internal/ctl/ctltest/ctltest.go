// Package ctltest is a stand-in for io-pkt, for the tests of its clients: a
// control server on a prefix of its own, over a table of interfaces that it
// changes as it is told.
package ctltest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"io-pkt/internal/ctl"
)

// A Stack is the table. Its methods may be called by any goroutine.
type Stack struct {
	// Prefix is what the environment variable SOCK must hold.
	Prefix string

	mu         sync.Mutex
	interfaces []ctl.Interface
	fail       map[ctl.Op]syscall.Errno
	requests   []ctl.Request
	changed    chan struct{} // closed at the next change
	followed   chan struct{} // gets something when a client begins to follow
}

// New makes a stack with these interfaces that nobody can reach yet.
func New(t testing.TB, interfaces ...ctl.Interface) *Stack {
	t.Helper()
	// t.TempDir has the test's name in it, and a socket's path must be short.
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &Stack{
		Prefix: dir, interfaces: interfaces, fail: make(map[ctl.Op]syscall.Errno),
		changed: make(chan struct{}), followed: make(chan struct{}, 100),
	}
}

// Serve makes it reachable until stop is called or the test ends.
func (s *Stack) Serve(t testing.TB) (stop func()) {
	t.Helper()
	l, err := ctl.Listen(s.Prefix, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := ctl.NewServer(s)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	stop = sync.OnceFunc(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// Set replaces the interfaces.
func (s *Stack) Set(interfaces ...ctl.Interface) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interfaces = interfaces
	s.changedLocked()
}

// Fail makes an operation fail.
func (s *Stack) Fail(op ctl.Op, e syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[op] = e
}

// Requests gives the requests that would change something, in their order, and
// forgets them.
func (s *Stack) Requests() []ctl.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests
	s.requests = nil
	return r
}

// Followed waits until a client follows.
func (s *Stack) Followed() { <-s.followed }

// Do implements ctl.Handler.
func (s *Stack) Do(_ context.Context, _ ctl.Peer, r ctl.Request) ctl.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Op.Changes() {
		s.requests = append(s.requests, r)
	}
	if e := s.fail[r.Op]; e != 0 {
		return ctl.ErrorReply(fmt.Errorf("told to fail: %w", e))
	}
	switch r.Op {
	case ctl.OpList:
		return ctl.Reply{Interfaces: slices.Clone(s.interfaces)}
	case ctl.OpCloners:
		return ctl.Reply{Cloners: []string{"vlan"}}
	case ctl.OpMount:
		return ctl.Reply{}
	case ctl.OpCreate:
		return ctl.ErrorReply(s.createLocked(r.Interface))
	}
	i := slices.IndexFunc(s.interfaces, func(n ctl.Interface) bool { return n.Name == r.Interface })
	if i < 0 {
		return ctl.ErrorReply(fmt.Errorf("no interface %s: %w", r.Interface, syscall.ENXIO))
	}
	defer s.changedLocked()
	n := &s.interfaces[i]
	switch r.Op {
	case ctl.OpGet:
		return ctl.Reply{Interfaces: []ctl.Interface{*n}}
	case ctl.OpSetFlags:
		n.Flags = n.Flags&^r.Clear | r.Set
	case ctl.OpSetMTU:
		n.MTU = r.Value
	case ctl.OpSetMetric:
		n.Metric = r.Value
	case ctl.OpAddAddr:
		n.Addresses = append(slices.Clone(n.Addresses), *r.Address)
	case ctl.OpDelAddr:
		return ctl.ErrorReply(remove(n, r.Address))
	case ctl.OpDestroy:
		s.interfaces = slices.Delete(slices.Clone(s.interfaces), i, i+1)
	default:
		return changeMore(n, r)
	}
	return ctl.Reply{}
}

// createLocked makes a VLAN interface; there are no other cloners.
func (s *Stack) createLocked(name string) error {
	switch {
	case slices.ContainsFunc(s.interfaces, func(n ctl.Interface) bool { return n.Name == name }):
		return syscall.EEXIST
	case !strings.HasPrefix(name, "vlan"):
		return syscall.EINVAL
	}
	s.interfaces = append(slices.Clone(s.interfaces), ctl.Interface{
		Name: name, MTU: 1500, MAC: "00:00:00:00:00:00", VLAN: &ctl.VLAN{},
		Flags: ctl.FlagBroadcast | ctl.FlagSimplex | ctl.FlagMulticast,
	})
	s.changedLocked()
	return nil
}

// changeMore does what is asked for less often.
func changeMore(n *ctl.Interface, r ctl.Request) ctl.Reply {
	var err error
	switch r.Op {
	case ctl.OpSetCap:
		if r.Rx&^n.CapRx != 0 || r.Tx&^n.CapTx != 0 {
			return ctl.ErrorReply(syscall.EINVAL)
		}
		n.EnabledRx, n.EnabledTx = r.Rx, r.Tx
	case ctl.OpSetMedia:
		if !slices.Contains(n.Media.Supported, r.Media) {
			return ctl.ErrorReply(syscall.ENXIO)
		}
		n.Media = &ctl.Media{Current: r.Media, Supported: n.Media.Supported, Link: n.Media.Link}
	case ctl.OpZeroStats:
		was := *n
		n.Stats = ctl.Stats{}
		return ctl.Reply{Interfaces: []ctl.Interface{was}}
	case ctl.OpSetVLAN:
		if r.VLAN.Parent != "" && n.VLAN.Parent != "" {
			return ctl.ErrorReply(syscall.EBUSY)
		}
		n.VLAN = r.VLAN
	case ctl.OpAddLink:
		if r.Active {
			r.MAC, n.MAC = n.MAC, r.MAC
		}
		n.Links = append(slices.Clone(n.Links), r.MAC)
	case ctl.OpDelLink:
		k := slices.Index(n.Links, r.MAC)
		if k < 0 {
			return ctl.ErrorReply(syscall.EADDRNOTAVAIL)
		}
		n.Links = slices.Delete(slices.Clone(n.Links), k, k+1)
	case ctl.OpPrefer:
		err = syscall.EADDRNOTAVAIL
		n.Addresses = slices.Clone(n.Addresses)
		for i := range n.Addresses {
			if n.Addresses[i].Addr == r.Address.Addr {
				n.Addresses[i].Preference, err = r.Value, nil
			}
		}
	default:
		err = syscall.EOPNOTSUPP
	}
	return ctl.ErrorReply(err)
}

// remove takes an address off an interface, the primary inet one for nil.
func remove(n *ctl.Interface, a *ctl.Address) error {
	i := slices.IndexFunc(n.Addresses, func(b ctl.Address) bool {
		return a == nil && b.Addr.Is4() || a != nil && a.Addr == b.Addr
	})
	if i < 0 {
		return syscall.EADDRNOTAVAIL
	}
	n.Addresses = slices.Delete(slices.Clone(n.Addresses), i, i+1)
	return nil
}

// Follow implements ctl.Handler.
func (s *Stack) Follow(ctx context.Context, _ ctl.Peer, send func(ctl.Reply) error) error {
	for {
		s.mu.Lock()
		interfaces, changed := slices.Clone(s.interfaces), s.changed
		e := s.fail[ctl.OpFollow]
		s.mu.Unlock()
		if e != 0 {
			return e
		}
		if err := send(ctl.Reply{Interfaces: interfaces}); err != nil {
			return err
		}
		select {
		case s.followed <- struct{}{}:
		default: // nobody counts so many
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Stack) changedLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}
