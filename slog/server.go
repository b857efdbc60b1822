package slog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limits on the clients of a server.
const (
	maxClients  = 256             // connections at once
	reserved    = 16              // of them for the trusted, so that nobody can lock root and io-pkt out
	maxPerUser  = 64              // of them for one user who is not trusted
	recordTime  = 2 * time.Second // in which an event must arrive that has begun
	drainTime   = time.Second     // in which readers must take what is left when the server closes
	batchSize   = 32 << 10        // bytes sent to a reader at once
	acceptPause = 50 * time.Millisecond
)

// A Config is what can be chosen of a server. The zero value is valid.
type Config struct {
	Size int              // bytes of the ring, within MinSize and MaxSize; 0: DefaultSize
	Now  func() time.Time // the clock that events are stamped with; nil: time.Now
}

// A Server keeps the log and serves it on a unix socket: programs write events
// there as they are (Event.Append), readers ask for what is there or follow.
// It runs one goroutine that accepts clients, one that sees to it that the socket
// stays, and one or two for each client; Close ends them all.
type Server struct {
	ring  *ring
	watch *unlinkWatch // nil when the kernel has none

	mu     sync.Mutex
	socket *socketFile
	conns  map[*conn]struct{}
	users  map[uint32]int // connections by user
	closed bool

	talkers   sync.WaitGroup // accept, and a client until it follows or is gone
	followers sync.WaitGroup
	once      sync.Once
	err       error
}

// Listen starts a server on the socket path; everybody may connect to it. The
// error wraps EADDRINUSE when a server runs there already; the socket of one
// that is gone is replaced. Who removes the socket empties the log, as on QNX.
func Listen(path string, c Config) (*Server, error) {
	if c.Size == 0 {
		c.Size = DefaultSize
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Size < MinSize || c.Size > MaxSize {
		return nil, fmt.Errorf("log of %d bytes: %w", c.Size, unix.EINVAL)
	}
	socket, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("host the log at %s: %w", path, err)
	}
	s := &Server{
		ring:   newRing(c.Size, c.Now),
		socket: socket,
		conns:  map[*conn]struct{}{},
		users:  map[uint32]int{},
	}
	s.talkers.Go(func() { s.accept(socket) })
	if s.watch, err = watchUnlink(path); err == nil {
		s.talkers.Go(func() { s.watchSocket(s.watch) })
	}
	return s, nil
}

// Log adds a text to the log. A text longer than MaxText becomes several
// events.
func (s *Server) Log(code Code, sev Severity, text string) {
	for part := range split(text) {
		s.ring.add(Event{Severity: sev, Code: code, Text: part}.Append(nil))
	}
}

// Follow gives the events of the log, the oldest first, and then those to come,
// until ctx is done or the server is closed and everything was given. With each
// comes how many were dropped just before it because the caller was too slow.
func (s *Server) Follow(ctx context.Context) iter.Seq2[Event, uint64] {
	return func(yield func(Event, uint64) bool) {
		at, buf, missed := s.ring.at(0), make([]byte, batchSize), uint64(0)
		for ctx.Err() == nil {
			b := s.ring.read(&at, endless, buf)
			missed += b.missed
			for data := buf[:b.n]; len(data) > 0; {
				e, n, err := Parse(data)
				if err != nil || !yield(e, missed) {
					return
				}
				data, missed = data[n:], 0
			}
			if b.n > 0 || b.missed > 0 {
				continue
			}
			if b.wait == nil {
				return
			}
			select {
			case <-b.wait:
			case <-ctx.Done():
			}
		}
	}
}

// Close stops taking clients, takes what they have sent so far, lets readers
// have the rest of the log, as long as they take it at once, and removes the
// socket.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		socket := s.socket
		conns := slices.Collect(maps.Keys(s.conns))
		s.mu.Unlock()
		if s.watch != nil {
			_ = s.watch.Close()
		}
		s.err = socket.Close() // ends accept
		for _, c := range conns {
			c.hangUp()
		}
		s.talkers.Wait() // what was sent is in the ring now,
		s.ring.close()   // and followers end when they have passed it on
		s.followers.Wait()
	})
	return s.err
}

// accept takes clients. It ends when the socket is closed.
func (s *Server) accept(socket *socketFile) {
	for {
		nc, err := socket.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(acceptPause) // out of descriptors: others must go first
			continue
		}
		c := &conn{UnixConn: nc, server: s, user: peer(nc)}
		if errno := s.enter(c); errno != 0 {
			_ = nc.SetWriteDeadline(time.Now().Add(drainTime))
			_, _ = nc.Write(control{kindError, uint64(errno)}.append(nil))
			nc.Close()
			continue
		}
		s.talkers.Go(c.serve)
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// enter counts a client in, unless there are too many.
func (s *Server) enter(c *conn) syscall.Errno {
	all, own := maxClients, maxClients
	if !c.trusted() {
		all, own = maxClients-reserved, maxPerUser
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return unix.ECONNREFUSED
	case len(s.conns) >= all, s.users[c.user] >= own:
		return unix.EBUSY
	}
	s.conns[c] = struct{}{}
	s.users[c.user]++
	return 0
}

func (s *Server) leave(c *conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.users[c.user]--; s.users[c.user] == 0 {
		delete(s.users, c.user)
	}
}
