package vm

import (
	"os"
	"os/exec"
	"testing"
)

// The Debian package: installed, on a Debian that was only just made, it brings ecm0
// up when a device is plugged in; removed, it leaves nothing. The same under systemd,
// on this machine's own root.
func TestPackage(t *testing.T) {
	for _, program := range []string{"debootstrap", "/lib/systemd/systemd"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") != "true" {
			t.Skip(err)
		}
	}
	g := newGuest(t)
	if out, err := exec.CommandContext(t.Context(), "../../packaging/deb", g.dir).CombinedOutput(); err != nil {
		t.Fatalf("packaging/deb: %v\n%s", err, out)
	}
	t.Log(g.run("systemd.sh"))
	g.clean()
	t.Log(g.run("deb.sh"))
}
