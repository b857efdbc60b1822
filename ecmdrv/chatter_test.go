package ecmdrv

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// A chatterbox is a stack whose devices say the same again and again, as fast as
// they are listened to: connected, and a speed.
type chatterbox struct {
	usb.Stack
	t testing.TB
}

func (c chatterbox) Open(ctx context.Context, info usb.DeviceInfo) (usb.Device, error) {
	d, err := c.Stack.Open(ctx, info)
	return chatterDevice{d, c.t}, err
}

type chatterDevice struct {
	usb.Device
	t testing.TB
}

func (d chatterDevice) OpenQueue(i uint8) (usb.Queue, error) {
	q, err := d.Device.OpenQueue(i)
	if err != nil || i != 0 {
		return q, err
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	d.t.Cleanup(func() { _ = unix.Close(fd) })
	return &chatterQueue{Queue: q, fd: fd}, nil
}

type chatterQueue struct {
	usb.Queue
	fd       int
	transfer *usb.Transfer
	rest     []byte
}

func (q *chatterQueue) PollFD() (int, int16) { return q.fd, unix.POLLIN }

func (q *chatterQueue) Submit(ts ...*usb.Transfer) error {
	q.transfer = ts[0]
	_, err := unix.Write(q.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return err
}

func (q *chatterQueue) Reap(done []*usb.Transfer) (int, error) {
	if q.transfer == nil {
		return 0, nil
	}
	_, _ = unix.Read(q.fd, make([]byte, 8))
	if len(q.rest) == 0 {
		q.rest = append(note(notifyNetworkConnection, connected), speedNote(2_500_000_000, 2_500_000_000)...)
	}
	t := q.transfer
	t.Actual, t.Err = copy(t.Buf, q.rest), nil
	q.rest = q.rest[t.Actual:]
	done[0], q.transfer = t, nil
	return 1, nil
}

// A device that repeats itself is not in the log each time. Its notifications come
// in pieces of eight bytes.
func TestChatter(t *testing.T) {
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.plug(newSim(t, sim.Config{MAC: simMAC, NotifyPacket: 8, Network: sim.NewMirror()}))
	r.load("verbose", chatterbox{lent{r.bus}, t})
	p := r.up("ecm0")
	lines := 0
	r.host.until("the speed is known", func() bool { lines = len(r.host.log()); return r.host.logged("2500000000 bits/s in") == 1 })
	r.host.until("it was said a hundred times", func() bool { return p.counter(notifications) >= 100 })
	if got := r.host.log(); len(got) != lines || r.host.logged("link up") != 1 || p.counter(linkChanges) != 1 {
		t.Errorf("log %q", got)
	}
	if s := p.dev.Status(); !s.LinkUp || !s.LinkKnown || s.BitRateIn != 2_500_000_000 {
		t.Errorf("got %+v", s)
	}
	works(p)
}

// The methods of a nic.Device may be called at any time, by several goroutines:
// before Attach has returned, while the device is being closed, and after that.
func TestMethodsAtAnyTime(t *testing.T) {
	stop := make(chan struct{})
	var users sync.WaitGroup
	r := &rig{t: t, host: newHost(t), bus: sim.NewBus(1)}
	r.host.attached = func(dev nic.Device) {
		for range 3 {
			users.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					dev.SetUp(i%2 == 0)
					dev.SetReceiveMode(nic.ReceiveMode{Promiscuous: i%3 == 0})
					if s := dev.Status(); len(s.Counters) < int(numCounters) {
						t.Errorf("%d counters", len(s.Counters))
						return
					}
					runtime.Gosched()
				}
			})
		}
	}
	d := echo(t)
	r.load("pnp,verbose", lent{r.bus})
	for range 10 {
		r.plug(d)
		r.host.until("ecm0 exists", func() bool { return r.host.port("ecm0") != nil })
		p := r.host.port("ecm0")
		var closers sync.WaitGroup
		for range 2 {
			closers.Go(func() { _ = p.dev.Close() })
		}
		closers.Wait()
		if err := r.host.destroy(p); err != nil {
			t.Error(err)
		}
		r.pull(d)
	}
	close(stop)
	users.Wait()
}
