package usbip

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"io-pkt/usb"
)

const (
	// answerTimeout bounds what a living server answers at once: an unlink, and
	// the end of a connection. It has room for a bad network.
	answerTimeout = 2 * time.Second

	// keptOutput is how much of an output buffer is kept for reuse, in bytes.
	keptOutput = 1 << 20

	// maxUnlinks bounds the CMD_UNLINKs that were not answered: a server that
	// never does is not kept.
	maxUnlinks = 4096
)

// A link is the client's side of the connection to one imported device. Its
// reader ends every request, as it may be filling a buffer; whoever wants that
// to happen early closes the connection.
type link struct {
	conn  net.Conn
	sock  *socket
	devID uint32
	gone  chan struct{} // closed when the connection is lost, but not by close
	read  chan struct{} // closed when the reader has ended
	wrote chan struct{} // closed when the writer has ended
	more  chan struct{} // tells the writer that the socket is full

	// mu is never held over anything that waits.
	mu      sync.Mutex
	seq     uint32              // of the last command
	flight  map[uint32]*request // by seq
	unlinks map[uint32]uint32   // CMD_UNLINK's seq -> its target's
	out     []byte              // commands to write
	spare   []byte              // the other output buffer, while nobody writes
	writing bool                // somebody writes; only they may touch sock's writing side
	rest    []byte              // what the socket did not take, for the writer
	closing bool                // close was called: the end of the connection is no surprise
	down    error               // what happens to requests now; nil while the link is up
	ended   []*usb.Transfer     // of one queue, not handed to it yet
	endedIn *queue
}

// A request is a transfer as the link sees it: one of a queue, or the control
// request being made.
type request struct {
	*usb.Transfer
	pipe      *pipe
	seq       uint32 // of its CMD_SUBMIT, while in flight
	inFlight  bool
	unlinking bool
}

// A pipe is an endpoint.
type pipe struct {
	interval uint32        // of an interrupt endpoint, in (micro)frames
	queue    *queue        // nil for the default pipe
	ended    chan struct{} // of the default pipe: its request has ended
}

func newLink(conn net.Conn, devID uint32) (*link, error) {
	sock, err := newSocket(conn)
	if err != nil {
		return nil, err
	}
	l := &link{
		conn: conn, sock: sock, devID: devID,
		gone: make(chan struct{}), read: make(chan struct{}), wrote: make(chan struct{}), more: make(chan struct{}, 1),
		flight: make(map[uint32]*request), unlinks: make(map[uint32]uint32),
	}
	go l.readReplies()
	go l.writeRest()
	return l, nil
}

// submitLocked starts a request whose fields have been checked. setup is zero
// but on the default pipe.
func (l *link) submitLocked(r *request, setup [usb.SetupSize]byte) {
	r.inFlight, r.unlinking = true, false
	r.seq, r.Actual, r.Err = l.nextSeqLocked(), 0, nil
	p := r.pipe
	if p.queue != nil {
		p.queue.inFlight++
	}
	switch {
	case l.down != nil:
		l.endLocked(r, l.down)
		return
	case r.Length < 0 || r.Length > len(r.Buf):
		l.endLocked(r, fmt.Errorf("%w: length %d of %d", usb.ErrInvalid, r.Length, len(r.Buf)))
		return
	}
	l.flight[r.seq] = r
	h := header{command: cmdSubmit, seq: r.seq, devID: l.devID, endpoint: uint32(r.Endpoint & 0xf), length: r.Length, interval: p.interval, setup: setup}
	if r.Endpoint&usb.DirIn != 0 {
		h.direction, h.flags = dirIn, flagDirIn
	} else if r.ZeroPacket {
		h.flags = flagZeroPacket
	}
	l.out = h.append(l.out)
	if h.direction == dirOut {
		l.out = append(l.out, r.Buf[:r.Length]...)
	}
}

// unlinkLocked asks the server to end a request.
func (l *link) unlinkLocked(r *request) {
	if !r.inFlight || r.unlinking || l.down != nil {
		return
	}
	r.unlinking = true
	h := header{command: cmdUnlink, seq: l.nextSeqLocked(), devID: l.devID, target: r.seq}
	l.unlinks[h.seq] = r.seq
	l.out = h.append(l.out)
}

// nextSeqLocked numbers a command. 0 is skipped, and what still waits for an
// answer after four thousand million others.
func (l *link) nextSeqLocked() uint32 {
	for {
		l.seq++
		if _, used := l.flight[l.seq]; !used && l.seq != 0 {
			if _, used := l.unlinks[l.seq]; !used {
				return l.seq
			}
		}
	}
}

// endLocked ends a request.
func (l *link) endLocked(r *request, err error) {
	delete(l.flight, r.seq)
	r.Err, r.inFlight = err, false
	if q := r.pipe.queue; q != nil {
		l.deliverLocked(q, r.Transfer)
	} else {
		r.pipe.ended <- struct{}{} // has room for the one request there can be
	}
}

// deliverLocked hands an ended transfer to its queue, with the next flush.
func (l *link) deliverLocked(q *queue, t *usb.Transfer) {
	if l.endedIn != q {
		l.flushEndedLocked()
		l.endedIn = q
	}
	l.ended = append(l.ended, t)
	q.inFlight--
	if q.inFlight == 0 && q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}

// flushEndedLocked hands ended transfers to their queue, many at a time: each
// time wakes the one who polls. Putting never waits.
func (l *link) flushEndedLocked() {
	if len(l.ended) > 0 {
		l.endedIn.list.Put(l.ended...)
		clear(l.ended)
		l.ended = l.ended[:0]
	}
}

// goDown ends everything: the connection is lost, or was closed.
func (l *link) goDown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down = usb.ErrGone; l.closing {
		l.down = usb.ErrCanceled
	}
	l.out = nil
	for _, seq := range slices.Sorted(maps.Keys(l.flight)) {
		l.endLocked(l.flight[seq], l.down)
	}
	l.flushEndedLocked()
	clear(l.unlinks)
	if !l.closing {
		close(l.gone)
	}
}

// close ends the connection and everything that is in flight. It may be called
// more than once.
func (l *link) close() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	startHangUp(l.conn)
	<-l.read
	<-l.wrote
}
