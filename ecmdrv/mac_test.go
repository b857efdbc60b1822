package ecmdrv

import (
	"testing"

	"io-pkt/usb"
)

func TestParseMAC(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"upper case", "525400123457", "52:54:00:12:34:57"},
		{"lower case", "1a5589a26942", "1a:55:89:a2:69:42"},
		{"eleven digits", "52540012345", ""},
		{"thirteen digits", "5254001234578", ""},
		{"fourteen digits", "52540012345789", ""},
		{"none", "", ""},
		{"no digits", "GGGGGGGGGGGG", ""},
		{"Motorola", "XXXXXXXXXXXX", ""},
		{"colons", "52:54:00:12:", ""},
		{"zero", "000000000000", ""},
		{"broadcast", "FFFFFFFFFFFF", ""},
		{"multicast", "010000000001", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseMAC(tt.in)
			if got.String() != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("parseMAC(%q) = %v, %v; want %q", tt.in, got, err, tt.want)
			}
		})
	}
}

func FuzzParseMAC(f *testing.F) {
	f.Add("525400123457")
	f.Add("ff")
	f.Fuzz(func(t *testing.T, s string) {
		mac, err := parseMAC(s)
		if err == nil && (len(mac) != 6 || mac[0]&1 != 0 || len(s) != 12) {
			t.Fatalf("parseMAC(%q) = %v", s, mac)
		}
	})
}

func TestFallbackMAC(t *testing.T) {
	info := usb.DeviceInfo{Bus: 1, Address: 3, Port: "1-2", Descriptor: usb.DeviceDescriptor{VendorID: 0x525, ProductID: 0xa4a2}}
	first := fallbackMAC(info, "A", 0)
	if len(first) != 6 || first[0] != 2 {
		t.Fatalf("got %v, want a locally administered address", first)
	}
	replugged := info
	replugged.Address = 4
	if got := fallbackMAC(replugged, "A", 0); got.String() != first.String() {
		t.Errorf("after a re-plug: got %v, want %v", got, first)
	}
	moved := info
	moved.Port = "1-3"
	if got := fallbackMAC(moved, "A", 0); got.String() == first.String() {
		t.Errorf("in another port: got the same %v", got)
	}
	if got := fallbackMAC(info, "B", 0); got.String() == first.String() {
		t.Errorf("with another serial number: got the same %v", got)
	}
}
