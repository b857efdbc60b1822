package netif

import (
	"errors"
	"math"
	"os"
	"testing"

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

// gated gives a TAP with a gate.
func gated(t *testing.T, c Config) *TAP {
	t.Helper()
	tap := quiet(t, c)
	if tap.gate == nil {
		t.Fatal("there is no gate")
	}
	return tap
}

// What is not TCP's may be as much as the queue has full frames, so that none of a large
// datagram's is refused.
func TestBacklog(t *testing.T) {
	needLanes(t)
	tap := gated(t, Config{Name: "ecm0"})
	for _, tt := range []struct {
		frames       int
		bulk, prompt int64
	}{
		{0, mostRoom, mostRoom},
		{1, 1518, queueLen * 1518},
		{10, 15180, queueLen * 1518},
		{1000, 1518000, 1518000},
		{1 << 20, mostRoom, mostRoom},
		{0, mostRoom, mostRoom},
	} {
		tap.Backlog(tt.frames)
		if b, p := tap.gate.lanes[bulk].room.Load(), tap.gate.lanes[prompt].room.Load(); b != tt.bulk || p != tt.prompt {
			t.Errorf("%d frames: room for %d bytes and %d, want %d and %d", tt.frames, b, p, tt.bulk, tt.prompt)
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
	tap.gate.lanes[bulk].entered.Add(1 << 20)
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
