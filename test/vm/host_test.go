package vm

import (
	"strings"
	"testing"
)

// The machine's own bus: usb/host's tests, the conformance suite among them,
// against Linux's ECM gadget at each speed.
func TestHost(t *testing.T) {
	g := newGuest(t)
	g.tests("io-pkt/usb/host", "host.test")
	speeds := []string{"high", "full", "super"}
	out := g.run("host.sh", speeds...)
	t.Log(out)
	for _, speed := range speeds {
		if !strings.Contains(out, "at "+speed+" speed: ok\n") {
			t.Errorf("nothing was tested at %s speed", speed)
		}
	}
	if strings.Contains(out, "--- SKIP: TestConformance") {
		t.Error("a part of the suite was skipped")
	}
}
