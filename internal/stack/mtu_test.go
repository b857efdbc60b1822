package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"io-pkt/internal/ctl"
)

// setting6 gives one of the kernel's settings; "" when there is no IPv6 on the
// interface at all.
func setting6(name, key string) string {
	b, _ := os.ReadFile(filepath.Join("/proc/sys/net/ipv6/conf", name, key))
	return strings.TrimSpace(string(b))
}

// TestMTUForIPv6: with an MTU below 1280 the kernel forgets what was set of IPv6.
func TestMTUForIPv6(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, name := range []string{"ecm0", "vlan7"} {
			t.Run(fmt.Sprintf("v6 %v, %s", v6, name), func(t *testing.T) {
				s, _ := loadOne(t, v6)
				if name == "vlan7" {
					needVLANs(t)
					must(t, s, ctl.Request{Op: ctl.OpCreate, Interface: name})
					must(t, s, ctl.Request{Op: ctl.OpSetVLAN, Interface: name, VLAN: &ctl.VLAN{Tag: 7, Parent: "ecm0"}})
					must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: name, Set: ctl.FlagUp})
				}
				must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
				byIfconfig := func(mtu int) {
					must(t, s, ctl.Request{Op: ctl.OpSetMTU, Interface: name, Value: mtu})
				}
				byIP := func(mtu int) { ip(t, fmt.Sprintf("link set %s mtu %d", name, mtu)) }

				byIfconfig(1000)
				if got := setting6(name, "disable_ipv6"); got != "" {
					t.Errorf("mtu 1000: got disable_ipv6 %q, want no IPv6", got)
				}
				byIfconfig(1280)
				if !prepared6(t, name, v6) {
					t.Error("mtu 1280: it is not as it was for the new interface")
				}
				byIP(1279)
				eventually(t, "ip's change is seen", func() bool { return isSmall(t, s, name) })
				byIP(1400)
				eventually(t, "it is as it was for the new interface", func() bool { return prepared6(t, name, v6) })
			})
		}
	}
}

// prepared6 reports whether the kernel's settings are those of a new interface.
func prepared6(t *testing.T, name string, v6 bool) bool {
	t.Helper()
	if v6 {
		return setting6(name, "disable_ipv6") == "0" && setting6(name, "keep_addr_on_down") == "1"
	}
	return setting6(name, "disable_ipv6") == "1" && !strings.Contains(ip(t, "-6 addr show dev "+name), "inet6")
}

func isSmall(t *testing.T, s *Stack, name string) bool {
	t.Helper()
	i, err := s.lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return i.small
}
