package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// These tests want Linux's own ECM gadget on the machine's bus, its network side
// at 10.9.0.2 in another namespace. test/vm makes such a machine and names the
// gadget's Port in the environment.
const gadgetEnv = "IO_PKT_TEST_GADGET"

const (
	usbfsDir = "/dev/bus/usb"
	limit    = time.Minute // for anything; the machine is emulated
)

func openGadget(t *testing.T) usb.Device {
	t.Helper()
	port := os.Getenv(gadgetEnv)
	if port == "" {
		t.Skipf("%s is not set: no ECM gadget on this machine", gadgetEnv)
	}
	s, err := Open(usbfsDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	all, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Port == port {
			d, err := s.Open(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			return d
		}
	}
	t.Fatalf("no device on port %s in %v", port, all)
	return nil
}

// endpoints finds the endpoints of an interface's setting.
func endpoints(t *testing.T, d usb.Device, iface, alt uint8) (in, out uint8) {
	t.Helper()
	raw, err := usb.ReadConfig(t.Context(), d, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := usb.ParseConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Setting(iface, alt)
	if s == nil {
		t.Fatalf("no setting %d of interface %d in %+v", alt, iface, c)
	}
	for _, e := range s.Endpoints {
		if e.In() {
			in = e.Address
		} else {
			out = e.Address
		}
	}
	return in, out
}

func TestARPOverBulkPipes(t *testing.T) {
	d := openGadget(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.SetConfiguration(t.Context(), 1))
	must(d.Claim(0))
	must(d.Claim(1))
	must(d.SetInterface(t.Context(), 1, 1))
	setFilter := usb.Setup{RequestType: usb.TypeClass | usb.RecipientInterface, Request: 0x43, Value: 0x0c}
	_, err := d.Control(t.Context(), setFilter, nil)
	must(err)
	q, err := d.OpenQueue(1)
	must(err)
	defer q.Close()
	inAddr, outAddr := endpoints(t, d, 1, 1)
	in, err := q.Alloc(inAddr, 2048)
	must(err)
	out, err := q.Alloc(outAddr, 2048)
	must(err)
	out.Length = copy(out.Buf, arpRequest())
	out.ZeroPacket = true
	must(q.Submit(in, out))

	for {
		for _, x := range reapSome(t, q) {
			must(x.Err)
			t.Logf("endpoint %02x: % x", x.Endpoint, x.Buf[:min(x.Actual, 60)])
			if x == in && isARPReply(x.Buf[:x.Actual]) {
				return
			}
			if x == in {
				must(q.Submit(in))
			}
		}
	}
}

func reapSome(t *testing.T, q usb.Queue) []*usb.Transfer {
	t.Helper()
	ended := make([]*usb.Transfer, 16)
	fd, events := q.PollFD()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		n, err := q.Reap(ended)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return ended[:n]
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 1000); err != nil && !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
	t.Fatal("nothing ended in time")
	return nil
}

func arpRequest() []byte {
	b := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1}
	b = append(b, net.IPv4(10, 9, 0, 1).To4()...)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = append(b, net.IPv4(10, 9, 0, 2).To4()...)
	return append(b, make([]byte, 18)...)
}

func isARPReply(b []byte) bool {
	return len(b) >= 42 && binary.BigEndian.Uint16(b[12:]) == 0x806 && b[21] == 2 && bytes.Equal(b[28:32], []byte{10, 9, 0, 2})
}
