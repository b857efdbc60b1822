package sim

import (
	"context"
	"fmt"

	"io-pkt/usb"
	"io-pkt/usb/internal/done"
)

// A queue is a usb.Queue. closed belongs to Device.mu.
type queue struct {
	handle *handle
	iface  uint8
	list   *done.List
	pipes  []*pipe
	closed bool
}

// claim makes q the queue of a claimed interface. The caller holds Device.mu.
func (q *queue) claim(c *claim) {
	c.queue = q
	for _, p := range q.handle.sess.pipes {
		if p != nil && p.iface == q.iface {
			p.queue = q
			q.pipes = append(q.pipes, p)
		}
	}
}

func (q *queue) find(endpoint uint8) *pipe {
	for _, p := range q.pipes {
		if p.address == endpoint {
			return p
		}
	}
	return nil
}

func (q *queue) fail(op string, endpoint uint8, err error) error {
	return &usb.OpError{Op: op, Object: fmt.Sprintf("endpoint %02x of %v", endpoint, q.handle.sess.info), Err: err}
}

// Alloc is usb.Queue's.
func (q *queue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	p := q.find(endpoint)
	switch {
	case p == nil:
		return nil, q.fail("make a transfer for", endpoint, usb.ErrNotFound)
	case size < 0 || size > usb.MaxTransfer:
		return nil, q.fail(fmt.Sprintf("make a transfer of %d bytes for", size), endpoint, usb.ErrInvalid)
	}
	q.handle.dev.mu.Lock()
	defer q.handle.dev.mu.Unlock()
	if q.closed {
		return nil, q.fail("make a transfer for", endpoint, usb.ErrClosed)
	}
	t := &usb.Transfer{Endpoint: endpoint, Buf: make([]byte, size)}
	t.Context = &xfer{t: t, q: q, p: p}
	return t, nil
}

// Submit is usb.Queue's. A transfer that is in flight, or is another queue's, is
// left alone.
func (q *queue) Submit(ts ...*usb.Transfer) error {
	d := q.handle.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.closed {
		return usb.ErrClosed
	}
	for _, t := range ts {
		x, ok := t.Context.(*xfer)
		if !ok || x.q != q || x.inFlight {
			continue
		}
		x.inFlight = true
		t.Actual, t.Err = 0, nil
		if t.Length < 0 || t.Length > len(t.Buf) {
			x.doomed, x.p.doomed = usb.ErrInvalid, true
		}
		x.p.waiting = append(x.p.waiting, x)
	}
	for _, p := range q.pipes {
		p.settle()
	}
	q.startLocked()
	return nil
}

// startLocked lets the device work on what waits.
func (q *queue) startLocked() {
	d, s := q.handle.dev, q.handle.sess
	if d.session != s {
		return
	}
	for _, p := range q.pipes {
		switch {
		case len(p.waiting) == 0:
		case p == s.in && !d.faults.held():
			d.pump(s)
		case p == s.out && p.carried == 0:
			d.kick()
		case p == s.notify:
			d.pumpNotes(s)
		}
	}
}

// Reap is usb.Queue's.
func (q *queue) Reap(ts []*usb.Transfer) (int, error) { return q.list.Reap(ts) }

// PollFD is usb.Queue's.
func (q *queue) PollFD() (int, int16) { return q.list.PollFD() }

// Cancel is usb.Queue's.
func (q *queue) Cancel(ts ...*usb.Transfer) {
	d := q.handle.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range ts {
		if x, ok := t.Context.(*xfer); ok && x.q == q && x.inFlight {
			x.doomed, x.p.doomed = usb.ErrCanceled, true
		}
	}
	for _, p := range q.pipes {
		p.settle()
	}
}

// ClearHalt is usb.Queue's.
func (q *queue) ClearHalt(ctx context.Context, endpoint uint8) error {
	err := q.handle.request(ctx, func(d *Device) error {
		p := q.find(endpoint)
		switch {
		case q.closed:
			return usb.ErrClosed
		case p == nil || !p.active:
			return usb.ErrNotFound
		case p.busy():
			return fmt.Errorf("transfers are in flight: %w", usb.ErrBusy)
		}
		p.halted = false
		return nil
	})
	if err != nil {
		return q.fail("clear halt of", endpoint, err)
	}
	return nil
}

// Close is usb.Queue's.
func (q *queue) Close() error {
	q.handle.dev.mu.Lock()
	defer q.handle.dev.mu.Unlock()
	q.closeLocked()
	return nil
}

// closeLocked drops what waits, and waits for what the device has in its hands.
func (q *queue) closeLocked() {
	first := !q.closed
	q.closed = true
	for _, p := range q.pipes {
		if first {
			p.drop(len(p.waiting))
		}
		p.doomed = false
	}
	for _, p := range q.pipes {
		for p.carried > 0 && p.queue == q {
			q.handle.dev.idle.Wait()
		}
	}
	if !first {
		return
	}
	for _, p := range q.pipes {
		p.queue = nil
	}
	if c := q.handle.sess.claims[q.iface]; c != nil && c.queue == q {
		c.queue = nil
	}
	_ = q.list.Close()
}
