package usbtest

import (
	"slices"
	"testing"

	"io-pkt/usb"
)

func testOpenQueue(t *testing.T, c Config) {
	h := open(t, c)
	if _, err := h.usb.OpenQueue(h.ecm.data); err == nil {
		t.Error("OpenQueue works without Claim")
	}
	h.must("Claim", h.usb.Claim(h.ecm.data))
	q, err := h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue", err)
	_, err = h.usb.OpenQueue(h.ecm.data)
	wantErr(t, "OpenQueue twice", err, usb.ErrBusy)
	h.must("Close", q.Close())
	_, err = h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue after Close", err)
}

func testAlloc(t *testing.T, c Config) {
	h := up(t, c)
	for _, size := range []int{1, 512, 2048, usb.MaxTransfer} {
		x, err := h.data.Alloc(h.ecm.in.Address, size)
		if err != nil {
			t.Errorf("Alloc of %d bytes: %v", size, err)
		} else if len(x.Buf) != size || x.Endpoint != h.ecm.in.Address {
			t.Errorf("Alloc of %d bytes gives %d for endpoint %#x", size, len(x.Buf), x.Endpoint)
		}
	}
	for _, size := range []int{-1, usb.MaxTransfer + 1} {
		_, err := h.data.Alloc(h.ecm.in.Address, size)
		wantErr(t, "Alloc of too much", err, usb.ErrInvalid)
	}
	for _, endpoint := range []uint8{0, usb.DirIn, h.ecm.in.Address + 5} {
		_, err := h.data.Alloc(endpoint, 64)
		wantErr(t, "Alloc for an endpoint of others", err, usb.ErrNotFound)
	}
}

// What cannot be started comes back like the rest.
func testSubmitInvalid(t *testing.T, c Config) {
	h := up(t, c)
	ts := h.alloc(h.ecm.out.Address, 60, 4)
	ts[1].Length = 61
	ts[2].Length = -1
	h.submit(ts...)
	h.wantAll(ts, reap(t, h.data, len(ts)))
	for i, x := range ts {
		if i == 1 || i == 2 {
			if x.Err == nil {
				t.Errorf("a transfer of length %d ends well", x.Length)
			}
		} else if x.Err != nil || x.Actual != x.Length {
			t.Errorf("transfer %d: %d of %d bytes, %v", i, x.Actual, x.Length, x.Err)
		}
	}
}

// wantAll checks that each has come back once.
func (h *host) wantAll(want, got []*usb.Transfer) {
	h.t.Helper()
	for i, x := range want {
		if n := len(got) - len(slices.DeleteFunc(slices.Clone(got), func(y *usb.Transfer) bool { return x == y })); n != 1 {
			h.t.Errorf("transfer %d came back %d times", i, n)
		}
	}
}

// The descriptor is ready if and only if Reap has something.
func testPollFD(t *testing.T, c Config) {
	h := up(t, c)
	h.checkIdle()
	for range 3 {
		ts := h.alloc(h.ecm.out.Address, 60, 5)
		h.submit(ts...)
		for i := range ts {
			if !Ready(t, h.data, patience) {
				t.Fatalf("not ready before transfer %d", i)
			}
			one := make([]*usb.Transfer, 1)
			if n, err := h.data.Reap(one); n != 1 || err != nil || one[0] != ts[i] {
				t.Fatalf("ready, but transfer %d does not come: %d, %v", i, n, err)
			}
		}
		h.checkIdle()
	}
}

// checkIdle checks that nothing has ended, when nothing is in flight.
func (h *host) checkIdle() {
	h.t.Helper()
	if Ready(h.t, h.data, 0) {
		h.t.Error("ready although nothing is in flight")
	}
	if n, err := h.data.Reap(make([]*usb.Transfer, 4)); n != 0 || err != nil {
		h.t.Errorf("Reap = %d, %v although nothing is in flight", n, err)
	}
}

// Transfers of one endpoint come back in order, and can be submitted again.
func testOrder(t *testing.T, c Config) {
	h := up(t, c)
	in := h.alloc(h.ecm.in.Address, 2048, 8)
	h.submit(in...)
	out := h.alloc(h.ecm.out.Address, 60, 32)
	for range 10 {
		h.submit(out[:10]...)
		h.submit(out[10:]...)
		var got []*usb.Transfer
		for len(got) < len(out) {
			if x := reap(t, h.data, 1)[0]; x.Endpoint == h.ecm.out.Address {
				got = append(got, x)
				if x.Err != nil || x.Actual != x.Length {
					t.Fatalf("OUT transfer: %d of %d bytes, %v", x.Actual, x.Length, x.Err)
				}
			}
		}
		if !slices.Equal(got, out) {
			t.Fatal("transfers do not come back in order")
		}
	}
}

func testCancel(t *testing.T, c Config) {
	h := up(t, c)
	ts := h.alloc(h.ecm.in.Address, 2048, 8)
	h.data.Cancel(ts...) // not in flight: left alone
	h.checkIdle()
	for range 5 {
		h.submit(ts...)
		h.data.Cancel(ts...)
		h.data.Cancel(ts...)
		h.checkCanceled(ts, reap(t, h.data, len(ts)))
	}
	h.checkIdle()

	// One of them, in the middle, comes back without the others.
	h.submit(ts...)
	h.data.Cancel(ts[4])
	var got []*usb.Transfer
	for !slices.Contains(got, ts[4]) {
		got = append(got, reap(t, h.data, 1)...)
	}
	h.data.Cancel(ts...)
	h.checkCanceled(ts, append(got, reap(t, h.data, len(ts)-len(got))...))
	h.ping(100)
}

// checkCanceled checks that all came back, and were canceled unless a frame had
// come before.
func (h *host) checkCanceled(want, got []*usb.Transfer) {
	h.t.Helper()
	h.wantAll(want, got)
	for i, x := range got {
		if x.Err != nil {
			wantErr(h.t, "canceled transfer", x.Err, usb.ErrCanceled)
		} else if x.Actual == 0 {
			h.t.Errorf("canceled transfer %d: nothing has come, no error", i)
		}
	}
}

// A halted endpoint gives ErrStall until ClearHalt.
func testHalt(t *testing.T, c Config) {
	h := up(t, c)
	h.ping(100)
	for _, e := range []usb.Endpoint{h.ecm.out, h.ecm.in} {
		_, err := h.usb.Control(t.Context(), usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqSetFeature,
			Value: usb.FeatureEndpointHalt, Index: uint16(e.Address)}, nil)
		h.must("SET_FEATURE", err)
		x := h.alloc(e.Address, 512, 1)
		h.submit(x...)
		reap(t, h.data, 1)
		wantErr(t, "transfer on a halted endpoint", x[0].Err, usb.ErrStall)
		h.must("ClearHalt", h.data.ClearHalt(t.Context(), e.Address))
		h.ping(100)
	}
	wantErr(t, "ClearHalt of an unknown endpoint", h.data.ClearHalt(t.Context(), h.ecm.in.Address+5), usb.ErrNotFound)
}

func testQueueClose(t *testing.T, c Config) {
	h := up(t, c)
	for range 3 {
		h.ping(200)
		h.submit(h.alloc(h.ecm.in.Address, 2048, 16)...)
		h.submit(h.alloc(h.ecm.out.Address, 1000, 16)...)
		within(t, "Close", func() {
			for range 2 {
				h.must("Close", h.data.Close())
			}
		})
		h.checkClosed()
		q, err := h.usb.OpenQueue(h.ecm.data)
		h.must("OpenQueue", err)
		h.data = q
		h.start() // forgets half of a frame
	}
	h.ping(200)
}

// A notification comes when the data interface starts (ECM 1.2, 6.3).
func testInterrupt(t *testing.T, c Config) {
	h := claimed(t, c)
	if h.ecm.notify == nil {
		t.Skip("this device has no notifications")
	}
	q, err := h.usb.OpenQueue(h.ecm.control)
	h.must("OpenQueue", err)
	ts := make([]*usb.Transfer, 2)
	for i := range ts {
		ts[i], err = q.Alloc(h.ecm.notify.Address, 64)
		h.must("Alloc", err)
		ts[i].Length = 64
	}
	h.must("Submit", q.Submit(ts...))
	h.start()
	for _, x := range reap(t, q, 1) {
		if x.Err != nil || x.Actual < 8 || x.Buf[0] != 0xa1 {
			t.Errorf("not a notification: % x, %v", x.Buf[:x.Actual], x.Err)
		}
	}
	within(t, "Close", func() { h.must("Close", q.Close()) })
}
