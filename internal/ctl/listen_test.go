package ctl

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestListen(t *testing.T) {
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	for _, c := range []struct {
		name string
		v6   bool
		want []string
	}{
		{"v4", false, []string{"1", "17", "2", "autoconnect", "config"}},
		{"v6", true, []string{"1", "17", "2", "24", "autoconnect", "config"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			prefix := filepath.Join(shortDir(t), "alt")
			l, err := Listen(prefix, c.v6, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, entries(t, Dir(prefix))); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			for path, want := range map[string]fs.FileMode{
				Dir(prefix):                            fs.ModeDir | 0o755,
				SocketPath(prefix):                     fs.ModeSocket | 0o666,
				filepath.Join(Dir(prefix), "2"):        fs.ModeSocket | 0o666, // through the link
				filepath.Join(prefix, "dev", "socket"): fs.ModeDir | 0o755,
			} {
				if st, err := os.Stat(path); err != nil || st.Mode() != want {
					t.Errorf("%s: %v, %v; want %v", path, st.Mode(), err, want)
				}
			}
			for range 2 {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
			if got := entries(t, filepath.Join(prefix, "dev")); len(got) != 0 {
				t.Errorf("left after Close: %v", got)
			}
		})
	}
}

// Who waits for the directory finds what was prepared; where that fails there is none.
func TestPrepare(t *testing.T) {
	prefix := shortDir(t)
	before := func() error {
		if _, err := os.Lstat(Dir(prefix)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("while it is prepared: %v, want %v", err, fs.ErrNotExist)
		}
		return syscall.EDQUOT
	}
	if _, err := Listen(prefix, false, before); !errors.Is(err, syscall.EDQUOT) {
		t.Errorf("got %v, want %v", err, syscall.EDQUOT)
	}
	if got := entries(t, filepath.Join(prefix, "dev")); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	disturb := func() error {
		t.Error("prepared where another one runs")
		return nil
	}
	if _, err := Listen(prefix, false, disturb); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want %v", err, syscall.EADDRINUSE)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

func TestListenTwice(t *testing.T) {
	prefix := shortDir(t)
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Listen(prefix, true, nil)
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), SocketPath(prefix)) {
		t.Errorf("second Listen = %v; want EADDRINUSE with the path", err)
	}
	dial(t, prefix) // the first is unharmed
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err = Listen(prefix, false, nil)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	l.Close()
}

// TestListenAfterKill: what a killed io-pkt left is no obstacle.
func TestListenAfterKill(t *testing.T) {
	if prefix := os.Getenv("TEST_LISTEN"); prefix != "" { // the one that is killed
		if _, err := Listen(prefix, true, nil); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("listening\n")
		select {}
	}
	prefix := shortDir(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestListenAfterKill$")
	cmd.Env = append(os.Environ(), "TEST_LISTEN="+prefix)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(prefix, false, nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("beside a live one: %v; want EADDRINUSE", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := os.Stat(SocketPath(prefix)); err != nil {
		t.Fatalf("the killed process left nothing to test with: %v", err)
	}
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial(t, prefix)
	if got := entries(t, Dir(prefix)); slices.Contains(got, "24") {
		t.Errorf("entries of the killed one are still there: %v", got)
	}
}

// TestListenInPlace: a directory that cannot be replaced is used, and what
// others keep in it stays.
func TestListenInPlace(t *testing.T) {
	prefix := shortDir(t)
	if err := os.MkdirAll(filepath.Join(Dir(prefix), "others"), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	dial(t, prefix)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"others"}, entries(t, Dir(prefix))); d != "" {
		t.Errorf("after Close (-want +got):\n%s", d)
	}
}

func TestListenErrors(t *testing.T) {
	file := filepath.Join(shortDir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := shortDir(t)
	if err := os.MkdirAll(Dir(taken), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(SocketPath(taken), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, prefix string
		want         error
	}{
		{"path too long", shortDir(t) + "/" + strings.Repeat("a", 100), syscall.ENAMETOOLONG},
		{"prefix is a file", file, syscall.ENOTDIR},
		{"a file is in the way", taken, syscall.EADDRINUSE},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Listen(c.prefix, false, nil)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.prefix) {
				t.Errorf("Listen = %v; want %v with the path", err, c.want)
			}
		})
	}
	if b, err := os.ReadFile(SocketPath(taken)); err != nil || string(b) != "mine" {
		t.Errorf("the file in the way is %q, %v", b, err)
	}
	if _, err := os.Stat(lockPath(Dir(taken))); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the lock file was left behind")
	}
}

// TestLongestPath: a path of the greatest length works, by way of the directory
// that Listen builds in too.
func TestLongestPath(t *testing.T) {
	base := shortDir(t)
	prefix := filepath.Join(base, strings.Repeat("a", maxPath-len(SocketPath(base))-1))
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial(t, prefix)
}
