package host

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// Reap hands back all that has ended: one wake-up often stands for many.
func (q *urbQueue) Reap(ended []*usb.Transfer) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, usb.ErrClosed
	}
	n, err := q.handBack(ended)
	for n < len(ended) && !q.lost && err == nil {
		waiting := len(q.waiting) > 0
		t := q.next()
		if t != nil {
			ended[n] = t.Transfer
			n++
		}
		if waiting || q.lost {
			var m int
			m, err = q.handBack(ended[n:])
			n += m
		}
		if t == nil || q.flying == 0 {
			break // no URB left: saves the call that would say so
		}
	}
	return n, err
}

// handBack takes from the list of those that never became a URB, or were lost.
func (q *urbQueue) handBack(ended []*usb.Transfer) (int, error) {
	n, err := q.failed.Reap(ended)
	for _, t := range ended[:n] {
		t.Context.(*transfer).state = idle
	}
	return n, err
}

// next takes one transfer back from the kernel, nil when none has ended.
func (q *urbQueue) next() *transfer {
	switch errno := reap(q.node.fd, &q.reaped); errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		return nil
	default: // ENODEV: pulled, and all that had ended has been reaped
		q.lose(errnoReason(errno))
		return nil
	}
	i := index(q.reaped)
	q.reaped = nil // points out of Go's heap, and must not outlive the block
	t := q.transfers[i]
	t.finish()
	t.state = idle
	q.flying--
	t.pipe.flying--
	if len(q.waiting) > 0 {
		q.advance(t.pipe)
	}
	return t
}

// advance lets transfers go that waited behind one of pipe p.
func (q *urbQueue) advance(p *pipe) {
	q.waiting = slices.DeleteFunc(q.waiting, func(t *transfer) bool {
		if t.pipe == p {
			t.behind--
		}
		if t.behind > 0 {
			return false
		}
		q.failed.Put(t.Transfer)
		return true
	})
}

// lose ends everything, in the order it was submitted: the kernel has nothing of
// ours any more.
func (q *urbQueue) lose(err error) {
	q.lost = true
	if q.epoll < 0 {
		_ = unix.EpollCtl(q.poll, unix.EPOLL_CTL_DEL, q.node.fd, nil)
	}
	q.divert()
	left := q.waiting
	for _, t := range q.transfers {
		if t.state == flying {
			t.state, t.Err, t.Actual = failed, err, 0
			t.pipe.flying--
			left = append(left, t)
		}
	}
	q.flying, q.waiting = 0, nil
	slices.SortFunc(left, func(a, b *transfer) int { return cmp.Compare(a.seq, b.seq) })
	for _, t := range left {
		q.failed.Put(t.Transfer)
	}
}

// Close ends what is in flight and frees the buffers. The kernel waits for the
// host controller in each discard, so that after the last one nothing touches a
// buffer; the blocks are then taken back, as the descriptor lives on and the next
// queue must not find them.
func (q *urbQueue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.closed = true
	for _, t := range q.transfers {
		if t.state == flying {
			t.discard(q.node.fd)
		}
	}
	for q.flying > 0 && q.next() != nil {
	}
	for _, t := range q.transfers {
		t.urb, t.buf = nil, nil
	}
	q.memory.close()
	q.urbs.close()
	err := q.failed.Close()
	if q.epoll >= 0 {
		err = cmp.Or(err, unix.Close(q.epoll))
	}
	return cmp.Or(err, unix.Close(q.poll))
}
