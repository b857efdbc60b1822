package stack

import (
	"net"
	"syscall"
	"testing"

	"io-pkt/internal/ctl"
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

func TestMountInstance(t *testing.T) {
	s, _ := start(t, &driver{resident: true}, func(c *Config) { c.Instance = 2 })
	for instance, want := range map[int]syscall.Errno{0: syscall.ENODEV, 1: syscall.ENODEV, 2: 0} {
		r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpMount, Driver: "devnp-ecm.so", Instance: instance})
		if got := syscall.Errno(r.Errno); got != want {
			t.Errorf("instance %d: %v, want %v", instance, got, want)
		}
	}
}
