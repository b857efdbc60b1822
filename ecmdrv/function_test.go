package ecmdrv

import (
	"bytes"
	"strings"
	"testing"

	"io-pkt/usb"
)

// What must be found in devices as they are sold, in short: function.String.
func TestFindFunction(t *testing.T) {
	want := map[string]string{
		"02-0bda-8153-realtek-rtl8153-ss":                "configuration 2, control interface 0, data interface 1 setting 1, in 81, out 02 (1024 bytes), notifications 83 (16 bytes), segment 1514",
		"04-1546-1343-ublox-lara-l6":                     "configuration 1, control interface 4, data interface 5 setting 1, in 89, out 05 (512 bytes), notifications 88 (64 bytes), segment 16384",
		"06-1bc7-110b-telit-me910g1":                     "configuration 1, control interface 3, data interface 4 setting 1, in 87, out 04 (512 bytes), notifications 86 (64 bytes), segment 16384",
		"12-07b2-0900-motorola-surfboard-sbg900":         "configuration 1, control interface 0, data interface 1 setting 1, in 81, out 02 (64 bytes), notifications 85 (8 bytes), segment 1514",
		"15-0525-a4a2-raspberrypi-zero-g_ether":          "configuration 1, control interface 0, data interface 1 setting 1, in 81, out 01 (512 bytes), notifications 82 (16 bytes), segment 1514",
		"16-0525-a4a2-qemu-usb-net":                      "configuration 1, control interface 0, data interface 1 setting 1, in 82, out 02 (64 bytes), notifications 81 (16 bytes), segment 1514",
		"20-1209-2702-usbarmory-tamago-imx-usbnet":       "configuration 1, control interface 0, data interface 1 setting 1, in 81, out 01 (512 bytes), notifications 82 (16 bytes), segment 1514",
		"17-1e2d-0060-cinterion-als6-mhi2":               "",
		"21-0770-1042-hostile-usbx-msrc81112-no-bulk-in": "",
	}
	all := fixtures(t)
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			f, ok := all[name]
			if !ok {
				t.Fatal("the descriptors are missing")
			}
			found, notes := f.find(t, ethernetControl)
			switch {
			case want == "" && (len(found) > 0 || len(notes) == 0):
				t.Errorf("got %v, notes %q; want a reason why not", found, notes)
			case want != "" && (len(found) != 1 || found[0].String() != want):
				t.Errorf("got  %v (notes %q)\nwant %s", found, notes, want)
			}
		})
	}
}

// The builders below make configurations piece by piece.
func config(parts ...[]byte) []byte {
	b := append([]byte{9, usb.DescConfiguration, 0, 0, 0, 1, 0, 0xc0, 0}, bytes.Join(parts, nil)...)
	b[2], b[3] = byte(len(b)), byte(len(b)>>8)
	return b
}

func iface(number, alt, class, subClass uint8) []byte {
	return []byte{9, usb.DescInterface, number, alt, 0, class, subClass, 0, 0}
}

func endpoint(address, typ uint8, packet uint16) []byte {
	return []byte{7, usb.DescEndpoint, address, typ, byte(packet), byte(packet >> 8), 9}
}

func union(master uint8, slaves ...uint8) []byte {
	return append([]byte{byte(4 + len(slaves)), usb.DescCSInterface, cdcUnion, master}, slaves...)
}

func ethernet(mac uint8, segment uint16) []byte {
	return []byte{13, usb.DescCSInterface, cdcEthernet, mac, 0, 0, 0, 0, byte(segment), byte(segment >> 8), 0, 0, 0}
}

func bulkPair(in, out uint8, packet uint16) []byte {
	return append(endpoint(in, usb.TransferBulk, packet), endpoint(out, usb.TransferBulk, packet)...)
}

func TestFindFunctionOddities(t *testing.T) {
	control := iface(0, 0, 2, 6)
	eth := ethernet(4, 1514)
	data := append(iface(1, 0, 10, 0), append(iface(1, 1, 10, 0), bulkPair(0x81, 0x02, 512)...)...)
	interrupt := endpoint(0x83, usb.TransferInterrupt, 16)
	for _, tt := range []struct {
		name   string
		config []byte
		want   string // part of function.String, "" for none
		note   string // part of a note
	}{
		{"plain", config(control, union(0, 1), eth, interrupt, data), "control interface 0, data interface 1 setting 1", ""},
		{"union exchanged", config(control, union(1, 0), eth, interrupt, data), "control interface 0, data interface 1 setting 1", ""},
		{"union missing", config(control, eth, interrupt, data), "control interface 0, data interface 1 setting 1", ""},
		{"union of another", config(control, union(7, 8), eth, interrupt, data), "data interface 1", ""},
		{"union to nowhere", config(control, union(0, 9), eth, interrupt, data), "data interface 1", ""},
		{"union too short", config(control, []byte{4, usb.DescCSInterface, cdcUnion, 0}, eth, interrupt, data), "data interface 1", ""},
		{"union with many slaves", config(control, union(0, append(bytes.Repeat([]byte{9}, 15), 1)...), eth, data), "data interface 1", ""},
		{"union that names itself", config(control, union(0, 0), eth, bulkPair(0x81, 2, 512)), "control interface 0, data interface 0 setting 0", ""},
		{"one interface for both", config(control, eth, interrupt, bulkPair(0x81, 2, 512)), "data interface 0 setting 0, in 81, out 02 (512 bytes), no notifications", ""},
		{"behind the configuration", config(union(0, 1), eth, control, interrupt, data), "data interface 1", ""},
		{"behind the endpoint", config(control, interrupt, union(0, 1), eth, data), "notifications 83", ""},
		{"no Ethernet descriptor", config(control, union(0, 1), data), "no notifications, segment 1514", ""},
		{"Ethernet descriptor too short", config(control, union(0, 1), append([]byte{12}, ethernet(4, 9000)[1:12]...), data), "segment 1514", ""},
		{"the modem's data interface is not ours", config(iface(0, 0, 2, 6), eth,
			iface(1, 0, 2, 2), union(1, 2), iface(2, 0, 10, 0), bulkPair(0x84, 4, 512),
			iface(3, 0, 10, 0), bulkPair(0x85, 5, 512)), "data interface 3", ""},
		{"two control interfaces for one data interface", config(control, union(0, 1), eth, data,
			iface(2, 0, 2, 6), union(2, 1), eth), "data interface 1", "interface 2: shares an interface with the CDC-ECM function of interface 0"},
		{"two functions with the same endpoints", config(control, union(0, 1), eth, data,
			iface(2, 0, 2, 6), union(2, 3), eth, iface(3, 0, 10, 0), bulkPair(0x84, 2, 512)), "data interface 1", "interface 2: shares an endpoint"},
		{"union behind the configuration", config(union(0, 2), control, eth, iface(1, 0, 10, 0), bulkPair(0x84, 4, 512),
			iface(2, 0, 10, 0), bulkPair(0x81, 2, 512)), "data interface 2", ""},
		{"class of the setting does not matter", config(control, union(0, 1), eth, iface(1, 0, 10, 0), iface(1, 1, 0, 0), bulkPair(0x81, 2, 512)), "setting 1", ""},
		{"third setting", config(control, union(0, 1), eth, iface(1, 0, 10, 0), iface(1, 1, 10, 0), endpoint(2, 2, 512),
			iface(1, 2, 10, 0), bulkPair(0x81, 2, 512)), "setting 2", ""},
		{"packets of nothing", config(control, union(0, 1), eth, iface(1, 0, 10, 0), bulkPair(0x81, 2, 0)), "", "no data interface"},
		{"packets of 2047", config(control, union(0, 1), eth, iface(1, 0, 10, 0), bulkPair(0x81, 2, 2047)), "", "no data interface"},
		{"multiplier bits", config(control, union(0, 1), eth, iface(1, 0, 10, 0), bulkPair(0x81, 2, 0x0800|512)), "(512 bytes)", ""},
		{"two IN", config(control, union(0, 1), eth, iface(1, 0, 10, 0), bulkPair(0x81, 0x82, 512)), "", "no data interface"},
		{"interrupt for bulk", config(control, union(0, 1), eth, iface(1, 0, 10, 0), endpoint(0x81, 3, 64), endpoint(2, 2, 64)), "", "no data interface"},
		{"endpoint 0", config(control, union(0, 1), eth, iface(1, 0, 10, 0), bulkPair(0x80, 2, 64)), "", "no data interface"},
		{"notifications of four bytes", config(control, union(0, 1), eth, endpoint(0x83, 3, 4), data), "no notifications", ""},
		{"notifications never polled", config(control, union(0, 1), eth, []byte{7, 5, 0x83, 3, 16, 0, 0}, data), "no notifications", ""},
		{"notifications outwards", config(control, union(0, 1), eth, endpoint(0x03, 3, 16), data), "no notifications", ""},
		{"notifications where the frames are", config(control, union(0, 1), eth, endpoint(0x81, 3, 16), data), "no notifications", ""},
		{"vendor class", config(iface(0, 0, 255, 255), union(0, 1), eth, interrupt, data), "", "class ff/ff/00"},
		{"vendor class without Ethernet descriptor", config(iface(0, 0, 255, 255), union(0, 1), data), "", ""},
		{"NCM", config(iface(0, 0, 2, 13), union(0, 1), eth, interrupt, data), "", ""},
		{"nothing", config(), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, notes := findFunctions(usb.DeviceDescriptor{}, parseConfigs([][]byte{tt.config}), ethernetControl)
			if (len(found) == 1) != (tt.want != "") || len(found) > 0 && !strings.Contains(found[0].String(), tt.want) {
				t.Errorf("got %v; want %q", found, tt.want)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, tt.note) || tt.note == "" && all != "" {
				t.Errorf("got notes %q, want %q", notes, tt.note)
			}
		})
	}
}

// What the options of devnp-ecmplus find in devices.
func TestFindFunctionByClass(t *testing.T) {
	als6 := "configuration 1, control interface 4, data interface 5 setting 1, in 86, out 06 (512 bytes), notifications 87 (16 bytes), segment 1514"
	for _, tt := range []struct {
		name, device, options string
		want                  string // function.String, "" for none
		note                  string
	}{
		{"vendor class", "17-1e2d-0060-cinterion-als6-mhi2", "classid=ff,subclassid=0xFF", als6, ""},
		{"from its interface on", "17-1e2d-0060-cinterion-als6-mhi2", "classid=ff,subclassid=ff,intf=4", als6, ""},
		{"behind it", "17-1e2d-0060-cinterion-als6-mhi2", "classid=ff,subclassid=ff,intf=0x5", "", "interface 4: has CDC-ECM descriptors"},
		{"not said", "17-1e2d-0060-cinterion-als6-mhi2", "", "", "to try it: -d ecmplus classid=ff,subclassid=ff"},
		{"another subclass", "17-1e2d-0060-cinterion-als6-mhi2", "classid=ff", "", "interface 4"},
		{"a plain device", "20-1209-2702-usbarmory-tamago-imx-usbnet", "",
			"configuration 1, control interface 0, data interface 1 setting 1, in 81, out 01 (512 bytes), notifications 82 (16 bytes), segment 1514", ""},
		{"a plain device, other class", "20-1209-2702-usbarmory-tamago-imx-usbnet", "classid=ff,subclassid=ff", "",
			"interface 0: a CDC-ECM function, but not one of class ff/ff"},
		{"a plain device, behind it", "20-1209-2702-usbarmory-tamago-imx-usbnet", "intf=1", "",
			"interface 0: a CDC-ECM function, but not one from interface 1 on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := ecmPlus.parse(tt.options)
			if err != nil {
				t.Fatal(err)
			}
			found, notes := fixtures(t)[tt.device].find(t, o.match)
			if len(found) > 1 || (len(found) == 1) != (tt.want != "") || len(found) == 1 && found[0].String() != tt.want {
				t.Errorf("got  %v\nwant %s", found, tt.want)
			}
			if !strings.Contains(strings.Join(notes, "\n"), tt.note) {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}

// Each function of a configuration is found; those of another one cannot be used
// at the same time.
func TestFindFunctions(t *testing.T) {
	pair := func(n, in, out uint8) []byte {
		return bytes.Join([][]byte{
			iface(n, 0, 2, 6), union(n, n+1), ethernet(4, 1514), iface(n+1, 0, 10, 0), bulkPair(in, out, 512),
		}, nil)
	}
	one, two := config(pair(0, 0x81, 1), pair(2, 0x82, 2)), config(pair(0, 0x81, 1))
	two[5] = 2
	found, notes := findFunctions(usb.DeviceDescriptor{}, parseConfigs([][]byte{one, two}), ethernetControl)
	if len(found) != 2 || found[0].data != 1 || found[1].data != 3 {
		t.Errorf("got %v", found)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "configuration 2 interface 0: a CDC-ECM function, but that of configuration 1 is used") {
		t.Errorf("notes %q", notes)
	}

	var many []byte
	for n := range uint8(14) {
		many = append(many, pair(2*n, 0x81+n, 1+n)...)
	}
	found, notes = findFunctions(usb.DeviceDescriptor{}, parseConfigs([][]byte{config(many)}), ethernetControl)
	if len(found) != maxFunctions || len(notes) != 14-maxFunctions {
		t.Errorf("got %d functions and %d notes", len(found), len(notes))
	}
}

func TestRefused(t *testing.T) {
	plain := config(iface(1, 0, 2, 6), union(1, 2), ethernet(4, 1514), iface(2, 0, 10, 0), bulkPair(0x81, 2, 512))
	for _, tt := range []struct {
		name            string
		vendor, product uint16
		note            string
	}{
		{"Zaurus", 0x04dd, 0x9031, "CRC"},
		{"VL600", 0x1004, 0x61aa, "VL600"},
		{"Harmony 900", 0x046d, 0xc11f, "MDLM"},
		{"Novatel", 0x1410, 0xb001, "QMI"},
		{"Huawei, interface 1", 0x12d1, 0x14ac, "QMI"},
		{"g_ether", 0x0525, 0xa4a2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := usb.DeviceDescriptor{VendorID: tt.vendor, ProductID: tt.product}
			found, notes := findFunctions(d, parseConfigs([][]byte{plain}), ethernetControl)
			if (len(found) == 1) != (tt.note == "") || !strings.Contains(strings.Join(notes, "\n"), tt.note) {
				t.Errorf("got %v, notes %q; want %q", found, notes, tt.note)
			}
		})
	}
	if r := refusal(usb.DeviceDescriptor{VendorID: 0x12d1, ProductID: 0x14ac}, 0); r != "" {
		t.Errorf("interface 0 of the Huawei: refused (%s)", r)
	}
}

func TestSegment(t *testing.T) {
	for _, tt := range []struct {
		w                              uint16
		segment, mtu, maxMTU, maxFrame int
	}{
		{0, 1514, 1500, 1500, 1518},
		{1, 1514, 1500, 1500, 1518},
		{13, 1514, 1500, 1500, 1518},
		{59, 1514, 1500, 1500, 1518},
		{81, 1514, 1500, 1500, 1518},
		{82, 82, 68, 68, 1518},
		{590, 590, 576, 576, 1518},
		{1514, 1514, 1500, 1500, 1518},
		{1518, 1518, 1500, 1500, 1518},
		{1544, 1544, 1500, 1530, 1544},
		{16384, 16384, 1500, 16370, 16384},
		{65535, 65535, 1500, 65521, 65535},
	} {
		s := saneSegment(tt.w)
		if int(s) != tt.segment || s.mtu() != tt.mtu || s.maxMTU() != tt.maxMTU || s.maxFrame() != tt.maxFrame {
			t.Errorf("wMaxSegmentSize %d: got segment %d, MTU %d, at most %d, frames to %d; want %v",
				tt.w, s, s.mtu(), s.maxMTU(), s.maxFrame(), tt)
		}
		for _, packet := range []int{8, 64, 512, 1023, 1024} {
			r := s.receiveSize(packet)
			if r%packet != 0 || r > usb.MaxTransfer || r > maxReceive+2*packet || r <= min(s.maxFrame(), maxReceive) {
				t.Errorf("wMaxSegmentSize %d, packets of %d: receive transfers of %d bytes", tt.w, packet, r)
			}
		}
	}
}

// checkFunction is what must hold for whatever a device sends.
func checkFunction(t *testing.T, configs [][]byte) {
	parsed := parseConfigs(configs)
	for _, m := range []match{ethernetControl, {class: 0xff, subClass: 0xff}} {
		found, notes := findFunctions(usb.DeviceDescriptor{}, parsed, m)
		if len(notes) > 128*len(configs) || len(found) > maxFunctions {
			t.Fatalf("%d notes, %d functions", len(notes), len(found))
		}
		for i, f := range found {
			checkOne(t, parsed, f)
			if why := f.conflict(found[:i]); why != "" {
				t.Fatalf("%v: %s", f, why)
			}
		}
	}
}

func checkOne(t *testing.T, parsed []*usb.Config, f function) {
	for _, e := range []usb.Endpoint{f.in, f.out} {
		if e.MaxPacketSize < 8 || e.MaxPacketSize > 1024 || e.Type() != usb.TransferBulk || e.Address&15 == 0 {
			t.Fatalf("endpoint %+v", e)
		}
	}
	if !f.in.In() || f.out.In() || f.segment < 82 || f.segment > 65535 {
		t.Fatalf("function %+v", f)
	}
	for _, c := range parsed {
		if c.Value == f.config && c.Setting(f.data, f.alternate) != nil && c.Setting(f.control, 0) != nil {
			return
		}
	}
	t.Fatalf("%v is not there", f)
}

// Every descriptor set of the collection, cut off at each byte and with each byte
// set to 0, 1 and 0xff.
func TestFindFunctionDamaged(t *testing.T) {
	for name, f := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			for i, raw := range f.configs {
				for at := range raw {
					checkFunction(t, f.with(i, raw[:at]).configs)
					for _, v := range []byte{0, 1, 0xff} {
						b := bytes.Clone(raw)
						b[at] = v
						checkFunction(t, f.with(i, b).configs)
					}
				}
			}
		})
	}
}

func FuzzFindFunction(f *testing.F) {
	for _, fx := range fixtures(f) {
		for _, raw := range fx.configs {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkFunction(t, [][]byte{b}) })
}
