package usbip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"io-pkt/usb"
)

const (
	// maxClients bounds the connections of a server.
	maxClients = 64

	// acceptPause is how long Serve waits when the system is out of
	// descriptors or memory.
	acceptPause = 100 * time.Millisecond
)

// A Server exports the devices of a stack. Each may be imported by one client
// at a time.
type Server struct {
	exports exports
	closing chan struct{}
	clients sync.WaitGroup

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]context.CancelFunc
}

// NewServer makes a server for a stack, which stays the caller's: close it after
// the server.
func NewServer(stack usb.Stack) *Server {
	return &Server{
		exports:   exports{stack: stack, known: make(map[usb.DeviceInfo]description), taken: make(map[usb.DeviceInfo]bool)},
		closing:   make(chan struct{}),
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[net.Conn]context.CancelFunc),
	}
}

// Serve accepts clients until Close, which makes it return nil, or until l
// fails. l must give TCP or unix stream connections; Serve closes it. It may be
// called for several listeners.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.addListener(l) {
		return nil
	}
	defer s.removeListener(l)
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.start(conn)
			continue
		case s.isClosing():
			return nil
		case !isTemporary(err):
			return err
		}
		select {
		case <-time.After(acceptPause):
		case <-s.closing:
			return nil
		}
	}
}

// Close ends Serve and every connection, and waits for that. It may be called
// more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.isClosing() {
		close(s.closing)
	}
	for l := range s.listeners {
		_ = l.Close()
	}
	for _, cancel := range s.conns {
		cancel()
	}
	s.mu.Unlock()
	s.clients.Wait()
	return nil
}

func (s *Server) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosing() {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// start serves one client, or turns it away when there are too many.
func (s *Server) start(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosing() || len(s.conns) >= maxClients {
		_ = conn.Close()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.conns[conn] = cancel
	s.clients.Go(func() {
		_ = s.serve(ctx, conn) // whatever was wrong is over with the connection
		_ = conn.Close()
		cancel()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	})
}

// serve talks to a client until its connection ends: requests for the list, then
// perhaps one for a device.
func (s *Server) serve(ctx context.Context, conn net.Conn) error {
	for {
		session, err := s.greet(ctx, conn)
		if err != nil {
			return err
		}
		if session != nil {
			return session.run(ctx)
		}
	}
}

// greet answers one request. It gives a session when that was for a device.
func (s *Server) greet(ctx context.Context, conn net.Conn) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var op [opSize]byte
	if _, err := io.ReadFull(conn, op[:]); err != nil {
		return nil, err
	}
	switch code, _, err := parseOp(op); {
	case err != nil:
		return nil, err
	case code == opReqDevlist:
		return nil, s.sendList(ctx, conn)
	case code == opReqImport:
		session, err := s.export(ctx, conn)
		if err == nil && !stop() {
			session.close()
			return nil, ctx.Err()
		}
		return session, err
	default:
		return nil, fmt.Errorf("%w: request %#04x", errProtocol, code)
	}
}

// sendList answers an OP_REQ_DEVLIST.
func (s *Server) sendList(ctx context.Context, conn net.Conn) error {
	reply, err := s.exports.list(ctx)
	if err != nil {
		reply = appendOp(nil, opRepDevlist, statusNA)
	}
	_, err = conn.Write(reply)
	return err
}

// export answers an OP_REQ_IMPORT.
func (s *Server) export(ctx context.Context, conn net.Conn) (*session, error) {
	var b [busIDSize]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return nil, err
	}
	busID, err := parseString(b[:])
	if err != nil {
		return nil, err
	}
	session, err := newSession(ctx, &s.exports, conn, busID)
	if err != nil {
		_, _ = conn.Write(appendOp(nil, opRepImport, importStatus(err)))
		return nil, err
	}
	if _, err := conn.Write(session.record.append(appendOp(nil, opRepImport, statusOK))); err != nil {
		session.close()
		return nil, err
	}
	return session, nil
}

func isTemporary(err error) bool {
	var e interface{ Temporary() bool }
	return errors.As(err, &e) && e.Temporary()
}
