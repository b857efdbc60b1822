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
	out := g.run("host.sh", speeds...)
	g.wantSpeeds(out)
	if strings.Contains(out, "--- SKIP: TestConformance/") {
		t.Error("a part of the suite was skipped")
	}
}
