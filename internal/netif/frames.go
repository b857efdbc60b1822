package netif

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Lengths of Ethernet headers (IEEE 802.3, 3.1; IEEE 802.1Q, 9.3).
const (
	headerLen = 14
	tagLen    = 4
)

// Fetch takes frames from the kernel, as nic.Port says. Frames that are longer
// than MaxMTU allows are dropped and counted: the MTU may have been raised by
// somebody who does not know the hardware.
func (t *TAP) Fetch(bufs [][]byte, lens []int) (int, error) {
	n := 0
	for n < len(bufs) && n < len(lens) {
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
		if length < headerLen || length > len(bufs[n]) || length > t.limit(bufs[n]) {
			t.out.Add(1)
			continue
		}
		t.outGroups.count(bufs[n])
		lens[n] = length
		n++
	}
	return n, nil
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
// only one byte more than the buffer shows it, in a length beyond the buffer's.
func (t *TAP) read(buf []byte) (int, syscall.Errno) {
	if t.gone.Load() {
		return 0, unix.EBADFD
	}
	if len(buf) < headerLen {
		return 0, unix.EINVAL
	}
	t.iov[0].Base = &buf[0]
	t.iov[0].SetLen(len(buf))
	n, _, err := unix.Syscall(unix.SYS_READV, uintptr(t.fd), uintptr(unsafe.Pointer(&t.iov[0])), uintptr(len(t.iov)))
	t.iov[0].Base = nil // the buffer was only lent
	return int(n), err
}

// Deliver gives frames to the kernel, as nic.Port says.
func (t *TAP) Deliver(frames [][]byte) error {
	for _, f := range frames {
		if len(f) < headerLen {
			t.in.Add(1)
			continue
		}
		for {
			if t.gone.Load() {
				return t.lost(unix.EBADFD)
			}
			_, err := unix.Write(t.fd, f)
			switch err {
			case nil:
				t.inGroups.count(f)
			case unix.EINTR:
				continue
			case unix.EBADFD:
				return t.lost(unix.EBADFD)
			case unix.EAGAIN:
				t.in.Add(1) // all other refusals are in the kernel's own rx_dropped
			}
			break
		}
	}
	return nil
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
