package sim

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"io-pkt/usb"
)

// The descriptors of a built device say what was asked for.
func TestBuiltDescriptors(t *testing.T) {
	for _, speed := range speeds {
		for _, notify := range []int{-1, 8, 16} {
			t.Run(fmt.Sprintf("%v/%d", speed, notify), func(t *testing.T) {
				h := plug(t, Config{Speed: speed, NotifyPacket: notify, SegmentSize: 9014, Serial: "42"})
				h.open()
				raw, err := usb.ReadConfig(t.Context(), h.usb, 0)
				must(t, err)
				if total := int(binary.LittleEndian.Uint16(raw[2:])); total != len(raw) {
					t.Errorf("wTotalLength = %d, it has %d bytes", total, len(raw))
				}
				f, ok := findFunction(h.conf)
				if !ok || f.control != 0 || f.data != 1 || f.segment != 9014 {
					t.Errorf("function = %+v, %v", f, ok)
				}
				control, data := h.conf.Setting(0, 0), h.conf.Setting(1, 1)
				if want := max(notify, 0) / 8; min(want, 1) != len(control.Endpoints) {
					t.Errorf("%d endpoints for notifications", len(control.Endpoints))
				}
				for _, e := range control.Endpoints {
					if int(e.MaxPacketSize) != notify || e.Type() != usb.TransferInterrupt || !e.In() {
						t.Errorf("notification endpoint %+v", e)
					}
				}
				if len(h.conf.Setting(1, 0).Endpoints) != 0 || len(data.Endpoints) != 2 {
					t.Error("the data interface's endpoints are not in setting 1")
				}
				for _, e := range data.Endpoints {
					if e.MaxPacketSize != traits[speed].bulkPacket || e.Type() != usb.TransferBulk {
						t.Errorf("bulk endpoint %+v", e)
					}
				}
				companions := strings.Count(string(raw), "\x06\x30")
				if want := len(control.Endpoints) + 2; speed == usb.SpeedSuper && companions != want {
					t.Errorf("%d companion descriptors, want %d", companions, want)
				}
				mac, err := usb.ReadString(t.Context(), h.usb, f.mac)
				if err != nil || mac != "02696F706B00" {
					t.Errorf("iMACAddress = %q, %v", mac, err)
				}
				serial, err := usb.ReadString(t.Context(), h.usb, h.usb.Info().Descriptor.SerialNumber)
				if err != nil || serial != "42" {
					t.Errorf("serial = %q, %v", serial, err)
				}
			})
		}
	}
}

func TestStandardRequests(t *testing.T) {
	const (
		dev   = usb.DirIn
		iface = usb.DirIn | usb.RecipientInterface
		ep    = usb.DirIn | usb.RecipientEndpoint
	)
	tests := []struct {
		name         string
		typ, request uint8
		value, index uint16
		size         int
		want         string // hex
		err          error
	}{
		{"configuration", dev, usb.ReqGetConfiguration, 0, 0, 1, "01", nil},
		{"device status", dev, usb.ReqGetStatus, 0, 0, 2, "0100", nil},
		{"interface status", iface, usb.ReqGetStatus, 0, 1, 2, "0000", nil},
		{"status of no interface", iface, usb.ReqGetStatus, 0, 2, 2, "", usb.ErrStall},
		{"setting", iface, usb.ReqGetInterface, 0, 1, 1, "01", nil},
		{"setting of no interface", iface, usb.ReqGetInterface, 0, 2, 1, "", usb.ErrStall},
		{"endpoint status", ep, usb.ReqGetStatus, 0, epIn, 2, "0000", nil},
		{"status of no endpoint", ep, usb.ReqGetStatus, 0, 0x8f, 2, "", usb.ErrStall},
		{"status of a strange endpoint", ep, usb.ReqGetStatus, 0, 0xff81, 2, "", usb.ErrStall},
		{"cut descriptor", dev, usb.ReqGetDescriptor, 0x0100, 0, 2, "1201", nil},
		{"languages", dev, usb.ReqGetDescriptor, 0x0300, 0, 255, "04030904", nil},
		{"no such string", dev, usb.ReqGetDescriptor, 0x0363, 0x0409, 255, "", usb.ErrStall},
		{"no such configuration", dev, usb.ReqGetDescriptor, 0x0201, 0, 255, "", usb.ErrStall},
		{"BOS of a high speed device", dev, usb.ReqGetDescriptor, 0x0f00, 0, 5, "", usb.ErrStall},
		{"set the address", 0, usb.ReqSetAddress, 5, 0, 0, "", usb.ErrInvalid},
		{"set the configuration", 0, usb.ReqSetConfiguration, 1, 0, 0, "", usb.ErrInvalid},
		{"set the setting", usb.RecipientInterface, usb.ReqSetInterface, 1, 1, 0, "", usb.ErrInvalid},
		{"clear a halt", usb.RecipientEndpoint, usb.ReqClearFeature, 0, epIn, 0, "", usb.ErrInvalid},
		{"too much data", dev, usb.ReqGetDescriptor, 0x0100, 0, usb.MaxControl + 1, "", usb.ErrInvalid},
		{"vendor request", usb.DirIn | usb.TypeVendor, 1, 0, 0, 1, "", usb.ErrStall},
		{"encapsulated command", 0x21, reqSendEncapsulatedCommand, 0, 0, 4, "", usb.ErrStall},
		{"encapsulated response", 0xa1, reqGetEncapsulatedResponse, 0, 0, 4, "", usb.ErrStall},
		{"filter of the data interface", 0x21, reqSetPacketFilter, 1, 1, 0, "", usb.ErrStall},
		{"power filter", 0x21, 0x41, 0, 0, 0, "", usb.ErrStall},
	}
	h := up(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := make([]byte, tt.size)
			n, err := h.control(tt.typ, tt.request, tt.value, tt.index, data)
			wantErr(t, "Control", err, tt.err)
			if got := fmt.Sprintf("%x", data[:n]); err == nil && got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBOS(t *testing.T) {
	h := plug(t, Config{Speed: usb.SpeedSuper})
	h.open()
	b := make([]byte, 64)
	n, err := h.control(usb.DirIn, usb.ReqGetDescriptor, descBOS<<8, 0, b)
	if err != nil || n != 22 || int(b[2]) != n {
		t.Errorf("BOS = % x, %v", b[:n], err)
	}
}

func TestHalt(t *testing.T) {
	h := up(t, Config{Network: newWire()})
	x := alloc(t, h.data, epIn, 512)
	must(t, h.data.Submit(x))
	_, err := h.control(usb.RecipientEndpoint, usb.ReqSetFeature, usb.FeatureEndpointHalt, epIn, nil)
	must(t, err)
	wantErr(t, "transfer", reap(t, h.data, 1)[0].Err, usb.ErrStall)
	status := make([]byte, 2)
	_, err = h.control(usb.DirIn|usb.RecipientEndpoint, usb.ReqGetStatus, 0, epIn, status)
	if err != nil || status[0] != 1 {
		t.Errorf("status = % x, %v", status, err)
	}
	must(t, h.data.Submit(x))
	wantErr(t, "another transfer", reap(t, h.data, 1)[0].Err, usb.ErrStall)
	must(t, h.data.ClearHalt(t.Context(), epIn))
	must(t, h.data.Submit(x))
	idle(t, h.data)
	wantErr(t, "ClearHalt of another interface's endpoint", h.data.ClearHalt(t.Context(), epNotify), usb.ErrNotFound)
}

func TestSetConfiguration(t *testing.T) {
	h := plug(t, Config{})
	h.open()
	must(t, h.usb.SetConfiguration(t.Context(), 1))
	wantErr(t, "no such configuration", h.usb.SetConfiguration(t.Context(), 2), usb.ErrStall)
	must(t, h.usb.SetConfiguration(t.Context(), 0))
	wantErr(t, "Claim while not configured", h.usb.Claim(0), usb.ErrNotFound)
	must(t, h.usb.SetConfiguration(t.Context(), 1))
	must(t, h.usb.Claim(0))
	wantErr(t, "while claimed", h.usb.SetConfiguration(t.Context(), 0), usb.ErrBusy)
	wantErr(t, "setting of an interface that is not claimed", h.usb.SetInterface(t.Context(), 1, 1), usb.ErrNotFound)
	wantErr(t, "no such setting", h.usb.SetInterface(t.Context(), 0, 1), usb.ErrNotFound)
}

func TestPacketFilter(t *testing.T) {
	own := []byte{0x02, 'i', 'o', 'p', 'k', 0}
	station := []byte{0x02, 'i', 'o', 'p', 'k', 1}
	all := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	group, listed := []byte{1, 0, 0x5e, 0, 0, 1}, []byte{1, 0, 0x5e, 0, 0, 0xfb}
	tests := []struct {
		name string
		bits uint16
		pass [5]bool // own, station, all, group, listed
	}{
		{"nothing", 0, [5]bool{}},
		{"directed", filterDirected, [5]bool{true, false, false, false, false}},
		{"broadcast", filterBroadcast, [5]bool{false, false, true, false, false}},
		{"all groups", filterAllMulticast, [5]bool{false, false, false, true, true}},
		{"groups", filterMulticast, [5]bool{false, false, false, false, true}},
		{"promiscuous", filterPromiscuous, [5]bool{true, true, true, true, true}},
		{"usual", filterDirected | filterBroadcast | filterMulticast, [5]bool{true, false, true, false, true}},
	}
	w := newWire()
	h := up(t, Config{Network: w})
	_, err := h.control(0x21, reqSetMulticastFilters, 1, 0, listed)
	must(t, err)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.filter(tt.bits)
			for i, dst := range [][]byte{own, station, all, group, listed} {
				before := h.dev.Stats()
				w.deliver([][]byte{append(append([]byte(nil), dst...), frame(60)[6:]...)})
				after := h.dev.Stats()
				if got := after.ToHost > before.ToHost; got != tt.pass[i] {
					t.Errorf("frame to % x passes: %v, want %v", dst, got, tt.pass[i])
				}
				if after.ToHost+after.Filtered != before.ToHost+before.Filtered+1 {
					t.Errorf("frame to % x was not counted", dst)
				}
			}
		})
	}
}

func TestMulticastFiltersRefused(t *testing.T) {
	h := up(t, Config{})
	for _, tt := range []struct {
		name  string
		count uint16
		bytes int
	}{
		{"too many", maxMulticastFilters + 1, (maxMulticastFilters + 1) * 6},
		{"too few bytes", 2, 6},
		{"too many bytes", 1, 7},
	} {
		_, err := h.control(0x21, reqSetMulticastFilters, tt.count, 0, make([]byte, tt.bytes))
		wantErr(t, tt.name, err, usb.ErrStall)
	}
	_, err := h.control(0x21, reqSetMulticastFilters, 0, 0, nil)
	must(t, err)
}

func TestStatistics(t *testing.T) {
	w := newWire()
	h := up(t, Config{Network: w})
	for range 3 {
		h.send(frame(60), false)
	}
	h.send(make([]byte, 13), false)
	w.deliver([][]byte{frame(60), frame(60)})
	for selector, want := range map[uint16]uint32{statXmitOK: 3, statRcvOK: 2, statXmitError: 1, statRcvError: 0, statRcvNoBuffer: 0} {
		b := make([]byte, 4)
		n, err := h.control(0xa1, reqGetStatistic, selector, 0, b)
		if got := binary.LittleEndian.Uint32(b); err != nil || n != 4 || got != want {
			t.Errorf("statistic %d = %d, %v; want %d", selector, got, err, want)
		}
	}
	for _, selector := range []uint16{0, 6, 32, 33, 0xffff} {
		_, err := h.control(0xa1, reqGetStatistic, selector, 0, make([]byte, 4))
		wantErr(t, fmt.Sprintf("statistic %d", selector), err, usb.ErrStall)
	}
}
