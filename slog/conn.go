package slog

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A conn is one client of a server.
type conn struct {
	*net.UnixConn
	server *Server
	user   uint32
}

// errHungUp ends the sending to a reader that is gone.
var errHungUp = errors.New("client hung up")

// peer gives the user on the other side, or nobody's number.
func peer(nc *net.UnixConn) uint32 {
	const nobody = 65534
	user := uint32(nobody)
	raw, err := nc.SyscallConn()
	if err != nil {
		return user
	}
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			user = cred.Uid
		}
	})
	return user
}

// trusted says that the client may clear the log, and that places are kept for it.
func (c *conn) trusted() bool { return c.user == 0 || c.user == uint32(os.Geteuid()) }

// hangUp ends a client as the server closes: what it has sent is still read,
// and what is being sent to it must be taken soon.
func (c *conn) hangUp() {
	_ = c.SetWriteDeadline(time.Now().Add(drainTime))
	_ = c.CloseRead()
}

// serve takes the client's events and requests until it hangs up, sends
// something that is neither, leaves an event half sent, or wants to follow.
func (c *conn) serve() {
	r := bufio.NewReaderSize(c, 4*MaxEvent)
	for {
		record, err := c.next(r)
		if err != nil {
			break
		}
		request, isControl := parseControl(record)
		if !isControl {
			c.server.ring.add(record)
		}
		_, _ = r.Discard(len(record))
		if request.kind == kindFollow {
			c.server.followers.Go(func() { c.follow(r, request.value) })
			return
		}
		if isControl && c.answer(request) != nil {
			break
		}
	}
	c.server.leave(c)
}

// next waits for a record. A client may stay silent for as long as it likes,
// but not within a record.
func (c *conn) next(r *bufio.Reader) ([]byte, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	if r.Buffered() < MaxEvent {
		_ = c.SetReadDeadline(time.Now().Add(recordTime))
		defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	}
	return peekRecord(r)
}

// answer does a request that has an end.
func (c *conn) answer(request control) error {
	reply := control{kindError, uint64(unix.EINVAL)}
	switch request.kind {
	case kindDump:
		last := c.server.ring.newest()
		if err := c.send(c.server.ring.at(0), last, nil); err != nil {
			return err
		}
		reply = control{kindEnd, last}
	case kindClear:
		reply.value = uint64(unix.EPERM)
		if c.trusted() {
			c.server.ring.clear(request.value)
			reply = control{kindEnd, request.value}
		}
	}
	_, err := c.Write(reply.append(nil))
	return err
}

// follow sends events until the client hangs up, or says anything more, or the
// server is closed and everything was sent.
func (c *conn) follow(r *bufio.Reader, from uint64) {
	hungUp := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		_, _ = r.Peek(1)
		if !c.server.isClosed() { // else it was hangUp that ended the read
			close(hungUp)
			c.Close() // ends a Write
		}
	})
	_ = c.send(c.server.ring.at(from), endless, hungUp)
	c.server.leave(c)
	watch.Wait()
}

// send sends the events up to the sequence number last. A client that does not
// take them is waited for: it holds nobody up, and finds later how much it has
// missed.
func (c *conn) send(at cursor, last uint64, hungUp <-chan struct{}) error {
	buf := make([]byte, headerSize+batchSize)
	for {
		b := c.server.ring.read(&at, last, buf[headerSize:])
		out := buf[headerSize : headerSize+b.n]
		if b.missed > 0 {
			control{kindMissed, b.missed}.append(buf[:0])
			out = buf[:headerSize+b.n]
		}
		if len(out) == 0 {
			if b.wait == nil {
				return nil
			}
			select {
			case <-b.wait:
			case <-hungUp:
				return errHungUp
			}
			continue
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}
