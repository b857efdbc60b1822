package usbtest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"io-pkt/usb"
)

func testDevices(t *testing.T, c Config) {
	s := stack(t, c)
	info := find(t, c, s)
	if info.Port == "" || info.Bus == 0 || info.Address == 0 {
		t.Errorf("no place: %+v", info)
	}
	if info.Speed.String() == "unknown" {
		t.Errorf("no speed: %+v", info)
	}
	list, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(list, info) {
		t.Errorf("%+v is not in the next list: %+v", info, list)
	}
	if !slices.IsSortedFunc(list, byPlace) {
		t.Errorf("not ordered by bus and address: %v", list)
	}
}

func byPlace(a, b usb.DeviceInfo) int {
	if a.Bus != b.Bus {
		return a.Bus - b.Bus
	}
	return a.Address - b.Address
}

// A watch is a Watch that runs.
type watch struct {
	events chan usb.Event
	ended  chan error
	stop   context.CancelFunc
}

// startWatch watches until the test ends.
func startWatch(t *testing.T, s usb.Stack) *watch {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{events: make(chan usb.Event, 1000), ended: make(chan error, 1), stop: cancel}
	var calls atomic.Int32
	go func() {
		w.ended <- s.Watch(ctx, func(e usb.Event) {
			if calls.Add(1) != 1 {
				t.Error("Watch calls f twice at a time")
			}
			w.events <- e
			calls.Add(-1)
		})
		close(w.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-w.ended
	})
	return w
}

// next waits for an event about a device.
func (w *watch) next(t *testing.T, c Config) usb.Event {
	t.Helper()
	for {
		select {
		case e := <-w.events:
			if c.Device(e.Device) {
				return e
			}
		case err := <-w.ended:
			t.Fatalf("Watch has ended: %v", err)
		case <-time.After(patience):
			t.Fatal("no event")
		}
	}
}

func testWatch(t *testing.T, c Config) {
	s := stack(t, c)
	info := find(t, c, s)
	w := startWatch(t, s)
	if e := w.next(t, c); !e.Present || e.Device != info {
		t.Errorf("first event: %+v, want %+v present", e, info)
	}
	w.stop()
	select {
	case err := <-w.ended:
		wantErr(t, "Watch", err, context.Canceled)
	case <-time.After(patience):
		t.Error("Watch does not end with its context")
	}
}

func testWatchPull(t *testing.T, c Config) {
	needPull(t, c)
	s := stack(t, c)
	info := find(t, c, s)
	w := startWatch(t, s)
	w.next(t, c)
	c.Pull(t)
	if e := w.next(t, c); e.Present || e.Device != info {
		t.Errorf("event after pull: %+v, want %+v gone", e, info)
	}
	c.Plug(t)
	if e := w.next(t, c); !e.Present || e.Device.Port != info.Port || e.Device.Address == info.Address {
		t.Errorf("event after plug: %+v, want another address at %s", e, info.Port)
	}
}

func testOpenGone(t *testing.T, c Config) {
	s := stack(t, c)
	info := find(t, c, s)
	for _, test := range []struct {
		name   string
		change func(*usb.DeviceInfo)
	}{
		{"address", func(i *usb.DeviceInfo) { i.Address += 50 }},
		{"another device", func(i *usb.DeviceInfo) { i.Descriptor.VendorID ^= 0x5555 }},
	} {
		other := info
		test.change(&other)
		if d, err := s.Open(t.Context(), other); !errors.Is(err, usb.ErrGone) {
			t.Errorf("Open with another %s: error %v, want %v", test.name, err, usb.ErrGone)
			if err == nil {
				_ = d.Close()
			}
		}
	}
	if c.Pull == nil {
		return
	}
	pull(t, c)
	_, err := s.Open(t.Context(), info)
	wantErr(t, "Open of a pulled device", err, usb.ErrGone)
}

func testStackClose(t *testing.T, c Config) {
	s := stack(t, c)
	info := find(t, c, s)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := s.Devices(t.Context()); err == nil {
		t.Error("Devices works after Close")
	}
	if _, err := s.Open(t.Context(), info); err == nil {
		t.Error("Open works after Close")
	}
	within(t, "Watch after Close", func() {
		if err := s.Watch(t.Context(), func(usb.Event) {}); err == nil {
			t.Error("Watch works after Close")
		}
	})
}
