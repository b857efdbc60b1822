package script

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// TestInside runs scripts in this process's own namespaces: see TestScript.
func TestInside(t *testing.T) {
	if os.Getenv(insideVariable) == "" {
		return // TestScript starts it where it belongs
	}
	if err := ownDev(t.TempDir()); err != nil {
		t.Fatalf("a /dev of our own: %v", err)
	}
	// /sys/class/net shows the network namespace that it was mounted in.
	if err := unix.Mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		t.Fatalf("a /sys of our own: %v", err)
	}
	// Links of the interfaces that exist before: lo, and whatever tunnels this
	// kernel puts into each network namespace.
	before := interfaces(t)
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		Cmds:               commands,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", os.Getenv(binVariable)+":"+os.Getenv("PATH")+":/usr/sbin:/sbin")
			env.Setenv("TZ", "UTC")
			env.Setenv("GORACE", "atexit_sleep_ms=0 log_path="+raceReport)
			env.Setenv("SOCK", "")
			env.Defer(func() {
				if t.Failed() {
					showServers(t)
				}
				finish(t, env.WorkDir, before)
			})
			return nil
		},
	})
}

// raceReport is how the race detector's reports are called. Every user can write
// there.
const raceReport = "/dev/shm/race"

// ownDev puts a /dev in place that has what the commands need and nothing else.
func ownDev(dir string) error {
	if err := unix.Mount("io-pkt", dir, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, d := range []string{"net", "pts", "shm"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(dir, "shm"), 0o777|fs.ModeSticky); err != nil {
		return err
	}
	for _, node := range []string{"null", "zero", "full", "random", "urandom", "tty", "net/tun"} {
		path := filepath.Join(dir, node)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+node, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", node, err)
		}
	}
	if err := unix.Mount("devpts", filepath.Join(dir, "pts"), "devpts", 0, "newinstance,ptmxmode=0666"); err != nil {
		return err
	}
	for name, to := range map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := unix.Mount(dir, "/dev", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Unmount(dir, unix.MNT_DETACH)
}

// showServers shows what the servers have said and what they do, for whoever asks why a
// script has failed. One that hangs does not keep it.
func showServers(t *testing.T) {
	out, err := exec.Command("sh", "-c", `date -u +%T.%3N; cat /proc/loadavg
		GORACE=atexit_sleep_ms=0 timeout 10 "$`+binVariable+`"/sloginfo -t
		ps -eLo pid,tid,stat,etime,time,wchan:24,args`).CombinedOutput()
	t.Logf("after the failure: %v\n%s", err, out)
}

// finish ends the servers and looks that nothing is left of them.
func finish(t *testing.T, work string, before []string) {
	for name := range servers {
		if err := slay(name, unix.SIGTERM); err != nil {
			t.Errorf("end %s: %v", name, err)
		}
	}
	for _, path := range []string{"/dev/socket", "/dev/slog", "/dev/io-usb/io-usb"} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left, %v", path, err)
		}
	}
	if left, err := filepath.Glob("/dev/serecm*"); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	if got, want := fmt.Sprint(interfaces(t)), fmt.Sprint(before); got != want {
		t.Errorf("interfaces %v are left, want %v", got, want)
	}
	reports, err := filepath.Glob(raceReport + ".*")
	if err != nil {
		t.Error(err)
	}
	for _, r := range reports {
		text, _ := os.ReadFile(r)
		t.Errorf("%s", text)
	}
	for name := range servers {
		if text := console(work, name); strings.Contains(text, "\ngoroutine ") {
			t.Errorf("%s crashed:\n%s", name, text)
		}
	}
}

func interfaces(t *testing.T) (names []string) {
	list, err := net.Interfaces()
	if err != nil {
		t.Error(err)
	}
	for _, i := range list {
		names = append(names, i.Name)
	}
	return names
}
