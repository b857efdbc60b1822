package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"io-pkt/slog"
)

// atLink puts something where the link is to be: a file, or a link to target.
func (p place) atLink(t *testing.T, target string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(p.path), 0o755)
	if err == nil && target == "" {
		err = os.WriteFile(linkOf(p.path), []byte("a file"), 0o600)
	} else if err == nil {
		err = os.Symlink(target, linkOf(p.path))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantLink checks what the link leads to; "" is for no link.
func (p place) wantLink(t *testing.T, want string) {
	t.Helper()
	if got, _ := os.Readlink(linkOf(p.path)); got != want {
		t.Errorf("the link leads to %q, want %q", got, want)
	}
}

// /dev/slog2 leads to the log as long as slogger2 keeps it, whatever was there.
func TestLink(t *testing.T) {
	for _, left := range []string{"nothing", "slog", "elsewhere"} {
		t.Run(left, func(t *testing.T) {
			p := newPlace(t).as("slogger2")
			if left != "nothing" {
				p.atLink(t, left)
			}
			stop := p.start(t)
			p.wantLink(t, "slog")
			p.log(t, slog.Info, "one")
			p.await(t, "one")
			if got := texts(read(t, linkOf(p.path))); got != "one" {
				t.Errorf("it leads to %q", got)
			}
			stop()
			for _, path := range []string{p.path, linkOf(p.path)} {
				if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is still there: %v", path, err)
				}
			}
		})
	}
}

// slogger makes no link, and lets one be.
func TestSloggerMakesNoLink(t *testing.T) {
	p := newPlace(t)
	p.start(t)()
	p.wantLink(t, "")
	p.atLink(t, "slog")
	p.start(t)()
	p.wantLink(t, "slog")
}

// A file in the link's place is not slogger2's to remove.
func TestNoLink(t *testing.T) {
	p := newPlace(t).as("slogger2")
	p.atLink(t, "")
	stderr, status := p.slogger(t)
	if want := "slogger2: symlink slog " + linkOf(p.path) + ": file exists\n"; stderr != want || status != exitError {
		t.Errorf("status %d, %q; want %d, %q", status, stderr, exitError, want)
	}
	if _, err := os.Lstat(p.path); err == nil {
		t.Error("it left a socket")
	}
	if got, err := os.ReadFile(linkOf(p.path)); string(got) != "a file" {
		t.Errorf("the file has %q, %v", got, err)
	}
}

// Where a log is kept, slogger2 is content with it.
func TestSecondSlogger2(t *testing.T) {
	for _, c := range []struct {
		first string
		after string // what is left of the link when the first has ended
	}{{"slogger", "slog"}, {"slogger2", ""}} {
		t.Run(c.first, func(t *testing.T) {
			p := newPlace(t)
			stop := p.as(c.first).start(t)
			p.log(t, slog.Info, "one")
			p.await(t, "one")
			pid := p.server(t).Pid
			for _, args := range [][]string{{"-s", "65536"}, {"--foreground"}} {
				if stderr, status := p.as("slogger2").slogger(t, args...); stderr != "" || status != exitOK {
					t.Errorf("%q: status %d, %q", args, status, stderr)
				}
			}
			p.wantLink(t, "slog")
			if got := texts(read(t, linkOf(p.path))); got != "one" || p.server(t).Pid != pid {
				t.Errorf("%d keeps %q, %d did", p.server(t).Pid, got, pid)
			}
			stderr, status := p.as("slogger2").slogger(t, "-v")
			if want := "slogger2: " + p.path + " is kept by another slogger or by io-pkt already\n"; stderr != want || status != exitOK {
				t.Errorf("status %d, %q; want %q", status, stderr, want)
			}
			stop()
			p.wantLink(t, c.after)
		})
	}
}

// It does so without the link, too.
func TestSecondSlogger2WithoutLink(t *testing.T) {
	p := newPlace(t)
	p.start(t)
	p.atLink(t, "")
	if stderr, status := p.as("slogger2").slogger(t); stderr != "" || status != exitOK {
		t.Errorf("status %d, %q", status, stderr)
	}
	p.wantLink(t, "")
}

// As a user who cannot remove it at the end it leaves the link to the next one.
func TestLinkOfAnotherUser(t *testing.T) {
	needRoot(t)
	p := newPlace(t).as("slogger2")
	p.start(t, "-U", "21:21", "-P", "/pps/slogger2")()
	p.wantLink(t, "slog")
	p.start(t)()
	p.wantLink(t, "")
}
