package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/netif/netiftest"
	"io-pkt/internal/nic"
	"io-pkt/internal/poll"
)

// A driver is a driver with as many devices as the test plugs in. Behind each
// device is a host that answers ARP and ping.
type driver struct {
	resident bool
	fail     error                           // of Load, after attaching
	loading  func(ctx context.Context) error // in the middle of Load

	mu      sync.Mutex
	options []string // of each Load
	plugged []*device
	loaded  *loaded
}

type loaded struct {
	driver *driver
	host   nic.Host
	closed chan struct{}
	once   sync.Once
}

func (d *driver) Load(ctx context.Context, host nic.Host, options string) (nic.Module, error) {
	m := &loaded{driver: d, host: host, closed: make(chan struct{})}
	d.mu.Lock()
	d.options = append(d.options, options)
	d.loaded = m
	devices := d.plugged
	d.mu.Unlock()
	if len(devices) == 0 && !d.resident {
		return nil, fmt.Errorf("looking for a device: %w", syscall.ENODEV)
	}
	var err error
	for _, dev := range devices {
		err = errors.Join(err, dev.attach(m))
	}
	if d.loading != nil {
		err = errors.Join(err, d.loading(ctx))
	}
	if err = errors.Join(err, d.fail); err != nil {
		for _, dev := range devices {
			_ = dev.Close()
			if dev.port != nil {
				host.Detach(dev.port)
			}
		}
		return nil, err
	}
	return m, nil
}

func (m *loaded) Resident() bool { return m.driver.resident }

func (m *loaded) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// A device has a goroutine from attach to Close or pull.
type device struct {
	spec   nic.Spec
	status nic.Status
	block  chan struct{} // Close waits for it, unless nil

	poller *poll.Poller
	host   nic.Host
	port   nic.Port
	stop   chan struct{}
	once   sync.Once
	wg     sync.WaitGroup
	named  string

	mu   sync.Mutex
	up   bool
	mode nic.ReceiveMode
}

var neighbor = netiftest.Host{MAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.1")}

func newDevice(t *testing.T) *device {
	t.Helper()
	netiftest.Need(t)
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	d := &device{
		spec: nic.Spec{
			Base: "ecm", Description: "a device in a test",
			MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, MTU: 1500, MaxMTU: 1500,
		},
		status: nic.Status{BitRateIn: 480e6, Counters: []nic.Counter{{Name: "frames", Value: 7}}},
		poller: p, stop: make(chan struct{}),
	}
	t.Cleanup(func() {
		d.halt()
		_ = p.Close()
	})
	return d
}

func (d *device) attach(m *loaded) error {
	port, err := m.host.Attach(d.spec, d)
	if err != nil {
		return err
	}
	d.host, d.port = m.host, port
	port.SetLink(true)
	d.wg.Go(d.pump)
	return nil
}

// pump answers frames.
func (d *device) pump() {
	fds, events := d.port.PollFDs()
	for _, fd := range fds {
		d.poller.Add(fd, events)
	}
	bufs, lens := make([][]byte, 8), make([]int, 8)
	for i := range bufs {
		bufs[i] = make([]byte, d.spec.MaxMTU+18)
	}
	for {
		select {
		case <-d.stop:
			return
		default:
		}
		if d.poller.Wait(-1) != nil {
			return
		}
		n, err := d.port.Fetch(nic.Everywhere, bufs, lens)
		if err != nil {
			d.poller.Reset()
		}
		for i := range n {
			if answer := neighbor.Answer(bufs[i][:lens[i]]); answer != nil {
				_ = d.port.Deliver([][]byte{answer})
			}
		}
	}
}

func (d *device) halt() {
	d.once.Do(func() { close(d.stop) })
	d.poller.Wake()
	d.wg.Wait()
}

// pull is the hardware going away.
func (d *device) pull() {
	d.halt()
	d.host.Detach(d.port)
}

func (d *device) Close() error {
	if d.block != nil {
		<-d.block
	}
	d.halt()
	return nil
}

func (d *device) SetUp(up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up = up
}

func (d *device) Named(name string) { d.named = name }

func (d *device) SetReceiveMode(m nic.ReceiveMode) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode = m
}

func (d *device) state() (bool, nic.ReceiveMode) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.up, d.mode
}

func (d *device) Status() nic.Status { return d.status }

// promiscuous opens a packet socket that wants all frames, as tcpdump does.
func promiscuous(t *testing.T, index int) (close func()) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.Close(fd) }
}
