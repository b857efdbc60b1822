package ecmdrv

import (
	"encoding/hex"
	"strings"
	"syscall"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// Strings of crafted devices, for iMACAddress.
const (
	iSimMAC   = 4
	iOtherMAC = 5
	iBadMAC   = 6
)

// crafted makes a simulated device with a configuration from the builders of
// function_test.go.
func crafted(t testing.TB, vendor, product uint16, configuration []byte) *sim.Device {
	t.Helper()
	return newSim(t, sim.Config{Network: sim.NewMirror(), Descriptors: &sim.Descriptors{
		Device: usb.DeviceDescriptor{
			USBVersion: 0x0200, MaxPacketSize0: 64, VendorID: vendor, ProductID: product, NumConfigurations: 1,
		},
		Configs: [][]byte{configuration},
		Strings: map[uint8]string{
			iSimMAC: hex.EncodeToString(simMAC), iOtherMAC: hex.EncodeToString(otherMAC), iBadMAC: "XXXXXXXXXXXX",
		},
	}})
}

// plain is the usual configuration.
func plain(mac uint8) []byte {
	return config(iface(0, 0, 2, 6), union(0, 1), ethernet(mac, 1514), endpoint(0x83, usb.TransferInterrupt, 16),
		iface(1, 0, 10, 0), iface(1, 1, 10, 0), bulkPair(0x81, 0x01, 512))
}

// twins is a device with two functions. The simulator has a network behind the
// first one only.
func twins(t testing.TB) *sim.Device {
	return crafted(t, 0x1209, 1, config(
		iface(0, 0, 2, 6), union(0, 1), ethernet(iSimMAC, 1514), endpoint(0x83, usb.TransferInterrupt, 16),
		iface(1, 0, 10, 0), iface(1, 1, 10, 0), bulkPair(0x81, 0x01, 512),
		iface(2, 0, 2, 6), union(2, 3), ethernet(iOtherMAC, 1514), endpoint(0x86, usb.TransferInterrupt, 16),
		iface(3, 0, 10, 0), iface(3, 1, 10, 0), bulkPair(0x84, 0x04, 512)))
}

// Each function of a device is an interface of its own.
func TestTwoFunctions(t *testing.T) {
	d := twins(t)
	r := newRig(t, "pnp", d)
	works(r.up("ecm0"))
	second := r.up("ecm1")
	if second.spec.MAC.String() != otherMAC.String() {
		t.Errorf("ecm1 has %v, want %v", second.spec.MAC, otherMAC)
	}
	if got := r.calls.with("open"); len(got) != 1 {
		t.Errorf("opened %d times, want once", len(got))
	}

	// Each ends alone: the other one works on, and its hardware is free again.
	if err := r.host.destroy(second); err != nil {
		t.Error(err)
	}
	works(r.host.port("ecm0"))
	if got := r.calls.with("release"); strings.Join(got, ",") != "release 2,release 3" {
		t.Errorf("got %q", got)
	}

	// They go together.
	r.pull(d)
	r.host.until("both are gone", func() bool { return r.host.count() == 0 })
	r.plug(d)
	works(r.up("ecm0"))
	r.up("ecm1")
	r.pull(d)
	r.host.until("both are gone again", func() bool { return r.host.count() == 0 })
}

// A function that fails leaves the other one alone, and the log says which.
func TestOneFunctionFails(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(twins(t))
	r.host.refuse = syscall.EALREADY // the first one
	r.load("", lent{r.bus})
	if p := r.up("ecm0"); p.spec.MAC.String() != otherMAC.String() || r.host.count() != 1 {
		t.Errorf("ecm0 is %v, %d interfaces", p.spec.MAC, r.host.count())
	}
	if r.host.logged("2 devnp-ecm: bus 1 device 1 (1209:0001): interface 0: make an interface: operation already in progress") != 1 {
		t.Errorf("log %q", r.host.log())
	}
}

// Some devices fail when they go through setting 0 at the start.
func TestKeepsSetting(t *testing.T) {
	for _, tt := range []struct {
		name            string
		vendor, product uint16
		want            string
	}{
		{"any device", 0x1209, 1, "interface 1 setting 0,interface 1 setting 1"},
		{"Telit FE990", 0x1bc7, 0x1083, "interface 1 setting 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "", crafted(t, tt.vendor, tt.product, plain(iSimMAC)))
			works(r.up("ecm0"))
			if got := strings.Join(r.calls.with("interface 1"), ","); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBetterDriver(t *testing.T) {
	r := newRig(t, "verbose", crafted(t, 0x0bda, 0x8153, plain(iSimMAC)))
	if r.host.logged("ecm0: Linux has a faster driver for this device: r8152") != 1 {
		t.Errorf("log %q", r.host.log())
	}
	if got := betterDriver(usb.DeviceDescriptor{VendorID: 0x0bda, ProductID: 1}); got != "" {
		t.Errorf("another Realtek: got %q", got)
	}
}
