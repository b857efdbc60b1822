package netif

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// datagram makes a frame with a datagram for some port, with right checksums.
func datagram(to tcpip.LinkAddress, id, port uint16, payload int) []byte {
	const ip, udp = header.EthernetMinimumSize, header.EthernetMinimumSize + header.IPv4MinimumSize
	f := bytes.Repeat([]byte{byte(id)}, udp+header.UDPMinimumSize+payload)
	src, dst := tcpip.AddrFrom4([4]byte{10, 77, 0, 9}), tcpip.AddrFrom4([4]byte{10, 77, 0, 1})
	header.Ethernet(f).Encode(&header.EthernetFields{SrcAddr: "\x02\x00\x00\x00\x00\x09", DstAddr: to, Type: header.IPv4ProtocolNumber})
	h := header.IPv4(f[ip:])
	h.Encode(&header.IPv4Fields{TotalLength: uint16(len(h)), ID: id, TTL: 64, Protocol: uint8(header.UDPProtocolNumber), SrcAddr: src, DstAddr: dst})
	h.SetChecksum(^h.CalculateChecksum())
	u := header.UDP(f[udp:])
	u.Encode(&header.UDPFields{SrcPort: 2000, DstPort: port, Length: uint16(len(u))})
	sum := header.PseudoHeaderChecksum(header.UDPProtocolNumber, src, dst, uint16(len(u)))
	u.SetChecksum(^u.CalculateChecksum(checksum.Checksum(u.Payload(), sum)))
	return f
}

// A packet socket sees what was joined as one frame. A DHCP client has such a socket, and
// gets each reply by itself, as do those who listen to groups; and everybody where the
// kernel would not cut datagrams for anybody.
func TestJoinedDatagrams(t *testing.T) {
	const us, group, everybody = "\x02\x00\x00\x00\x00\x42", "\x01\x00\x5e\x05\x05\x05", "\xff\xff\xff\xff\xff\xff"
	for _, tt := range []struct {
		name   string
		to     tcpip.LinkAddress
		port   uint16
		noUSO  bool
		joined bool
	}{
		{"to us", us, 4000, false, true},
		{"to us, and Linux before 6.2", us, 4000, true, false},
		{"to a group", group, 4000, false, false},
		{"broadcast", everybody, 4000, false, false},
		{"a DHCP server's", us, 68, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tap := quiet(t, Config{Name: "ecm0", MAC: mac})
			if tap.noUSO.Load() && tt.joined {
				t.Skip("a kernel that cuts no datagrams")
			}
			tap.noUSO.Store(tap.noUSO.Load() || tt.noUSO)
			to := newSender(t, tap.Index())
			if err := unix.Bind(to.fd, &unix.SockaddrLinklayer{Ifindex: to.index, Protocol: htons(unix.ETH_P_IP)}); err != nil {
				t.Fatal(err)
			}
			sent := [][]byte{datagram(tt.to, 1, tt.port, 300), datagram(tt.to, 2, tt.port, 300)}
			if err := tap.Deliver(sent); err != nil {
				t.Fatal(err)
			}
			if tt.joined {
				if got, want := len(to.receive(t)), len(sent[0])+300; got != want {
					t.Errorf("got a frame of %d bytes, want one of %d", got, want)
				}
				return
			}
			for i := range sent {
				if got := to.receive(t); !bytes.Equal(got, sent[i]) {
					t.Errorf("frame %d: got % x, want % x", i, got, sent[i])
				}
			}
		})
	}
}
