package netstack

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// maxConns bounds the connections; one more ends the oldest.
const maxConns = 64

// tcpServices are the services by port.
var tcpServices = []struct {
	port  uint16
	serve func(net.Conn)
}{
	{7, echo},
	{9, discard},
	{19, chargen},
}

// services are the servers of a Network.
type services struct {
	listeners []*gonet.TCPListener
	dhcp      *gonet.UDPConn
	running   sync.WaitGroup

	mu      sync.Mutex
	conns   []net.Conn // oldest first
	stopped bool
}

// start starts all servers.
func (s *services) start(st *stack.Stack, c Config) error {
	for _, service := range tcpServices {
		l, err := gonet.ListenTCP(st, tcpip.FullAddress{NIC: nic, Port: service.port}, ipv4.ProtocolNumber)
		if err != nil {
			return fmt.Errorf("listen on TCP port %d: %w", service.port, err)
		}
		s.listeners = append(s.listeners, l)
		s.running.Go(func() { s.accept(l, service.serve) })
	}
	conn, err := listenUDP(st, dhcpServerPort)
	if err != nil {
		return fmt.Errorf("listen on UDP port %d: %w", dhcpServerPort, err)
	}
	s.dhcp = conn
	s.running.Go(func() { serveDHCP(conn, newLeases(c.Addr)) })
	return nil
}

// stop ends all servers and connections and waits for them.
func (s *services) stop() {
	for _, l := range s.listeners {
		l.Shutdown()
		_ = l.Close()
	}
	if s.dhcp != nil {
		hangUp(s.dhcp)
	}
	s.mu.Lock()
	s.stopped = true
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	for _, c := range conns {
		hangUp(c)
	}
	s.running.Wait()
}

// hangUp ends a connection that somebody may be reading or writing.
func hangUp(c net.Conn) {
	_ = c.SetDeadline(time.Unix(1, 0)) // Close alone does not wake them
	_ = c.Close()
}

// accept serves a listener. It ends when the listener is closed.
func (s *services) accept(l *gonet.TCPListener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if !s.add(c) {
			hangUp(c)
			return
		}
		s.running.Go(func() {
			defer s.remove(c)
			serve(c)
		})
	}
}

// add takes note of a connection; false when the services are being stopped.
func (s *services) add(c net.Conn) bool {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return false
	}
	s.conns = append(s.conns, c)
	var old net.Conn
	if len(s.conns) > maxConns {
		old = s.conns[0]
		s.conns = slices.Delete(s.conns, 0, 1)
	}
	s.mu.Unlock()
	if old != nil {
		hangUp(old)
	}
	return true
}

func (s *services) remove(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(x net.Conn) bool { return x == c })
}

// echo sends back what comes (RFC 862).
func echo(c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// discard throws away what comes (RFC 863).
func discard(c net.Conn) {
	_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, c, make([]byte, 64<<10))
}

// chargen sends lines of 72 characters for ever (RFC 864).
func chargen(c net.Conn) {
	pattern := chargenPattern()
	for {
		if _, err := c.Write(pattern); err != nil {
			return
		}
	}
}

// chargenPattern makes the lines up to where they start again, several times
// over so that one write is worth while.
func chargenPattern() []byte {
	const (
		first = int(' ')
		count = int('~') - first + 1
		width = 72
	)
	var b []byte
	for line := range count {
		for i := range width {
			b = append(b, byte(first+(line+i)%count))
		}
		b = append(b, '\r', '\n')
	}
	return slices.Repeat(b, 8)
}
