package slog

import (
	"math"
	"sync"
	"time"
)

// Sizes of the ring, in bytes of events in binary form.
const (
	DefaultSize = 16 << 10
	MinSize     = 4 << 10
	MaxSize     = 256 << 20
)

// A ring keeps the newest events that fit into it. Each event gets a sequence
// number, the first is 1. A writer never waits for a reader: a reader that is
// too slow finds that events are gone, and how many.
type ring struct {
	now func() time.Time

	mu sync.Mutex
	// Positions count bytes since the ring was made; position p is at
	// buf[p%len(buf)]. len(buf) is a multiple of 4, so no word wraps.
	buf        []byte
	head, tail uint64
	oldest     uint64        // sequence number of the event at head
	next       uint64        // sequence number of the event to come
	changed    chan struct{} // closed at the next change; nil while nobody waits
	closed     bool
}

// A cursor is where a reader stands.
type cursor struct{ seq, pos uint64 }

func newRing(size int, now func() time.Time) *ring {
	size = min(max(size, MinSize), MaxSize) &^ 3
	return &ring{now: now, buf: make([]byte, size), oldest: 1, next: 1}
}

// add puts an event in binary form at the end, with the time of now.
func (r *ring) add(event []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	stamp(event, r.now()) // under the lock: times must not run backwards
	for r.tail-r.head+uint64(len(event)) > uint64(len(r.buf)) {
		r.dropLocked()
	}
	at := r.tail % uint64(len(r.buf))
	n := copy(r.buf[at:], event)
	copy(r.buf, event[n:])
	r.tail += uint64(len(event))
	r.next++
	r.wakeLocked()
}

// dropLocked drops the oldest event.
func (r *ring) dropLocked() {
	r.head += r.sizeLocked(r.head)
	r.oldest++
}

// sizeLocked gives the size of the event at a position.
func (r *ring) sizeLocked(pos uint64) uint64 {
	n, err := eventSize(r.buf[pos%uint64(len(r.buf)):])
	if err != nil {
		panic("slog: ring out of step") // only events are added
	}
	return uint64(n)
}

func (r *ring) wakeLocked() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// newest gives the sequence number of the last event, 0 before the first.
func (r *ring) newest() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next - 1
}

// clear drops the events up to a sequence number.
func (r *ring) clear(last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.oldest <= last && r.oldest < r.next {
		r.dropLocked()
	}
}

// close ends the ring: nothing is added any more, and readers that have seen
// everything end.
func (r *ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wakeLocked()
}

// at gives a cursor for the event with a sequence number: 0 is the oldest, and
// so is a number that this ring has not given out yet.
func (r *ring) at(seq uint64) cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := cursor{r.oldest, r.head}
	if seq == 0 || seq > r.next {
		return c
	}
	if seq < r.oldest {
		return cursor{seq, 0} // read sees that it is behind
	}
	for c.seq < seq {
		c.pos += r.sizeLocked(c.pos)
		c.seq++
	}
	return c
}

// endless is the limit of a read that has none.
const endless = math.MaxUint64

// A batch is what one read gives.
type batch struct {
	n      int             // bytes of whole events
	missed uint64          // events that were dropped in front of these
	wait   <-chan struct{} // when there is nothing: closed once there may be; nil: nothing will come
}

// read copies whole events up to the sequence number last to dst, which has
// room for one at least, and moves the cursor past them.
func (r *ring) read(c *cursor, last uint64, dst []byte) batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b batch
	if c.seq < r.oldest {
		// Not past last: the rest are not the reader's to miss.
		missed := min(r.oldest-1, last) - (c.seq - 1)
		b.missed = missed
		*c = cursor{r.oldest, r.head}
	}
	start, end := c.pos, c.pos
	for c.seq < r.next && c.seq <= last {
		n := r.sizeLocked(end)
		if end-start+n > uint64(len(dst)) {
			break
		}
		end += n
		c.seq++
	}
	c.pos = end
	b.n = r.copyLocked(dst, start, end)
	if b.n == 0 && b.missed == 0 && c.seq <= last && !r.closed {
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		b.wait = r.changed
	}
	return b
}

// copyLocked copies the bytes between two positions.
func (r *ring) copyLocked(dst []byte, from, to uint64) int {
	size := uint64(len(r.buf))
	part := r.buf[from%size:]
	part = part[:min(uint64(len(part)), to-from)]
	n := copy(dst, part)
	return n + copy(dst[n:], r.buf[:to-from-uint64(n)])
}
