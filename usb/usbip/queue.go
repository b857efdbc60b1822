package usbip

import (
	"context"
	"fmt"
	"sync"
	"time"

	"io-pkt/usb"
	"io-pkt/usb/internal/done"
)

// A queue implements usb.Queue on a link.
type queue struct {
	dev   *device
	iface uint8
	list  *done.List
	close func() error
	pipes map[uint8]*pipe // by endpoint address

	// Guarded by link.mu.
	closed   bool
	inFlight int
	idle     chan struct{} // closed once inFlight is 0, if Close waits for that
}

// newQueue makes a queue for the endpoints of all settings of an interface.
func newQueue(d *device, iface uint8, settings []usb.Setting) (*queue, error) {
	list, err := done.New()
	if err != nil {
		return nil, err
	}
	q := &queue{dev: d, iface: iface, list: list, pipes: make(map[uint8]*pipe)}
	q.close = sync.OnceValue(q.shut)
	for _, s := range settings {
		if s.Interface != iface {
			continue
		}
		for _, e := range s.Endpoints {
			switch e.Type() {
			case usb.TransferBulk:
				q.pipes[e.Address] = &pipe{queue: q}
			case usb.TransferInterrupt:
				q.pipes[e.Address] = &pipe{queue: q, interval: interval(d.info.Speed, e.Interval)}
			}
		}
	}
	return q, nil
}

// interval gives bInterval in frames or microframes, as Linux's drivers count
// (USB 2.0, table 9-13): from high speed on it is an exponent.
func interval(s usb.Speed, bInterval uint8) uint32 {
	if s >= usb.SpeedHigh {
		return 1 << (min(max(bInterval, 1), 16) - 1)
	}
	return uint32(max(bInterval, 1))
}

func (q *queue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	p := q.pipes[endpoint]
	if p == nil {
		return nil, q.dev.wrap("allocate a transfer for", fmt.Sprintf("endpoint %#02x", endpoint), usb.ErrNotFound)
	}
	if size < 0 || size > usb.MaxTransfer {
		return nil, q.dev.wrap("allocate a transfer for", fmt.Sprintf("endpoint %#02x", endpoint),
			fmt.Errorf("%w: %d bytes", usb.ErrInvalid, size))
	}
	l := q.dev.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.closed {
		return nil, usb.ErrClosed
	}
	t := &usb.Transfer{Endpoint: endpoint, Buf: make([]byte, size), Length: size}
	t.Context = &request{Transfer: t, pipe: p}
	return t, nil
}

// request gives what belongs to a transfer, or nil if this queue did not make it.
func (q *queue) request(t *usb.Transfer) *request {
	if r, ok := t.Context.(*request); ok && r.pipe.queue == q {
		return r
	}
	return nil
}

// Submit leaves alone what is in flight already, or not of this queue.
func (q *queue) Submit(ts ...*usb.Transfer) error {
	l := q.dev.link
	l.mu.Lock()
	if q.closed {
		l.mu.Unlock()
		return usb.ErrClosed
	}
	for _, t := range ts {
		if r := q.request(t); r != nil && !r.inFlight {
			l.submitLocked(r, [usb.SetupSize]byte{})
		}
	}
	l.flushEndedLocked() // what could not be started
	l.mu.Unlock()
	l.flush()
	return nil
}

func (q *queue) Reap(ended []*usb.Transfer) (int, error) { return q.list.Reap(ended) }

func (q *queue) Cancel(ts ...*usb.Transfer) {
	l := q.dev.link
	l.mu.Lock()
	for _, t := range ts {
		if r := q.request(t); r != nil {
			l.unlinkLocked(r)
		}
	}
	l.mu.Unlock()
	l.flush()
}

func (q *queue) ClearHalt(ctx context.Context, endpoint uint8) error {
	if q.pipes[endpoint] == nil {
		return q.dev.wrap("clear the halt of", fmt.Sprintf("endpoint %#02x", endpoint), usb.ErrNotFound)
	}
	q.dev.link.mu.Lock()
	closed := q.closed
	q.dev.link.mu.Unlock()
	if closed {
		return usb.ErrClosed
	}
	_, err := q.dev.control(ctx, usb.Setup{RequestType: usb.RecipientEndpoint, Request: usb.ReqClearFeature,
		Value: usb.FeatureEndpointHalt, Index: uint16(endpoint)}, nil)
	return err
}

func (q *queue) PollFD() (int, int16) { return q.list.PollFD() }

func (q *queue) Close() error { return q.close() }

// shut is Close, once. A server that does not answer the unlinks loses its
// connection.
func (q *queue) shut() error {
	l := q.dev.link
	l.mu.Lock()
	q.closed = true
	for _, r := range l.flight {
		if r.pipe.queue == q {
			l.unlinkLocked(r)
		}
	}
	idle := make(chan struct{})
	if q.inFlight > 0 {
		q.idle = idle
	} else {
		close(idle)
	}
	l.mu.Unlock()
	l.flush()
	l.await(idle)
	q.dev.forget(q)
	return q.list.Close()
}

// await waits until the server has answered, or its connection has ended
// because it did not.
func (l *link) await(answer <-chan struct{}) {
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case <-answer:
	case <-timer.C:
		_ = l.conn.Close()
		<-answer
	}
}
