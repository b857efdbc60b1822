package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestBusesOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, "stale:1") // a colon, but a path
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := tcp.Addr().String()
	_ = tcp.Close()

	for _, tt := range []struct {
		name  string
		buses buses
		path  string
		want  error
	}{
		{"none is there", buses{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, "", fs.ErrNotExist},
		{"the first is there", buses{file, dir}, "", syscall.ENOTSUP},
		{"the second is there", buses{filepath.Join(dir, "a"), file}, "", syscall.ENOTSUP},
		{"a named one is not there", buses{file}, filepath.Join(dir, "a"), fs.ErrNotExist},
		{"a file", nil, file, syscall.ENOTSUP},
		{"a socket that nobody listens on", nil, stale, syscall.ECONNREFUSED},
		{"a link to it", buses{link(t, stale)}, "", syscall.ECONNREFUSED},
		{"a TCP port that nobody listens on", nil, nobody, syscall.ECONNREFUSED},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stack, err := tt.buses.open(t.Context(), tt.path)
			if err == nil {
				_ = stack.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func link(t *testing.T, to string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
	return path
}
