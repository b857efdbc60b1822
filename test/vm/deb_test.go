package vm

import (
	"os"
	"os/exec"
	"testing"
)

// The Debian package: installed, it brings ecm0 up when a device is plugged in;
// removed, it leaves nothing.
func TestPackage(t *testing.T) {
	if _, err := exec.LookPath("udevadm"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no udev:", err)
	}
	g := newGuest(t)
	if out, err := exec.CommandContext(t.Context(), "../../packaging/deb", g.dir).CombinedOutput(); err != nil {
		t.Fatalf("packaging/deb: %v\n%s", err, out)
	}
	t.Log(g.run("deb.sh"))
}
