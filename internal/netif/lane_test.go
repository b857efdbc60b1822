package netif

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"io-pkt/internal/netif/netiftest"
	"io-pkt/internal/nic"
)

// segment makes a frame with a TCP segment: of IP version 4, with IP options or
// without, or 6; with TCP options or without.
func segment(ip6, ipOptions, options bool, flags header.TCPFlags, payload int) []byte {
	tcp := header.TCP(make([]byte, header.TCPMinimumSize, 80+payload))
	if options {
		tcp = tcp[:header.TCPMinimumSize+12]
	}
	tcp.Encode(&header.TCPFields{DataOffset: uint8(len(tcp)), Flags: flags})
	tcp = append(tcp, bytes.Repeat([]byte{0xff}, payload)...)

	var ip []byte
	etherType := header.IPv4ProtocolNumber
	if ip6 {
		etherType = header.IPv6ProtocolNumber
		ip = make([]byte, header.IPv6MinimumSize)
		header.IPv6(ip).Encode(&header.IPv6Fields{TransportProtocol: header.TCPProtocolNumber, PayloadLength: uint16(len(tcp)), HopLimit: 64})
	} else {
		var o header.IPv4OptionsSerializer
		if ipOptions {
			o = header.IPv4OptionsSerializer{&header.IPv4SerializableRouterAlertOption{}}
		}
		ip = make([]byte, header.IPv4MinimumSize+int(o.Length()))
		header.IPv4(ip).Encode(&header.IPv4Fields{TotalLength: uint16(len(ip) + len(tcp)), Protocol: uint8(header.TCPProtocolNumber), TTL: 64, Options: o})
	}
	f := make([]byte, header.EthernetMinimumSize)
	header.Ethernet(f).Encode(&header.EthernetFields{DstAddr: "\x02\x00\x00\x00\x00\x02", Type: etherType})
	return slices.Concat(f, ip, tcp)
}

// needLanes skips a test where nobody may load programs, root or not, as in some
// containers.
func needLanes(t *testing.T) {
	t.Helper()
	netiftest.Need(t)
	steering, err := newSteering()
	if errors.Is(err, unix.EPERM) {
		t.Skip("no CAP_BPF: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = steering.Close()
}

func TestLanes(t *testing.T) {
	needLanes(t)
	tap := quiet(t, Config{Name: "ecm0"})
	from := newSender(t, tap.Index())
	udp := segment(false, false, false, 0, 1000)
	udp[protocol4At] = unix.IPPROTO_UDP
	udp6 := segment(true, false, false, 0, 1000)
	udp6[protocol6At] = unix.IPPROTO_UDP
	const ack = header.TCPFlagAck
	for _, tt := range []struct {
		name  string
		frame []byte
		want  int
	}{
		{"data", segment(false, false, false, ack, 1), bulk},
		{"data, options", segment(false, true, true, ack, 1400), bulk},
		{"data, inet6", segment(true, false, true, ack|header.TCPFlagPsh, 1), bulk},
		{"acknowledgment", segment(false, false, false, ack, 0), prompt},
		{"acknowledgment, options", segment(false, true, true, ack, 0), prompt},
		{"acknowledgment, inet6", segment(true, false, true, ack, 0), prompt},
		{"SYN", segment(false, false, true, header.TCPFlagSyn, 0), prompt},
		{"FIN", segment(false, false, false, ack|header.TCPFlagFin, 0), bulk},
		{"RST, inet6", segment(true, false, false, header.TCPFlagRst, 0), bulk},
		{"datagram", udp, prompt},
		{"datagram, inet6", udp6, prompt},
		{"another protocol", frame(1514, 0), prompt},
		{"nothing but a header", segment(false, false, false, 0, 0)[:14], bulk},
		{"half a header of TCP", segment(true, false, false, ack, 0)[:60], bulk},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from.send(t, tt.frame)
			for i := range tap.lanes {
				got := ours(t, tap, 1<<i)
				if there := len(got) == 1 && bytes.Equal(got[0], tt.frame); there != (i == tt.want) || len(got) > 1 {
					t.Errorf("lane %d: got % x, want % x in lane %d", i, got, tt.frame, tt.want)
				}
			}
		})
	}
}

// Neither lane keeps the other back, whatever is in it and however few buffers there
// are, also when there are none now and then, and each keeps its order.
func TestLanesShare(t *testing.T) {
	needLanes(t)
	for _, buffer := range []int{1, 2, 3, 8} {
		tap := quiet(t, Config{Name: "ecm0"})
		from := newSender(t, tap.Index())
		data := segment(false, false, false, 0, 100)
		for i := range 40 {
			data[len(data)-1] = byte(i)
			from.send(t, data)
			from.send(t, frame(60, i))
		}
		var next [2]byte
		bufs, lens := buffers(buffer, 1518), make([]int, buffer)
		for next[bulk] < 40 || next[prompt] < 40 {
			if n, err := tap.Fetch(nic.Everywhere, nil, nil); n != 0 || err != nil {
				t.Fatalf("no buffers: Fetch: %d, %v", n, err)
			}
			n, err := tap.Fetch(nic.Everywhere, bufs, lens)
			if err != nil || n == 0 {
				t.Fatalf("%d buffers: Fetch: %d, %v after %v", buffer, n, err, next)
			}
			for i := range n {
				lane := prompt
				if lens[i] == len(data) {
					lane = bulk
				} else if lens[i] != 60 {
					continue // the kernel's own
				}
				if got := bufs[i][lens[i]-1]; got != next[lane] {
					t.Fatalf("%d buffers: lane %d: got frame %d, want %d", buffer, lane, got, next[lane])
				}
				next[lane]++
			}
			if ahead := max(next[0], next[1]) - min(next[0], next[1]); int(ahead) > buffer+2 {
				t.Fatalf("%d buffers: one lane is %d frames ahead", buffer, ahead)
			}
		}
		_ = tap.Close()
	}
}

// A prompt frame is the next one, however many of the others have gone before it and wait.
func TestPromptIsNext(t *testing.T) {
	needLanes(t)
	tap := quiet(t, Config{Name: "ecm0"})
	from := newSender(t, tap.Index())
	bufs, lens := buffers(1, 1518), make([]int, 1)
	next := func(what string, want int) {
		t.Helper()
		if n, err := tap.Fetch(nic.Everywhere, bufs, lens); n != 1 || err != nil || lens[0] != want {
			t.Fatalf("%s: Fetch: %d, %v: %d bytes, want %d", what, n, err, lens[0], want)
		}
	}
	data := segment(false, false, false, 0, 100)
	for range 40 {
		from.send(t, data)
	}
	for before := range 5 {
		for range before {
			next("nothing else", len(data))
		}
		from.send(t, frame(60, 1))
		next("a prompt frame", 60)
		from.send(t, frame(60, 2))
		next("another, but it is the others' turn", len(data))
		next("their turn is over", 60)
		next("nothing else again", len(data))
	}
}

// Who may not load programs into the kernel has one lane for everything.
func TestOneLane(t *testing.T) {
	netiftest.Need(t)
	tap := make(chan *TAP)
	go func() { // ends with its thread, which is never unlocked
		runtime.LockOSThread()
		defer close(tap)
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		net := [2]unix.CapUserData{{Effective: 1 << unix.CAP_NET_ADMIN, Permitted: 1 << unix.CAP_NET_ADMIN}, {}}
		if err := unix.Capset(&header, &net[0]); err != nil {
			t.Error(err)
			return
		}
		made, err := Open(Config{Name: "ecm0", MTU: 1500, MaxMTU: 1500})
		if err != nil {
			t.Error(err)
			return
		}
		tap <- made
	}()
	one := <-tap
	if one == nil {
		return
	}
	defer one.Close()
	if v, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled"); err == nil && v[0] == '0' {
		t.Skip("everybody may load programs here")
	}
	if len(one.lanes) != 1 {
		t.Fatalf("got %d lanes, want 1", len(one.lanes))
	}
	up(t, one)
	from := newSender(t, one.Index())
	want := [][]byte{segment(false, false, false, 0, 100), frame(60, 1), segment(true, false, false, 0, 100)}
	for _, f := range want {
		from.send(t, f)
	}
	if got := ours(t, one, nic.Everywhere); !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// ours takes what there is in some lanes, and leaves out what the kernel sends by itself.
func ours(t *testing.T, tap *TAP, lanes uint) (frames [][]byte) {
	t.Helper()
	bufs, lens := buffers(2*gatedLen, 1518), make([]int, 2*gatedLen) // all that can be there
	n, err := tap.Fetch(lanes, bufs, lens)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range bufs[:n] {
		if f = f[:lens[i]]; bytes.HasPrefix(f, []byte("\x02\x00\x00\x00\x00\x02")) || f[12] == testType>>8 {
			frames = append(frames, f)
		}
	}
	return frames
}
