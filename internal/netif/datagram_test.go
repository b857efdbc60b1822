package netif

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// segmented gives ecm0 a neighbor, and a connection to it that lets what is written at
// once be cut into datagrams of that size.
func segmented(t testing.TB, size int) *net.UDPConn {
	t.Helper()
	ip(t, "addr add "+near4+"/24 dev ecm0")
	ip(t, "neigh add "+far4+" lladdr 02:00:00:00:00:02 dev ecm0")
	c, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.ParseIP(far4), Port: 7777})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	setSegment(t, c, size)
	return c
}

// setSegment skips the test where the kernel cannot cut.
func setSegment(t testing.TB, c *net.UDPConn, size int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size) })
	if err != nil {
		t.Skip("a kernel without UDP_SEGMENT: ", err)
	}
}
