package usbtest_test

import (
	"net/netip"
	"testing"

	"go.uber.org/goleak"

	"io-pkt/usb"
	"io-pkt/usb/sim"
	"io-pkt/usb/sim/netstack"
	"io-pkt/usb/usbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The simulator is the reference: what the suite wants, it gives.
func TestSim(t *testing.T) {
	for _, speed := range []usb.Speed{usb.SpeedFull, usb.SpeedHigh, usb.SpeedSuper} {
		t.Run(speed.String(), func(t *testing.T) { testSim(t, speed) })
	}
}

func testSim(t *testing.T, speed usb.Speed) {
	var (
		bus *sim.Bus
		dev *sim.Device
	)
	usbtest.Run(t, usbtest.Config{
		Stack: func(t testing.TB) usb.Stack {
			far, err := netstack.New(netstack.Config{})
			must(t, err)
			dev, err = sim.NewDevice(sim.Config{Speed: speed, Network: far})
			must(t, err)
			bus = sim.NewBus(1)
			must(t, bus.Plug(dev))
			return bus
		},
		Device: func(usb.DeviceInfo) bool { return true },
		Far:    netip.MustParseAddr("10.0.0.1"),
		Near:   netip.MustParseAddr("10.0.0.2"),
		Pull:   func(t testing.TB) { must(t, bus.Pull(dev)) },
		Plug:   func(t testing.TB) { must(t, bus.Plug(dev)) },
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
