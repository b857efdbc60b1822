package slog

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Who removes the socket empties the log; it goes on, for those who are connected
// and for others.
func TestRemoveEmpties(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev", "slog")
	s, err := Listen(path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.Log(NewCode(TCPIP, 0), Info, "before")
	for _, remove := range []func(string) error{
		os.Remove,
		func(path string) error { return os.Rename(path, path+".old") },
		func(path string) error { // with its directory, which cannot be removed while the socket is back already
			dir := filepath.Dir(path)
			return os.Rename(dir, dir+".old")
		},
		os.Remove, // from the directory that was made anew
	} {
		// Another file of the directory does not matter.
		if err := os.WriteFile(path+"2", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path + "2"); err != nil {
			t.Fatal(err)
		}
		if err := remove(path); err != nil {
			t.Fatal(err)
		}
		awaitSocket(t, path)
		c.Log(NewCode(TCPIP, 0), Info, "after")
		if got := first(t, s); got != "after" {
			t.Errorf("got %q, want %q", got, "after")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is left")
	}
}

// awaitSocket waits until somebody listens there.
func awaitSocket(t *testing.T, path string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// first waits for the oldest event.
func first(t *testing.T, s *Server) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for e := range s.Follow(ctx) {
		return e.Text
	}
	return ""
}

// Another that has taken the place keeps it.
func TestRemovedAndTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slog")
	s, err := Listen(path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("unix", path+".new")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's socket: %v", err)
	}
}
