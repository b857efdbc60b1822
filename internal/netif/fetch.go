package netif

import (
	"encoding/binary"
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

// sending is what Fetch has between two calls, and its memory. A frame is read
// into the buffer it is for; what of it is too long for that goes to large, of
// which the first room bytes are for the beginning of such a frame.
type sending struct {
	head  [offload.HeaderLen]byte
	large []byte
	room  int
	split offload.Splitter
	iov   [3]unix.Iovec // head, the lent buffer, large
}

func (s *sending) init(maxMTU int) {
	s.room = headerLen + tagLen + maxMTU
	s.large = make([]byte, s.room+maxLarge)
	s.iov[0].Base = &s.head[0]
	s.iov[0].SetLen(len(s.head))
	s.iov[2].Base = &s.large[s.room]
	s.iov[2].SetLen(len(s.large) - s.room)
}

// Fetch takes frames from the kernel, as nic.Port says. Large ones are cut; what is
// left of one when the buffers are full is for the next call. Frames that are
// longer than MaxMTU allows are dropped and counted: the MTU may have been raised
// by somebody who does not know the hardware.
func (t *TAP) Fetch(bufs [][]byte, lens []int) (int, error) {
	n, most := 0, min(len(bufs), len(lens))
	for n < most {
		if t.sending.split.Pending() {
			if len(bufs[n]) < t.sending.room {
				return n, fmt.Errorf("%s: a buffer of %d bytes is too short: %w", t.name, len(bufs[n]), unix.EINVAL)
			}
			lens[n] = t.sending.split.Next(bufs[n])
			t.outGroups.count(bufs[n])
			n++
			continue
		}
		length, err := t.read(bufs[n])
		switch {
		case err == 0:
		case err == unix.EAGAIN:
			return n, nil
		case err == unix.EINTR:
			continue
		case err == unix.EBADFD || err == unix.EIO:
			return n, t.lost(err)
		default:
			return n, fmt.Errorf("%s: reading: %w", t.name, err)
		}
		if t.finish(bufs[n], length) {
			t.outGroups.count(bufs[n])
			lens[n] = length
			n++
		}
	}
	return n, nil
}

// finish does what the kernel has left to do for a frame that was read. It reports
// whether the frame is in the buffer; a large one is to be cut.
func (t *TAP) finish(buf []byte, length int) bool {
	s := &t.sending
	var h offload.Header
	h.Decode(s.head[:])
	if length >= headerLen && h.GSOType != offload.GSONone {
		first := copy(s.large[max(s.room-len(buf), 0):s.room], buf)
		frame := s.large[s.room-first:]
		if length <= len(frame) && s.split.Start(frame[:length], h, t.limit(frame)) == nil {
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
func (t *TAP) read(buf []byte) (int, syscall.Errno) {
	if t.gone.Load() {
		return 0, unix.EBADFD
	}
	if len(buf) < headerLen {
		return 0, unix.EINVAL
	}
	s := &t.sending
	s.iov[1].Base = &buf[0]
	s.iov[1].SetLen(min(len(buf), s.room))
	n, _, err := unix.RawSyscall(unix.SYS_READV, uintptr(t.fd), uintptr(unsafe.Pointer(&s.iov[0])), uintptr(len(s.iov)))
	s.iov[1].Base = nil // the buffer was only lent
	return int(n) - offload.HeaderLen, err
}

// PollFD gives the TAP's descriptor, for poll(2).
func (t *TAP) PollFD() (fd int, events int16) { return t.fd, unix.POLLIN }

// lost makes the descriptor of an interface that somebody has removed ("ip link
// del ecm0") a quiet one. poll(2) would report POLLERR for it whatever the caller
// waits for, and so keep a driver spinning until the stack has closed it.
func (t *TAP) lost(reason syscall.Errno) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && !t.gone.Load() {
		quiet, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err == nil {
			err = unix.Dup3(quiet, t.fd, unix.O_CLOEXEC)
			_ = unix.Close(quiet)
		}
		t.gone.Store(err == nil)
	}
	return fmt.Errorf("%s: the interface has been removed: %w", t.name, reason)
}
