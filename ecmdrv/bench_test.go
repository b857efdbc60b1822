package ecmdrv

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// An instantQueue ends every transfer as soon as it is submitted; what is
// received are frames of one length.
type instantQueue struct {
	fd     int
	length int
	ended  []*usb.Transfer
}

func (q *instantQueue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	return &usb.Transfer{Endpoint: endpoint, Buf: make([]byte, size)}, nil
}

func (q *instantQueue) Submit(ts ...*usb.Transfer) error {
	for _, t := range ts {
		t.Actual, t.Err = t.Length, nil
		if t.Endpoint&usb.DirIn != 0 {
			t.Actual = q.length
		}
	}
	q.ended = append(q.ended, ts...)
	return nil
}

func (q *instantQueue) Reap(done []*usb.Transfer) (int, error) {
	n := copy(done, q.ended)
	q.ended = q.ended[:copy(q.ended, q.ended[n:])]
	return n, nil
}

func (q *instantQueue) Cancel(...*usb.Transfer)                {}
func (q *instantQueue) ClearHalt(context.Context, uint8) error { return nil }
func (q *instantQueue) PollFD() (int, int16)                   { return q.fd, unix.POLLIN }
func (q *instantQueue) Close() error                           { return nil }

// An instantPort always has frames to send and takes all that are received.
type instantPort struct {
	nic.Port
	fd, length int
	in, out    int
}

func (p *instantPort) PollFD() (int, int16) { return p.fd, unix.POLLIN }

func (p *instantPort) Fetch(bufs [][]byte, lens []int) (int, error) {
	for i := range bufs {
		lens[i] = p.length
	}
	p.out += len(bufs)
	return len(bufs), nil
}

func (p *instantPort) Deliver(frames [][]byte) error {
	p.in += len(frames)
	return nil
}

// newInstantLoop makes a loop between the two, ready for rounds.
func newInstantLoop(t testing.TB, length int) (*loop, *instantPort) {
	t.Helper()
	fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC) // stays readable
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	o, err := parseOptions("")
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDevice(&module{options: o, host: newHost(t)}, usb.DeviceInfo{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.release() })
	port := &instantPort{fd: fd, length: length}
	d.port = port
	d.up.Store(true)
	f := function{
		in:      usb.Endpoint{Address: 0x81, MaxPacketSize: 512},
		out:     usb.Endpoint{Address: 0x02, MaxPacketSize: 512},
		segment: saneSegment(1514),
	}
	if err := d.loop.prepare(&instantQueue{fd: fd, length: length}, f, o); err != nil {
		t.Fatal(err)
	}
	if err := d.loop.receive(); err != nil {
		t.Fatal(err)
	}
	d.loop.watchPort()
	return d.loop, port
}

func TestLoopDoesNotAllocate(t *testing.T) {
	l, port := newInstantLoop(t, 1024) // ends with a zero-length packet
	allocs := testing.AllocsPerRun(100, func() {
		if err := l.round(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a round, want none", allocs)
	}
	if port.in < 64*90 || port.out < 64*90 {
		t.Errorf("%d frames in, %d out in 100 rounds: want 64 of each a round", port.in, port.out)
	}
}

// The loop by itself: a round moves 64 frames each way.
func BenchmarkLoop(b *testing.B) {
	l, port := newInstantLoop(b, 1514)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.round(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(port.in+port.out)/b.Elapsed().Seconds(), "frames/s")
}

// The whole way: socket, driver, simulated device with a mirror, and back.
func BenchmarkMirror(b *testing.B) {
	r := newRig(b, "", newSim(b, sim.Config{MAC: simMAC, Network: sim.NewMirror()}))
	p := r.up("ecm0")
	f := pattern(1514, 0)
	buf := make([]byte, 2048)
	const inFlight = 32
	for range inFlight {
		p.send(f)
	}
	b.ReportAllocs()
	b.SetBytes(2 * 1514)
	for b.Loop() {
		p.receive(buf)
		p.send(f)
	}
	b.StopTimer()
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	for range inFlight {
		p.receive(buf)
	}
}
