package vm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// guestTime bounds one guest, from boot to end. The guest's processors are
// emulated, and other tests run beside it.
const guestTime = 15 * time.Minute

// setup gets the guest's kernel, once.
var setup = sync.OnceValue(func() error {
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		return err
	}
	out, err := exec.Command("../../scripts/vm", "setup").CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
})

// needGuest skips the test where there can be no guest; in CI that is a failure.
func needGuest(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a guest takes too long for -short")
	}
	if err := setup(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no virtual machine: %v", err)
		}
		t.Skipf("no virtual machine: %v", err)
	}
}

// A guest is a machine to be booted: a directory that becomes its /share.
type guest struct {
	t    testing.TB
	dir  string
	root string // a directory that is its root, instead of this machine's
	qemu string // more arguments for QEMU
}

// newGuest makes a guest for a test, which from then on runs beside others: a
// guest keeps one of this machine's processors busy.
func newGuest(t testing.TB) *guest {
	t.Helper()
	needGuest(t)
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	g := &guest{t: t, dir: t.TempDir()}
	err := errors.Join(
		os.CopyFS(g.dir, os.DirFS("testdata")),
		os.Mkdir(filepath.Join(g.dir, "bin"), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// clean gives the guest a Debian of its own, with hardly more than what each has
// and what the scripts type.
func (g *guest) clean() {
	g.t.Helper()
	g.root = g.t.TempDir()
	cmd := exec.CommandContext(g.t.Context(), "debootstrap", "--variant=minbase",
		"--include=libusb-1.0-0,udev,kmod,iproute2,iputils-ping,procps", "bookworm", g.root)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("debootstrap: %v\n%s", err, out)
	}
}

// tests builds a package's tests as a program.
func (g *guest) tests(pkg, name string) {
	g.t.Helper()
	g.build("test", "-c", "-o", filepath.Join(g.dir, "bin", name), pkg)
}

// commands builds commands; each may be called by other names, too.
func (g *guest) commands(names map[string][]string) {
	g.t.Helper()
	for name, links := range names {
		g.build("build", "-o", filepath.Join(g.dir, "bin", name), "io-pkt/cmd/"+name)
		for _, link := range links {
			if err := os.Symlink(name, filepath.Join(g.dir, "bin", link)); err != nil {
				g.t.Fatal(err)
			}
		}
	}
}

func (g *guest) build(args ...string) {
	g.t.Helper()
	if out, err := exec.CommandContext(g.t.Context(), "go", args...).CombinedOutput(); err != nil {
		g.t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

// run boots the guest and runs a script of testdata in it. The script must
// succeed; what it printed comes back.
func (g *guest) run(script string, args ...string) string {
	g.t.Helper()
	limit := guestTime
	if t, ok := g.t.(*testing.T); ok {
		if deadline, ok := t.Deadline(); ok {
			limit = min(limit, time.Until(deadline)-time.Minute) // to show what it printed
		}
	}
	ctx, cancel := context.WithTimeout(g.t.Context(), limit+30*time.Second)
	defer cancel()
	seconds := strconv.Itoa(max(int(limit.Seconds()), 1))
	root := cmp.Or(g.root, "/")
	all := append([]string{"run", "-t", seconds, "-s", g.dir, "-r", root, "-q", g.qemu, filepath.Join("testdata", script)}, args...)
	cmd := exec.CommandContext(ctx, "../../scripts/vm", all...)
	// Asked to end, the script ends its QEMU and removes what it made.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("%s: %v\n%s", script, err, out.String())
	}
	return out.String()
}

// speeds are what a script that takes speeds is given.
var speeds = []string{"high", "full", "super"}

// wantSpeeds checks that a script came to its end at each speed.
func (g *guest) wantSpeeds(out string) {
	g.t.Helper()
	g.t.Log(out)
	for _, speed := range speeds {
		if !strings.Contains(out, "at "+speed+" speed: ok\n") {
			g.t.Errorf("nothing was tested at %s speed", speed)
		}
	}
}
