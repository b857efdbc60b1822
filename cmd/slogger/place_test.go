package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// A place is where one slogger works: a prefix of its own.
type place struct {
	dir  string
	path string // of the log
	name string // of the command
}

func newPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{dir, slog.Path(dir), "slogger"}
}

// as gives the same place with another of the command's names.
func (p place) as(name string) place {
	p.name = name
	return p
}

// slogger runs the command, which goes to the background when all is well.
func (p place) slogger(t *testing.T, args ...string) (stderr string, status int) {
	t.Helper()
	// A file, since a pipe would be waited for until the daemon ends.
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command(filepath.Join(filepath.Dir(binary), p.name), args...)
	cmd.Env = []string{"SOCK=" + p.dir}
	cmd.Dir = p.dir
	cmd.Stderr = file
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// start starts a slogger that works, and gives what ends it.
func (p place) start(t *testing.T, args ...string) (stop func()) {
	t.Helper()
	if stderr, status := p.slogger(t, args...); stderr != "" || status != exitOK {
		t.Fatalf("%s %q: status %d, %s", p.name, args, status, stderr)
	}
	return p.own(t)
}

// own gives what ends the slogger that runs, and waits for that. The test's end does
// it, too: one that lives on would write into the directory that is being removed.
func (p place) own(t *testing.T) (stop func()) {
	t.Helper()
	pid := p.server(t).Pid
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		fd, err := unix.PidfdOpen(int(pid), 0)
		if err != nil {
			t.Errorf("slogger is gone: %v", err)
			return
		}
		defer unix.Close(fd)
		if err := unix.Kill(int(pid), unix.SIGTERM); err != nil {
			t.Error(err)
		}
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, 20000)
		for err == unix.EINTR { // the runtime's own signals
			n, err = unix.Poll(poll, 20000)
		}
		if n != 1 {
			t.Errorf("slogger does not end: %v", err)
			_ = unix.Kill(int(pid), unix.SIGKILL)
		}
	}
	t.Cleanup(stop)
	return stop
}

// awaitServer waits until somebody keeps the log.
func (p place) awaitServer(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("unix", p.path)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// server says who keeps the log.
func (p place) server(t *testing.T) *unix.Ucred {
	t.Helper()
	conn, err := net.Dial("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var cred *unix.Ucred
	if ctlErr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); ctlErr != nil || err != nil {
		t.Fatal(ctlErr, err)
	}
	return cred
}

// log logs texts.
func (p place) log(t *testing.T, sev slog.Severity, texts ...string) {
	t.Helper()
	c, err := slog.Dial(p.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		c.Log(slog.NewCode(slog.TCPIP, 0), sev, text)
	}
	if c.Close(); c.Dropped() != 0 {
		t.Errorf("%d events were dropped", c.Dropped())
	}
}

// await waits until the newest event is text, and gives all.
func (p place) await(t *testing.T, text string) []slog.Event {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		events := read(t, p.path)
		if n := len(events); n > 0 && events[n-1].Text == text {
			return events
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q does not come; there is %v", text, events)
		}
	}
}

func read(t *testing.T, path string) (events []slog.Event) {
	t.Helper()
	r, err := slog.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func texts(events []slog.Event) string {
	var s []string
	for _, e := range events {
		s = append(s, e.Text)
	}
	return strings.Join(s, ",")
}
