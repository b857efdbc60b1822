package ecmdrv

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// A watchedPort tells when it is given frames, and fails when it is told to.
type watchedPort struct {
	*instantPort
	delivered chan struct{}
	broken    atomic.Bool
}

func (p *watchedPort) Deliver(frames [][]byte) error {
	if p.broken.Load() {
		return errHostGone
	}
	select {
	case p.delivered <- struct{}{}:
	default:
	}
	return nil
}

// moving waits until a frame has been moved from now on.
func (p *watchedPort) moving(t *testing.T) {
	t.Helper()
	for range 2 { // the first may be an old one
		select {
		case <-p.delivered:
		case <-time.After(patience):
			t.Fatal("no frame is moved")
		}
	}
}

// spread gives how many devices the movers have, each.
func (s *movers) spread() (sizes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.all {
		sizes = append(sizes, m.size)
	}
	return sizes
}

// Devices share movers evenly, of which there is one fewer than processors until each has
// two; one that ends, or fails, leaves the others alone; and the last one ends its mover.
func TestMovers(t *testing.T) {
	var s movers
	var loops []*loop
	var ports []*watchedPort
	others := max(runtime.NumCPU()-1, 1)
	for i := range 2*runtime.NumCPU() + 1 {
		l, p := newInstantLoop(t, 100)
		port := &watchedPort{instantPort: p, delivered: make(chan struct{}, 1)}
		l.device.port, l.device.cancel = port, func() {}
		if err := s.add(l); err != nil {
			t.Fatal(err)
		}
		loops, ports = append(loops, l), append(ports, port)
		want := min(i+1, others)
		if i >= 2*others {
			want = runtime.NumCPU()
		}
		if got := s.count(); got != want {
			t.Errorf("%d devices have %d movers on %d processors, want %d", i+1, got, runtime.NumCPU(), want)
		}
	}
	sizes := s.spread()
	for _, n := range sizes {
		if n != 2 && n != 3 {
			t.Errorf("movers have %v devices, want 2 or 3", sizes)
		}
	}
	for _, p := range ports {
		p.moving(t)
	}
	gone := func(l *loop) {
		t.Helper()
		select {
		case <-l.left:
		case <-time.After(patience):
			t.Fatal("a mover does not let go")
		}
	}
	ports[0].broken.Store(true)
	gone(loops[0])
	if why := loops[0].device.why(); why != errHostGone {
		t.Errorf("the device has ended because of %v, want %v", why, errHostGone)
	}
	loops[1].device.end(errClosed)
	gone(loops[1])
	for _, p := range ports[2:] {
		p.moving(t)
	}
	for _, l := range loops[2:] {
		l.device.end(errClosed)
	}
	for _, l := range loops[2:] {
		gone(l)
	}
	if sizes := s.spread(); len(sizes) != 0 {
		t.Errorf("movers have %v devices after the last has gone", sizes)
	}
}
