package ctl

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

// A Handler does what requests ask for. Its methods are called for several
// clients at once. They must end soon after ctx is done, which happens when the
// server closes, and for Follow also when the client hangs up.
type Handler interface {
	// Do carries out one request. The request is well-formed, and its sender may
	// make it.
	Do(ctx context.Context, p Peer, r Request) Reply

	// Follow calls send with a reply as to OpList, now and after each change. It
	// returns when ctx is done, when send fails, or with an error for the client.
	Follow(ctx context.Context, p Peer, send func(Reply) error) error
}

// A Peer is the process at the other end, as the kernel vouches for it.
type Peer struct {
	PID      int32
	UID, GID uint32
}

// Privileged reports whether the peer may change things: root and the user that
// io-pkt runs as.
func (p Peer) Privileged() bool { return p.UID == 0 || p.UID == uint32(os.Geteuid()) }

// reserved is how many of the MaxClients connections are kept for the privileged,
// so that nobody can lock the administrator out.
const reserved = 16

// Others than the privileged have so many requests a second all together, and before that
// a burst: the answers are made at io-pkt's priority, ahead of the frames that others wait
// for. No script makes as many.
const (
	othersRate  = 500
	othersBurst = 100
)

// A Server answers clients. It starts a goroutine for each connection, and a
// second one for each follower; Close ends them all and waits for them.
type Server struct {
	handler Handler
	// idle is how long a client may take for a request, write for taking a reply.
	idle, write time.Duration
	others      *rate.Limiter // of requests

	ctx    context.Context // done when the server closes
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards what follows; nothing blocks under it
	open   map[closer]struct{}
	conns  int
	closed bool
}

type closer interface{ Close() error }

// NewServer makes a server. It must be closed even when it never served.
func NewServer(h Handler) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		handler: h, idle: 30 * time.Second, write: 10 * time.Second,
		others: rate.NewLimiter(othersRate, othersBurst),
		ctx:    ctx, cancel: cancel, open: make(map[closer]struct{}),
	}
}

// Serve answers the clients that come to l, until Close, when it returns nil, or
// until l fails. It closes l.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.adopt(l) {
		return nil
	}
	defer s.disown(l)
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			s.start(c)
		case s.ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of descriptors, most likely: others will free some
			select {
			case <-time.After(100 * time.Millisecond):
			case <-s.ctx.Done():
				return nil
			}
		}
	}
}

// Close ends Serve, the requests that are being worked on, and all connections;
// it returns when none of the server's goroutines is left. It must not be called
// from the Handler. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	open := make([]closer, 0, len(s.open))
	for c := range s.open {
		open = append(open, c)
	}
	s.mu.Unlock()

	s.cancel() // before the listeners: Serve asks why Accept failed
	var errs []error
	for _, c := range open {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	s.wg.Wait()
	return errors.Join(errs...)
}

// adopt notes something that Close must close, unless it is too late.
func (s *Server) adopt(c closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	s.wg.Add(1)
	return true
}

func (s *Server) disown(c closer) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.wg.Done()
}

// start serves one connection, in a goroutine that ends with it.
func (s *Server) start(c net.Conn) {
	p, err := peer(c)
	if err != nil || !s.adopt(c) {
		c.Close()
		return
	}
	if !s.enter(p) {
		s.refuse(c)
		s.disown(c)
		return
	}
	go func() {
		defer s.disown(c)
		defer s.leave()
		defer c.Close()
		newSession(s, c, p).run()
	}()
}

// enter takes one of the places for connections.
func (s *Server) enter(p Peer) bool {
	limit := MaxClients
	if !p.Privileged() {
		limit -= reserved
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns >= limit {
		return false
	}
	s.conns++
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns--
}

// refuse says EAGAIN and hangs up. The reply fits the empty buffer of a new
// socket, so that the write does not wait.
func (s *Server) refuse(c net.Conn) {
	_ = c.SetWriteDeadline(time.Now().Add(s.write))
	_, _ = c.Write(appendReply(Reply{Errno: int(syscall.EAGAIN), Error: "too many clients"}))
	_ = c.Close()
}

// peer asks the kernel who is at the other end.
func peer(c net.Conn) (Peer, error) {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, syscall.EOPNOTSUPP
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var cred *unix.Ucred
	var cerr error
	if err := raw.Control(func(fd uintptr) {
		cred, cerr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return Peer{}, err
	}
	if cerr != nil {
		return Peer{}, cerr
	}
	return Peer{PID: cred.Pid, UID: cred.Uid, GID: cred.Gid}, nil
}
