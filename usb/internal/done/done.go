// Package done collects ended transfers for a usb.Queue and makes them visible
// to poll(2).
package done

import (
	"encoding/binary"
	"sync"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// A List holds ended transfers until they are reaped. Put may be called by any
// goroutine.
type List struct {
	fd int // eventfd, readable while ended is not empty

	mu     sync.Mutex
	ended  []*usb.Transfer
	closed bool
}

// New makes an empty list.
func New() (*List, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &List{fd: fd}, nil
}

// PollFD is what usb.Queue's PollFD gives out.
func (l *List) PollFD() (int, int16) { return l.fd, unix.POLLIN }

// Put adds ended transfers, in order. After Close they are dropped.
func (l *List) Put(ts ...*usb.Transfer) {
	if len(ts) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if len(l.ended) == 0 {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(l.fd, one[:]) // cannot fail: the counter is 0
	}
	l.ended = append(l.ended, ts...)
}

// Reap is what usb.Queue's Reap does.
func (l *List) Reap(dst []*usb.Transfer) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, usb.ErrClosed
	}
	n := copy(dst, l.ended)
	if n > 0 && n == len(l.ended) {
		var b [8]byte
		_, _ = unix.Read(l.fd, b[:]) // sets the counter back to 0
	}
	rest := copy(l.ended, l.ended[n:])
	clear(l.ended[rest:])
	l.ended = l.ended[:rest]
	return n, nil
}

// Close frees the descriptor; nothing is handed out any more.
func (l *List) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.ended = nil
	return unix.Close(l.fd)
}
