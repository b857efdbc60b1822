package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Somebody who is not root runs `make demo`: here, because a machine that may
// run these tests does not always let users open /dev/net/tun.
func TestDemoWithoutRoot(t *testing.T) {
	g := newGuest(t)
	g.commands(programs)
	g.commands(map[string][]string{"io-usb": nil})
	demo, err := os.ReadFile("../../scripts/demo")
	if err == nil {
		err = os.WriteFile(filepath.Join(g.dir, "demo"), demo, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(g.dir, 0o755); err != nil { // t.TempDir is for its owner only
		t.Fatal(err)
	}
	if out := g.run("demo.sh"); !strings.Contains(out, "demo: done, and nothing is left of it") {
		t.Errorf("the demo did not end well:\n%s", out)
	}
}
