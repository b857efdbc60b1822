package netstack

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

func mac(i int) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, byte(i >> 8), byte(i)} }

// ask makes a request of a kind and gives the answer.
func ask(t testing.TB, l *leases, i int, typ dhcpv4.MessageType, more ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	more = append([]dhcpv4.Modifier{dhcpv4.WithHwAddr(mac(i)), dhcpv4.WithMessageType(typ)}, more...)
	r, err := dhcpv4.New(more...)
	check(t, err)
	return l.answer(r)
}

func requested(ip string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(ip)))
}

func TestLeases(t *testing.T) {
	l := newLeases(netip.MustParsePrefix("10.0.0.1/8"))
	offer := ask(t, l, 1, dhcpv4.MessageTypeDiscover)
	if offer == nil || offer.MessageType() != dhcpv4.MessageTypeOffer || offer.YourIPAddr.String() != "10.0.0.100" {
		t.Fatalf("offer = %v", offer)
	}
	ack := ask(t, l, 1, dhcpv4.MessageTypeRequest, requested("10.0.0.100"))
	if ack == nil || ack.MessageType() != dhcpv4.MessageTypeAck || ack.YourIPAddr.String() != "10.0.0.100" {
		t.Fatalf("ack = %v", ack)
	}
	if got := net.IP(ack.SubnetMask()).String(); got != "255.0.0.0" {
		t.Errorf("netmask = %s, want 255.0.0.0", got)
	}
	if r := ack.Router(); len(r) != 1 || r[0].String() != "10.0.0.1" {
		t.Errorf("router = %v, want 10.0.0.1", r)
	}
	if got := ack.IPAddressLeaseTime(0); got != time.Hour {
		t.Errorf("lease time = %v, want 1h", got)
	}
	renew := ask(t, l, 1, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.IPv4(10, 0, 0, 100)))
	if renew == nil || renew.MessageType() != dhcpv4.MessageTypeAck {
		t.Errorf("renewal = %v", renew)
	}
	if second := ask(t, l, 2, dhcpv4.MessageTypeDiscover); second == nil || second.YourIPAddr.String() != "10.0.0.101" {
		t.Errorf("a second client is offered %v", second)
	}
	if again := ask(t, l, 1, dhcpv4.MessageTypeDiscover); again.YourIPAddr.String() != "10.0.0.100" {
		t.Errorf("the first client is now offered %v", again)
	}
}

func TestLeasesRefuse(t *testing.T) {
	l := newLeases(netip.MustParsePrefix("10.0.0.1/8"))
	nak := ask(t, l, 1, dhcpv4.MessageTypeRequest, requested("192.168.0.7"))
	if nak == nil || nak.MessageType() != dhcpv4.MessageTypeNak || !nak.YourIPAddr.IsUnspecified() {
		t.Errorf("answer to a request for another network's address: %v", nak)
	}
	other := dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(10, 0, 0, 2)))
	if r := ask(t, l, 1, dhcpv4.MessageTypeRequest, requested("10.0.0.100"), other); r != nil {
		t.Errorf("answer to a request to another server: %v", r)
	}
	if r := ask(t, l, 1, dhcpv4.MessageTypeRelease); r != nil {
		t.Errorf("answer to a release: %v", r)
	}
}

// The pool is bounded; the client that was not heard of for longest loses.
func TestLeasesAreBounded(t *testing.T) {
	l := newLeases(netip.MustParsePrefix("10.0.0.1/8"))
	for i := range 1000 {
		if ask(t, l, i, dhcpv4.MessageTypeDiscover) == nil {
			t.Fatalf("client %d gets no answer", i)
		}
	}
	if len(l.byMAC) != poolSize || len(l.pool) != poolSize {
		t.Errorf("%d leases of %d addresses, want %d", len(l.byMAC), len(l.pool), poolSize)
	}
}

func TestPool(t *testing.T) {
	tests := []struct {
		network     string
		size        int
		first, last string
	}{
		{"10.0.0.1/8", 100, "10.0.0.100", "10.0.0.199"},
		{"10.0.0.150/8", 99, "10.0.0.100", "10.0.0.199"},
		{"192.168.7.1/24", 100, "192.168.7.100", "192.168.7.199"},
		{"192.168.7.1/29", 5, "192.168.7.2", "192.168.7.6"},
		{"192.168.7.129/25", 99, "192.168.7.130", "192.168.7.228"},
		{"192.168.7.1/30", 1, "192.168.7.2", "192.168.7.2"},
		{"192.168.7.1/31", 0, "", ""},
		{"192.168.7.1/32", 0, "", ""},
		{"128.0.0.1/1", 100, "128.0.0.100", "128.0.0.199"},
	}
	for _, tt := range tests {
		t.Run(tt.network, func(t *testing.T) {
			pool := newLeases(netip.MustParsePrefix(tt.network)).pool
			if len(pool) != tt.size {
				t.Fatalf("%d addresses, want %d", len(pool), tt.size)
			}
			if tt.size > 0 && (pool[0].String() != tt.first || pool[tt.size-1].String() != tt.last) {
				t.Errorf("%v to %v, want %s to %s", pool[0], pool[tt.size-1], tt.first, tt.last)
			}
		})
	}
}

// The server over the wire.
func TestDHCP(t *testing.T) {
	h := newHost(t, newNetwork(t, Config{}))
	conn, err := listenUDP(h.stack, dhcpClientPort)
	check(t, err)
	defer hangUp(conn)
	r, err := dhcpv4.NewDiscovery(mac(7))
	check(t, err)
	_, err = conn.WriteTo(r.ToBytes(), &net.UDPAddr{IP: net.IPv4bcast, Port: dhcpServerPort})
	check(t, err)
	check(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	buf := make([]byte, 1500)
	n, _, err := conn.ReadFrom(buf)
	check(t, err)
	offer, err := dhcpv4.FromBytes(buf[:n])
	check(t, err)
	if offer.YourIPAddr.String() != "10.0.0.100" || offer.TransactionID != r.TransactionID {
		t.Errorf("offer = %v", offer)
	}
}
