package netif

import (
	"net/netip"
	"testing"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif/netiftest"
)

func changed(t *testing.T, w *Watcher, what string) {
	t.Helper()
	select {
	case <-w.Changed():
	case <-time.After(20 * time.Second):
		t.Fatal("not told of ", what)
	}
}

// settle takes the changes that are under way, so that the next one is most
// likely the one that the test makes.
func settle(w *Watcher) {
	for {
		select {
		case <-w.Changed():
		case <-time.After(50 * time.Millisecond):
			return
		}
	}
}

func TestWatch(t *testing.T) {
	netiftest.Need(t)
	w, err := Watch()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	open(t, Config{Name: "ecm0"})
	changed(t, w, "the interface")
	for _, step := range []string{"link set ecm0 up", "addr add 10.0.0.1/24 dev ecm0", "addr add fd00::1/64 dev ecm0 nodad", "link set ecm0 promisc on", "link del ecm0"} {
		settle(w)
		ip(t, step)
		changed(t, w, step)
	}
	settle(w)
	w.Kick()
	w.Kick()
	changed(t, w, "the kick")
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	w.Kick()
}

// The kernel's messages are lost when they are too many; the watcher goes on.
func TestWatchOverrun(t *testing.T) {
	netiftest.Need(t)
	w, err := Watch()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.socket.SetReceiveBufferSize(1, false); err != nil { // the kernel has a minimum
		t.Fatal(err)
	}
	tap := open(t, Config{Name: "ecm0"})
	a := ctl.Address{Addr: netip.MustParseAddr("10.0.0.1"), Mask: 0xffffff00}
	for range 500 {
		if err := AddAddress(tap.Index(), a); err != nil {
			t.Fatal(err)
		}
		if err := DeleteAddress(tap.Index(), a.Addr); err != nil {
			t.Fatal(err)
		}
	}
	settle(w)
	ip(t, "link set ecm0 up")
	changed(t, w, "a change after an overrun")
}
