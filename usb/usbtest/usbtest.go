// Package usbtest holds every implementation of usb.Stack to what package usb
// says, clause by clause. It needs a CDC-ECM device with an IPv4 host behind it
// that answers ARP and ping, and knows nothing else about either.
//
//	usbtest.Run(t, usbtest.Config{
//		Stack:  func(t testing.TB) usb.Stack { ... },
//		Device: func(i usb.DeviceInfo) bool { return i.Descriptor.VendorID == 0x0525 },
//		Far:    netip.MustParseAddr("10.0.0.1"),
//		Near:   netip.MustParseAddr("10.0.0.2"),
//	})
//
// The suite opens and closes the device many times, and in between expects it to
// be there for anybody to claim. It starts goroutines only within a test.
package usbtest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"io-pkt/usb"
)

// Config says what to test and with what.
type Config struct {
	// Stack gives a stack to test, which the suite closes. It is called for
	// each test.
	Stack func(t testing.TB) usb.Stack

	// Device picks the device, which must be there when a test starts or come
	// soon.
	Device func(usb.DeviceInfo) bool

	// Far is the address of the host behind the device, Near one in the same
	// network that we may use.
	Far, Near netip.Addr

	// Pull pulls the device and Plug plugs it in again, at the same place. With
	// nil the tests that need them are skipped.
	Pull, Plug func(t testing.TB)
}

// patience is how long what must happen may take. Nothing is measured with it:
// only a test that fails waits this long.
const patience = 20 * time.Second

// Run runs the suite, each part of it as a subtest.
func Run(t *testing.T, c Config) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Config)
	}{
		{"Devices", testDevices},
		{"Watch", testWatch},
		{"WatchPull", testWatchPull},
		{"OpenGone", testOpenGone},
		{"StackClose", testStackClose},
		{"Descriptors", testDescriptors},
		{"ControlRefused", testControlRefused},
		{"ControlReserved", testControlReserved},
		{"ControlContext", testControlContext},
		{"ControlConcurrent", testControlConcurrent},
		{"SetConfiguration", testSetConfiguration},
		{"Claim", testClaim},
		{"SetInterface", testSetInterface},
		{"DeviceClose", testDeviceClose},
		{"OpenQueue", testOpenQueue},
		{"Alloc", testAlloc},
		{"SubmitInvalid", testSubmitInvalid},
		{"PollFD", testPollFD},
		{"Order", testOrder},
		{"Cancel", testCancel},
		{"Halt", testHalt},
		{"QueueClose", testQueueClose},
		{"Interrupt", testInterrupt},
		{"Frames", testFrames},
		{"SmallTransfers", testSmallTransfers},
		{"LargeTransfers", testLargeTransfers},
		{"Pull", testPull},
		{"PullIdle", testPullIdle},
		{"Leaks", testLeaks},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, c) })
	}
}

// find waits until the device is there.
func find(t testing.TB, c Config, s usb.Stack) usb.DeviceInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		list, err := s.Devices(ctx)
		if err != nil {
			t.Fatalf("Devices: %v", err)
		}
		for _, info := range list {
			if c.Device(info) {
				return info
			}
		}
		pause(ctx, t, "the device to appear")
	}
}

// pause waits a moment between two looks at what gives no event.
func pause(ctx context.Context, t testing.TB, what string) {
	t.Helper()
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		t.Fatalf("waited in vain for %s", what)
	}
}

// stack gives a stack that is closed after the test.
func stack(t testing.TB, c Config) usb.Stack {
	t.Helper()
	s := c.Stack(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close of the stack: %v", err)
		}
	})
	return s
}

// pull pulls the device, and plugs it in again after the test.
func pull(t testing.TB, c Config) {
	t.Helper()
	c.Pull(t)
	t.Cleanup(func() { c.Plug(t) })
}

func needPull(t *testing.T, c Config) {
	t.Helper()
	if c.Pull == nil || c.Plug == nil {
		t.Skip("this device cannot be pulled")
	}
}
