package usbip

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"io-pkt/usb"
	"io-pkt/usb/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The interfaces and endpoints of the simulated device.
const (
	ifControl = 0
	ifData    = 1
	epIn      = 0x81
	epOut     = 0x02
)

// A rig is a simulated device behind a server.
type rig struct {
	bus      *sim.Bus
	dev      *sim.Device
	server   *Server
	listener net.Listener
}

// newRig serves a device that sends every frame back, on a unix socket.
func newRig(t testing.TB) *rig {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "usb"))
	if err != nil {
		t.Fatal(err)
	}
	return newRigOn(t, l)
}

func newRigOn(t testing.TB, l net.Listener) *rig {
	t.Helper()
	dev, err := sim.NewDevice(sim.Config{Network: sim.NewMirror()})
	must(t, err)
	return newRigWith(t, l, dev)
}

// newRigWith serves a device on a listener.
func newRigWith(t testing.TB, l net.Listener, dev *sim.Device) *rig {
	t.Helper()
	r := &rig{bus: sim.NewBus(1), dev: dev, listener: l}
	if err := r.bus.Plug(dev); err != nil {
		t.Fatal(err)
	}
	r.server = NewServer(r.bus)
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(l) }()
	t.Cleanup(func() {
		_ = r.server.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		_ = r.bus.Close()
	})
	return r
}

func (r *rig) dial(t testing.TB) *Stack {
	t.Helper()
	s, err := Dial(t.Context(), r.listener.Addr().Network(), r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// open imports the device.
func (r *rig) open(t testing.TB) usb.Device {
	t.Helper()
	s := r.dial(t)
	list, err := s.Devices(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("Devices: %v, %v", list, err)
	}
	dev, err := s.Open(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dev.Close() })
	return dev
}

// up imports the device, and brings its data path up.
func (r *rig) up(t testing.TB) (usb.Device, usb.Queue) {
	t.Helper()
	dev := r.open(t)
	must(t, dev.SetConfiguration(t.Context(), 1))
	must(t, dev.Claim(ifControl))
	must(t, dev.Claim(ifData))
	must(t, dev.SetInterface(t.Context(), ifData, 1))
	// SET_ETHERNET_PACKET_FILTER, promiscuous (ECM 1.2, 6.2.4)
	_, err := dev.Control(t.Context(), usb.Setup{RequestType: usb.TypeClass | usb.RecipientInterface, Request: 0x43, Value: 1}, nil)
	must(t, err)
	q, err := dev.OpenQueue(ifData)
	must(t, err)
	return dev, q
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func alloc(t testing.TB, q usb.Queue, endpoint uint8, size int) *usb.Transfer {
	t.Helper()
	x, err := q.Alloc(endpoint, size)
	must(t, err)
	x.Length = size
	return x
}

// reap waits for n transfers.
func reap(t testing.TB, q usb.Queue, n int) []*usb.Transfer {
	t.Helper()
	var ended []*usb.Transfer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	fd, events := q.PollFD()
	for {
		buf := make([]*usb.Transfer, n-len(ended))
		m, err := q.Reap(buf)
		must(t, err)
		if ended = append(ended, buf[:m]...); len(ended) == n {
			return ended
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d transfers came back", len(ended), n)
		}
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 100)
	}
}
