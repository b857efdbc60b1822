package host

// #include <linux/ioctl.h>
// #include <linux/usbdevice_fs.h>
import "C"

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// A transfer is what a URB queue keeps of each usb.Transfer, in its Context.
type transfer struct {
	*usb.Transfer
	queue    *urbQueue
	index    int
	buf      []byte // the user may have put another slice into Buf
	urb      *C.struct_usbdevfs_urb
	pipe     *pipe
	state    state
	canceled bool   // we asked for its end
	seq      uint64 // counts what was submitted
	behind   int    // see urbQueue.waiting
}

// A state says who has a transfer.
type state uint8

const (
	idle   state = iota // its user
	flying              // the kernel
	failed              // nobody: it waits to be handed back
)

// A pipe is one endpoint of a queue.
type pipe struct {
	flying int // URBs the kernel has
}

// urbs is memory for the kernel's request blocks. The kernel gives a block's
// address back when the request has ended and writes the outcome there, so they
// are kept outside Go's heap too.
type urbs struct {
	areas [][]byte
	free  []byte
}

func (u *urbs) alloc() (*C.struct_usbdevfs_urb, error) {
	const size = C.sizeof_struct_usbdevfs_urb
	if len(u.free) < size {
		area, err := anonymous(unix.Getpagesize())
		if err != nil {
			return nil, err
		}
		u.areas, u.free = append(u.areas, area), area
	}
	p := (*C.struct_usbdevfs_urb)(unsafe.Pointer(&u.free[0]))
	u.free = u.free[(size+7)&^7:]
	return p, nil
}

func (u *urbs) close() {
	for _, a := range u.areas {
		_ = unix.Munmap(a)
	}
	u.areas, u.free = nil, nil
}

// bind fills in what stays the same over all of a transfer's uses. The kernel makes an
// interrupt transfer of it where the endpoint is one in the setting that is selected, of
// which there may be several with other types, and refuses isochronous ones.
func (t *transfer) bind() {
	t.urb._type = C.USBDEVFS_URB_TYPE_BULK
	t.urb.endpoint = C.uchar(t.Endpoint)
	t.urb.buffer = unsafe.Pointer(unsafe.SliceData(t.buf))
	setIndex(t.urb, t.index)
}

// submit gives a transfer to the kernel. This and reap do not block, and are made
// without telling Go's scheduler, which would take the call for one that does and
// wake a thread for it: without, TCP takes a tenth less of the processor (measured
// on Linux's ECM gadget). Nor does it go by package unix, which takes 40 instructions
// more to get there.
func (t *transfer) submit(fd int) unix.Errno {
	u := t.urb
	u.status, u.actual_length, u.error_count = 0, 0, 0
	u.buffer_length = C.int(t.Length)
	u.flags = 0
	if t.ZeroPacket && t.Endpoint&usb.DirIn == 0 && t.Length > 0 {
		u.flags = C.USBDEVFS_URB_ZERO_PACKET // the host controller's driver sees whether one is needed
	}
	_, _, errno := syscall.RawSyscall6(unix.SYS_IOCTL, uintptr(fd), C.USBDEVFS_SUBMITURB, uintptr(unsafe.Pointer(u)), 0, 0, 0)
	return errno
}

// discard asks the kernel to end a transfer and waits until the host controller
// has let go of it. It still has to be reaped.
func (t *transfer) discard(fd int) {
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), C.USBDEVFS_DISCARDURB, uintptr(unsafe.Pointer(t.urb)))
}

// reap takes one ended transfer's block back from the kernel.
func reap(fd int, into **C.struct_usbdevfs_urb) unix.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_IOCTL, uintptr(fd), C.USBDEVFS_REAPURBNDELAY, uintptr(unsafe.Pointer(into)), 0, 0, 0)
	return errno
}

// finish reads the outcome from the block.
func (t *transfer) finish() {
	t.Actual = min(max(int(t.urb.actual_length), 0), len(t.buf))
	t.Err = nil
	if status := -int(t.urb.status); status != 0 {
		t.Err = t.outcome(unix.Errno(status))
	}
}

// outcome: the kernel ends a transfer with ENOENT when it is discarded, and also
// when the interface is taken away from under us, which is what a pulled device
// looks like. Before that there may be ErrProtocol: the device is silent some
// time before its hub says that it is gone (dummy_hcd does as real ones do).
func (t *transfer) outcome(e unix.Errno) error {
	if e == unix.ENOENT || e == unix.ECONNRESET {
		if t.canceled {
			return usb.ErrCanceled
		}
		return usb.ErrGone
	}
	return errnoReason(e)
}

// A block carries its transfer's place in the queue; the kernel does not look at
// it. It is a number and no pointer: blocks are not in Go's heap.
func setIndex(u *C.struct_usbdevfs_urb, i int) {
	*(*uintptr)(unsafe.Pointer(&u.usercontext)) = uintptr(i)
}

func index(u *C.struct_usbdevfs_urb) int {
	return int(*(*uintptr)(unsafe.Pointer(&u.usercontext)))
}
