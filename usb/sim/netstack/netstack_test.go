package netstack

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/waiter"
)

func newNetwork(t testing.TB, c Config) *Network {
	t.Helper()
	n, err := New(c)
	check(t, err)
	return n
}

// dial connects to a service of the network.
func (h *host) dial(port uint16) net.Conn {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	to := tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4([4]byte{10, 0, 0, 1}), Port: port}
	c, err := gonet.DialContextTCP(ctx, h.stack, to, ipv4.ProtocolNumber)
	check(h.t, err)
	check(h.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	h.t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestPing(t *testing.T) {
	for _, mtu := range []int{1500, 576, 16370} {
		h := newHost(t, newNetwork(t, Config{MTU: mtu}))
		for _, size := range []int{0, 56, mtu - 28, 3 * mtu} { // the last in fragments
			if got := ping(h, size); got != size {
				t.Errorf("MTU %d: echo of %d bytes for %d", mtu, got, size)
			}
		}
	}
}

// ping sends an echo request with size bytes, and gives how many come back.
func ping(h *host, size int) int {
	h.t.Helper()
	var wq waiter.Queue
	ep, terr := h.stack.NewEndpoint(icmp.ProtocolNumber4, ipv4.ProtocolNumber, &wq)
	if terr != nil {
		h.t.Fatal(terr)
	}
	defer ep.Close()
	ready, ch := waiter.NewChannelEntry(waiter.ReadableEvents)
	wq.EventRegister(&ready)

	echo := header.ICMPv4(make([]byte, header.ICMPv4MinimumSize+size))
	echo.SetType(header.ICMPv4Echo)
	echo.SetChecksum(^checksum.Checksum(echo, 0))
	to := &tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4([4]byte{10, 0, 0, 1})}
	if _, err := ep.Write(bytes.NewReader(echo), tcpip.WriteOptions{To: to}); err != nil {
		h.t.Fatal(err)
	}
	select {
	case <-ch:
	case <-time.After(20 * time.Second):
		h.t.Fatal("no echo reply")
	}
	var answer bytes.Buffer
	if _, err := ep.Read(&answer, tcpip.ReadOptions{}); err != nil {
		h.t.Fatal(err)
	}
	return answer.Len() - header.ICMPv4MinimumSize
}

func TestEcho(t *testing.T) {
	h := newHost(t, newNetwork(t, Config{}))
	c := h.dial(7)
	sent := make([]byte, 1<<20)
	_, _ = rand.Read(sent)
	go func() { _, _ = c.Write(sent) }()
	got := make([]byte, len(sent))
	_, err := io.ReadFull(c, got)
	check(t, err)
	if !bytes.Equal(got, sent) {
		t.Error("what comes back is not what was sent")
	}
}

func TestDiscard(t *testing.T) {
	h := newHost(t, newNetwork(t, Config{}))
	c := h.dial(9)
	_, err := c.Write(make([]byte, 4<<20)) // more than any buffer
	check(t, err)
}

func TestChargen(t *testing.T) {
	h := newHost(t, newNetwork(t, Config{}))
	got := make([]byte, 1<<20)
	_, err := io.ReadFull(h.dial(19), got)
	check(t, err)
	lines := strings.SplitAfter(string(got), "\r\n")
	for i, line := range lines[:len(lines)-1] {
		if len(line) != 74 || line[0] != byte(' '+i%95) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

// One connection too many ends the oldest.
func TestConnectionsAreBounded(t *testing.T) {
	h := newHost(t, newNetwork(t, Config{}))
	first := h.dial(7)
	for range maxConns {
		c := h.dial(7)
		_, err := c.Write([]byte{1})
		check(t, err)
		_, err = io.ReadFull(c, make([]byte, 1)) // it is being served
		check(t, err)
	}
	if n, err := first.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the oldest connection still lives: %d, %v", n, err)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// Frames for other stations are not answered.
func TestOtherStation(t *testing.T) {
	n := newNetwork(t, Config{})
	var answers int
	check(t, n.Start(func(frames [][]byte) { answers += len(frames) }))
	defer n.Close()
	request := arpRequest([4]byte{10, 0, 0, 1})
	n.Send([][]byte{request})
	if answers != 1 {
		t.Fatalf("%d answers to an ARP request, want 1", answers)
	}
	copy(request, []byte{2, 9, 9, 9, 9, 9})
	n.Send([][]byte{request})
	if answers != 1 {
		t.Error("a frame for another station was answered")
	}
}

func arpRequest(target [4]byte) []byte {
	b := make([]byte, header.EthernetMinimumSize+header.ARPSize)
	src := tcpip.LinkAddress("\x02\x00\x00\x00\x00\x09")
	header.Ethernet(b).Encode(&header.EthernetFields{
		SrcAddr: src, DstAddr: header.EthernetBroadcastAddress, Type: header.ARPProtocolNumber,
	})
	a := header.ARP(b[header.EthernetMinimumSize:])
	a.SetIPv4OverEthernet()
	a.SetOp(header.ARPRequest)
	copy(a.HardwareAddressSender(), src)
	copy(a.ProtocolAddressSender(), []byte{10, 0, 0, 9})
	copy(a.ProtocolAddressTarget(), target[:])
	return b
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		config Config
	}{
		{"IPv6", Config{Addr: netip.MustParsePrefix("fd00::1/64")}},
		{"group address", Config{MAC: net.HardwareAddr{1, 0, 0x5e, 0, 0, 1}}},
		{"short address", Config{MAC: net.HardwareAddr{2, 0}}},
		{"small MTU", Config{MTU: 67}},
		{"large MTU", Config{MTU: 65522}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.config); err == nil {
				t.Error("New took it")
			}
		})
	}
}

func TestClose(t *testing.T) {
	n := newNetwork(t, Config{})
	check(t, n.Close()) // before Start
	n = newNetwork(t, Config{})
	check(t, n.Start(func([][]byte) {}))
	check(t, n.Close())
	check(t, n.Close())
}

var _ stack.LinkEndpoint = (*link)(nil)

// TCP through the device, to and from its network.
func BenchmarkTCP(b *testing.B) {
	for _, bb := range []struct {
		name string
		port uint16
	}{{"out", 9}, {"in", 19}} {
		b.Run(bb.name, func(b *testing.B) {
			h := newHost(b, newNetwork(b, Config{}))
			c := h.dial(bb.port)
			check(b, c.SetDeadline(time.Time{}))
			buf := make([]byte, 64<<10)
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				var err error
				if bb.port == 9 {
					_, err = c.Write(buf)
				} else {
					_, err = io.ReadFull(c, buf)
				}
				check(b, err)
			}
		})
	}
}
