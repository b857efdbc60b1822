package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"io-pkt/internal/offload"
)

// Lengths of Ethernet headers (IEEE 802.3, 3.1; IEEE 802.1Q, 9.3).
const (
	headerLen = 14
	tagLen    = 4
)

// maxLarge is how long a large frame may be: 65535 bytes of IP packet, and room to
// see that there is more.
const maxLarge = headerLen + 2*tagLen + 65536

// A lane is one of the TAP's queues for what the kernel sends, and what Fetch has of
// it between two calls. A frame is read into the buffer it is for; what of it is too
// long for that goes to large, of which the first room bytes are for the beginning of
// such a frame.
type lane struct {
	fd    int // non-blocking, unknown to Go's own poller
	head  [offload.HeaderLen]byte
	large []byte
	room  int
	split offload.Splitter
	iov   [3]unix.Iovec // head, the lent buffer, large
	queue *queued
}

func newLane(fd, maxMTU int) *lane {
	l := &lane{fd: fd, room: headerLen + tagLen + maxMTU}
	l.large = make([]byte, l.room+maxLarge)
	l.iov[0].Base = &l.head[0]
	l.iov[0].SetLen(len(l.head))
	l.iov[2].Base = &l.large[l.room]
	l.iov[2].SetLen(len(l.large) - l.room)
	return l
}

// Fetch takes frames from the kernel, as nic.Port says.
func (t *TAP) Fetch(ready uint, bufs [][]byte, lens []int) (int, error) {
	n, err := t.fromLanes(ready, bufs, lens)
	var batch tally
	for i, b := range bufs[:n] {
		batch.count(b[:lens[i]])
	}
	t.sent.add(batch)
	return n, err
}

// fromLanes takes frames from the lanes. When there are more than buffers, the prompt ones
// and the others get as many each, so that neither can keep the other back. An odd one is
// the prompt ones', unless they had the last.
func (t *TAP) fromLanes(ready uint, bufs [][]byte, lens []int) (int, error) {
	most := min(len(bufs), len(lens))
	if most == 0 {
		return 0, nil
	}
	var only *lane
	asked := 0
	for i, l := range t.lanes {
		if ready&(1<<i) != 0 || l.split.Pending() { // which poll(2) does not see
			only, asked = l, asked+1
		}
	}
	switch asked {
	case 0:
		return 0, nil
	case 1:
		return t.fetch(only, bufs[:most], lens)
	}
	half := most / 2
	share := most - half
	if t.odd {
		share = half
	}
	n, err := t.fetch(t.lanes[prompt], bufs[:share], lens)
	if err != nil {
		return n, err
	}
	t.odd = n > half
	more := n == share
	m, err := t.fetch(t.lanes[bulk], bufs[n:most], lens[n:])
	n += m
	if err == nil && more {
		m, err = t.fetch(t.lanes[prompt], bufs[n:most], lens[n:])
		n += m
	}
	return n, err
}

// fetch takes as many frames from a lane as there are, and buffers. Large ones are
// cut; what is left of one when the buffers are full is for the next call. Frames
// that are longer than MaxMTU allows are dropped and counted: the MTU may have been
// raised by somebody who does not know the hardware.
func (t *TAP) fetch(l *lane, bufs [][]byte, lens []int) (int, error) {
	n := 0
	for n < len(bufs) {
		if l.split.Pending() {
			if len(bufs[n]) < l.room {
				return n, fmt.Errorf("%s: a buffer of %d bytes is too short: %w", t.name, len(bufs[n]), unix.EINVAL)
			}
			lens[n] = l.split.Next(bufs[n])
			n++
			continue
		}
		length, err := t.read(l, bufs[n])
		switch {
		case err == 0:
			l.queue.took(length)
		case err == unix.EAGAIN:
			l.queue.empty()
			return n, nil
		case err == unix.EINTR:
			continue
		case err == unix.EBADFD || err == unix.EIO:
			return n, t.lost(err)
		default:
			return n, fmt.Errorf("%s: reading: %w", t.name, err)
		}
		if t.finish(l, bufs[n], length) {
			lens[n] = length
			n++
		}
	}
	return n, nil
}

// finish does what the kernel has left to do for a frame that was read. It reports
// whether the frame is in the buffer; a large one is to be cut.
func (t *TAP) finish(l *lane, buf []byte, length int) bool {
	var h offload.Header
	h.Decode(l.head[:])
	if length >= headerLen && h.GSOType != offload.GSONone {
		first := copy(l.large[max(l.room-len(buf), 0):l.room], buf)
		frame := l.large[l.room-first:]
		if length <= len(frame) && l.split.Start(frame[:length], h, t.limit(frame)) == nil {
			return false
		}
		t.out.Add(1)
		return false
	}
	if length < headerLen || length > len(buf) || length > t.limit(buf) ||
		h.Flags&offload.NeedsCsum != 0 && !offload.Complete(buf[:length], h) {
		t.out.Add(1)
		return false
	}
	return true
}

// limit gives how long a frame may be.
func (t *TAP) limit(frame []byte) int {
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_8021Q, unix.ETH_P_8021AD:
		return headerLen + tagLen + t.maxMTU
	}
	return headerLen + t.maxMTU
}

// read reads one frame. A TAP cuts a frame that does not fit and does not tell:
// that large is behind the buffer shows it, in a length beyond the buffer's.
//
// The call does not block. Telling Go's scheduler that it might costs, per second
// and with TCP at full speed (measured with perf in the guest of scripts/vm), 1500
// futex calls, 4000 wake-ups of sysmon and 10000 context switches, all but a few
// of which are gone without: other goroutines can wait for the microseconds.
func (t *TAP) read(l *lane, buf []byte) (int, syscall.Errno) {
	if t.gone.Load() {
		return 0, unix.EBADFD
	}
	if len(buf) < headerLen {
		return 0, unix.EINVAL
	}
	l.iov[1].Base = &buf[0]
	l.iov[1].SetLen(min(len(buf), l.room))
	n, _, err := unix.RawSyscall(unix.SYS_READV, uintptr(l.fd), uintptr(unsafe.Pointer(&l.iov[0])), uintptr(len(l.iov)))
	l.iov[1].Base = nil // the buffer was only lent
	return int(n) - offload.HeaderLen, err
}

// PollFDs gives the TAP's descriptors, for poll(2).
func (t *TAP) PollFDs() (fds []int, events int16) {
	for _, l := range t.lanes {
		fds = append(fds, l.fd)
	}
	return fds, unix.POLLIN
}

// lost makes the descriptors of an interface that somebody has removed ("ip link
// del ecm0") quiet ones. poll(2) would report POLLERR for them whatever the caller
// waits for, and so keep a driver spinning until the stack has closed them.
func (t *TAP) lost(reason syscall.Errno) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && !t.gone.Load() {
		quiet, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err == nil {
			for _, l := range t.lanes {
				err = errors.Join(err, unix.Dup3(quiet, l.fd, unix.O_CLOEXEC))
			}
			_ = unix.Close(quiet)
		}
		t.gone.Store(err == nil)
	}
	return fmt.Errorf("%s: the interface has been removed: %w", t.name, reason)
}
