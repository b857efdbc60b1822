package host

// #include <linux/usbdevice_fs.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
	"io-pkt/usb/internal/done"
)

// A urbQueue carries the transfers of one interface as usbfs URBs. What it polls is
// usbfs' own descriptor, which is writable when a URB has ended, until there is a
// transfer that never became one: see divert.
type urbQueue struct {
	node   *node
	pipes  map[uint8]*pipe
	poll   int        // what PollFD gives
	epoll  int        // what divert puts in its place; -1 when that is done
	failed *done.List // could not be started, or the device took them along

	mu        sync.Mutex // held for calls that do not wait
	closed    bool
	lost      bool // the device was pulled
	memory    memory
	urbs      urbs
	transfers []*transfer
	flying    int // URBs the kernel has
	seq       uint64
	reaped    *C.struct_usbdevfs_urb

	// waiting holds transfers that could not be started while earlier ones of
	// their endpoint are in flight; they are handed back behind those.
	waiting []*transfer
}

func newURBQueue(n *node, endpoints map[uint8]bool) (*urbQueue, error) {
	list, err := done.New()
	if err != nil {
		return nil, err
	}
	q := &urbQueue{node: n, pipes: make(map[uint8]*pipe), failed: list, memory: memory{fd: n.fd}}
	for address := range endpoints {
		q.pipes[address] = &pipe{}
	}
	if err := q.openPoll(); err != nil {
		_ = list.Close()
		return nil, err
	}
	return q, nil
}

// openPoll makes both descriptors: when divert needs the second there may be none
// left to be had.
func (q *urbQueue) openPoll() (err error) {
	if q.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	fd, _ := q.failed.PollFD()
	err = unix.EpollCtl(q.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN})
	if err == nil {
		q.poll, err = unix.FcntlInt(uintptr(q.node.fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	if err != nil {
		_ = unix.Close(q.epoll)
	}
	return err
}

func (q *urbQueue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Alloc makes a transfer.
func (q *urbQueue) Alloc(endpoint uint8, size int) (*usb.Transfer, error) {
	what := fmt.Sprintf("transfer of %d bytes on endpoint %#02x", size, endpoint)
	p := q.pipes[endpoint]
	if p == nil {
		return nil, &usb.OpError{Op: "make", Object: what, Err: usb.ErrNotFound}
	}
	if size < 0 || size > usb.MaxTransfer {
		return nil, &usb.OpError{Op: "make", Object: what, Err: usb.ErrInvalid}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, usb.ErrClosed
	}
	buf, err := q.memory.alloc(size)
	if err != nil {
		return nil, &usb.OpError{Op: "make", Object: what, Err: err}
	}
	block, err := q.urbs.alloc()
	if err != nil {
		return nil, &usb.OpError{Op: "make", Object: what, Err: err}
	}
	t := &transfer{queue: q, index: len(q.transfers), buf: buf, urb: block, pipe: p,
		Transfer: &usb.Transfer{Endpoint: endpoint, Buf: buf, Length: size}}
	t.Context = t
	t.bind()
	q.transfers = append(q.transfers, t)
	return t.Transfer, nil
}

// Submit starts transfers. One that is in flight already is left alone.
func (q *urbQueue) Submit(ts ...*usb.Transfer) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return usb.ErrClosed
	}
	for _, u := range ts {
		t, ok := u.Context.(*transfer)
		if ok && t.queue == q && t.state == idle {
			q.start(t)
		}
	}
	return nil
}

func (q *urbQueue) start(t *transfer) {
	q.seq++
	t.seq, t.canceled = q.seq, false
	t.Actual, t.Err = 0, nil
	switch {
	case t.Length < 0 || t.Length > len(t.buf):
		t.Err = usb.ErrInvalid
	case q.lost:
		t.Err = usb.ErrGone
	default:
		if errno := t.submit(q.node.fd); errno != 0 {
			t.Err = errnoReason(errno)
		}
	}
	if t.Err == nil {
		t.state = flying
		q.flying++
		t.pipe.flying++
		return
	}
	t.state = failed
	q.divert()
	if t.behind = t.pipe.flying; t.behind > 0 {
		q.waiting = append(q.waiting, t)
		return
	}
	q.failed.Put(t.Transfer)
}

// Cancel ends transfers, in the order given, so that they come back in it.
func (q *urbQueue) Cancel(ts ...*usb.Transfer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.lost {
		return
	}
	for _, u := range ts {
		t, ok := u.Context.(*transfer)
		if ok && t.queue == q && t.state == flying {
			t.canceled = true
			t.discard(q.node.fd)
		}
	}
}

// ClearHalt ends an endpoint's halt. The request is the kernel's and takes 5 s
// at most; ctx counts only before it.
func (q *urbQueue) ClearHalt(ctx context.Context, endpoint uint8) error {
	what := fmt.Sprintf("halt of endpoint %#02x", endpoint)
	err := ctx.Err()
	switch {
	case err != nil:
		err = ended(ctx)
	case q.isClosed():
		err = usb.ErrClosed
	case q.pipes[endpoint] == nil:
		err = usb.ErrNotFound
	default:
		err = reason(q.node.clearHalt(endpoint))
	}
	if err != nil {
		return &usb.OpError{Op: "clear", Object: what, Err: err}
	}
	return nil
}

// PollFD gives usbfs' descriptor, which can be writable, or the one that divert has
// put in its place, which can be readable.
func (q *urbQueue) PollFD() (int, int16) { return q.poll, unix.POLLIN | unix.POLLOUT }

// divert makes PollFD's descriptor an epoll descriptor, which holds that of the list
// of transfers that never became a URB, and usbfs' as long as the device is there:
// of one that was pulled usbfs shows POLLHUP for ever, and whoever polls would spin.
// The queue has not had it from the start because the kernel's bookkeeping for it is
// made for each URB that ends, and not only for those that somebody waits for.
func (q *urbQueue) divert() {
	if q.epoll < 0 {
		return
	}
	if !q.lost {
		err := unix.EpollCtl(q.epoll, unix.EPOLL_CTL_ADD, q.node.fd, &unix.EpollEvent{Events: unix.EPOLLOUT})
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return // the kernel is out of memory: again with the next one
		}
	}
	if unix.Dup3(q.epoll, q.poll, unix.O_CLOEXEC) == nil {
		_ = unix.Close(q.epoll)
		q.epoll = -1
	}
}
