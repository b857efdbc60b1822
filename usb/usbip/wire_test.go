package usbip

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
)

// unhex reads bytes as the protocol's document prints them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	must(t, err)
	return b
}

// The messages, byte by byte, as in usbip_protocol.rst.
func TestHeaderLayout(t *testing.T) {
	for _, test := range []struct {
		name string
		h    header
		want string
	}{
		{"CMD_SUBMIT", header{command: cmdSubmit, seq: 0x0d05, devID: 0x1000f, direction: dirIn, endpoint: 1,
			flags: 0x200, length: 0x40, interval: 4, setup: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}},
			"00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 00000000 00000000 00000004 0102030405060708"},
		{"RET_SUBMIT", header{command: retSubmit, seq: 0x0d05, status: -32, actual: 0x3e},
			"00000003 00000d05 00000000 00000000 00000000 ffffffe0 0000003e 00000000 00000000 00000000 0000000000000000"},
		{"CMD_UNLINK", header{command: cmdUnlink, seq: 0x0d06, devID: 0x1000f, target: 0x0d05},
			"00000002 00000d06 0001000f 00000000 00000000 00000d05 00000000 00000000 00000000 00000000 0000000000000000"},
		{"RET_UNLINK", header{command: retUnlink, seq: 0x0d06, status: -104},
			"00000004 00000d06 00000000 00000000 00000000 ffffff98 00000000 00000000 00000000 00000000 0000000000000000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := unhex(t, test.want)
			if got := test.h.append(nil); !bytes.Equal(got, want) {
				t.Errorf("encoded\n% x, want\n% x", got, want)
			}
			var got header
			must(t, got.parse(want))
			if diff := cmp.Diff(test.h, got, cmp.AllowUnexported(header{})); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeaderRefused(t *testing.T) {
	good := header{command: cmdSubmit, seq: 1, endpoint: 2, length: 64}
	for _, test := range []struct {
		name string
		at   int
		v    uint32
	}{
		{"command", 0, 5},
		{"direction", 12, 2},
		{"endpoint", 16, 16},
		{"negative length", 24, 0xffffffff},
		{"length", 24, usb.MaxTransfer + 1},
		{"isochronous packets", 32, 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := good.append(nil)
			binary.BigEndian.PutUint32(b[test.at:], test.v)
			var h header
			if err := h.parse(b); !errors.Is(err, errProtocol) {
				t.Errorf("error %v, want %v", err, errProtocol)
			}
		})
	}
	b := good.append(nil)
	binary.BigEndian.PutUint32(b[32:], noPackets)
	var h header
	must(t, h.parse(b))
	if err := h.parse(b[:headerSize-1]); err == nil {
		t.Error("a short message is taken")
	}
}

var sample = record{
	path: "/sys/devices/pci0000:00/0000:00:01.2/usb1/1-1", busID: "1-1", bus: 1, device: 2, speed: 3,
	vendor: 0x0525, product: 0xa4a1, release: 0x0312, class: 2, subClass: 3, protocol: 4,
	configuration: 1, configurations: 2, interfaces: 3,
}

func TestRecordLayout(t *testing.T) {
	b := sample.append(nil)
	if len(b) != 312 { // usbip_protocol.rst, OP_REP_IMPORT: 0x140 - 8
		t.Fatalf("%d bytes", len(b))
	}
	want := unhex(t, "00000001 00000002 00000003 0525 a4a1 0312 02 03 04 01 02 03")
	if got := b[pathSize+busIDSize:]; !bytes.Equal(got, want) {
		t.Errorf("encoded\n% x, want\n% x", got, want)
	}
	got, err := parseRecord([recordSize]byte(b))
	must(t, err)
	if got != sample {
		t.Errorf("decoded %+v, want %+v", got, sample)
	}
	info := got.info()
	want2 := usb.DeviceInfo{Bus: 1, Address: 2, Port: "1-1", Speed: usb.SpeedHigh, Descriptor: usb.DeviceDescriptor{
		VendorID: 0x0525, ProductID: 0xa4a1, Release: 0x0312, Class: 2, SubClass: 3, Protocol: 4, NumConfigurations: 2}}
	if info != want2 || got.devID() != 0x10002 {
		t.Errorf("info %+v, devid %#x", info, got.devID())
	}
}

func TestRecordRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(b []byte)
	}{
		{"no busid", func(b []byte) { clear(b[pathSize:][:busIDSize]) }},
		{"busid without end", func(b []byte) { copy(b[pathSize:][:busIDSize], strings.Repeat("1", busIDSize)) }},
		{"path with control character", func(b []byte) { b[3] = 0x1b }},
		{"busid not ASCII", func(b []byte) { b[pathSize] = 0xe4 }},
		{"bus number", func(b []byte) { b[pathSize+busIDSize] = 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := sample.append(nil)
			test.change(b)
			if r, err := parseRecord([recordSize]byte(b)); !errors.Is(err, errProtocol) {
				t.Errorf("%+v, error %v, want %v", r, err, errProtocol)
			}
		})
	}
}

func TestListRefused(t *testing.T) {
	count := binary.BigEndian.AppendUint32(nil, maxDevices+1)
	if _, err := readList(io.MultiReader(bytes.NewReader(count), zeros{})); !errors.Is(err, errProtocol) {
		t.Errorf("a list that is too long: error %v", err)
	}
	short := append(binary.BigEndian.AppendUint32(nil, 2), sample.append(nil)...)
	if _, err := readList(bytes.NewReader(short)); err == nil {
		t.Error("half a list is taken")
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestStrings(t *testing.T) {
	b := appendString(nil, strings.Repeat("x", 40), busIDSize)
	if s, err := parseString(b); len(b) != busIDSize || err != nil || len(s) != busIDSize-1 {
		t.Errorf("a long string becomes %q in %d bytes, %v", s, len(b), err)
	}
}

// What is decoded and encoded again decodes to the same.
func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{command: cmdSubmit, seq: 1, devID: 2, direction: 1, endpoint: 3, flags: 0x200, length: 512, interval: 1},
		{command: cmdUnlink, seq: 2, target: 1}, {command: retSubmit, seq: 1, status: -32, actual: 5}, {command: retUnlink, seq: 2},
	} {
		f.Add(h.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again header
		if h.parse(b) != nil {
			return
		}
		if max(h.length, h.actual) > usb.MaxTransfer || min(h.length, h.actual) < 0 || h.endpoint > 15 || h.direction > 1 {
			t.Fatalf("decoded %+v", h)
		}
		must(t, again.parse(h.append(nil)))
		if h != again {
			t.Fatalf("%+v becomes %+v", h, again)
		}
	})
}

func FuzzList(f *testing.F) {
	two := append(sample.append(nil), make([]byte, 3*interfaceSize)...)
	f.Add(append(append(binary.BigEndian.AppendUint32(nil, 2), two...), two...))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := readList(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, r := range records {
			again, err := parseRecord([recordSize]byte(r.append(nil)))
			if err != nil || again != r {
				t.Fatalf("%+v becomes %+v, %v", r, again, err)
			}
			_ = r.info().String()
		}
	})
}

func TestErrno(t *testing.T) {
	for _, err := range []error{nil, usb.ErrStall, usb.ErrCanceled, usb.ErrGone, usb.ErrOverflow, usb.ErrProtocol,
		usb.ErrTimeout, usb.ErrBusy, usb.ErrInvalid} {
		wrapped := err
		if err != nil {
			wrapped = &usb.OpError{Op: "do", Object: "it", Err: err}
		}
		if got := transferError(transferStatus(wrapped)); !errors.Is(got, err) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
	for _, status := range []int32{1, 5, 1 << 30, -1 << 31, -9999} {
		if transferError(status) == nil {
			t.Errorf("status %d is no error", status)
		}
	}
	for status, want := range map[int32]error{-2: usb.ErrCanceled, -108: usb.ErrGone, -84: usb.ErrProtocol, -121: nil} {
		if got := transferError(status); !errors.Is(got, want) {
			t.Errorf("status %d is %v, want %v", status, got, want)
		}
	}
	for _, err := range []error{usb.ErrBusy, usb.ErrGone} {
		if got := importError(importStatus(err)); !errors.Is(got, err) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
