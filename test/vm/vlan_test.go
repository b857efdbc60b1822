package vm

import (
	"strings"
	"testing"
)

// VLANs, which the kernels of containers often lack: the tests that need them, and
// QNX's words on a simulated modem with a VLAN behind it.
func TestVLAN(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/internal/netif", "netif.test")
	g.tests("io-pkt/internal/stack", "stack.test")
	g.commands(map[string][]string{"io-usb": nil, "io-pkt": {"io-pkt-v4-hc"}, "ifconfig": nil, "if_up": nil})
	out := g.run("vlan.sh")
	t.Log(out)
	if !strings.Contains(out, "--- PASS: TestGate/tagged_frames") || !strings.Contains(out, "--- PASS: TestVLANLosesParent") ||
		strings.Contains(out, "--- SKIP") {
		t.Error("a part of the tests was skipped")
	}
	if !strings.HasSuffix(out, "vlan: ok\n") {
		t.Error("the script did not come to its end")
	}
}
