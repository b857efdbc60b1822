package usbtest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
)

func testDescriptors(t *testing.T, c Config) {
	h := open(t, c)
	b := make([]byte, 64)
	n, err := h.usb.Control(t.Context(), getDescriptor(usb.DescDevice), b)
	h.must("GET_DESCRIPTOR", err)
	if n != usb.DeviceDescriptorSize {
		t.Fatalf("the device descriptor has %d bytes", n)
	}
	got, err := usb.ParseDevice(b[:n])
	h.must("ParseDevice", err)
	if diff := cmp.Diff(h.usb.Info().Descriptor, got); diff != "" {
		t.Errorf("Info and the device disagree (-Info +device):\n%s", diff)
	}
	listed, opened := h.info, h.usb.Info()
	if l := listed.Descriptor; l.VendorID != got.VendorID || l.ProductID != got.ProductID || l.Class != got.Class {
		t.Errorf("listed as %+v, the device says %+v", l, got)
	}
	listed.Descriptor, opened.Descriptor = usb.DeviceDescriptor{}, usb.DeviceDescriptor{}
	if listed != opened {
		t.Errorf("Info is %+v, listed was %+v", opened, listed)
	}

	head := make([]byte, usb.ConfigDescriptorSize)
	n, err = h.usb.Control(t.Context(), getDescriptor(usb.DescConfiguration), head)
	h.must("GET_DESCRIPTOR", err)
	raw, err := usb.ReadConfig(t.Context(), h.usb, 0)
	h.must("ReadConfig", err)
	if n != len(head) || !bytes.Equal(raw[:n], head) {
		t.Errorf("the first %d bytes of the configuration are % x, want % x", n, head, raw[:n])
	}
	for _, index := range []uint8{got.Manufacturer, got.Product, got.SerialNumber} {
		s, err := usb.ReadString(t.Context(), h.usb, index)
		if index != 0 && (err != nil || s == "") {
			t.Errorf("string %d: %q, %v", index, s, err)
		}
	}
}

func getDescriptor(typ uint16) usb.Setup {
	return usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: typ << 8}
}

func testControlRefused(t *testing.T, c Config) {
	h := open(t, c)
	for _, test := range []struct {
		name  string
		setup usb.Setup
		data  []byte
	}{
		{"in", getDescriptor(0x77), make([]byte, 8)},
		{"string", usb.Setup{RequestType: usb.DirIn, Request: usb.ReqGetDescriptor, Value: usb.DescString<<8 | 0xfe}, make([]byte, 8)},
		{"without data", usb.Setup{RequestType: usb.TypeVendor, Request: 0x77, Value: 0x7777}, nil},
		{"out", usb.Setup{RequestType: usb.TypeVendor, Request: 0x77, Value: 0x7777}, make([]byte, 8)},
	} {
		_, err := h.usb.Control(t.Context(), test.setup, test.data)
		wantErr(t, "refused request "+test.name, err, usb.ErrStall)
		_, err = h.usb.Control(t.Context(), getDescriptor(usb.DescDevice), make([]byte, usb.DeviceDescriptorSize))
		h.must("the next request", err)
	}
}

func testControlReserved(t *testing.T, c Config) {
	h := claimed(t, c)
	for _, test := range []struct {
		name  string
		setup usb.Setup
	}{
		{"SET_ADDRESS", usb.Setup{Request: usb.ReqSetAddress, Value: 99}},
		{"SET_CONFIGURATION", usb.Setup{Request: usb.ReqSetConfiguration, Value: uint16(h.ecm.config.Value)}},
		{"SET_INTERFACE", usb.Setup{RequestType: usb.RecipientInterface, Request: usb.ReqSetInterface, Index: uint16(h.ecm.data)}},
		{"CLEAR_FEATURE", usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqClearFeature,
			Value: usb.FeatureEndpointHalt, Index: uint16(h.ecm.in.Address)}},
	} {
		_, err := h.usb.Control(t.Context(), test.setup, nil)
		wantErr(t, test.name+" by Control", err, usb.ErrInvalid)
	}
	_, err := h.usb.Control(t.Context(), getDescriptor(usb.DescDevice), make([]byte, usb.MaxControl+1))
	wantErr(t, "more than MaxControl", err, usb.ErrInvalid)
}

func testControlContext(t *testing.T, c Config) {
	h := open(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := make([]byte, usb.DeviceDescriptorSize)
	within(t, "Control", func() {
		if _, err := h.usb.Control(ctx, getDescriptor(usb.DescDevice), b); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Control with a context that has ended: %v", err)
		}
	})
	_, err := h.usb.Control(t.Context(), getDescriptor(usb.DescDevice), b)
	h.must("the next request", err)
}

func testControlConcurrent(t *testing.T, c Config) {
	h := open(t, c)
	want := h.usb.Info().Descriptor.Bytes()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				b := make([]byte, usb.DeviceDescriptorSize)
				if _, err := h.usb.Control(t.Context(), getDescriptor(usb.DescDevice), b); err != nil {
					t.Error(err)
				} else if !bytes.Equal(b, want) {
					t.Errorf("device descriptor % x, want % x", b, want)
				}
			}
		})
	}
	all.Wait()
}
