package netstack

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"io-pkt/internal/poll"
	"io-pkt/usb"
	"io-pkt/usb/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host is a second TCP/IP stack that reaches a Network over a simulated
// device, by a driver that does no more than it must.
type host struct {
	t      testing.TB
	link   *link
	stack  *stack.Stack
	queue  usb.Queue
	poller *poll.Poller

	mu      sync.Mutex
	out     []*usb.Transfer // not in flight
	stopped bool
	running sync.WaitGroup
}

const (
	depth = 64
	epIn  = 0x81
	epOut = 0x02
)

func newHost(t testing.TB, network *Network) *host {
	t.Helper()
	mtu := network.config.MTU
	dev, err := sim.NewDevice(sim.Config{Network: network, SegmentSize: mtu + 14})
	check(t, err)
	bus := sim.NewBus(1)
	t.Cleanup(func() { check(t, bus.Close()) })
	check(t, bus.Plug(dev))
	h := &host{t: t}
	h.open(bus, mtu)

	c := Config{
		Addr: netip.PrefixFrom(network.config.Addr.Addr().Next(), network.config.Addr.Bits()),
		MAC:  net.HardwareAddr{0x02, 'i', 'o', 'p', 'k', 0}, MTU: mtu,
	}
	h.link = newLink(c, h.send)
	h.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{icmp.NewProtocol4, tcp.NewProtocol, udp.NewProtocol},
	})
	check(t, (&Network{config: c, link: h.link, stack: h.stack}).configure())

	h.running.Go(h.run)
	t.Cleanup(func() {
		h.stack.Destroy()
		h.mu.Lock()
		h.stopped = true
		h.mu.Unlock()
		h.poller.Wake()
		h.running.Wait()
		check(t, h.queue.Close())
		check(t, h.poller.Close())
	})
	return h
}

// open brings the data path up.
func (h *host) open(bus *sim.Bus, mtu int) {
	h.t.Helper()
	list, err := bus.Devices(h.t.Context())
	check(h.t, err)
	u, err := bus.Open(h.t.Context(), list[0])
	check(h.t, err)
	h.t.Cleanup(func() { check(h.t, u.Close()) })
	check(h.t, u.Claim(1))
	check(h.t, u.SetInterface(h.t.Context(), 1, 1))
	filter := usb.Setup{RequestType: 0x21, Request: 0x43, Value: 0x0c} // directed and broadcast
	_, err = u.Control(h.t.Context(), filter, nil)
	check(h.t, err)

	h.queue, err = u.OpenQueue(1)
	check(h.t, err)
	for range depth {
		x, err := h.queue.Alloc(epOut, mtu+14)
		check(h.t, err)
		x.ZeroPacket = true
		h.out = append(h.out, x)
		in, err := h.queue.Alloc(epIn, (mtu+14+512)/512*512)
		check(h.t, err)
		in.Length = len(in.Buf)
		check(h.t, h.queue.Submit(in))
	}
	h.poller, err = poll.New()
	check(h.t, err)
	h.poller.Add(h.queue.PollFD())
}

// send takes frames from the host's stack; those for which there is no transfer
// are lost.
func (h *host) send(frames [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ts []*usb.Transfer
	for _, f := range frames {
		if len(h.out) == 0 || h.stopped {
			break
		}
		x := h.out[len(h.out)-1]
		h.out = h.out[:len(h.out)-1]
		x.Length = copy(x.Buf, f)
		ts = append(ts, x)
	}
	if err := h.queue.Submit(ts...); err != nil && !h.stopped {
		h.t.Error(err)
	}
}

// run takes what ends. It ends when stopped is set.
func (h *host) run() {
	done := make([]*usb.Transfer, 2*depth)
	for {
		if err := h.poller.Wait(-1); err != nil {
			h.t.Error(err)
			return
		}
		h.mu.Lock()
		n, err := h.queue.Reap(done)
		stopped := h.stopped
		h.mu.Unlock()
		if stopped || err != nil {
			return
		}
		h.take(done[:n])
	}
}

func (h *host) take(done []*usb.Transfer) {
	var frames [][]byte
	var ins []*usb.Transfer
	for _, x := range done {
		if x.Err != nil {
			h.t.Errorf("endpoint %02x: %v", x.Endpoint, x.Err)
		}
		if x.Endpoint == epIn {
			frames, ins = append(frames, x.Buf[:x.Actual]), append(ins, x)
		}
	}
	h.link.receive(frames)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, x := range done {
		if x.Endpoint == epOut {
			h.out = append(h.out, x)
		}
	}
	if err := h.queue.Submit(ins...); err != nil {
		h.t.Error(err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
