package host

import (
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/usbtest"
)

// gadgetEnv names the speed at which Linux's ECM gadget is to be plugged. It is
// set by test/vm, in whose guest scripts/gadget is a program; on a machine
// without it these tests have no device.
const gadgetEnv = "IO_PKT_TEST_GADGET"

func needGadget(t *testing.T) {
	t.Helper()
	if os.Getenv(gadgetEnv) == "" {
		t.Skipf("%s is not set: the tests in test/vm run this one", gadgetEnv)
	}
}

func gadget(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("gadget", args...).CombinedOutput(); err != nil {
		t.Fatalf("gadget %v: %v\n%s", args, err, out)
	}
}

func plugGadget(t testing.TB) { gadget(t, "plug", os.Getenv(gadgetEnv)) }
func pullGadget(t testing.TB) { gadget(t, "unplug") }

func isGadget(i usb.DeviceInfo) bool {
	return i.Descriptor.VendorID == 0x1d6b && i.Descriptor.ProductID == 0x0104
}

func openBus(t testing.TB) *Stack {
	t.Helper()
	s, err := Open("/dev/bus/usb")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	needGadget(t)
	plugGadget(t)
	t.Cleanup(func() { pullGadget(t) })
	usbtest.Run(t, usbtest.Config{
		Stack:  func(t testing.TB) usb.Stack { return openBus(t) },
		Device: isGadget,
		Far:    netip.MustParseAddr("10.9.0.2"),
		Near:   netip.MustParseAddr("10.9.0.1"),
		Pull:   pullGadget,
		Plug:   plugGadget,
	})
}
