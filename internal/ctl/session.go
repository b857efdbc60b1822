package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"io-pkt/internal/qnx"
)

// A session is one client's connection: requests and replies in turn, until the
// client hangs up, goes silent, or sends what is no request.
type session struct {
	srv  *Server
	conn net.Conn
	in   *bufio.Reader
	peer Peer
}

func newSession(s *Server, c net.Conn, p Peer) *session {
	return &session{srv: s, conn: c, in: bufio.NewReader(c), peer: p}
}

// run serves the client. Its errors end the connection and concern nobody else.
func (s *session) run() {
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.srv.idle))
		line, err := readLine(s.in, MaxRequest)
		if errors.Is(err, errTooLong) {
			_ = s.send(ErrorReply(fmt.Errorf("request is over %d bytes: %w", MaxRequest, syscall.EMSGSIZE)))
			return
		}
		if err == nil && !s.peer.Privileged() {
			err = s.srv.others.Wait(s.srv.ctx)
		}
		if err != nil {
			return
		}
		r, err := parseRequest(line)
		if err == nil && r.Op.Changes() && !s.peer.Privileged() {
			err = fmt.Errorf("%s by user %d: %w", r.Op, s.peer.UID, syscall.EPERM)
		}
		switch {
		case err != nil:
			if s.send(ErrorReply(err)) != nil || qnx.Errno(err) == syscall.EPROTO {
				return
			}
		case r.Op == OpFollow:
			s.follow()
			return
		default:
			if s.send(s.srv.handler.Do(s.srv.ctx, s.peer, r)) != nil {
				return
			}
		}
	}
}

// follow serves a follower for the rest of the connection. A second goroutine
// watches for the client's hanging up; it ends because the connection is closed
// before it is waited for.
func (s *session) follow() {
	ctx, cancel := context.WithCancel(s.srv.ctx)
	defer cancel()
	gone := make(chan struct{})
	_ = s.conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(gone)
		_, _ = s.in.ReadByte() // a follower has nothing more to say
		cancel()
	}()
	if err := s.srv.handler.Follow(ctx, s.peer, s.send); err != nil && ctx.Err() == nil {
		_ = s.send(ErrorReply(err))
	}
	_ = s.conn.Close()
	<-gone
}

// send writes a reply. A client that does not read it in time is given up.
func (s *session) send(r Reply) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.srv.write))
	_, err := s.conn.Write(appendReply(r))
	return err
}
