package host

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
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

// deviceEnv names another CDC-ECM device on this machine's bus, which stays
// plugged: "VID:PID FAR NEAR", as in "0525:a4a2 10.0.2.2 10.0.2.15".
const deviceEnv = "IO_PKT_TEST_DEVICE"

func TestConformanceOfAnotherDevice(t *testing.T) {
	words := strings.Fields(os.Getenv(deviceEnv))
	if len(words) != 3 {
		t.Skipf("%s is not set: the tests in test/vm run this one", deviceEnv)
	}
	usbtest.Run(t, usbtest.Config{
		Stack: func(t testing.TB) usb.Stack { return openBus(t) },
		Device: func(i usb.DeviceInfo) bool {
			return fmt.Sprintf("%04x:%04x", i.Descriptor.VendorID, i.Descriptor.ProductID) == words[0]
		},
		Far:  netip.MustParseAddr(words[1]),
		Near: netip.MustParseAddr(words[2]),
	})
}
