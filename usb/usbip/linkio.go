package usbip

import (
	"bufio"
	"fmt"
	"io"

	"io-pkt/usb"
)

// flush writes the commands that were encoded, without waiting: what the socket
// does not take now is left to the writer.
func (l *link) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writing {
		return // whoever it is takes ours too
	}
	l.writing = true
	for len(l.out) > 0 {
		b := l.takeLocked()
		l.mu.Unlock()
		n, _ := l.sock.write(b) // the writer sees the error again
		l.mu.Lock()
		if n < len(b) {
			l.rest = b[n:]
			l.more <- struct{}{} // has room: only who has set writing gets here
			return
		}
		l.giveBackLocked(b)
	}
	l.writing = false
}

// takeLocked takes the commands to write; others may encode more meanwhile.
func (l *link) takeLocked() []byte {
	b := l.out
	l.out, l.spare = l.spare[:0], nil
	return b
}

func (l *link) giveBackLocked(b []byte) {
	if cap(b) <= keptOutput {
		l.spare = b
	}
}

// writeRest writes what flush could not. It ends when the reader has ended or
// the connection takes no more.
func (l *link) writeRest() {
	defer close(l.wrote)
	for {
		select {
		case <-l.more:
		case <-l.read:
			return
		}
		l.mu.Lock()
		b := l.rest
		l.rest = nil
		l.mu.Unlock()
		for len(b) > 0 {
			if _, err := l.conn.Write(b); err != nil {
				_ = l.conn.Close() // ends the reader, and that all the rest
				return
			}
			l.mu.Lock()
			l.giveBackLocked(b)
			if b = l.takeLocked(); len(b) == 0 {
				l.giveBackLocked(b)
				l.writing = false
			}
			l.mu.Unlock()
		}
	}
}

// readReplies ends requests as their replies come. It ends when the connection
// is lost or closed, or the server has said what it must not say.
func (l *link) readReplies() {
	defer close(l.read)
	_ = l.replies(bufio.NewReaderSize(l.conn, usb.MaxTransfer))
	_ = l.conn.Close()
	l.goDown()
}

func (l *link) replies(r *bufio.Reader) error {
	var h header
	for {
		l.beforeRead(r, headerSize)
		b, err := r.Peek(headerSize)
		if err != nil {
			return err
		}
		if err := h.parse(b); err != nil {
			return err
		}
		if _, err := r.Discard(headerSize); err != nil {
			return err
		}
		switch h.command {
		case retSubmit:
			err = l.submitDone(r, &h)
		case retUnlink:
			err = l.unlinkDone(&h)
		default:
			err = fmt.Errorf("%w: command %d from a server", errProtocol, h.command)
		}
		if err != nil {
			return err
		}
	}
}

// beforeRead hands out what has ended if reading n bytes may wait.
func (l *link) beforeRead(r *bufio.Reader, n int) {
	if r.Buffered() < n {
		l.mu.Lock()
		l.flushEndedLocked()
		l.mu.Unlock()
	}
}

// submitDone handles a RET_SUBMIT, whose data goes straight into the buffer.
func (l *link) submitDone(r *bufio.Reader, h *header) error {
	l.mu.Lock()
	req := l.flight[h.seq]
	stale := len(l.unlinks) - len(l.flight)
	l.mu.Unlock()
	switch {
	case req == nil:
		return fmt.Errorf("%w: a reply to command %d, which is not in flight", errProtocol, h.seq)
	case h.actual > req.Length:
		return fmt.Errorf("%w: %d bytes of %d", errProtocol, h.actual, req.Length)
	case stale > maxUnlinks:
		return fmt.Errorf("%w: %d unlinks not answered", errProtocol, stale)
	}
	if req.Endpoint&usb.DirIn != 0 {
		l.beforeRead(r, h.actual)
		if _, err := io.ReadFull(r, req.Buf[:h.actual]); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	req.Actual = h.actual
	l.endLocked(req, transferError(h.status))
	return nil
}

// unlinkDone handles a RET_UNLINK. A server that had sent the RET_SUBMIT before
// has ended the request already; one that has not will not any more, whatever
// the status says.
func (l *link) unlinkDone(h *header) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	target, ok := l.unlinks[h.seq]
	if !ok {
		return fmt.Errorf("%w: a reply to unlink %d, which was not sent", errProtocol, h.seq)
	}
	delete(l.unlinks, h.seq)
	if req := l.flight[target]; req != nil {
		l.endLocked(req, usb.ErrCanceled)
	}
	return nil
}
