package netif

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"io-pkt/internal/nic"
	"io-pkt/internal/offload"
)

// sendLarge leaves it to the interface to cut a frame with a TCP segment.
func (s sender) sendLarge(t *testing.T, frame []byte, size uint16) {
	t.Helper()
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		t.Fatal(err)
	}
	const transport = header.EthernetMinimumSize + header.IPv4MinimumSize
	h := offload.Header{
		Flags: offload.NeedsCsum, GSOType: offload.GSOTCPv4, GSOSize: size,
		HdrLen: transport + header.TCPMinimumSize, CsumStart: transport, CsumOffset: header.TCPChecksumOffset,
	}
	head := make([]byte, offload.HeaderLen)
	h.Encode(head)
	s.send(t, slices.Concat(head, frame))
}

// A large frame is cut into as many buffers as there are, and the next call goes on,
// also when poll(2) sees nothing. Each segment counts.
func TestFetchLarge(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	large := segment(false, false, false, header.TCPFlagAck, 2500)
	copy(large, "\xff\xff\xff\xff\xff\xff")
	newSender(t, tap.Index()).sendLarge(t, large, 1000)
	before := tap.Passed()
	bufs, lens := buffers(1, 1518), make([]int, 1)
	for i, ready := range []uint{1 << bulk, 0, 0} {
		want := []int{1054, 1054, 554}[i]
		if n, err := tap.Fetch(ready, bufs, lens); n != 1 || err != nil || lens[0] != want {
			t.Fatalf("segment %d: got %d of %d bytes, %v; want 1 of %d", i, n, lens[0], err, want)
		}
	}
	if n, err := tap.Fetch(0, bufs, lens); n != 0 || err != nil {
		t.Errorf("behind it: got %d, %v, want 0", n, err)
	}
	want := before
	want.OutPackets += 3
	want.OutBytes += 1054 + 1054 + 554
	want.OutBroadcasts += 3
	if got := tap.Passed(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, out := tap.Dropped(); out != 0 {
		t.Errorf("dropped: got %d, want 0", out)
	}
}

// Somebody raises the MTU over what the hardware carries, and what is cut is too long.
func TestFetchLargeTooLong(t *testing.T) {
	tap := quiet(t, Config{Name: "ecm0"})
	ip(t, "link set ecm0 mtu 9000")
	from := newSender(t, tap.Index())
	small := segment(false, false, false, header.TCPFlagAck, 100)
	from.sendLarge(t, segment(false, false, false, header.TCPFlagAck, 5000), 2000)
	if got := ours(t, tap, nic.Everywhere); len(got) != 0 {
		t.Errorf("got %d frames, want none", len(got))
	}
	if _, out := tap.Dropped(); out != 1 {
		t.Errorf("dropped: got %d, want 1", out)
	}
	newSender(t, tap.Index()).send(t, small)
	if got := ours(t, tap, nic.Everywhere); len(got) != 1 || !bytes.Equal(got[0], small) {
		t.Errorf("after that: got % x, want % x", got, small)
	}
}
