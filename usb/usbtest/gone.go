package usbtest

import (
	"errors"
	"os"
	"slices"
	"testing"

	"io-pkt/usb"
)

// A device that is pulled ends what is in flight.
func testPull(t *testing.T, c Config) {
	needPull(t, c)
	h := up(t, c)
	h.ping(100)
	ts := h.alloc(h.ecm.in.Address, 2048, 16)
	h.submit(ts...)
	pull(t, c)
	got := reap(t, h.data, len(ts))
	if !slices.Equal(got, ts) {
		t.Error("transfers do not come back in order")
	}
	for _, x := range got {
		// A frame may have come just before; and on a wire the device falls
		// silent before the hub knows why.
		if x.Err != nil && !errors.Is(x.Err, usb.ErrProtocol) {
			wantErr(t, "transfer in flight", x.Err, usb.ErrGone)
		}
	}
	h.checkGone()
	h.submit(ts...)
	for _, x := range reap(t, h.data, len(ts)) {
		wantErr(t, "transfer after pull", x.Err, usb.ErrGone)
	}
	within(t, "Close of the queue", func() { h.must("Close", h.data.Close()) })
	within(t, "Close of the device", func() { h.must("Close", h.usb.Close()) })
}

// So does one where nothing is in flight.
func testPullIdle(t *testing.T, c Config) {
	needPull(t, c)
	h := claimed(t, c)
	pull(t, c)
	h.checkGone()
}

func (h *host) checkGone() {
	h.t.Helper()
	h.waitGone()
	ctx := h.t.Context()
	_, err := h.usb.Control(ctx, getDescriptor(usb.DescDevice), make([]byte, usb.DeviceDescriptorSize))
	_, openErr := h.usb.OpenQueue(h.ecm.control)
	for _, test := range []struct {
		name string
		err  error
	}{
		{"Control", err},
		{"SetConfiguration", h.usb.SetConfiguration(ctx, h.ecm.config.Value)},
		{"SetInterface", h.usb.SetInterface(ctx, h.ecm.data, 0)},
		{"Claim", h.usb.Claim(h.ecm.control)},
		{"OpenQueue", openErr},
		{"Release", h.usb.Release(h.ecm.control)},
	} {
		if !errors.Is(test.err, usb.ErrGone) {
			h.t.Errorf("%s after pull: error %v, want %v", test.name, test.err, usb.ErrGone)
		}
	}
}

// Nothing stays open when everything was closed.
func testLeaks(t *testing.T, c Config) {
	var before int
	for i := range 5 {
		t.Run("round", func(t *testing.T) {
			h := up(t, c)
			h.ping(100)
			h.submit(h.alloc(h.ecm.in.Address, 2048, 8)...)
		})
		if now := openFiles(t); i == 0 {
			before = now
		} else if now > before {
			t.Errorf("%d descriptors are open, %d were before", now, before)
		}
	}
}

func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}
