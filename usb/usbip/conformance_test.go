package usbip

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
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

// serverEnv names somebody else's USB/IP server and a CDC-ECM device that it
// exports: "HOST:PORT VID:PID FAR NEAR", as in
// "127.0.0.1:3240 1d6b:0104 10.9.0.2 10.9.0.1".
const serverEnv = "IO_PKT_TEST_USBIP"

func TestConformanceOfAnotherServer(t *testing.T) {
	words := strings.Fields(os.Getenv(serverEnv))
	if len(words) != 4 {
		t.Skipf("%s is not set: it names a server that is not ours", serverEnv)
	}
	usbtest.Run(t, usbtest.Config{
		Stack: func(t testing.TB) usb.Stack {
			s, err := Dial(t.Context(), "tcp", words[0])
			must(t, err)
			return s
		},
		Device: func(i usb.DeviceInfo) bool {
			return fmt.Sprintf("%04x:%04x", i.Descriptor.VendorID, i.Descriptor.ProductID) == words[1]
		},
		Far:  netip.MustParseAddr(words[2]),
		Near: netip.MustParseAddr(words[3]),
	})
}
