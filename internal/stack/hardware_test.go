package stack

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
)

// What nicinfo shows beside what ifconfig does.
func TestHardware(t *testing.T) {
	d := &driver{}
	dev := d.plug(t, 1)[0]
	dev.spec.PermanentMAC = net.HardwareAddr{2, 0, 0, 0, 0, 0x77}
	dev.spec.MaxMTU, dev.status.BitRateIn = 1600, 50e6
	s, _ := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	got := get(t, s, "ecm0")
	if got.PermanentMAC != "02:00:00:00:00:77" || got.MaxMTU != 1600 || got.Media.BitRate != 50e6 {
		t.Errorf("permanent address %s, at most %d, %d bit/s", got.PermanentMAC, got.MaxMTU, got.Media.BitRate)
	}
}

// Packets and bytes are the wire's, also of frames that the kernel has as one.
func TestLargeFrames(t *testing.T) {
	s, dev := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.5", 0xffffff00)})
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	dev.halt() // the port is ours now
	must(t, s, ctl.Request{Op: ctl.OpZeroStats, Interface: "ecm0"})
	before := kernelStats(t, s)
	sendLarge(t)

	var frames [][]byte
	var want ctl.Stats
	bufs, lens := make([][]byte, 64), make([]int, 64)
	for i := range bufs {
		bufs[i] = make([]byte, 1518)
	}
	n, err := dev.port.Fetch(nic.Everywhere, bufs, lens)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bufs[:n] {
		want.OutPackets++
		want.OutBytes += uint64(lens[i])
		want.OutMulticasts += uint64(b[0] & 1)
		if lens[i] == 1042 {
			copy(b, dev.spec.MAC) // those to groups are not joined
			frames = append(frames, b[:lens[i]])
		}
	}
	if err := dev.port.Deliver(frames); err != nil || len(frames) != 40 {
		t.Fatalf("%d frames delivered, %v, want 40", len(frames), err)
	}
	want.InPackets, want.InBytes = 40, 40*1042
	got, kernel := get(t, s, "ecm0").Stats, kernelStats(t, s).Sub(before)
	got.InDrops = 0 // nobody wants the datagrams
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if kernel.OutPackets > 20 {
		t.Skipf("the kernel has %d out: it is one before 6.2, which cuts datagrams by itself", kernel.OutPackets)
	}
	if kernel.InPackets > 20 {
		t.Errorf("the kernel has %d in: they were not joined", kernel.InPackets)
	}
}

// kernelStats gives what the kernel counts for ecm0.
func kernelStats(t *testing.T, s *Stack) ctl.Stats {
	t.Helper()
	state, err := netif.Read(get(t, s, "ecm0").Index)
	if err != nil {
		t.Fatal(err)
	}
	return state.Stats
}

// sendLarge sends 40 datagrams at once, to a group on ecm0.
func sendLarge(t *testing.T) {
	t.Helper()
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 0, 0, 5)}, &net.UDPAddr{IP: net.IPv4(224, 5, 5, 5), Port: 9999})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInet4Addr(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, [4]byte{10, 0, 0, 5})
		if err == nil {
			err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1000)
		}
	})
	if err != nil {
		t.Skip("a kernel without UDP_SEGMENT: ", err)
	}
	if _, err := c.Write(make([]byte, 40000)); err != nil {
		t.Fatal(err)
	}
}

func TestMountInstance(t *testing.T) {
	s, _ := start(t, &driver{resident: true}, func(c *Config) { c.Instance = 2 })
	for instance, want := range map[int]syscall.Errno{0: syscall.ENODEV, 1: syscall.ENODEV, 2: 0} {
		r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpMount, Driver: "devnp-ecm.so", Instance: instance})
		if got := syscall.Errno(r.Errno); got != want {
			t.Errorf("instance %d: %v, want %v", instance, got, want)
		}
	}
}
