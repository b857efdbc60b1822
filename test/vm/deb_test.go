package vm

import (
	"os"
	"os/exec"
	"testing"
)

// The Debian package: installed, it brings ecm0 up when a device is plugged in, with
// systemd and without; removed, it leaves nothing.
func TestPackage(t *testing.T) {
	for _, program := range []string{"udevadm", "/lib/systemd/systemd"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") != "true" {
			t.Skip(err)
		}
	}
	g := newGuest(t)
	if out, err := exec.CommandContext(t.Context(), "../../packaging/deb", g.dir).CombinedOutput(); err != nil {
		t.Fatalf("packaging/deb: %v\n%s", err, out)
	}
	t.Log(g.run("deb.sh"))
	t.Log(g.run("systemd.sh"))
}
