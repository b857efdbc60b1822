package sim

import (
	"testing"
	"time"

	"io-pkt/usb"
)

// A gate is a network that holds up what it is sent.
type gate struct {
	none
	entered, pass chan struct{}
}

func (g *gate) Send([][]byte) {
	g.entered <- struct{}{}
	<-g.pass
}

// carrying has a first transfer in the device's hands and a second that waits.
func carrying(t *testing.T) (h *host, g *gate, first, second *usb.Transfer) {
	g = &gate{entered: make(chan struct{}, 16), pass: make(chan struct{})}
	h = up(t, Config{Network: g})
	first, second = alloc(t, h.data, epOut, 60), alloc(t, h.data, epOut, 61)
	must(t, h.data.Submit(first))
	<-g.entered
	must(t, h.data.Submit(second))
	return h, g, first, second
}

// What is being carried cannot be stopped, and is not overtaken.
func TestEndWhileCarried(t *testing.T) {
	tests := []struct {
		name string
		end  func(h *host, ts ...*usb.Transfer)
		want error
	}{
		{"cancel", func(h *host, ts ...*usb.Transfer) { h.data.Cancel(ts...) }, usb.ErrCanceled},
		{"pull", func(h *host, _ ...*usb.Transfer) { must(h.t, h.bus.Pull(h.dev)) }, usb.ErrGone},
		{"halt", func(h *host, _ ...*usb.Transfer) {
			_, err := h.control(usb.RecipientEndpoint, usb.ReqSetFeature, usb.FeatureEndpointHalt, epOut, nil)
			must(h.t, err)
		}, usb.ErrStall},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, g, first, second := carrying(t)
			tt.end(h, first, second)
			idle(t, h.data)
			close(g.pass)
			got := reap(t, h.data, 2)
			if got[0] != first || got[0].Err != nil || got[1] != second {
				t.Errorf("%d bytes came first, with %v", got[0].Length, got[0].Err)
			}
			wantErr(t, "the one that waited", got[1].Err, tt.want)
		})
	}
}

// Close waits for what is being carried, also a second Close.
func TestCloseWhileCarried(t *testing.T) {
	h, g, _, _ := carrying(t)
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- h.data.Close() }()
	}
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(20 * time.Millisecond): // it cannot be seen to wait
	}
	close(g.pass)
	must(t, <-closed)
	must(t, <-closed)
	must(t, h.usb.Release(ifData))
}

// The device is closed while it carries.
func TestDeviceCloseWhileCarried(t *testing.T) {
	h, g, _, _ := carrying(t)
	closed := make(chan error, 1)
	go func() { closed <- h.usb.Close() }()
	close(g.pass)
	must(t, <-closed)
}
