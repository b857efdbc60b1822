package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// funcs is a handler made of functions.
type funcs struct {
	do     func(context.Context, Peer, Request) Reply
	follow func(context.Context, Peer, func(Reply) error) error
}

func (f funcs) Do(ctx context.Context, p Peer, r Request) Reply { return f.do(ctx, p, r) }

func (f funcs) Follow(ctx context.Context, p Peer, send func(Reply) error) error {
	return f.follow(ctx, p, send)
}

// shortDir is a temporary directory with a path short enough for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// serve runs a server until the test's end and gives its prefix.
func serve(t *testing.T, h Handler, tune func(*Server)) string {
	t.Helper()
	prefix := shortDir(t)
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h)
	if tune != nil {
		tune(s)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return prefix
}

func dial(t *testing.T, prefix string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// echo answers each request with an interface of the request's name.
var echo = funcs{do: func(_ context.Context, _ Peer, r Request) Reply {
	return Reply{Interfaces: []Interface{{Name: r.Interface, MTU: r.Value}}}
}}

func TestDo(t *testing.T) {
	var got Request
	var who Peer
	prefix := serve(t, funcs{do: func(_ context.Context, p Peer, r Request) Reply {
		got, who = r, p
		if r.Interface == "en9" {
			return ErrorReply(fmt.Errorf("no interface en9: %w", syscall.ENXIO))
		}
		return Reply{Interfaces: []Interface{{Name: r.Interface, Flags: FlagUp}}}
	}}, nil)
	c := dial(t, prefix)

	want := Request{Op: OpAddAddr, Interface: "ecm0", Address: &Address{
		Addr: netip.MustParseAddr("10.0.0.184"), Mask: 0xff000000, Broadcast: netip.MustParseAddr("10.255.255.255"),
	}}
	reply, err := c.Do(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	want.Version = Version
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Errorf("request as the handler saw it (-want +got):\n%s", d)
	}
	if w := (Peer{PID: int32(os.Getpid()), UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}); who != w {
		t.Errorf("peer = %+v; want %+v", who, w)
	}
	if len(reply.Interfaces) != 1 || reply.Interfaces[0].Flags != FlagUp {
		t.Errorf("reply = %+v", reply)
	}

	_, err = c.Do(t.Context(), Request{Op: OpGet, Interface: "en9"})
	var e *Error
	if !errors.As(err, &e) || e.Errno != syscall.ENXIO || !errors.Is(err, syscall.ENXIO) {
		t.Errorf("error = %#v; want an *Error with ENXIO", err)
	} else if !strings.Contains(err.Error(), "no interface en9") {
		t.Errorf("error text = %q", err)
	}
	if _, err := c.Do(t.Context(), Request{Op: OpGet, Interface: "ecm0"}); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

// TestHalfRequest: a request that ends without its newline is not carried out.
func TestHalfRequest(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	prefix := serve(t, funcs{do: func(_ context.Context, _ Peer, r Request) Reply {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Interface)
		return Reply{}
	}}, nil)
	conn, err := net.Dial("unix", SocketPath(prefix))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, `{"v":1,"op":"destroy","if":"ecm0"}`+"\n"+`{"v":1,"op":"destroy","if":"ecm1"}`)
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil { // the server hangs up when it is through
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if d := cmp.Diff([]string{"ecm0"}, seen); d != "" {
		t.Errorf("interfaces destroyed (-want +got):\n%s", d)
	}
}

func TestSilentClientIsDropped(t *testing.T) {
	prefix := serve(t, echo, func(s *Server) { s.idle = 20 * time.Millisecond })
	conn, err := net.Dial("unix", SocketPath(prefix))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a reply to nothing")
	}
}

// TestClientThatDoesNotRead: a follower that takes nothing ends its own
// connection and nobody else's.
func TestClientThatDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	big := Reply{Error: strings.Repeat("x", 1<<20)}
	prefix := serve(t, funcs{do: echo.do, follow: func(ctx context.Context, _ Peer, send func(Reply) error) error {
		for {
			if err := send(big); err != nil {
				ended <- err
				return err
			}
		}
	}}, func(s *Server) { s.write = 20 * time.Millisecond })
	conn, err := net.Dial("unix", SocketPath(prefix))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, `{"v":1,"op":"follow"}`)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("send = %v; want a timeout", err)
	}
	if _, err := dial(t, prefix).Do(t.Context(), Request{Op: OpList}); err != nil {
		t.Errorf("another client: %v", err)
	}
}

func TestTooManyClients(t *testing.T) {
	prefix := serve(t, echo, nil)
	for range MaxClients { // each has had its turn, so each has its place
		if _, err := dial(t, prefix).Do(t.Context(), Request{Op: OpList}); err != nil {
			t.Fatal(err)
		}
	}
	c := dial(t, prefix)
	if _, err := c.Do(t.Context(), Request{Op: OpList}); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("one too many: %v; want EAGAIN", err)
	}
}

func TestPlacesForThePrivileged(t *testing.T) {
	s := NewServer(echo)
	defer s.Close()
	user, root := Peer{UID: 4_000_000_000}, Peer{UID: 0}
	n := 0
	for s.enter(user) {
		n++
	}
	if n != MaxClients-reserved {
		t.Errorf("%d users entered; want %d", n, MaxClients-reserved)
	}
	for s.enter(root) {
		n++
	}
	if n != MaxClients {
		t.Errorf("%d clients entered; want %d", n, MaxClients)
	}
}

// TestUnprivileged: another user may look and not touch.
func TestUnprivileged(t *testing.T) {
	client, server := net.Pipe()
	s := NewServer(funcs{do: func(_ context.Context, _ Peer, r Request) Reply {
		if r.Op.Changes() {
			t.Errorf("the handler was given %v", r.Op)
		}
		return Reply{}
	}})
	defer s.Close()
	done := make(chan struct{})
	go func() { defer close(done); newSession(s, server, Peer{UID: 4_000_000_000}).run() }()
	c := &Client{conn: client, in: bufio.NewReader(client)}
	for op, changes := range ops {
		if op == OpFollow {
			continue
		}
		r := Request{Op: op, Interface: "ecm0", Driver: "ecm", Address: &Address{Addr: netip.IPv6Loopback()}}
		if op == OpGet {
			r.Op = OpList
		}
		_, err := c.Do(t.Context(), r)
		if got := errors.Is(err, syscall.EPERM); got != changes {
			t.Errorf("%s: EPERM = %v; want %v (%v)", op, got, changes, err)
		}
	}
	c.Close()
	<-done
}

// TestOthersHaveToWait: who may not change anything cannot keep io-pkt busy either, and who
// waits for that is in nobody's way.
func TestOthersHaveToWait(t *testing.T) {
	var users, roots atomic.Int32
	s := NewServer(funcs{do: func(_ context.Context, p Peer, _ Request) Reply {
		if p.Privileged() {
			roots.Add(1)
		} else {
			users.Add(1)
		}
		return Reply{}
	}})
	s.others = rate.NewLimiter(rate.Every(time.Hour), 3)
	ask := func(p Peer, times int) (c net.Conn, done chan struct{}) {
		t.Helper()
		client, server := net.Pipe()
		done = make(chan struct{})
		go func() { defer close(done); newSession(s, server, p).run() }()
		in := &Client{conn: client, in: bufio.NewReader(client)}
		for range times {
			if _, err := in.Do(t.Context(), Request{Op: OpList}); err != nil {
				t.Fatal(err)
			}
		}
		return client, done
	}
	user, waiting := ask(Peer{UID: 4_000_000_000}, 3)
	if _, err := io.WriteString(user, `{"v":1,"op":"list"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	root, done := ask(Peer{}, 10)
	_ = root.Close()
	<-done
	_ = s.Close() // ends the wait
	<-waiting
	_ = user.Close()
	if users.Load() != 3 || roots.Load() != 10 {
		t.Errorf("%d and %d requests were worked on", users.Load(), roots.Load())
	}
}

// TestCloseUnblocks: Close ends a request in work, a follower and a silent
// client, and the clients learn of it.
func TestCloseUnblocks(t *testing.T) {
	prefix := shortDir(t)
	l, err := Listen(prefix, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	busy := make(chan struct{}, 2)
	s := NewServer(funcs{
		do: func(ctx context.Context, _ Peer, _ Request) Reply {
			busy <- struct{}{}
			<-ctx.Done()
			return Reply{}
		},
		follow: func(ctx context.Context, _ Peer, _ func(Reply) error) error {
			busy <- struct{}{}
			<-ctx.Done()
			return nil
		},
	})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	var clients sync.WaitGroup
	clients.Go(func() {
		// The handler's last reply may be through before the connection closes.
		if _, err := dial(t, prefix).Do(t.Context(), Request{Op: OpList}); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Do = %v; want a reply or ErrUnexpectedEOF", err)
		}
	})
	clients.Go(func() {
		if err := dial(t, prefix).Follow(t.Context(), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Follow = %v; want ErrUnexpectedEOF", err)
		}
	})
	silent := dial(t, prefix)
	<-busy
	<-busy
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	clients.Wait()
	if _, err := silent.Do(t.Context(), Request{Op: OpList}); err == nil {
		t.Error("a reply from a closed server")
	}
	if err := closedServer(t).Serve(mustListen(t)); err != nil {
		t.Errorf("Serve after Close = %v", err)
	}
}

// TestCloseWaits: when Close has returned, the handler has too.
func TestCloseWaits(t *testing.T) {
	l := mustListen(t)
	busy := make(chan struct{})
	var returned atomic.Bool
	s := NewServer(funcs{do: func(ctx context.Context, _ Peer, _ Request) Reply {
		close(busy)
		<-ctx.Done()
		for range 1000 {
			runtime.Gosched()
		}
		returned.Store(true)
		return Reply{}
	}})
	go func() { _ = s.Serve(l) }()
	conn, err := net.Dial("unix", filepath.Join(l.dir, "config"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, `{"v":1,"op":"list"}`)
	<-busy
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !returned.Load() {
		t.Error("Close returned before the handler")
	}
}

// closedServer gives a server that was closed before it served.
func closedServer(t *testing.T) *Server {
	s := NewServer(echo)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func mustListen(t *testing.T) *Listener {
	l, err := Listen(shortDir(t), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
