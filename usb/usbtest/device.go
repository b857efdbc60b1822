package usbtest

import (
	"errors"
	"testing"

	"io-pkt/usb"
)

func testSetConfiguration(t *testing.T, c Config) {
	h := open(t, c)
	value := h.ecm.config.Value
	h.must("SetConfiguration to the current one", h.usb.SetConfiguration(t.Context(), value))
	h.checkConfiguration(value)
	if err := h.usb.SetConfiguration(t.Context(), 0xee); err == nil {
		t.Error("SetConfiguration to one that is not there succeeds")
	}
	h.checkConfiguration(value)

	other := h.otherConfiguration(value)
	h.must("Claim", h.usb.Claim(h.ecm.data))
	wantErr(t, "SetConfiguration while an interface is claimed", h.usb.SetConfiguration(t.Context(), other), usb.ErrBusy)
	h.checkConfiguration(value)
	h.must("Release", h.usb.Release(h.ecm.data))
	if other == 0xee {
		return // there is only one
	}
	h.must("SetConfiguration to another", h.usb.SetConfiguration(t.Context(), other))
	h.checkConfiguration(other)
	h.must("SetConfiguration back", h.usb.SetConfiguration(t.Context(), value))
	h.checkConfiguration(value)
	h.must("Claim", h.usb.Claim(h.ecm.data))
}

// checkConfiguration asks the device for its configuration.
func (h *host) checkConfiguration(want uint8) {
	h.t.Helper()
	var got [1]byte
	_, err := h.usb.Control(h.t.Context(), usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetConfiguration}, got[:])
	h.must("GET_CONFIGURATION", err)
	if got[0] != want {
		h.t.Errorf("configuration = %d, want %d", got[0], want)
	}
}

// otherConfiguration gives the bConfigurationValue of another configuration, or
// 0xee if there is none.
func (h *host) otherConfiguration(than uint8) uint8 {
	h.t.Helper()
	for i := range h.usb.Info().Descriptor.NumConfigurations {
		raw, err := usb.ReadConfig(h.t.Context(), h.usb, i)
		h.must("ReadConfig", err)
		if c, err := usb.ParseConfig(raw); err == nil && c.Value != than {
			return c.Value
		}
	}
	return 0xee
}

func testClaim(t *testing.T, c Config) {
	h := open(t, c)
	wantErr(t, "Claim of an unknown interface", h.usb.Claim(200), usb.ErrNotFound)
	h.must("Claim", h.usb.Claim(h.ecm.data))
	wantErr(t, "Claim twice", h.usb.Claim(h.ecm.data), usb.ErrBusy)

	// Another handle gets either nothing at all, or all but this interface.
	second, err := h.stack.Open(t.Context(), h.info)
	if err == nil {
		t.Cleanup(func() { _ = second.Close() })
		wantErr(t, "Claim by another", second.Claim(h.ecm.data), usb.ErrBusy)
	} else {
		wantErr(t, "Open by another", err, usb.ErrBusy)
	}
	h.must("Release", h.usb.Release(h.ecm.data))
	if second != nil {
		h.must("Claim by another after Release", second.Claim(h.ecm.data))
		wantErr(t, "Claim while another has it", h.usb.Claim(h.ecm.data), usb.ErrBusy)
		h.must("Close of the other", second.Close())
	}
	h.must("Claim after all", h.usb.Claim(h.ecm.data))
	_, err = h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue", err)
	h.must("Release of an interface with a queue", h.usb.Release(h.ecm.data))
	h.must("Claim again", h.usb.Claim(h.ecm.data))
	_, err = h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue again", err)
}

func testSetInterface(t *testing.T, c Config) {
	h := open(t, c)
	if err := h.usb.SetInterface(t.Context(), h.ecm.data, 0); err == nil {
		t.Error("SetInterface works without Claim")
	}
	h.must("Claim", h.usb.Claim(h.ecm.control))
	h.must("Claim", h.usb.Claim(h.ecm.data))
	wantErr(t, "SetInterface to an unknown setting", h.usb.SetInterface(t.Context(), h.ecm.data, 99), usb.ErrNotFound)
	for _, alt := range []uint8{h.ecm.alt, 0, h.ecm.alt, h.ecm.alt} {
		h.must("SetInterface", h.usb.SetInterface(t.Context(), h.ecm.data, alt))
		h.checkSetting(alt)
	}
	h.must("Release", h.usb.Release(h.ecm.data))
	h.must("Claim", h.usb.Claim(h.ecm.data))
	h.checkSetting(0)

	// A queue outlives changes of the setting.
	q, err := h.usb.OpenQueue(h.ecm.data)
	h.must("OpenQueue", err)
	h.data = q
	h.start()
	h.ping(100)
	h.start()
	h.ping(100)
}

// checkSetting asks the device for the data interface's setting.
func (h *host) checkSetting(want uint8) {
	h.t.Helper()
	var got [1]byte
	_, err := h.usb.Control(h.t.Context(), usb.Setup{RequestType: usb.DirIn | usb.RecipientInterface,
		Request: usb.ReqGetInterface, Index: uint16(h.ecm.data)}, got[:])
	h.must("GET_INTERFACE", err)
	if got[0] != want {
		h.t.Errorf("setting = %d, want %d", got[0], want)
	}
}

func testDeviceClose(t *testing.T, c Config) {
	h := up(t, c)
	h.submit(h.alloc(h.ecm.in.Address, 2048, 4)...)
	within(t, "Close", func() {
		for range 2 {
			h.must("Close", h.usb.Close())
		}
	})
	h.checkClosed()
	ctx := t.Context()
	_, err := h.usb.Control(ctx, getDescriptor(usb.DescDevice), make([]byte, usb.DeviceDescriptorSize))
	wantErr(t, "Control after Close", err, usb.ErrClosed)
	wantErr(t, "SetConfiguration after Close", h.usb.SetConfiguration(ctx, h.ecm.config.Value), usb.ErrClosed)
	wantErr(t, "Claim after Close", h.usb.Claim(h.ecm.data), usb.ErrClosed)
	wantErr(t, "SetInterface after Close", h.usb.SetInterface(ctx, h.ecm.data, 0), usb.ErrClosed)
	_, err = h.usb.OpenQueue(h.ecm.data)
	wantErr(t, "OpenQueue after Close", err, usb.ErrClosed)

	// Everything was given back.
	up(t, c).ping(100)
}

// checkClosed checks that the data queue does nothing any more.
func (h *host) checkClosed() {
	h.t.Helper()
	wantErr(h.t, "Submit after Close", h.data.Submit(), usb.ErrClosed)
	_, err := h.data.Reap(make([]*usb.Transfer, 1))
	wantErr(h.t, "Reap after Close", err, usb.ErrClosed)
	_, err = h.data.Alloc(h.ecm.in.Address, 512)
	wantErr(h.t, "Alloc after Close", err, usb.ErrClosed)
	h.data.Cancel()
	if err := h.data.ClearHalt(h.t.Context(), h.ecm.in.Address); !errors.Is(err, usb.ErrClosed) {
		h.t.Errorf("ClearHalt after Close: %v", err)
	}
}
