package usb

import (
	"context"
	"errors"
	"testing"
)

// descriptors is a Device that can only answer GET_DESCRIPTOR: wValue to bytes.
type descriptors struct {
	Device
	answers map[uint16][]byte
}

func (d descriptors) Info() DeviceInfo { return DeviceInfo{Bus: 1, Address: 2} }

func (d descriptors) Control(_ context.Context, s Setup, data []byte) (int, error) {
	b, ok := d.answers[s.Value]
	if !ok || s.RequestType != DirIn || s.Request != ReqGetDescriptor {
		return 0, ErrStall
	}
	return copy(data, b), nil
}

func TestReadString(t *testing.T) {
	languages := []byte{4, DescString, 0x07, 0x04}
	for _, tt := range []struct {
		name   string
		answer []byte
		want   string
		ok     bool
	}{
		{"plain", []byte{6, 3, 'E', 0, '1', 0}, "E1", true},
		{"empty", []byte{2, 3}, "", true},
		{"longer than its length says", []byte{4, 3, 'E', 0, '1', 0}, "E", true},
		{"surrogate pair", []byte{6, 3, 0x3d, 0xd8, 0, 0xde}, "\U0001F600", true},
		{"no answer", nil, "", false},
		{"one byte", []byte{6}, "", false},
		{"cut short", []byte{6, 3, 'E', 0}, "", false},
		{"odd length", []byte{5, 3, 'E', 0, '1'}, "", false},
		{"not a string", []byte{4, 2, 'E', 0}, "", false},
		{"length 0", []byte{0, 3}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := descriptors{answers: map[uint16][]byte{0x0300: languages, 0x0303: tt.answer}}
			got, err := ReadString(t.Context(), d, 3)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("ReadString = %q, %v; want %q, ok %v", got, err, tt.want, tt.ok)
			}
		})
	}
	if _, err := ReadString(t.Context(), descriptors{}, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("index 0: %v; want ErrNotFound", err)
	}
	_, err := ReadString(t.Context(), descriptors{}, 3)
	if !errors.Is(err, ErrStall) {
		t.Errorf("stalled: %v; want ErrStall in the chain", err)
	}
}

func TestReadConfig(t *testing.T) {
	whole := unhex(t, qemuECM)
	for _, tt := range []struct {
		name   string
		answer []byte
		ok     bool
	}{
		{"whole", whole, true},
		{"shorter than wTotalLength", whole[:40], true},
		{"shorter than its own head", whole[:8], false},
		{"nothing", nil, false},
		{"wTotalLength 0", append([]byte{9, 2, 0, 0}, whole[4:]...), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadConfig(t.Context(), descriptors{answers: map[uint16][]byte{0x0200: tt.answer}}, 0)
			if (err == nil) != tt.ok {
				t.Fatalf("ReadConfig: %v; want ok %v", err, tt.ok)
			}
			if tt.ok && len(got) > len(tt.answer) {
				t.Errorf("%d bytes out of %d", len(got), len(tt.answer))
			}
		})
	}
}

func TestSetupRoundTrip(t *testing.T) {
	want := Setup{RequestType: 0x21, Request: 0x43, Value: 0x000c, Index: 0x0102}
	b := want.Bytes(0x1234)
	if b != [8]byte{0x21, 0x43, 0x0c, 0, 0x02, 0x01, 0x34, 0x12} {
		t.Errorf("Bytes = % x", b)
	}
	if got, n := ParseSetup(b); got != want || n != 0x1234 || got.In() {
		t.Errorf("ParseSetup = %v, %#x", got, n)
	}
}

func TestReadDevice(t *testing.T) {
	want := DeviceDescriptor{USBVersion: 0x0200, VendorID: 0x1209, ProductID: 1, Manufacturer: 1, NumConfigurations: 2}
	d := descriptors{answers: map[uint16][]byte{0x0100: want.Bytes()}}
	if got, err := ReadDevice(t.Context(), d); got != want || err != nil {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	d.answers[0x0100] = want.Bytes()[:17]
	if got, err := ReadDevice(t.Context(), d); err == nil {
		t.Errorf("cut short: got %+v", got)
	}
	if _, err := ReadDevice(t.Context(), descriptors{}); !errors.Is(err, ErrStall) {
		t.Errorf("stalled: %v; want ErrStall in the chain", err)
	}
}
