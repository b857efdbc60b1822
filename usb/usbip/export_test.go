package usbip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// newExports gives what a server has of a bus with devices on it.
func newExports(t *testing.T, count int) (*exports, *sim.Bus, []*sim.Device) {
	t.Helper()
	bus := sim.NewBus(1)
	t.Cleanup(func() { _ = bus.Close() })
	var devices []*sim.Device
	for range count {
		dev, err := sim.NewDevice(sim.Config{})
		must(t, err)
		must(t, bus.Plug(dev))
		devices = append(devices, dev)
	}
	return &NewServer(bus).exports, bus, devices
}

// A device that did not say what it is when it was asked first is asked again.
func TestDescribeAgain(t *testing.T) {
	e, bus, devices := newExports(t, 1)
	must(t, devices[0].SetFault(sim.StallControl, 1))
	list, err := bus.Devices(t.Context())
	must(t, err)
	whole := description{configuration: 1, interfaces: [][3]uint8{{2, 6, 0}, {10, 0, 0}}}
	for i, want := range []description{{}, whole, whole} {
		got := e.describe(t.Context(), list[0])
		if d := cmp.Diff(want, got, cmp.AllowUnexported(description{})); d != "" {
			t.Errorf("time %d: -want +got\n%s", i, d)
		}
	}
	must(t, devices[0].SetFault(sim.Silence, 1)) // it need not be asked any more
	if got := e.describe(t.Context(), list[0]); got.configuration != 1 {
		t.Errorf("from memory: %+v", got)
	}
}

// A watchedStack calls opened for each device that was opened.
type watchedStack struct {
	usb.Stack
	opened func(usb.DeviceInfo)
}

func (s watchedStack) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	dev, err := s.Stack.Open(ctx, info)
	s.opened(info)
	return dev, err
}

// What a session has made of a device meanwhile is newer than what a list has seen.
func TestDescribeKeepsWhatIsNewer(t *testing.T) {
	e, bus, _ := newExports(t, 1)
	e.stack = watchedStack{bus, func(info usb.DeviceInfo) { e.update(info, &usb.Config{Value: 7}) }}
	list, err := bus.Devices(t.Context())
	must(t, err)
	for range 2 {
		if got := e.describe(t.Context(), list[0]); got.configuration != 7 {
			t.Errorf("configuration %d, want 7", got.configuration)
		}
	}
}

// Devices that are silent for good do not keep clients from the list.
func TestListOfSilentDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 8
		e, _, devices := newExports(t, count)
		for _, d := range devices {
			must(t, d.SetFault(sim.Silence, 1))
		}
		begun := time.Now()
		reply, err := e.list(t.Context())
		if want := opSize + 4 + count*recordSize; err != nil || len(reply) != want {
			t.Errorf("%d bytes, want %d; %v", len(reply), want, err)
		}
		if took := time.Since(begun); took >= handshakeTimeout { // by the test's own clock
			t.Errorf("it took %v, and clients wait %v", took, handshakeTimeout)
		}
	})
}
