package stack

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"io-pkt/internal/ctl"
)

// TestDeleteAtOnce: requests that meet do as if one came after the other, also
// where the kernel takes all of a network with its first.
func TestDeleteAtOnce(t *testing.T) {
	s, _ := loadOne(t, false)
	setting := "/proc/sys/net/ipv4/conf/ecm0/promote_secondaries"
	if err := os.WriteFile(setting, []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for n := range 4 {
			a := inet(fmt.Sprintf("10.0.0.%d", n+1), 0xffffff00)
			must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: a})
			wg.Go(func() {
				<-start
				r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0", Address: a})
				if r.Errno != 0 {
					t.Errorf("round %d, %v: %v", round, a.Addr, syscall.Errno(r.Errno))
				}
			})
		}
		close(start)
		wg.Wait()
		if left := get(t, s, "ecm0").Addresses; len(left) != 0 || t.Failed() {
			t.Fatalf("round %d: got %v, want nothing", round, left)
		}
	}
}
