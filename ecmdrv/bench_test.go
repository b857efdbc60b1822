package ecmdrv

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
	"io-pkt/internal/poll"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

// An instantQueue ends every transfer as soon as it is submitted, but for those
// to the endpoint keep; what is received are frames of one length, in as many
// transfers as that takes.
type instantQueue struct {
	fd          int
	length      int
	rest        int // of the frame that is being received
	keep        uint8
	kept, ended []*usb.Transfer
}

func (q *instantQueue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	return &usb.Transfer{Endpoint: endpoint, Buf: make([]byte, size)}, nil
}

func (q *instantQueue) Submit(ts ...*usb.Transfer) error {
	for _, t := range ts {
		if t.Endpoint == q.keep {
			q.kept = append(q.kept, t)
			continue
		}
		t.Actual, t.Err = t.Length, nil
		if t.Endpoint&usb.DirIn != 0 {
			t.Actual = min(q.rest, t.Length)
			if q.rest -= t.Actual; t.Actual < t.Length {
				q.rest = q.length
			}
		}
		q.ended = append(q.ended, t)
	}
	return nil
}

func (q *instantQueue) Reap(done []*usb.Transfer) (int, error) {
	n := copy(done, q.ended)
	q.ended = q.ended[:copy(q.ended, q.ended[n:])]
	return n, nil
}

func (q *instantQueue) Cancel(...*usb.Transfer) {
	for _, t := range q.kept {
		t.Actual, t.Err = 0, usb.ErrCanceled
	}
	q.ended, q.kept = append(q.ended, q.kept...), nil
}

func (q *instantQueue) ClearHalt(context.Context, uint8) error { return nil }
func (q *instantQueue) PollFD() (int, int16)                   { return q.fd, unix.POLLIN }
func (q *instantQueue) Close() error                           { return nil }

// An instantPort always has frames to send and takes all that are received.
type instantPort struct {
	nic.Port
	fd, length int
	in, out    int
}

func (p *instantPort) PollFDs() ([]int, int16) { return []int{p.fd}, unix.POLLIN }

func (p *instantPort) Fetch(_ uint, bufs [][]byte, lens []int) (int, error) {
	for i := range bufs {
		lens[i] = p.length
	}
	p.out += len(bufs)
	return len(bufs), nil
}

func (p *instantPort) Backlog(int) {}

func (p *instantPort) Name() string { return "ecm0" }

func (p *instantPort) Deliver(frames [][]byte) error {
	p.in += len(frames)
	return nil
}

// An instantDevice has nothing but a queue.
type instantDevice struct{ usb.Device }

func (instantDevice) Info() usb.DeviceInfo { return usb.DeviceInfo{} }

// newInstantLoop makes a loop between the two, for a mover.
func newInstantLoop(t testing.TB, length int) (*loop, *instantPort) {
	t.Helper()
	fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC) // stays readable
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	o, err := ecm.parse("")
	if err != nil {
		t.Fatal(err)
	}
	f := function{
		in:      usb.Endpoint{Address: 0x81, MaxPacketSize: 512},
		out:     usb.Endpoint{Address: 0x02, MaxPacketSize: 512},
		segment: saneSegment(uint16(max(length, 1514))),
	}
	d, err := newDevice(&module{options: o, host: newHost(t)}, newShared(instantDevice{}), usb.DeviceDescriptor{}, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.release() })
	port := &instantPort{fd: fd, length: length}
	d.port = port
	d.up.Store(true)
	if err := d.loop.prepare(&instantQueue{fd: fd, length: length, rest: length}, f, o); err != nil {
		t.Fatal(err)
	}
	if err := d.loop.receive(); err != nil {
		t.Fatal(err)
	}
	return d.loop, port
}

// newInstantMover makes one for such a loop, ready for rounds.
func newInstantMover(t testing.TB, length int) (*mover, *instantPort) {
	t.Helper()
	l, port := newInstantLoop(t, length)
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	l.mover = &mover{poller: p, loops: []*loop{l}}
	l.watch()
	return l.mover, port
}

func TestLoopDoesNotAllocate(t *testing.T) {
	for _, tt := range []struct{ length, perRound int }{
		{60, 64},
		{1024, 64},  // ends with a zero-length packet
		{40000, 21}, // in three transfers
	} {
		m, port := newInstantMover(t, tt.length)
		round := func() {
			if err := m.round(); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 { // buffers for long frames are made when first needed
			round()
		}
		if allocs := testing.AllocsPerRun(100, round); allocs != 0 {
			t.Errorf("frames of %d bytes: %v allocations a round, want none", tt.length, allocs)
		}
		if in, out := tt.perRound*100, 64*100; port.in < in || port.out < out {
			t.Errorf("frames of %d bytes: %d in and %d out in 110 rounds, want at least %d and %d", tt.length, port.in, port.out, in, out)
		}
	}
}

// A loop by itself: a round moves 64 frames each way.
func BenchmarkLoop(b *testing.B) {
	m, port := newInstantMover(b, 1514)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.round(); err != nil {
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
