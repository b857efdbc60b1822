// Package netstack is a small network behind a simulated device: one host, on
// gVisor's TCP/IP, that answers ARP and ping, gives out addresses over DHCP, and
// serves echo (RFC 862), discard (RFC 863) and chargen (RFC 864) over TCP.
//
// A Network lives from New to Close; the device it is given to closes it. It
// runs gVisor's goroutines, one for each service and one for each connection,
// of which there are at most maxConns. Close ends them all.
package netstack

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// Config says what host it is. The zero value is usable.
type Config struct {
	Addr netip.Prefix     // its address and network; 10.0.0.1/8 by default
	MAC  net.HardwareAddr // 02:69:6f:70:00:01 by default
	MTU  int              // in bytes, 68 to 65521; 1500 by default, which is wMaxSegmentSize 1514
}

// nic is the number of the only interface.
const nic tcpip.NICID = 1

// tcpBuffer bounds what one connection may have in flight to the host, in bytes: less
// than a device's backlog holds, so that nothing is lost on a quiet bus.
const tcpBuffer = 1 << 20

// receiveBuffer is the largest for which gVisor announces windows in units of a byte
// (RFC 7323, 2.2). In larger units it refuses the last bytes of a window that it has
// announced, if they are fewer than a unit, and with them every acknowledgment that
// its peer sends from then on. Where it waits for one, both wait for ever.
const receiveBuffer = 1<<16 - 1

// A Network implements sim.Network.
type Network struct {
	config Config
	stack  *stack.Stack
	link   *link

	closing  sync.Once
	services services
}

// New makes a Network. It answers nothing before Start.
func New(c Config) (*Network, error) {
	if !c.Addr.IsValid() {
		c.Addr = netip.MustParsePrefix("10.0.0.1/8")
	}
	if c.MAC == nil {
		c.MAC = net.HardwareAddr{0x02, 'i', 'o', 'p', 0, 1}
	}
	if c.MTU == 0 {
		c.MTU = 1500
	}
	switch {
	case !c.Addr.Addr().Is4():
		return nil, fmt.Errorf("network %v: not an IPv4 address", c.Addr)
	case len(c.MAC) != 6 || c.MAC[0]&1 != 0:
		return nil, fmt.Errorf("network %v: %v is not a station's address", c.Addr, c.MAC)
	case c.MTU < 68 || c.MTU > 65521: // RFC 791; what a segment size can say
		return nil, fmt.Errorf("network %v: MTU %d is out of range", c.Addr, c.MTU)
	}
	return &Network{config: c}, nil
}

// Start is sim.Network's.
func (n *Network) Start(deliver func(frames [][]byte)) error {
	n.link = newLink(n.config, deliver)
	n.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{icmp.NewProtocol4, tcp.NewProtocol, udp.NewProtocol},
	})
	err := n.configure()
	if err == nil {
		err = n.services.start(n.stack, n.config)
	}
	if err != nil {
		_ = n.Close()
		return fmt.Errorf("network %v: %w", n.config.Addr, err)
	}
	return nil
}

// configure gives the stack its interface, address and route.
func (n *Network) configure() error {
	if err := n.stack.CreateNIC(nic, ethernet.New(n.link)); err != nil {
		return fmt.Errorf("make the interface: %v", err)
	}
	addr := tcpip.AddrFrom4(n.config.Addr.Addr().As4())
	if err := n.stack.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: addr, PrefixLen: n.config.Addr.Bits()},
	}, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("set the address: %v", err)
	}
	// Everybody is on the link, whatever his network.
	all, err := tcpip.NewSubnet(tcpip.AddrFrom4([4]byte{}), tcpip.MaskFromBytes(make([]byte, 4)))
	if err != nil {
		return err
	}
	n.stack.SetRouteTable([]tcpip.Route{{Destination: all, NIC: nic}})

	sack := tcpip.TCPSACKEnabled(true)
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: receiveBuffer, Max: receiveBuffer}
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: tcpBuffer, Max: tcpBuffer}
	for _, o := range []tcpip.SettableTransportProtocolOption{&sack, &receive, &send} {
		if err := n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, o); err != nil {
			return fmt.Errorf("set up TCP: %v", err)
		}
	}
	return nil
}

// Send is sim.Network's.
func (n *Network) Send(frames [][]byte) { n.link.receive(frames) }

// Close is sim.Network's.
func (n *Network) Close() error {
	n.closing.Do(func() {
		if n.stack == nil {
			return // never started
		}
		n.services.stop()
		n.stack.Destroy()
	})
	return nil
}
