package ecmdrv

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
	"io-pkt/usb/usbip"
)

// overUSBIP gives a way to a bus through a USB/IP server and client.
func overUSBIP(t *testing.T, bus *sim.Bus) usb.Stack {
	t.Helper()
	server := usbip.NewServer(bus)
	listener, err := net.Listen("unix", t.TempDir()+"/usb")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; err != nil {
			t.Errorf("the USB/IP server: %v", err)
		}
	})
	stack, err := usbip.Dial(t.Context(), "unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// simulated makes the simulator play a device of the collection.
func (f fixture) simulated(t *testing.T) (*sim.Device, error) {
	t.Helper()
	desc, err := usb.ParseDevice(f.device)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewDevice(sim.Config{
		Network:     sim.NewMirror(),
		Descriptors: &sim.Descriptors{Device: desc, Configs: f.configs, Strings: f.strings},
	})
}

// All the devices of the collection attach over USB/IP and move frames, or do not
// attach for a reason.
func TestCollection(t *testing.T) {
	for name, f := range fixtures(t) {
		for _, options := range []string{"", "classid=ff,subclassid=ff,intf=4"} {
			t.Run(name+" "+options, func(t *testing.T) {
				o, err := ecmPlus.parse(options)
				if err != nil {
					t.Fatal(err)
				}
				found, why := f.find(t, o.match)
				d, err := f.simulated(t)
				if err != nil {
					t.Fatal(err)
				}
				r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
				r.plug(d)
				r.start(driver(overUSBIP(t, r.bus)).Plus(), "pnp,"+options)
				if got := r.host.count(); got != len(found) {
					t.Fatalf("%d interfaces, want %d; log %q", got, len(found), r.host.log())
				}
				for _, reason := range why {
					if len(found) == 0 && r.host.logged(reason) != 1 {
						t.Errorf("%q is not in the log %q", reason, r.host.log())
					}
				}
				if len(found) == 0 && len(why) == 0 {
					t.Error("there is no reason why not")
				}
				if len(found) > 0 {
					passes(r.up("ecm0"))
				}
			})
		}
	}
}

// Descriptors that were cut off at a byte, or have one changed, do not stop the
// driver, and do not cost more memory than a device may: all the way from the bus
// to an interface, and back.
func TestDamagedDevices(t *testing.T) {
	const maxCost = 1 << 20 // bytes for one device
	for name, f := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			tried, attached := 0, 0
			for i, raw := range f.configs {
				for at := range raw {
					for _, damaged := range [][]byte{raw[:at], set(raw, at, 0), set(raw, at, 1), set(raw, at, 0xff)} {
						d, err := f.with(i, damaged).simulated(t)
						if err != nil {
							continue // not even a configuration
						}
						tried++
						attached += attachDamaged(t, fmt.Sprintf("configuration %d, byte %d: % x", i, at, damaged), d, maxCost)
					}
				}
			}
			if tried == 0 || name[:2] != "17" && name[:2] != "21" && attached == 0 {
				t.Errorf("of %d devices %d were attached", tried, attached)
			}
		})
	}
}

// set gives a copy of b with one byte changed.
func set(b []byte, at int, v byte) []byte {
	b = bytes.Clone(b)
	b[at] = v
	return b
}

// attachDamaged has a device attached, and pulled, and counts its interfaces.
func attachDamaged(t *testing.T, what string, d *sim.Device, maxCost uint64) int {
	defer func() { _ = d.Close() }()
	host, bus := newHost(t), sim.NewBus(1)
	defer func() { _ = bus.Close() }()
	if err := bus.Plug(d); err != nil {
		return 0
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := driver(lent{bus}).Load(t.Context(), host, "receive=4,transmit=4")
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > maxCost {
		t.Errorf("%s: attaching took %d bytes", what, cost)
	}
	if err != nil {
		return 0
	}
	n := host.count()
	for _, p := range host.all() {
		p.dev.SetUp(true)
		p.send(pattern(60, 1))
	}
	if err := bus.Pull(d); err != nil {
		t.Error(err)
	}
	host.until(what+": its interfaces are gone", func() bool { return host.count() == 0 })
	if err := m.Close(); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return n
}
