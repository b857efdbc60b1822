package stack

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestUnload(t *testing.T) {
	destroy := func(name string) func(*testing.T, *Stack, *driver) {
		return func(t *testing.T, s *Stack, _ *driver) {
			must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: name})
		}
	}
	pull := func(n int) func(*testing.T, *Stack, *driver) {
		return func(_ *testing.T, _ *Stack, d *driver) { d.plugged[n].pull() }
	}
	for _, tt := range []struct {
		name     string
		resident bool
		devices  int
		do       []func(*testing.T, *Stack, *driver)
		unloaded bool
	}{
		{"one of two destroyed", false, 2, []func(*testing.T, *Stack, *driver){destroy("ecm0")}, false},
		{"both destroyed", false, 2, []func(*testing.T, *Stack, *driver){destroy("ecm0"), destroy("ecm1")}, true},
		{"last destroyed, resident", true, 1, []func(*testing.T, *Stack, *driver){destroy("ecm0")}, true},
		{"one of two pulled", false, 2, []func(*testing.T, *Stack, *driver){pull(0)}, false},
		{"both pulled", false, 2, []func(*testing.T, *Stack, *driver){pull(0), pull(1)}, true},
		{"last pulled, resident", true, 1, []func(*testing.T, *Stack, *driver){pull(0)}, false},
		{"pulled, then destroyed", true, 2, []func(*testing.T, *Stack, *driver){pull(1), destroy("ecm0")}, true},
		{"resident without devices", true, 0, nil, false},
		{"removed with ip", false, 1, []func(*testing.T, *Stack, *driver){func(t *testing.T, _ *Stack, _ *driver) { ip(t, "link del ecm0") }}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &driver{resident: tt.resident}
			d.plug(t, tt.devices)
			s, j := start(t, d, nil)
			if err := s.Load(t.Context(), "ecm", ""); err != nil {
				t.Fatal(err)
			}
			m := d.loaded
			for _, do := range tt.do {
				do(t, s, d)
			}
			if tt.unloaded {
				eventually(t, "the module is unloaded", func() bool { return isClosed(m.closed) })
			} else if isClosed(m.closed) {
				t.Error("the module is unloaded, want it to stay")
			}
			if removed := slices.Contains(j.get(), "3 ecm0: the interface is gone from this network namespace"); removed != (tt.name == "removed with ip") {
				t.Errorf("log: %q", j.get())
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if !isClosed(m.closed) {
				t.Error("the stack is closed and the module still loaded")
			}
			for _, dev := range d.plugged {
				if !isClosed(dev.stop) {
					t.Error("the stack is closed and a device still in service")
				}
			}
		})
	}
}

func TestReplug(t *testing.T) {
	d := &driver{resident: true}
	s, j := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", "pnp,lan=3"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dev := newDevice(t)
		if err := dev.attach(d.loaded); err != nil {
			t.Fatal(err)
		}
		if err := newDevice(t).attach(d.loaded); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("a second device with lan=: got %v, want EBUSY", err)
		}
		dev.pull()
		if got := names(t, s); !slices.Equal(got, []string{"lo0"}) {
			t.Errorf("after the pull: got %v, want lo0", got)
		}
	}
	if got, want := j.get()[1:], []string{"5 ecm3", "5 ecm3", "5 ecm3"}; !slices.Equal(got, want) {
		t.Errorf("log: got %q, want %q", got, want)
	}
	must(t, s, ctl.Request{Op: ctl.OpMount, Driver: "devnp-ecm.so", Options: "pnp"}) // another one of it
	first := d.loaded
	if err := newDevice(t).attach(first); err != nil {
		t.Fatal(err)
	}
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"})
	if err := newDevice(t).attach(first); !errors.Is(err, syscall.ESHUTDOWN) {
		t.Errorf("after the module was unloaded: got %v, want ESHUTDOWN", err)
	}
}

// A pull and a destroy by hand at the same time: whoever comes first, the
// interface goes once, and neither waits for the other in a circle.
func TestDestroyMeetsPull(t *testing.T) {
	for range 30 {
		d := &driver{}
		d.plug(t, 1)
		s, _ := start(t, d, nil)
		if err := s.Load(t.Context(), "ecm", ""); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(d.plugged[0].pull)
		for range 2 {
			wg.Go(func() {
				if e := do(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"}); e != 0 && e != syscall.ENXIO {
					t.Errorf("destroy: got %v, want 0 or ENXIO", e)
				}
			})
		}
		wg.Wait()
		eventually(t, "the module is unloaded", func() bool { return isClosed(d.loaded.closed) })
		if got := names(t, s); !slices.Equal(got, []string{"lo0"}) {
			t.Errorf("got %v, want lo0", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The driver's pull is in Detach while Close of the device waits for the driver.
func TestDetachDuringDestroy(t *testing.T) {
	d := &driver{}
	dev := d.plug(t, 1)[0]
	dev.block = make(chan struct{})
	s, _ := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	destroyed := make(chan syscall.Errno)
	go func() { destroyed <- do(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"}) }()
	eventually(t, "the destroy has begun", func() bool { return len(names(t, s)) == 1 })
	dev.pull() // returns while the destroy waits for it
	close(dev.block)
	if e := <-destroyed; e != 0 {
		t.Errorf("destroy: got %v, want 0", e)
	}
	if got := do(t, s, ctl.Request{Op: ctl.OpGet, Interface: "ecm0"}); got != syscall.ENXIO {
		t.Errorf("afterwards: got %v, want ENXIO", got)
	}
}

func TestPullDuringLoad(t *testing.T) {
	d := &driver{}
	dev := d.plug(t, 1)[0]
	d.loading = func(context.Context) error {
		dev.pull()
		return nil
	}
	s, _ := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the module is unloaded", func() bool { return isClosed(d.loaded.closed) })
}

// What ends a driver that is waiting for its device, "wait=60".
func TestLoadEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, s *Stack, cancel context.CancelFunc)
	}{
		{"the caller gives up", func(_ *testing.T, _ *Stack, cancel context.CancelFunc) { cancel() }},
		{"the stack closes", func(t *testing.T, s *Stack, _ context.CancelFunc) {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}},
		{"destroy", func(t *testing.T, s *Stack, _ context.CancelFunc) {
			must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &driver{}
			d.plug(t, 1)
			waiting := make(chan struct{})
			d.loading = func(ctx context.Context) error {
				close(waiting)
				<-ctx.Done()
				return syscall.ECANCELED
			}
			s, _ := start(t, d, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			result := make(chan error)
			go func() { result <- s.Load(ctx, "ecm", "wait=60") }()
			<-waiting
			if got := names(t, s); len(got) != 2 {
				t.Errorf("while it loads: got %v, want lo0 and ecm0: others are not held up", got)
			}
			tt.end(t, s, cancel)
			if err := <-result; !errors.Is(err, syscall.ECANCELED) {
				t.Errorf("got %v, want ECANCELED", err)
			}
			if got := names(t, s); len(got) != 1 {
				t.Errorf("afterwards: got %v, want lo0", got)
			}
		})
	}
}

func TestCloseIsBounded(t *testing.T) {
	d := &driver{}
	dev := d.plug(t, 1)[0]
	dev.block = make(chan struct{})
	s, _ := start(t, d, func(c *Config) { c.Patience = time.Millisecond })
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline exceeded", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: got %v, want nil", err)
	}
	close(dev.block)
	eventually(t, "the driver is closed", func() bool { return isClosed(d.loaded.closed) })
}

func TestForeignPort(t *testing.T) {
	d := &driver{resident: true}
	s, _ := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	d.loaded.host.Detach(nil)
	d.loaded.host.Detach(struct{ nic.Port }{})
}
