package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"io-pkt/internal/cmdtest"
)

func TestMain(m *testing.M) {
	cmdtest.BeCommand(main)
	goleak.VerifyTestMain(m)
}

// command runs io-usb as a process of its own.
func command(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := cmdtest.Command(t, args...)
	// Files, since the background process keeps them: nobody waits for its end.
	out, errs := tempFile(t), tempFile(t)
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return content(t, out), content(t, errs), cmd.ProcessState.ExitCode()
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func content(t *testing.T, f *os.File) string {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(b))
}

// server gives the process that serves path.
func server(t *testing.T, path string) *os.Process {
	t.Helper()
	c, err := net.Dial("unix", path+ctlSuffix)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	p, err := os.FindProcess(pid)
	if err != nil || pid == 0 {
		t.Fatalf("process %d: %v", pid, err)
	}
	t.Cleanup(func() { _ = p.Kill() }) // unless the test did
	return p
}

// until waits for what has no event.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// The whole life of the command: background, commands, kill -9, SIGTERM.
func TestDaemon(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "io-usb")
	if _, stderr, status := command(t, "-dsim", "-v", "-n", path); status != 0 || !strings.Contains(stderr, "1 simulated devices at "+path) {
		t.Fatalf("status %d, %q", status, stderr)
	}
	first := server(t, path)
	if stdout, _, status := command(t, "-n", path, "-c", "list"); status != 0 || !strings.HasPrefix(stdout, "0 1209:0001") {
		t.Errorf("list: status %d, %q", status, stdout)
	}
	if _, stderr, status := command(t, "-n", path, "-c", "pull 5"); status != 1 || stderr != `io-usb: there is no device "5"` {
		t.Errorf("pull 5: status %d, %q", status, stderr)
	}
	if _, stderr, status := command(t, "-dsim", "-n", path); status != 1 || !strings.Contains(stderr, "already in use") {
		t.Errorf("a second one: status %d, %q", status, stderr)
	}

	must(t, first.Kill())
	until(t, "the first to end", func() bool { _, err := net.Dial("unix", path); return err != nil })
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("it is not stale:", err)
	}
	if _, stderr, status := command(t, "-dsim", "-n", path); status != 0 {
		t.Fatalf("in place of a stale one: status %d, %q", status, stderr)
	}
	must(t, server(t, path).Signal(unix.SIGTERM))
	until(t, "SIGTERM to remove everything", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	})
	if _, stderr, status := command(t, "-n", path, "-c", "list"); status != 1 || !strings.Contains(stderr, "no io-usb simulates here") {
		t.Errorf("list without a server: status %d, %q", status, stderr)
	}
}

func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		stdout, stderr string
		status         int
	}{
		{[]string{"--help"}, "usage: io-usb", "", 0},
		{[]string{"-d", "sim", "paint=red"}, "", `io-usb: sim: unknown option "paint"`, 1},
		{[]string{"-z"}, "", "io-usb: unknown option -- z", 1},
		{nil, "", "io-usb: no driver was given", 1},
	} {
		stdout, stderr, status := command(t, tt.args...)
		if !strings.HasPrefix(stdout, tt.stdout) || !strings.HasPrefix(stderr, tt.stderr) || status != tt.status {
			t.Errorf("%q: status %d, %q, %q", tt.args, status, stdout, stderr)
		}
	}
}

// IO_USB_SIM makes no sense of what -d sim would not, and is nothing to what starts no bus.
func TestSimulationRefused(t *testing.T) {
	t.Setenv(simulation, "paint=red")
	for line, want := range map[string]string{
		"-d ehci":          `io-usb: IO_USB_SIM: unknown option "paint"`,
		"":                 `io-usb: IO_USB_SIM: unknown option "paint"`,
		"-x":               "io-usb: unknown option -- x",
		"-n /none -c list": "io-usb: no io-usb simulates here: dial unix /none.ctl: connect: no such file or directory",
	} {
		if _, stderr, status := command(t, strings.Fields(line)...); stderr != want || status != exitError {
			t.Errorf("%q: status %d, %q, want %q", line, status, stderr, want)
		}
	}
	if out, _, status := command(t, "--help"); status != exitOK || !strings.HasPrefix(out, "usage: ") {
		t.Errorf("--help: status %d, %q", status, out)
	}
}
