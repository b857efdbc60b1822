package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"io-pkt/slog"
)

// SIGTERM ends slogger also when nobody takes what it writes.
func TestEndsWhenTheFileBlocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string) (path string)
	}{
		{"terminal", func(t *testing.T, _ string) string {
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { master.Close(); tty.Close() })
			return tty.Name()
		}},
		{"FIFO without a reader", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "fifo")
			if err := unix.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			stop := p.start(t, "-s", "1000", "-l", c.make(t, p.dir))
			long := strings.Repeat("x", 1000)
			for range 200 { // more than a pipe or a terminal holds
				p.log(t, slog.Info, long)
			}
			p.log(t, slog.Info, "last")
			p.await(t, "last")
			stop()
		})
	}
}

// Who opens a FIFO later finds the events.
func TestFIFO(t *testing.T) {
	p := newPlace(t)
	path := filepath.Join(p.dir, "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := p.start(t, "-l", "fifo")
	p.log(t, slog.Info, "one", "two")
	p.await(t, "two")
	r, err := slog.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stop() // the FIFO has an end then
	var events []slog.Event
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if got, want := texts(events), "one,two"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// SIGTERM ends it also before it is ready: with a file, of holes alone, that takes
// hours to read.
func TestEndsBeforeItIsReady(t *testing.T) {
	p := newPlace(t)
	path := filepath.Join(p.dir, "log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(binary, "--foreground", "-l", "log")
	cmd.Env = []string{"SOCK=" + p.dir}
	cmd.Dir = p.dir
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.awaitServer(t)
	p.own(t)()
	_ = cmd.Wait()
	if got, want := stderr.String(), "slogger: open log: "; cmd.ProcessState.ExitCode() != exitError || !strings.HasPrefix(got, want) {
		t.Errorf("%v, %q; want %q", cmd.ProcessState, got, want)
	}
	if _, err := os.Lstat(p.path); err == nil {
		t.Error("it left a socket")
	}
}
