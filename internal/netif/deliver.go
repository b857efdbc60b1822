package netif

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"io-pkt/internal/offload"
)

// joining is what Deliver works with. Nothing is in it between two calls.
type joining struct {
	frames offload.Coalescer
	iov    []unix.Iovec
}

// Deliver gives frames to the kernel, as nic.Port says, those of a flow joined.
func (t *TAP) Deliver(frames [][]byte) error {
	c := &t.joining.frames
	c.Protocols = t.Enabled().joined(!t.noUSO.Load())
	defer c.Reset()
	var batch tally
	for _, f := range frames {
		if len(f) < headerLen {
			t.in.Add(1)
			continue
		}
		batch.count(f)
		c.Add(f)
	}
	t.received.add(batch)
	for i := range c.Len() {
		if err := t.write(c.Packet(i)); err != nil {
			return err
		}
	}
	return nil
}

// write gives the kernel one frame.
func (t *TAP) write(head []byte, pieces [][]byte) error {
	iov := append(t.joining.iov[:0], vector(head))
	for _, p := range pieces {
		iov = append(iov, vector(p))
	}
	t.joining.iov = iov
	defer clear(iov) // the frames were only lent
	for {
		if t.gone.Load() {
			return t.lost(unix.EBADFD)
		}
		switch t.writev(iov) {
		case 0:
		case unix.EINTR:
			continue
		case unix.EBADFD:
			return t.lost(unix.EBADFD)
		case unix.EAGAIN:
			t.in.Add(uint64(len(pieces)))
		default: // the kernel's own rx_dropped has one of them
			t.in.Add(uint64(len(pieces) - 1))
		}
		return nil
	}
}

// writev does not block, and so need not tell Go's scheduler: see read.
func (t *TAP) writev(iov []unix.Iovec) syscall.Errno {
	_, _, err := unix.RawSyscall(unix.SYS_WRITEV, uintptr(t.lanes[bulk].fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
	return err
}

func vector(b []byte) (v unix.Iovec) {
	v.Base = &b[0]
	v.SetLen(len(b))
	return v
}
