package stack

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

// A device learns of changes whoever makes them.
func TestTell(t *testing.T) {
	s, dev := loadOne(t, false)
	for _, step := range []struct {
		ip   string
		up   bool
		mode nic.ReceiveMode
	}{
		{"link set ecm0 up", true, nic.ReceiveMode{Multicast: true}},
		{"link set ecm0 promisc on", true, nic.ReceiveMode{Multicast: true, Promiscuous: true}},
		{"link set ecm0 promisc off allmulticast on", true, nic.ReceiveMode{Multicast: true, AllMulticast: true}},
		{"link set ecm0 down", false, nic.ReceiveMode{}},
		{"link set ecm0 name eth7", false, nic.ReceiveMode{}},
		{"link set eth7 up", true, nic.ReceiveMode{Multicast: true, AllMulticast: true}},
	} {
		ip(t, step.ip)
		eventually(t, "ip "+step.ip, func() bool {
			up, mode := dev.state()
			return up == step.up && mode == step.mode
		})
	}
	get(t, s, "ecm0") // it is ecm0 here in spite of the new name
}

// tcpdump and the like want everything without the flag that ip(8) sets.
func TestTellPacketSocket(t *testing.T) {
	s, dev := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	close := promiscuous(t, get(t, s, "ecm0").Index)
	eventually(t, "promiscuous", func() bool { _, mode := dev.state(); return mode.Promiscuous })
	if got := get(t, s, "ecm0").Flags; got&ctl.FlagPromisc == 0 {
		t.Errorf("flags: got %x, want PROMISC among them", got)
	}
	close()
	eventually(t, "no longer promiscuous", func() bool { _, mode := dev.state(); return !mode.Promiscuous })
}

func TestFollow(t *testing.T) {
	s, dev := loadOne(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan []ctl.Interface)
	done := make(chan error)
	go func() {
		done <- s.Follow(ctx, ctl.Peer{UID: 65534}, func(r ctl.Reply) error {
			select {
			case seen <- r.Interfaces:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	until := func(what string, ok func([]ctl.Interface) bool) {
		t.Helper()
		for end := time.After(20 * time.Second); ; {
			select {
			case list := <-seen:
				if ok(list) {
					return
				}
			case <-end:
				t.Fatal("not told of ", what)
			}
		}
	}
	until("ecm0", func(l []ctl.Interface) bool { return len(l) == 2 && l[1].Name == "ecm0" })
	// Nobody takes replies for a while: nothing is held up by that.
	for range 50 {
		must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
		must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Clear: ctl.FlagUp})
	}
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	until("up", func(l []ctl.Interface) bool { return l[1].Flags == 0x8843 && l[1].Media.Link })
	dev.port.SetLink(false)
	until("carrier lost", func(l []ctl.Interface) bool { return !l[1].Media.Link })
	must(t, s, ctl.Request{Op: ctl.OpSetMetric, Interface: "ecm0", Value: 9})
	until("metric", func(l []ctl.Interface) bool { return l[1].Metric == 9 })
	ip(t, "addr add 10.7.7.7/24 dev ecm0")
	until("address", func(l []ctl.Interface) bool { return len(l[1].Addresses) == 1 })
	dev.pull()
	until("removal", func(l []ctl.Interface) bool { return len(l) == 1 })
	cancel()
	<-done
}

func TestFollowEndsWithStack(t *testing.T) {
	s, _ := loadOne(t, false)
	first := make(chan struct{}, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Follow(t.Context(), root, func(ctl.Reply) error {
			first <- struct{}{}
			return nil
		})
		if err != nil {
			t.Errorf("Follow: %v", err)
		}
	})
	<-first
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestFollowEndsWithSend(t *testing.T) {
	s, _ := loadOne(t, false)
	if err := s.Follow(t.Context(), root, func(ctl.Reply) error { return syscall.EPIPE }); err != syscall.EPIPE {
		t.Errorf("got %v, want EPIPE", err)
	}
}
