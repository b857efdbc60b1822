package slog

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newServer starts a server in a directory of its own.
func newServer(t *testing.T, c Config) (*Server, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slog")
	s, err := Listen(path, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, path
}

func connect(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.UnixConn)
}

// awaitEnd waits until the server has hung up.
func awaitEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, err := conn.Read(make([]byte, 100)); errors.Is(err, os.ErrDeadlineExceeded) || n > 0 {
		t.Fatalf("Read = %d, %v; want the end", n, err)
	}
}

// texts gives what is in the log.
func texts(t *testing.T, s *Server) []string {
	t.Helper()
	c := s.ring.at(0)
	got, _ := take(t, s.ring, &c, endless)
	return got
}

func TestServerStampsEvents(t *testing.T) {
	s, path := newServer(t, Config{Now: func() time.Time { return at(100, 250) }})
	conn := connect(t, path)
	raw := Event{Severity: Error, Code: NewCode(USB, 200), Time: at(9, 9), Words: []uint32{7}}.Append(nil)
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	for e := range s.Follow(t.Context()) {
		if !e.Time.Equal(at(100, 250)) || e.Severity != Error || e.Code != NewCode(USB, 200) || e.Words[0] != 7 {
			t.Errorf("got %+v", e)
		}
		break
	}
}

func TestServerSplitsLongTexts(t *testing.T) {
	s, _ := newServer(t, Config{})
	long := strings.Repeat("0123456789", 300)
	s.Log(0, Info, long)
	if got := texts(t, s); len(got) != 3 || strings.Join(got, "") != long {
		t.Errorf("%d events", len(got))
	}
}

func TestServerHangsUpOnBadClients(t *testing.T) {
	t.Parallel()
	good := event("good")
	for _, c := range []struct {
		name string
		sent []byte
		want int // events
	}{
		{"garbage", []byte("GET / HTTP/1.1\r\n\r\n"), 0},
		{"garbage after an event", append(event("good"), "garbage garbage"...), 1},
		{"an event that is too long", append(words(255<<16, 0, 0), make([]byte, 4*255)...), 0},
		{"half a header that never ends", good[:5], 0},
		{"half an event that never ends", append(event("good"), good[:14]...), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, path := newServer(t, Config{})
			conn := connect(t, path)
			if _, err := conn.Write(c.sent); err != nil {
				t.Fatal(err)
			}
			awaitEnd(t, conn)
			if got := texts(t, s); len(got) != c.want {
				t.Errorf("logged %q", got)
			}
		})
	}
}

func TestServerDropsHalfEventOfDeadClient(t *testing.T) {
	s, path := newServer(t, Config{})
	conn := connect(t, path)
	if _, err := conn.Write(append(event("whole"), event("half")[:13]...)); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, conn)
	if got := texts(t, s); len(got) != 1 || got[0] != "whole" {
		t.Errorf("logged %q", got)
	}
}

func TestServerAnswersUnknownRequest(t *testing.T) {
	_, path := newServer(t, Config{})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 { // the connection stays good
		r.ask(control{kind: '?'})
		if _, _, err := r.next(); !errors.Is(err, unix.EINVAL) {
			t.Errorf("got %v, want EINVAL", err)
		}
	}
}

func TestServerLimitsClients(t *testing.T) {
	s, path := newServer(t, Config{})
	var conns []net.Conn
	for range maxClients {
		conns = append(conns, connect(t, path))
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var refused error
	for _, err := range r.Events() {
		refused = err
	}
	if !errors.Is(refused, unix.EBUSY) {
		t.Errorf("one client too many: %v, want EBUSY", refused)
	}
	for _, c := range conns {
		c.Close()
	}
	s.Log(0, Info, "still here")
	for deadline := time.Now().Add(20 * time.Second); ; {
		got, err := readAll(path)
		if err == nil {
			if len(got) != 1 {
				t.Errorf("got %q", got)
			}
			return
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			t.Fatal(err) // it takes a moment until the server sees who is gone
		}
	}
}

// Users who are many have not all the places either.
func TestServerKeepsPlacesForTheTrusted(t *testing.T) {
	s := &Server{conns: map[*conn]struct{}{}, users: map[uint32]int{}}
	enter := func(user uint32) (n int) {
		for s.enter(&conn{user: user}) == 0 {
			n++
		}
		return n
	}
	all := 0
	for user := range uint32(2 * maxClients / maxPerUser) {
		n := enter(4_000_000_000 + user)
		if n > maxPerUser {
			t.Errorf("one user has %d places, want %d at most", n, maxPerUser)
		}
		all += n
	}
	if want := maxClients - reserved; all != want {
		t.Errorf("users have %d places, want %d", all, want)
	}
	if got := enter(0); got != reserved {
		t.Errorf("root has %d places, want %d", got, reserved)
	}
}

// Another user may log and read, not clear, and not take all the places.
func TestServerAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root to be another user")
		}
		t.Skip("needs root to be another user")
	}
	s, path := newServer(t, Config{})
	for dir := filepath.Dir(path); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		// The thread is never given back: it ends with this goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); errno != 0 {
			t.Errorf("setresuid: %v", errno)
			return
		}
		r, err := OpenReader(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		s.Log(0, Info, "x")
		n := 0
		for _, err := range r.Events() {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("read %d events", n)
		}
		if err := r.Clear(); !errors.Is(err, unix.EPERM) {
			t.Errorf("Clear: %v, want EPERM", err)
		}
		for range maxPerUser - 1 {
			connect(t, path)
		}
		if _, err := readAll(path); !errors.Is(err, unix.EBUSY) {
			t.Errorf("one connection too many: %v, want EBUSY", err)
		}
	})
	wg.Wait()
	if got, err := readAll(path); err != nil || len(got) != 1 {
		t.Errorf("root reads %q, %v", got, err)
	}
}

// A reader that takes nothing neither holds up writers nor Close.
func TestServerStuckReader(t *testing.T) {
	t.Parallel()
	for kind, name := range map[byte]string{kindDump: "dump", kindFollow: "follow"} {
		t.Run(name, func(t *testing.T) {
			s, path := newServer(t, Config{Size: 4 << 20})
			conn := connect(t, path)
			long := strings.Repeat("x", MaxText)
			for range 3000 {
				s.Log(0, Info, long)
			}
			if _, err := conn.Write(control{kind: kind}.append(nil)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				t.Fatal(err) // now it is being sent
			}
			for range 3000 {
				s.Log(0, Info, long)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServerCloseTakesWhatWasSent(t *testing.T) {
	s, path := newServer(t, Config{})
	conn := connect(t, path)
	const n = 50
	for i := range n {
		if _, err := conn.Write(event(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	// Accepted it must be: what is in the backlog is lost.
	for e := range s.Follow(t.Context()) {
		if e.Text == "0" {
			break
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := texts(t, s); len(got) != n {
		t.Errorf("%d events of %d", len(got), n)
	}
	s.Log(0, Info, "late") // must do nothing
	for e := range s.Follow(t.Context()) {
		if e.Text == "late" {
			t.Error("a closed server takes events")
		}
	}
}

func TestServerConfig(t *testing.T) {
	for _, size := range []int{-1, 1, MinSize - 1, MaxSize + 1} {
		path := filepath.Join(t.TempDir(), "slog")
		if s, err := Listen(path, Config{Size: size}); !errors.Is(err, unix.EINVAL) {
			t.Errorf("size %d: %v, want EINVAL", size, err)
			s.Close()
		}
	}
}
