package usbtest

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// A host is a driver that has opened the device.
type host struct {
	t     testing.TB
	c     Config
	stack usb.Stack
	info  usb.DeviceInfo // as listed
	usb   usb.Device
	ecm   function
	data  usb.Queue // nil before up
}

// open opens the device and selects the configuration with the ECM function.
func open(t testing.TB, c Config) *host {
	t.Helper()
	return openOn(t, c, stack(t, c))
}

func openOn(t testing.TB, c Config, s usb.Stack) *host {
	t.Helper()
	h := &host{t: t, c: c, stack: s, info: find(t, c, s)}
	dev, err := s.Open(t.Context(), h.info)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	h.usb = dev
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Errorf("Close of the device: %v", err)
		}
	})
	if h.ecm, err = findFunction(t.Context(), dev); err != nil {
		t.Fatal(err)
	}
	h.must("SetConfiguration", dev.SetConfiguration(t.Context(), h.ecm.config.Value))
	return h
}

// claimed opens the device and claims the function's interfaces.
func claimed(t testing.TB, c Config) *host {
	t.Helper()
	h := open(t, c)
	h.must("Claim", h.usb.Claim(h.ecm.control))
	h.must("Claim", h.usb.Claim(h.ecm.data))
	return h
}

// up opens the device and brings its data path up.
func up(t testing.TB, c Config) *host {
	t.Helper()
	h := claimed(t, c)
	q, err := h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue", err)
	h.data = q
	h.start()
	return h
}

// start selects the setting with endpoints and asks for all frames.
func (h *host) start() {
	h.t.Helper()
	h.must("SetInterface", h.usb.SetInterface(h.t.Context(), h.ecm.data, 0))
	h.must("SetInterface", h.usb.SetInterface(h.t.Context(), h.ecm.data, h.ecm.alt))
	_, err := h.usb.Control(h.t.Context(), setPacketFilter(h.ecm.control), nil)
	if err != nil && !errors.Is(err, usb.ErrStall) { // not every device has a filter
		h.t.Fatalf("SET_ETHERNET_PACKET_FILTER: %v", err)
	}
}

func (h *host) must(what string, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
}

// wantErr checks what an error is.
func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// alloc makes transfers.
func (h *host) alloc(endpoint uint8, size, n int) []*usb.Transfer {
	h.t.Helper()
	ts := make([]*usb.Transfer, n)
	for i := range ts {
		x, err := h.data.Alloc(endpoint, size)
		h.must("Alloc", err)
		x.Length = size
		ts[i] = x
	}
	return ts
}

func (h *host) submit(ts ...*usb.Transfer) {
	h.t.Helper()
	h.must("Submit", h.data.Submit(ts...))
}

// Ready says whether the queue's descriptor is ready, at the latest after d.
func Ready(t testing.TB, q usb.Queue, d time.Duration) bool {
	t.Helper()
	fd, events := q.PollFD()
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	deadline := time.Now().Add(d)
	for {
		n, err := unix.Poll(fds, int(max(time.Until(deadline), 0).Milliseconds()))
		switch {
		case err == nil:
			return n > 0
		case !errors.Is(err, unix.EINTR):
			t.Fatalf("poll: %v", err)
		}
	}
}

// reap waits for n transfers.
func reap(t testing.TB, q usb.Queue, n int) []*usb.Transfer {
	t.Helper()
	ended := make([]*usb.Transfer, 0, n)
	for len(ended) < n {
		if !Ready(t, q, patience) {
			t.Fatalf("%d of %d transfers came back", len(ended), n)
		}
		m, err := q.Reap(ended[len(ended):n])
		if err != nil {
			t.Fatalf("Reap: %v", err)
		}
		ended = ended[:len(ended)+m]
	}
	return ended
}

// within runs what must not hang.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s does not return", what)
	}
}

// waitGone waits until the device knows that it was pulled.
func (h *host) waitGone() {
	h.t.Helper()
	select {
	case <-h.usb.Gone():
	case <-time.After(patience):
		h.t.Fatal("Gone is not closed")
	}
}
