package host

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"io-pkt/usb"
)

// A node whose device sysfs does not list yet is looked for again, settlePause
// apart and settleTries times: without kernel events the node's appearance is
// all we hear of, and that is before sysfs is complete.
const (
	settlePause = 100 * time.Millisecond
	settleTries = 20
)

// Watch reports the devices now present and then each change. Nothing is polled:
// the kernel's events and the bus directory's say when to look, and what has
// changed is found by comparing two looks. So it does no harm when events were
// lost.
func (s *Stack) Watch(ctx context.Context, f func(usb.Event)) error {
	ctx, stop := s.watching(ctx)
	defer stop()
	m, err := newMonitor(s.dir)
	if err != nil {
		return &usb.OpError{Op: "watch", Object: "USB bus " + s.dir, Err: err}
	}
	defer m.close()
	defer context.AfterFunc(ctx, m.poller.Wake)()

	known := make(map[[2]int]usb.DeviceInfo)
	for first, tries := true, 0; ; first = false {
		now, settled, err := s.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && (first || !s.there()) {
			return err
		}
		// A later look may fail because of one device, which a next event takes
		// away again.
		if err == nil && compare(known, now, f) {
			tries = 0
		}
		wait := time.Duration(-1)
		if !settled && tries < settleTries {
			wait, tries = settlePause, tries+1
		}
		if err := m.wait(ctx, wait); err != nil {
			return &usb.OpError{Op: "watch", Object: "USB bus " + s.dir, Err: err}
		}
	}
}

// there reports whether the bus directory still exists.
func (s *Stack) there() bool {
	_, err := os.Stat(s.dir)
	return err == nil
}

// watching gives a context that also ends when the Stack is closed.
func (s *Stack) watching(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel(usb.ErrClosed)
		return ctx, func() {}
	}
	id := s.nextID
	s.nextID++
	s.watchers[id] = cancel
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, id)
		cancel(nil)
	}
}

// compare brings known up to now and reports the differences, what went first.
// The kernel gives a device that is plugged again a new address.
func compare(known map[[2]int]usb.DeviceInfo, now []usb.DeviceInfo, f func(usb.Event)) (changed bool) {
	present := make(map[[2]int]usb.DeviceInfo, len(now))
	for _, i := range now {
		present[[2]int{i.Bus, i.Address}] = i
	}
	keys := slices.SortedFunc(maps.Keys(known), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		if i, ok := present[k]; !ok || i.Port != known[k].Port {
			f(usb.Event{Present: false, Device: known[k]})
			delete(known, k)
			changed = true
		}
	}
	for _, i := range now {
		k := [2]int{i.Bus, i.Address}
		if _, ok := known[k]; !ok {
			known[k] = i
			f(usb.Event{Present: true, Device: i})
			changed = true
		}
	}
	return changed
}
