// Package stack is io-pkt's network stack as its users see it: it loads drivers
// by name, owns the lives of their interfaces, and does what ifconfig asks for.
// The packets' own way, and addresses and routes, are the kernel's
// (internal/netif).
//
// A Stack lives from New to Close. It has one goroutine that follows the kernel,
// one for the time of each Load, and a short-lived one for each driver that it
// unloads because its last device was pulled. Close unloads all drivers, removes
// all interfaces and ends the goroutines.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
	"io-pkt/slog"
)

// A Config says what a stack is made of.
type Config struct {
	// Drivers are the drivers there are, by bare name: "ecm" is what devnp-ecm.so
	// stands for.
	Drivers map[string]nic.Driver
	// Log takes the lines for the system log; it must not block for long. May be
	// nil.
	Log func(slog.Severity, string)
	// Instance is the number that "mount -T io-pktN" must name, 0 for none.
	Instance int
	// IPv6 makes it a v6 variant. Otherwise the interfaces are kept free of
	// inet6.
	IPv6 bool
	// Sysctl is the directory of the kernel's settings; "" is "/proc/sys".
	Sysctl netif.Sysctl
	// Patience is how long Close waits for drivers; 0 is ten seconds.
	Patience time.Duration
}

// A Stack is a network stack.
type Stack struct {
	config  Config
	watcher *netif.Watcher
	lo      *iface

	wg   sync.WaitGroup
	quit chan struct{} // closed by Close
	once sync.Once

	// mu guards what follows. No driver and no kernel is called under it.
	mu        sync.Mutex
	closed    bool
	modules   []*module         // in the order of loading
	ifaces    map[string]*iface // by the name they were made with
	vlans     []*iface          // those of them that are VLANs, oldest first
	followers map[chan struct{}]struct{}
}

// New makes a stack in the network namespace of the process, and brings up its
// loopback interface. The error is EPERM without the right to configure
// networking (CAP_NET_ADMIN).
func New(c Config) (*Stack, error) {
	if c.Log == nil {
		c.Log = func(slog.Severity, string) {}
	}
	if c.Sysctl == "" {
		c.Sysctl = "/proc/sys"
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	lo, err := loopback(c.IPv6)
	if err != nil {
		return nil, fmt.Errorf("configuring the loopback interface: %w", err)
	}
	w, err := netif.Watch()
	if err != nil {
		return nil, err
	}
	s := &Stack{
		config: c, watcher: w, lo: newIface(loopbackName),
		quit:      make(chan struct{}),
		ifaces:    make(map[string]*iface),
		followers: make(map[chan struct{}]struct{}),
	}
	s.lo.index = lo
	s.wg.Go(s.follow)
	return s, nil
}

// Close unloads all drivers, the newest first. When one does not end in time it
// gives up waiting, and says so. It may be called more than once.
func (s *Stack) Close() (err error) {
	s.once.Do(func() { err = s.close() })
	return err
}

func (s *Stack) close() error {
	s.mu.Lock()
	s.closed = true
	modules := slices.Clone(s.modules)
	s.mu.Unlock()

	close(s.quit)
	closed := make(chan struct{})
	go func() { // ends when the drivers do
		defer close(closed)
		for _, m := range slices.Backward(modules) {
			s.unload(m)
		}
		for _, i := range append(s.vlanInterfaces(), s.lo) {
			s.forget(i) // the kernel's VLANs have gone with their parents
		}
		_ = s.watcher.Close()
		s.wg.Wait()
	}()
	select {
	case <-closed:
		return nil
	case <-time.After(s.config.Patience):
		return fmt.Errorf("unloading the drivers: %w", errors.Join(os.ErrDeadlineExceeded, syscall.ETIMEDOUT))
	}
}

// spawn runs f in a goroutine that Close waits for; not at all when the stack is
// closing, which does what f is for.
func (s *Stack) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Go(f)
	}
}

// log writes a line about an interface or a driver.
func (s *Stack) log(sev slog.Severity, format string, args ...any) {
	s.config.Log(sev, fmt.Sprintf(format, args...))
}

// ended makes a context that is done when ctx is, or when the stack closes.
func (s *Stack) ended(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the context
		select {
		case <-s.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
