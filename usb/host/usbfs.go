package host

// #include <linux/ioctl.h>
// #include <linux/usbdevice_fs.h>
import "C"

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// maxPage is the largest data stage usbfs' USBDEVFS_CONTROL takes: one page of
// the smallest kind (drivers/usb/core/devio.c, do_proc_control). libusb has the
// same limit.
const maxPage = 4096

// maxConfigs is how many configurations the kernel reads (USB_MAXCONFIG).
const maxConfigs = 8

// usbfsDriver is the name of the kernel's driver behind every claim made
// through usbfs: ours, gousb's and another program's.
const usbfsDriver = "usbfs"

// A node is one open descriptor of a device's node in usbfs. What is claimed
// through it is released when it is closed. Its methods may be called by several
// goroutines; the kernel holds the device's lock for each.
type node struct {
	path string
	fd   int

	mu     sync.RWMutex // held while fd is in use, so that Close cannot pull it away
	closed bool
}

// openNode opens a device's node. Opening wakes the device when it is suspended
// and does nothing else to it.
func openNode(path string) (*node, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &usb.OpError{Op: "open", Object: path, Err: reason(err)}
	}
	return &node{path: path, fd: fd}, nil
}

// Close closes the descriptor and so releases what it has claimed; the kernel
// ends the transfers that are still in flight. It may be called more than once.
func (n *node) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	return unix.Close(n.fd)
}

// ioctl makes one call; arg must point to what request takes.
func (n *node) ioctl(request uintptr, arg unsafe.Pointer) (int, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.closed {
		return 0, usb.ErrClosed
	}
	for {
		r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), request, uintptr(arg))
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// descriptors reads those that the kernel keeps of the device: its own, and each
// configuration, as long as it says to be. Where the device has sent less the rest is 0.
func (n *node) descriptors() (device []byte, configs [][]byte, err error) {
	device = make([]byte, usb.DeviceDescriptorSize)
	if _, err := unix.Pread(n.fd, device, 0); err != nil {
		return nil, nil, reason(err)
	}
	d, err := usb.ParseDevice(device)
	if err != nil {
		return nil, nil, err
	}
	at := int64(len(device))
	for range min(d.NumConfigurations, maxConfigs) {
		head := make([]byte, usb.ConfigDescriptorSize)
		if got, err := unix.Pread(n.fd, head, at); err != nil || got < len(head) {
			return device, configs, reason(err)
		}
		c := make([]byte, max(int(binary.LittleEndian.Uint16(head[2:])), len(head)))
		if _, err := unix.Pread(n.fd, c, at); err != nil {
			return device, configs, reason(err)
		}
		configs = append(configs, c)
		at += int64(len(c))
	}
	return device, configs, nil
}

// driver names the driver bound to an interface, "" for none.
func (n *node) driver(iface uint8) string {
	arg := C.struct_usbdevfs_getdriver{_interface: C.uint(iface)}
	if _, err := n.ioctl(C.USBDEVFS_GETDRIVER, unsafe.Pointer(&arg)); err != nil {
		return "" // ENODATA: none
	}
	return C.GoString(&arg.driver[0])
}

// claim claims an interface. A kernel driver is detached from it in the same
// step, so that no third party slips in between; another program's claim is
// left alone (EBUSY).
func (n *node) claim(iface uint8) error {
	arg := C.struct_usbdevfs_disconnect_claim{
		_interface: C.uint(iface),
		flags:      C.USBDEVFS_DISCONNECT_CLAIM_EXCEPT_DRIVER,
	}
	for i, c := range []byte(usbfsDriver) {
		arg.driver[i] = C.char(c)
	}
	_, err := n.ioctl(C.USBDEVFS_DISCONNECT_CLAIM, unsafe.Pointer(&arg))
	return err
}

// claimUnbound claims an interface that has no driver; otherwise it fails with
// EBUSY.
func (n *node) claimUnbound(iface uint8) error {
	arg := C.uint(iface)
	_, err := n.ioctl(C.USBDEVFS_CLAIMINTERFACE, unsafe.Pointer(&arg))
	return err
}

// release gives a claimed interface back. The kernel selects its alternate
// setting 0 and looks for no driver.
func (n *node) release(iface uint8) error {
	arg := C.uint(iface)
	_, err := n.ioctl(C.USBDEVFS_RELEASEINTERFACE, unsafe.Pointer(&arg))
	return err
}

// disconnect takes the kernel's driver off an interface.
func (n *node) disconnect(iface uint8) error {
	arg := C.struct_usbdevfs_ioctl{ifno: C.int(iface), ioctl_code: C.USBDEVFS_DISCONNECT}
	_, err := n.ioctl(C.USBDEVFS_IOCTL, unsafe.Pointer(&arg))
	return err
}

// connect lets the kernel look for a driver for an interface and reports
// whether it found one.
func (n *node) connect(iface uint8) bool {
	arg := C.struct_usbdevfs_ioctl{ifno: C.int(iface), ioctl_code: C.USBDEVFS_CONNECT}
	r, err := n.ioctl(C.USBDEVFS_IOCTL, unsafe.Pointer(&arg))
	return r == 1 || errors.Is(err, unix.EBUSY) // EBUSY: it has one already
}

// setInterface selects an alternate setting of an interface claimed here.
func (n *node) setInterface(iface, alt uint8) error {
	arg := C.struct_usbdevfs_setinterface{_interface: C.uint(iface), altsetting: C.uint(alt)}
	_, err := n.ioctl(C.USBDEVFS_SETINTERFACE, unsafe.Pointer(&arg))
	return err
}

// clearHalt ends the halt of an endpoint of an interface claimed here and resets
// its data toggle on both sides.
func (n *node) clearHalt(endpoint uint8) error {
	arg := C.uint(endpoint)
	_, err := n.ioctl(C.USBDEVFS_CLEAR_HALT, unsafe.Pointer(&arg))
	return err
}

// control makes a control transfer of at most maxPage bytes. A request to an
// interface, or to its endpoint, must be made where the interface is claimed.
func (n *node) control(s usb.Setup, data []byte, timeout time.Duration) (int, error) {
	arg := C.struct_usbdevfs_ctrltransfer{
		bRequestType: C.__u8(s.RequestType),
		bRequest:     C.__u8(s.Request),
		wValue:       C.__u16(s.Value),
		wIndex:       C.__u16(s.Index),
		wLength:      C.__u16(len(data)),
		timeout:      C.__u32(timeout.Milliseconds()),
		data:         unsafe.Pointer(unsafe.SliceData(data)),
	}
	return n.ioctl(C.USBDEVFS_CONTROL, unsafe.Pointer(&arg))
}
