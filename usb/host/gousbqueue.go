package host

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/gousb"

	"io-pkt/usb"
	"io-pkt/usb/internal/done"
)

// maxJobs bounds the transfers of one endpoint, so that its channel always has
// room for all of them.
const maxJobs = 256

// A gousbQueue carries the transfers of an interface that has only interrupt
// endpoints: notifications, a few in a second at most. Each endpoint has a
// goroutine that makes its transfers one after the other; it ends with Close.
type gousbQueue struct {
	device  *Device
	claim   *claim
	ended   *done.List
	workers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	lines  map[uint8]*line
}

// A line is one endpoint and what is to be done on it, in order.
type line struct {
	move  func(ctx context.Context, b []byte) (int, error)
	jobs  []*job
	ready chan submission
}

// A job is what the queue keeps of a usb.Transfer, in its Context.
type job struct {
	*usb.Transfer
	line   *line
	buf    []byte
	cancel context.CancelFunc // of the submission; nil while its user has it
}

// A submission is one use of a job.
type submission struct {
	*job
	ctx context.Context
}

func newGousbQueue(d *Device, c *claim) (*gousbQueue, error) {
	ended, err := done.New()
	if err != nil {
		return nil, err
	}
	return &gousbQueue{device: d, claim: c, ended: ended, lines: make(map[uint8]*line)}, nil
}

func (q *gousbQueue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Alloc makes a transfer, and its endpoint's goroutine with the first.
func (q *gousbQueue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	t, err := q.alloc(endpoint, size)
	if err != nil {
		return nil, &usb.OpError{Op: "make", Object: fmt.Sprintf("transfer of %d bytes on endpoint %#02x", size, endpoint), Err: err}
	}
	return t, nil
}

func (q *gousbQueue) alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	e, ok := q.claim.endpoints[endpoint]
	if !ok {
		return nil, usb.ErrNotFound
	}
	if size < 0 || size > usb.MaxTransfer || e.TransferType != gousb.TransferTypeInterrupt {
		return nil, usb.ErrInvalid
	}
	move, err := q.mover(e)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, usb.ErrClosed
	}
	l := q.lines[endpoint]
	if l == nil {
		l = &line{move: move, ready: make(chan submission, maxJobs)}
		q.lines[endpoint] = l
		q.workers.Go(func() { q.work(l) })
	}
	if len(l.jobs) == maxJobs {
		return nil, usb.ErrInvalid
	}
	j := &job{line: l, buf: make([]byte, size)}
	j.Transfer = &usb.Transfer{Endpoint: endpoint, Buf: j.buf, Length: size, Context: j}
	l.jobs = append(l.jobs, j)
	return j.Transfer, nil
}

// mover gives gousb's call for an endpoint.
func (q *gousbQueue) mover(e gousb.EndpointDesc) (func(context.Context, []byte) (int, error), error) {
	if err := q.device.take(context.Background()); err != nil {
		return nil, err
	}
	defer q.device.done()
	if q.claim.handle == nil {
		return nil, usb.ErrBusy // lost in ClearHalt
	}
	if e.Direction == gousb.EndpointDirectionIn {
		in, err := q.claim.handle.InEndpoint(e.Number)
		if err != nil {
			return nil, err
		}
		return in.ReadContext, nil
	}
	out, err := q.claim.handle.OutEndpoint(e.Number)
	if err != nil {
		return nil, err
	}
	return out.WriteContext, nil
}

// Submit starts transfers. One that is in flight already is left alone.
func (q *gousbQueue) Submit(ts ...*usb.Transfer) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return usb.ErrClosed
	}
	for _, t := range ts {
		j, ok := t.Context.(*job)
		if !ok || j.cancel != nil || q.lines[j.Endpoint] != j.line {
			continue
		}
		var s submission
		s.job = j
		s.ctx, j.cancel = context.WithCancel(context.Background())
		j.line.ready <- s // never full: see maxJobs
	}
	return nil
}

// work makes the transfers of one endpoint; it ends when Close closes ready.
func (q *gousbQueue) work(l *line) {
	for s := range l.ready {
		s.Actual, s.Err = q.carry(s)
		q.ended.Put(s.Transfer)
	}
}

func (q *gousbQueue) carry(s submission) (int, error) {
	switch {
	case s.ctx.Err() != nil:
		return 0, usb.ErrCanceled
	case s.Length < 0 || s.Length > len(s.buf):
		return 0, usb.ErrInvalid
	}
	n, err := s.line.move(s.ctx, s.buf[:s.Length])
	n = min(max(n, 0), s.Length)
	if err == nil && s.ZeroPacket && n > 0 && s.Endpoint&usb.DirIn == 0 && n%q.packetSize(s.Endpoint) == 0 {
		_, err = s.line.move(s.ctx, nil)
	}
	err = reason(err)
	// libusb reports what the kernel ended because the device was pulled as
	// canceled, or as an empty success.
	if q.device.alive() != nil && (err == nil && n == 0 || errors.Is(err, usb.ErrCanceled) && s.ctx.Err() == nil) {
		err = usb.ErrGone
	}
	return n, err
}

func (q *gousbQueue) packetSize(endpoint uint8) int {
	return max(q.claim.endpoints[endpoint].MaxPacketSize, 1)
}

// Reap hands back what has ended.
func (q *gousbQueue) Reap(ended []*usb.Transfer) (int, error) {
	n, err := q.ended.Reap(ended)
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range ended[:n] {
		j := t.Context.(*job)
		j.cancel()
		j.cancel = nil
	}
	return n, err
}

// Cancel ends transfers.
func (q *gousbQueue) Cancel(ts ...*usb.Transfer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range ts {
		if j, ok := t.Context.(*job); ok && j.cancel != nil && q.lines[j.Endpoint] == j.line {
			j.cancel()
		}
	}
}

// PollFD gives the descriptor of the list of ended transfers.
func (q *gousbQueue) PollFD() (int, int16) { return q.ended.PollFD() }

// Close ends what is in flight and the goroutines.
func (q *gousbQueue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	for _, l := range q.lines {
		for _, j := range l.jobs {
			if j.cancel != nil {
				j.cancel()
			}
		}
		close(l.ready)
	}
	q.mu.Unlock()
	q.workers.Wait()
	return q.ended.Close()
}
