package usbip

import (
	"bufio"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

const (
	benchFrame = 1514
	benchDepth = 64
)

// answerReads answers commands that read with a full frame, as fast as can be.
// It ends with the connection.
func answerReads(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 64<<10)
	var out []byte
	frame := make([]byte, benchFrame)
	for {
		if r.Buffered() < headerSize && len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		b, err := r.Peek(headerSize)
		if err != nil {
			return
		}
		var h header
		if h.parse(b) != nil {
			return
		}
		_, _ = r.Discard(headerSize)
		answer := header{command: retSubmit, seq: h.seq, actual: benchFrame}
		out = append(answer.append(out), frame...)
	}
}

// benchQueue gives a queue whose server is answer.
func benchQueue(b testing.TB, answer func(net.Conn)) usb.Queue {
	near, far := socketPair(b)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		answer(far)
		_ = far.Close()
	}()
	l, err := newLink(near, 1)
	must(b, err)
	d := &device{stack: &Stack{}, link: l, current: 1, turn: make(chan struct{}, 1), claims: make(map[uint8]*claim),
		configs: []*usb.Config{{Value: 1, Settings: []usb.Setting{{Endpoints: []usb.Endpoint{
			{Address: epIn, Attributes: usb.TransferBulk, MaxPacketSize: 512}}}}}}}
	must(b, d.Claim(0))
	q, err := d.OpenQueue(0)
	must(b, err)
	b.Cleanup(func() {
		must(b, d.Close())
		<-ended
	})
	return q
}

// reads keeps transfers in flight until n have come back, and gives how many
// then still are.
func reads(b testing.TB, q usb.Queue, ts, ended []*usb.Transfer, n int) int {
	must(b, q.Submit(ts...))
	left := len(ts)
	for done := 0; ; {
		m, err := q.Reap(ended)
		must(b, err)
		for _, x := range ended[:m] {
			if x.Err != nil || x.Actual != benchFrame {
				b.Fatalf("%d bytes, %v", x.Actual, x.Err)
			}
		}
		done += m
		left -= m
		if done >= n {
			return left
		}
		if m == 0 {
			waitFor(q)
			continue
		}
		must(b, q.Submit(ended[:m]...))
		left += m
	}
}

// BenchmarkClientRead receives full frames from a server that does nothing else.
func BenchmarkClientRead(b *testing.B) {
	q := benchQueue(b, answerReads)
	ts := make([]*usb.Transfer, benchDepth)
	for i := range ts {
		ts[i] = alloc(b, q, epIn, 2048)
	}
	ended := make([]*usb.Transfer, benchDepth)
	b.SetBytes(benchFrame)
	b.ReportAllocs()
	b.ResetTimer()
	reap(b, q, reads(b, q, ts, ended, b.N))
}

// BenchmarkCopy is what the socket alone gives: as many bytes there and back.
func BenchmarkCopy(b *testing.B) {
	near, far := socketPair(b)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in, out := make([]byte, benchDepth*headerSize), make([]byte, benchDepth*(headerSize+benchFrame))
		for {
			if _, err := io.ReadFull(far, in); err != nil {
				return
			}
			if _, err := far.Write(out); err != nil {
				return
			}
		}
	}()
	out, in := make([]byte, benchDepth*headerSize), make([]byte, benchDepth*(headerSize+benchFrame))
	b.SetBytes(benchFrame)
	b.ReportAllocs()
	b.ResetTimer()
	for range (b.N + benchDepth - 1) / benchDepth {
		_, err := near.Write(out)
		must(b, err)
		_, err = io.ReadFull(near, in)
		must(b, err)
	}
	b.StopTimer()
	_ = near.Close()
	<-ended
}

// BenchmarkMirror sends full frames through client, server and simulator, which
// sends them back.
func BenchmarkMirror(b *testing.B) {
	_, q := newRig(b).up(b)
	var in, out []*usb.Transfer
	for range benchDepth {
		in, out = append(in, alloc(b, q, epIn, 2048)), append(out, alloc(b, q, epOut, benchFrame))
	}
	must(b, q.Submit(in...))
	b.SetBytes(2 * benchFrame)
	b.ReportAllocs()
	b.ResetTimer()
	must(b, q.Submit(out...))
	ended, again := make([]*usb.Transfer, 2*benchDepth), make([]*usb.Transfer, 0, 2*benchDepth)
	for sent, back := len(out), 0; back < b.N; again = again[:0] {
		n, err := q.Reap(ended)
		must(b, err)
		for _, x := range ended[:n] {
			switch {
			case x.Endpoint == epIn:
				back++
				again = append(again, x)
			case sent < b.N:
				sent++
				again = append(again, x)
			}
		}
		must(b, q.Submit(again...))
		if n == 0 {
			waitFor(q)
		}
	}
}

// waitFor waits until something can be reaped.
func waitFor(q usb.Queue) {
	fd, events := q.PollFD()
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, -1) // EINTR: the caller looks again
}

// In steady state a transfer costs no allocation.
func TestClientDoesNotAllocate(t *testing.T) {
	q := benchQueue(t, answerReads)
	ts := make([]*usb.Transfer, benchDepth)
	for i := range ts {
		ts[i] = alloc(t, q, epIn, 2048)
	}
	ended := make([]*usb.Transfer, benchDepth)
	round := func() {
		for n := reads(t, q, ts, ended, 1000); n > 0; {
			m, err := q.Reap(ended)
			must(t, err)
			n -= m
		}
	}
	round() // fills the buffers
	if got := testing.AllocsPerRun(5, round); got > 100 {
		t.Errorf("%v allocations in 1000 transfers", got)
	}
}
