package slog

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestListenMakesTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alt", "dev", "slog")
	s, err := Listen(path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), fs.ModeSocket|0o666; got != want {
		t.Errorf("mode %v, want %v", got, want)
	}
	if s2, err := Listen(path, Config{}); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("second server: %v, want EADDRINUSE", err)
		s2.Close()
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
}

// Of many that find a stale socket at once one wins, and the others do not take
// its new socket for stale.
func TestListenReplacesStaleSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slog")
	for range 100 {
		dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
		if err != nil {
			t.Fatal(err)
		}
		dead.SetUnlinkOnClose(false)
		dead.Close()
		listenAtOnce(t, path)
	}
}

func listenAtOnce(t *testing.T, path string) {
	servers := make(chan *Server, 8)
	var wg sync.WaitGroup
	for range cap(servers) {
		wg.Go(func() {
			s, err := Listen(path, Config{})
			if err == nil {
				servers <- s
			} else if !errors.Is(err, unix.EADDRINUSE) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(servers)
	if got := len(servers); got != 1 {
		t.Errorf("%d servers", got)
	}
	if _, err := readAll(path); err != nil {
		t.Error(err)
	}
	for s := range servers {
		s.Close()
	}
}

func TestListenLeavesOthersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slog")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Listen(path, Config{}); !errors.Is(err, unix.EEXIST) {
		t.Errorf("a file in the way: %v, want EEXIST", err)
		s.Close()
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("the file: %q, %v", b, err)
	}
}

func TestListenPathTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if s, err := Listen(path, Config{}); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("got %v, want ENAMETOOLONG", err)
		s.Close()
	}
}
