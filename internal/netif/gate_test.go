package netif

import (
	"errors"
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

// TCP may have so much waiting and no more, again and again, with or without VLAN tags;
// what else is sent does not count, nor does it wait.
func TestGate(t *testing.T) {
	needLanes(t)
	data := segment(false, false, false, header.TCPFlagAck, 1460)
	large := segment(false, false, false, header.TCPFlagAck, 14600)
	for _, tt := range []struct {
		name        string
		frame       []byte
		tagged      bool
		room, enter int // frames
	}{
		{"frames", data, false, 10, 11},
		{"large frames", large, false, 20, 3},
		{"tagged frames", data, true, 10, 10},
		{"no bound", data, false, 0, queueLen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tap := quiet(t, Config{Name: "ecm0", MTU: 65000, MaxMTU: 65000})
			if tap.lanes[bulk].gate == nil {
				t.Fatal("there is no gate")
			}
			full := tap.lanes[bulk].room
			tap.lanes[bulk].room = headerLen + tagLen + 1500 // what the bound is in
			tap.Backlog(tt.room)
			tap.lanes[bulk].room = full
			from := newSender(t, tap.Index())
			if tt.tagged {
				from = newSender(t, newVLAN(t, tap))
			}
			other := newSender(t, tap.Index())
			for round := range 50 {
				if got := from.push(t, tt.frame, queueLen); got != tt.enter {
					t.Fatalf("round %d: %d frames may wait, want %d", round, got, tt.enter)
				}
				other.send(t, frame(60, round))
				bufs, lens := buffers(tt.enter, full), make([]int, tt.enter)
				if n, err := tap.Fetch(1<<bulk, bufs, lens); n != tt.enter || err != nil {
					t.Fatalf("Fetch: %d, %v; want %d", n, err, tt.enter)
				}
				if got := ours(t, tap, 1<<prompt); len(got) != 1 {
					t.Fatalf("beside that %d frames wait, want 1", len(got))
				}
			}
		})
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
	tap := quiet(t, Config{Name: "ecm0"})
	g := tap.lanes[bulk].gate
	if g == nil {
		t.Fatal("there is no gate")
	}
	tap.Backlog(10)
	g.entered.Add(1 << 20)
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
