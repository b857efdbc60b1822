package netstack

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	dhcpServerPort = 67
	dhcpClientPort = 68

	leaseTime = time.Hour

	// Where the addresses to give out start, counted from the network's, and
	// how many there are, in a network that is large enough.
	poolStart = 100
	poolSize  = 100
)

// listenUDP opens a UDP socket that may send to everybody.
func listenUDP(s *stack.Stack, port uint16) (*gonet.UDPConn, error) {
	var wq waiter.Queue
	ep, err := s.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &wq)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: errorString(err)}
	}
	ep.SocketOptions().SetBroadcast(true)
	if err := ep.Bind(tcpip.FullAddress{NIC: nic, Port: port}); err != nil {
		ep.Close()
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: errorString(err)}
	}
	return gonet.NewUDPConn(&wq, ep), nil
}

type stackError string

func errorString(err tcpip.Error) error { return stackError(err.String()) }
func (e stackError) Error() string      { return string(e) }

// serveDHCP answers clients. It ends when the socket is closed.
func serveDHCP(conn *gonet.UDPConn, l *leases) {
	buf := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		request, err := dhcpv4.FromBytes(buf[:n])
		if err != nil {
			continue
		}
		if answer := l.answer(request); answer != nil {
			to := &net.UDPAddr{IP: net.IPv4bcast, Port: dhcpClientPort}
			if ip := request.ClientIPAddr; !ip.IsUnspecified() && answer.MessageType() != dhcpv4.MessageTypeNak {
				to.IP = ip
			}
			_, _ = conn.WriteTo(answer.ToBytes(), to) // the client asks again
		}
	}
}

// leases is what a DHCP server knows (RFC 2131).
type leases struct {
	network netip.Prefix // with the server's address
	pool    []netip.Addr // in the order of their last use
	byMAC   map[string]netip.Addr
}

func newLeases(network netip.Prefix) *leases {
	l := &leases{network: network, byMAC: map[string]netip.Addr{}}
	base4 := network.Masked().Addr().As4()
	base := binary.BigEndian.Uint32(base4[:])
	start, size := uint64(poolStart), uint64(poolSize)
	last := uint64(1)<<(32-network.Bits()) - 1 // the broadcast address
	if start+size > last {
		start, size = 1, min(max(last, 1)-1, poolSize)
	}
	for i := range size {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], base+uint32(start+i))
		if addr := netip.AddrFrom4(a); addr != network.Addr() {
			l.pool = append(l.pool, addr)
		}
	}
	return l
}

// lease gives a client's address. A client that is new takes the one that has
// not been used for longest.
func (l *leases) lease(mac string) (netip.Addr, bool) {
	addr, ok := l.byMAC[mac]
	if !ok {
		if len(l.pool) == 0 {
			return addr, false
		}
		addr = l.pool[0]
		for other, a := range l.byMAC {
			if a == addr {
				delete(l.byMAC, other)
			}
		}
		l.byMAC[mac] = addr
	}
	i := slices.Index(l.pool, addr)
	l.pool = append(slices.Delete(l.pool, i, i+1), addr)
	return addr, true
}

// answer gives the reply to a request, or nil when there is none.
func (l *leases) answer(r *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	self := net.IP(l.network.Addr().AsSlice())
	if r.OpCode != dhcpv4.OpcodeBootRequest || len(r.ClientHWAddr) != 6 {
		return nil
	}
	if id := r.ServerIdentifier(); id != nil && !id.Equal(self) {
		return nil // for another server
	}
	reply, err := dhcpv4.New(dhcpv4.WithReply(r), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(self)))
	if err != nil {
		return nil
	}
	typ := dhcpv4.MessageTypeAck
	switch r.MessageType() {
	case dhcpv4.MessageTypeInform:
	case dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeRequest:
		addr, ok := l.lease(r.ClientHWAddr.String())
		if !ok {
			return nil
		}
		if r.MessageType() == dhcpv4.MessageTypeDiscover {
			typ = dhcpv4.MessageTypeOffer
		} else if !askedFor(r).Equal(addr.AsSlice()) {
			reply.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeNak))
			return reply
		}
		reply.YourIPAddr = addr.AsSlice()
		reply.UpdateOption(dhcpv4.OptIPAddressLeaseTime(leaseTime))
	default:
		return nil
	}
	reply.UpdateOption(dhcpv4.OptMessageType(typ))
	reply.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(l.network.Bits(), 32)))
	reply.UpdateOption(dhcpv4.OptRouter(self))
	return reply
}

// askedFor gives the address that a client wants to have or to keep (RFC 2131,
// 4.3.2).
func askedFor(r *dhcpv4.DHCPv4) net.IP {
	if ip := r.RequestedIPAddress(); ip != nil && !ip.IsUnspecified() {
		return ip
	}
	return r.ClientIPAddr
}
