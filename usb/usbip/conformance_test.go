package usbip

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim"
	"io-pkt/usb/sim/netstack"
	"io-pkt/usb/usbtest"
)

func TestConformanceUnix(t *testing.T) {
	testConformance(t, usb.SpeedHigh, func(t testing.TB) net.Listener {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "usb"))
		must(t, err)
		return l
	})
}

func TestConformanceTCP(t *testing.T) {
	testConformance(t, usb.SpeedFull, func(t testing.TB) net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		return l
	})
}

// testConformance runs the suite on client, server and simulator in a row.
func testConformance(t *testing.T, speed usb.Speed, listen func(testing.TB) net.Listener) {
	l := listen(t)
	far, err := netstack.New(netstack.Config{})
	must(t, err)
	dev, err := sim.NewDevice(sim.Config{Speed: speed, Network: far})
	must(t, err)
	r := newRigWith(t, l, dev)
	usbtest.Run(t, usbtest.Config{
		Stack: func(t testing.TB) usb.Stack {
			s, err := Dial(t.Context(), l.Addr().Network(), l.Addr().String())
			must(t, err)
			return s
		},
		Device: func(usb.DeviceInfo) bool { return true },
		Far:    netip.MustParseAddr("10.0.0.1"),
		Near:   netip.MustParseAddr("10.0.0.2"),
		Pull:   func(t testing.TB) { must(t, r.bus.Pull(dev)) },
		Plug:   func(t testing.TB) { must(t, r.bus.Plug(dev)) },
	})
}
