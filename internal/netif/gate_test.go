package netif

import (
	"errors"
	"math"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

// push sends frames until one is refused, and gives how many were not; most at most.
func (s sender) push(t *testing.T, frame []byte, most int) int {
	t.Helper()
	for n := range most {
		err := unix.Sendto(s.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: s.index})
		if errors.Is(err, unix.ENOBUFS) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return most
}

// In each lane may wait what there is room for and no more, again and again, with or
// without VLAN tags, whatever is in the other.
func TestGate(t *testing.T) {
	needLanes(t)
	data := segment(false, false, false, header.TCPFlagAck, 1460) // 1514 bytes
	large := segment(false, false, false, header.TCPFlagAck, 14600)
	for _, tt := range []struct {
		name   string
		frame  []byte
		tagged bool
		lane   int
		room   int64 // bytes
		enter  int   // frames
	}{
		{"frames", data, false, bulk, 15140, 10},
		{"a byte less", data, false, bulk, 15139, 9},
		{"large frames", large, false, bulk, 30000, 2},
		{"one that is too large", large, false, bulk, 10000, 1},
		{"tagged frames", data, true, bulk, 15180, 10},
		{"others", frame(1000, 0), false, prompt, 15000, 15},
		{"no bound", data, false, bulk, math.MaxInt64, gatedLen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tap := gated(t, Config{Name: "ecm0", MTU: 16000, MaxMTU: 16000})
			tap.gate.lanes[tt.lane].room.Store(tt.room)
			tap.gate.lanes[tt.lane].most.Store(tt.room)
			from := newSender(t, tap.Index())
			other, alone := from, frame(60, 1)
			if tt.lane == prompt {
				alone = segment(false, false, false, header.TCPFlagAck, 10)
			}
			if tt.tagged {
				from = newSender(t, newVLAN(t, tap))
			}
			for round := range 50 {
				if got := from.push(t, tt.frame, gatedLen+1); got != tt.enter {
					t.Fatalf("round %d: %d frames may wait, want %d", round, got, tt.enter)
				}
				other.send(t, alone)
				bufs, lens := buffers(tt.enter, 16018), make([]int, tt.enter)
				if n, err := tap.Fetch(1<<tt.lane, bufs, lens); n != tt.enter || err != nil {
					t.Fatalf("Fetch: %d, %v; want %d", n, err, tt.enter)
				}
				if got := ours(t, tap, 1<<(1-tt.lane)); len(got) != 1 {
					t.Fatalf("in the other lane %d frames wait, want 1", len(got))
				}
			}
		})
	}
}

// A burst is let in. Of a queue that stays one frame is refused when it is time, and the
// next sooner; all that is forgotten when there is room.
func TestGateStandingQueue(t *testing.T) {
	needLanes(t)
	tap := gated(t, Config{Name: "ecm0"})
	lane := &tap.gate.lanes[bulk]
	lane.room.Store(3 * 1514)
	lane.most.Store(30 * 1514)
	from := newSender(t, tap.Index())
	data := segment(false, false, false, header.TCPFlagAck, 1460)
	push := func(frames, enter int) {
		t.Helper()
		if got := from.push(t, data, frames); got != enter {
			t.Fatalf("%d of %d frames enter, want %d", got, frames, enter)
		}
	}
	for range 2 {
		push(3, 3)
		if due := lane.due.Load(); due != 0 {
			t.Fatalf("while there is room, one is to be refused at %d", due)
		}
		push(7, 7)
		for _, tt := range []struct {
			before int64
			next   time.Duration
		}{{0, interval}, {2, interval}, {3, interval / 2}, {14, interval / 2}, {15, interval / 4}, {4095, interval / 64}, {1 << 40, interval / 64}} {
			lane.refused.Store(tt.before)
			lane.due.Store(1)
			first := monotonic(t)
			push(1, 0)
			last := monotonic(t)
			if due := time.Duration(lane.due.Load()); due < first+tt.next || due > last+tt.next {
				t.Errorf("after %d the next is due %v after that, want %v", tt.before, due-first, tt.next)
			}
			if got := lane.refused.Load(); got != tt.before+1 {
				t.Errorf("%d were refused, want %d", got, tt.before+1)
			}
			push(1, 1)
		}
		if n := len(ours(t, tap, 1<<bulk)); n != 17 {
			t.Fatalf("%d frames waited, want 17", n)
		}
	}
	push(40, 30)
	if got := lane.refused.Load(); got != 0 {
		t.Errorf("%d refused of a queue that has just begun, want 0", got)
	}

	// An empty one does not stay, however little room there is.
	ours(t, tap, 1<<bulk)
	lane.room.Store(1000)
	lane.due.Store(1)
	push(2, 2)
}

// monotonic gives the time of the gate's clock.
func monotonic(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// gated gives a TAP with a gate.
func gated(t *testing.T, c Config) *TAP {
	t.Helper()
	tap := quiet(t, c)
	if tap.gate == nil {
		t.Fatal("there is no gate")
	}
	return tap
}

// None of a large datagram's frames is refused.
func TestBacklog(t *testing.T) {
	needLanes(t)
	const full = 1518
	tap := gated(t, Config{Name: "ecm0"})
	for _, tt := range []struct {
		frames           int
		room, most, rest int64
	}{
		{0, mostRoom, mostRoom, mostRoom},
		{1, full, queueLen * full, queueLen * full},
		{10, 10 * full, 400 * full, 100 * full},
		{1000, 1000 * full, mostRoom, mostRoom},
		{1 << 20, mostRoom, mostRoom, mostRoom},
		{0, mostRoom, mostRoom, mostRoom},
	} {
		tap.Backlog(tt.frames)
		tcp, rest := &tap.gate.lanes[bulk], &tap.gate.lanes[prompt]
		if room, most := tcp.room.Load(), tcp.most.Load(); room != tt.room || most != tt.most {
			t.Errorf("%d frames of TCP: room for %d, %d at most, want %d and %d", tt.frames, room, most, tt.room, tt.most)
		}
		if room, most := rest.room.Load(), rest.most.Load(); room != tt.rest || most != tt.rest {
			t.Errorf("%d frames, the rest: room for %d, %d at most, want %d", tt.frames, room, most, tt.rest)
		}
	}
}

// newVLAN makes a VLAN interface on top, where the kernel knows them, and gives its index.
func newVLAN(t *testing.T, tap *TAP) int {
	t.Helper()
	index, err := AddVLAN("vlan0", tap.Index(), 73, 1500)
	if errors.Is(err, unix.EOPNOTSUPP) && os.Getenv("NEED_VLANS") == "" {
		t.Skip("a kernel without VLANs")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Sysctl("/proc/sys").SetIPv6("vlan0", index, false); err != nil {
		t.Fatal(err)
	}
	if err := SetFlags(index, ctl.FlagUp, 0); err != nil {
		t.Fatal(err)
	}
	return index
}

// What the kernel drops behind the gate is not counted for ever: an empty queue is one.
func TestGateForgets(t *testing.T) {
	needLanes(t)
	tap := gated(t, Config{Name: "ecm0"})
	tap.Backlog(10)
	tap.gate.lanes[bulk].entered.Add(1 << 20) // more than a burst
	from := newSender(t, tap.Index())
	data := segment(false, false, false, header.TCPFlagAck, 1460)
	if got := from.push(t, data, 1); got != 0 {
		t.Errorf("%d frames enter where there seem to be many, want 0", got)
	}
	if n, err := tap.Fetch(nic.Everywhere, buffers(8, 1518), make([]int, 8)); n != 0 || err != nil {
		t.Fatalf("Fetch: %d, %v", n, err)
	}
	if got := from.push(t, data, 5); got != 5 {
		t.Errorf("%d frames enter when there are none, want 5", got)
	}
}
