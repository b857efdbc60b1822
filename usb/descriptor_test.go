package usb

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The descriptors of QEMU's usb-net: its second configuration is CDC-ECM.
const (
	qemuDevice = "12010002020000402505a2a4000001020a02"
	qemuECM    = "09025000020107c032090400000102060005052400100105240600010d240f0300000000ea050000000705810310002009040100000a00000009040101020a0000040705820240000007050202400000"
)

func TestParseDevice(t *testing.T) {
	b := unhex(t, qemuDevice)
	got, err := ParseDevice(b)
	if err != nil {
		t.Fatal(err)
	}
	want := DeviceDescriptor{USBVersion: 0x200, Class: 2, MaxPacketSize0: 64, VendorID: 0x0525, ProductID: 0xa4a2,
		Manufacturer: 1, Product: 2, SerialNumber: 10, NumConfigurations: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseDevice (-want +got):\n%s", diff)
	}
	if !bytes.Equal(got.Bytes(), b) {
		t.Errorf("Bytes() = %x; want %x", got.Bytes(), b)
	}
	for n := range b {
		if _, err := ParseDevice(b[:n]); err == nil {
			t.Errorf("ParseDevice takes %d bytes", n)
		}
	}
}

func TestParseConfig(t *testing.T) {
	got, err := ParseConfig(unhex(t, qemuECM))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{Value: 1, Attributes: 0xc0, MaxPower: 50, Settings: []Setting{
		{Interface: 0, Class: 2, SubClass: 6, Extra: unhex(t, "0524001001"+"0524060001"+"0d240f0300000000ea05000000"),
			Endpoints: []Endpoint{{Address: 0x81, Attributes: TransferInterrupt, MaxPacketSize: 16, Interval: 32}}},
		{Interface: 1, Class: 10},
		{Interface: 1, Alternate: 1, Class: 10, Endpoints: []Endpoint{
			{Address: 0x82, Attributes: TransferBulk, MaxPacketSize: 64},
			{Address: 0x02, Attributes: TransferBulk, MaxPacketSize: 64}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseConfig (-want +got):\n%s", diff)
	}
	if s := got.Setting(1, 1); s == nil || !s.Endpoints[0].In() || s.Endpoints[1].In() || s.Endpoints[0].Type() != TransferBulk {
		t.Errorf("Setting(1, 1) = %+v", s)
	}
	if s := got.Setting(2, 0); s != nil {
		t.Errorf("Setting(2, 0) = %+v; want nil", s)
	}
}

func TestParseConfigTakesWhatDevicesSend(t *testing.T) {
	const (
		config   = "0902ff0002010080fa" // wTotalLength beyond the end
		iface    = "090400000102060000"
		endpoint = "07058103080009"
		union    = "0524060001"
	)
	for _, tt := range []struct {
		name, in string
		want     Config
	}{
		{"functional descriptor behind the configuration", union + iface,
			Config{Extra: unhex(t, union), Settings: []Setting{{Class: 2, SubClass: 6}}}},
		{"functional descriptor behind the endpoint", iface + endpoint + union,
			Config{Settings: []Setting{{Class: 2, SubClass: 6,
				Endpoints: []Endpoint{{Address: 0x81, Attributes: 3, MaxPacketSize: 8, Interval: 9, Extra: unhex(t, union)}}}}}},
		{"zero bytes between descriptors", "0000" + iface + "00" + endpoint,
			Config{Settings: []Setting{{Class: 2, SubClass: 6, Endpoints: []Endpoint{{Address: 0x81, Attributes: 3, MaxPacketSize: 8, Interval: 9}}}}}},
		{"a length past the end stops", iface + "0705",
			Config{Settings: []Setting{{Class: 2, SubClass: 6}}}},
		{"the same setting twice", iface + "090400000102ffff00" + endpoint,
			Config{Settings: []Setting{{Class: 2, SubClass: 6}}}},
		{"the same endpoint twice", iface + endpoint + "07058102400000" + union,
			Config{Settings: []Setting{{Class: 2, SubClass: 6, Endpoints: []Endpoint{{Address: 0x81, Attributes: 3, MaxPacketSize: 8, Interval: 9}}}}}},
		{"high-bandwidth bits are not a size", iface + "07058103081009",
			Config{Settings: []Setting{{Class: 2, SubClass: 6, Endpoints: []Endpoint{{Address: 0x81, Attributes: 3, MaxPacketSize: 8, Interval: 9}}}}}},
		{"an association", "080b000202060000" + iface,
			Config{Associations: []Association{{0, 2, 2, 6, 0}}, Settings: []Setting{{Class: 2, SubClass: 6}}}},
		{"an endpoint before any interface", endpoint + iface,
			Config{Settings: []Setting{{Class: 2, SubClass: 6}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseConfig(unhex(t, config+tt.in))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Value, tt.want.Attributes, tt.want.MaxPower = 1, 0x80, 0xfa
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("ParseConfig (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseConfigStopsAtTotalLength(t *testing.T) {
	got, err := ParseConfig(unhex(t, "0902120001010080fa"+"090400000102060000"+"090401000002060000"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Settings) != 1 {
		t.Errorf("%d settings; want the one inside wTotalLength", len(got.Settings))
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(unhex(f, qemuECM))
	f.Add(unhex(f, "0902ff0002010080fa0000090400000102060007058103080009052406000100"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfig(b)
		if err != nil {
			return
		}
		if len(c.Settings) > maxSettings || len(c.Associations) > maxIADs {
			t.Errorf("%d settings, %d associations", len(c.Settings), len(c.Associations))
		}
		extra := len(c.Extra)
		for i, s := range c.Settings {
			if c.Setting(s.Interface, s.Alternate) != &c.Settings[i] {
				t.Errorf("setting %d/%d stands twice", s.Interface, s.Alternate)
			}
			if len(s.Endpoints) > maxEndpoints {
				t.Errorf("%d endpoints", len(s.Endpoints))
			}
			extra += len(s.Extra)
			for _, e := range s.Endpoints {
				extra += len(e.Extra)
				if e.MaxPacketSize > 0x7ff {
					t.Errorf("packet size %d", e.MaxPacketSize)
				}
			}
		}
		if extra > len(b) {
			t.Errorf("%d class-specific bytes out of %d", extra, len(b))
		}
	})
}
