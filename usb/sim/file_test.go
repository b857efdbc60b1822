package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"io-pkt/usb"
)

// fixture reads the descriptors of a real device.
func fixture(t testing.TB, name string) *Descriptors {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "descriptors", name+".hex"))
	must(t, err)
	d, err := ParseDescriptors(string(text))
	must(t, err)
	return d
}

// Every file gives a device, and its ECM function works.
func TestRealDevices(t *testing.T) {
	tests := []struct {
		name    string
		config  uint8 // bConfigurationValue
		control uint8
		data    uint8
		alt     uint8
		in, out uint8
		speed   usb.Speed
		notify  int // wMaxPacketSize of the notifications
	}{
		{"02-0bda-8153-realtek-rtl8153-ss", 2, 0, 1, 1, 0x81, 0x02, usb.SpeedSuper, 16},
		{"04-1546-1343-ublox-lara-l6", 1, 4, 5, 1, 0x89, 0x05, usb.SpeedHigh, 64},
		{"06-1bc7-110b-telit-me910g1", 1, 3, 4, 1, 0x87, 0x04, usb.SpeedHigh, 64},
		{"12-07b2-0900-motorola-surfboard-sbg900", 1, 0, 1, 1, 0x81, 0x02, usb.SpeedFull, 8},
		{"15-0525-a4a2-raspberrypi-zero-g_ether", 1, 0, 1, 1, 0x81, 0x01, usb.SpeedHigh, 16},
		{"16-0525-a4a2-qemu-usb-net", 1, 0, 1, 1, 0x82, 0x02, usb.SpeedFull, 16},
		{"17-1e2d-0060-cinterion-als6-mhi2", 1, 4, 5, 1, 0x86, 0x06, usb.SpeedHigh, 16},
		{"20-1209-2702-usbarmory-tamago-imx-usbnet", 1, 0, 1, 1, 0x81, 0x01, usb.SpeedHigh, 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire()
			h := plug(t, Config{Descriptors: fixture(t, tt.name), Network: w})
			h.open()
			if got := h.usb.Info().Speed; got != tt.speed {
				t.Errorf("speed = %v, want %v", got, tt.speed)
			}
			must(t, h.usb.SetConfiguration(t.Context(), tt.config))
			must(t, h.usb.Claim(tt.control))
			must(t, h.usb.Claim(tt.data))
			must(t, h.usb.SetInterface(t.Context(), tt.data, tt.alt))
			_, err := h.control(0x21, reqSetPacketFilter, filterPromiscuous, uint16(tt.control), nil)
			must(t, err)
			h.data, err = h.usb.OpenQueue(tt.data)
			must(t, err)
			if got := h.dev.session.notify.packet; got != tt.notify {
				t.Errorf("notifications have packets of %d bytes, want %d", got, tt.notify)
			}
			x := alloc(t, h.data, tt.out, 500)
			must(t, h.data.Submit(x))
			must(t, reap(t, h.data, 1)[0].Err)
			if f := w.next(t); len(f) != 500 {
				t.Errorf("sent %d bytes, want 500", len(f))
			}
			w.deliver([][]byte{frame(500)})
			in := alloc(t, h.data, tt.in, 2048)
			must(t, h.data.Submit(in))
			if x := reap(t, h.data, 1)[0]; x.Err != nil || x.Actual != 500 {
				t.Errorf("received %d bytes, %v; want 500", x.Actual, x.Err)
			}
		})
	}
}

// What belongs to other functions answers with nothing.
func TestOtherInterfaces(t *testing.T) {
	h := plug(t, Config{Descriptors: fixture(t, "06-1bc7-110b-telit-me910g1"), Network: newWire()})
	h.open()
	must(t, h.usb.Claim(0))
	q, err := h.usb.OpenQueue(0)
	must(t, err)
	in, out := alloc(t, q, 0x81, 64), alloc(t, q, 0x01, 64)
	must(t, q.Submit(in, out))
	idle(t, q)
	q.Cancel(in, out)
	for _, x := range reap(t, q, 2) {
		wantErr(t, "transfer to an AT port", x.Err, usb.ErrCanceled)
	}
	_, err = h.control(0x21, 0x22, 3, 0, nil) // SET_CONTROL_LINE_STATE
	wantErr(t, "request to an AT port", err, usb.ErrStall)
}

// A device whose data interface lacks an endpoint does not move frames, and
// does no harm.
func TestHostileDescriptors(t *testing.T) {
	h := plug(t, Config{Descriptors: fixture(t, "21-0770-1042-hostile-usbx-msrc81112-no-bulk-in"), Network: NewMirror()})
	h.open()
	must(t, h.usb.Claim(1))
	must(t, h.usb.SetInterface(t.Context(), 1, 1))
	q, err := h.usb.OpenQueue(1)
	must(t, err)
	x := alloc(t, q, 0x02, 64)
	x.ZeroPacket = true
	must(t, q.Submit(x))
	must(t, reap(t, q, 1)[0].Err)
}

// The address given replaces the file's.
func TestMACOfFile(t *testing.T) {
	c := Config{Descriptors: fixture(t, "16-0525-a4a2-qemu-usb-net"), MAC: []byte{2, 0, 0, 0, 0, 0xab}}
	h := plug(t, c)
	h.open()
	got, err := usb.ReadString(t.Context(), h.usb, 3)
	if err != nil || got != "0200000000AB" {
		t.Errorf("iMACAddress = %q, %v", got, err)
	}
	if c.Descriptors.Strings[3] != "400102030405" {
		t.Error("the caller's descriptors were changed")
	}
}

const device = "device 12010002020000402505a2a4040401020001\n"

func TestParseDescriptors(t *testing.T) {
	const config = "config 0 090209000001 00c032\n"
	tests := []struct{ name, text, err string }{
		{"whole", "# comment\n\n" + device + config + "string 1 two words \n", ""},
		{"no device", config, "no device descriptor"},
		{"no configuration", device, "no configuration"},
		{"gap", device + "config 1 090209000001 00c032", "index 0"},
		{"word", device + "configuration 0 00", `line 2: unknown word "configuration"`},
		{"index", device + "config x 00", `index "x"`},
		{"large index", device + "string 256 x", `index "256"`},
		{"odd digits", device + "config 0 090", "odd length"},
		{"short device", "device 1201", "not a device descriptor"},
		{"short configuration", device + "config 0 0902", "not a configuration descriptor"},
		{"no index", device + "config", `index ""`},
		{"long", strings.Repeat("#", maxFile+1), "invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := ParseDescriptors(tt.text)
			if tt.err == "" {
				must(t, err)
				if d.Strings[1] != "two words" || len(d.Configs) != 1 || d.Device.VendorID != 0x0525 {
					t.Errorf("got %+v", d)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
		})
	}
}

// Whatever the text, there is an error or a device that takes all requests.
func FuzzParseDescriptors(f *testing.F) {
	names, err := filepath.Glob("testdata/descriptors/*.hex")
	must(f, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDescriptors(text)
		if err != nil {
			return
		}
		dev, err := newDevice(Config{Descriptors: d, Network: NewMirror()})
		if err != nil {
			t.Fatalf("descriptors were taken, the device was not: %v", err)
		}
		_ = dev.network.Start(dev.deliver)
		must(t, dev.attach(nil, usb.DeviceInfo{}))
		defer dev.detach()
		for _, c := range dev.configs {
			dev.configure(dev.session, c)
			for _, set := range c.Settings {
				dev.mu.Lock()
				dev.selectSetting(dev.session, &set)
				dev.mu.Unlock()
				dev.session.filter = filterPromiscuous
				dev.deliver([][]byte{frame(64)})
			}
		}
	})
}
