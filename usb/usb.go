// Package usb says what a USB stack is: something that lists devices, tells
// when they come and go, and opens them for control requests and for
// asynchronous transfers.
//
// Three packages implement it: usb/host (the machine's own bus), usb/usbip (a
// bus behind a USB/IP server) and usb/sim (devices in software). The suite in
// usb/usbtest holds each of them to the contracts written here.
//
// Names and numbers are those of the Universal Serial Bus Specification,
// revision 2.0 ("USB 2.0") unless said otherwise.
package usb

import (
	"context"
	"fmt"
)

// Speed is the signaling rate a device runs at (USB 2.0, 4.2.1; USB 3.2, 3.2).
type Speed uint8

// The values are those of Linux's enum usb_device_speed, which USB/IP puts on
// the wire as well.
const (
	SpeedUnknown   Speed = 0
	SpeedLow       Speed = 1 // 1.5 Mb/s
	SpeedFull      Speed = 2 // 12 Mb/s
	SpeedHigh      Speed = 3 // 480 Mb/s
	SpeedSuper     Speed = 5 // 5 Gb/s
	SpeedSuperPlus Speed = 6 // 10 Gb/s
)

// String returns the word that lsusb -t's users know: "low", "full", "high",
// "super", "super+".
func (s Speed) String() string {
	switch s {
	case SpeedLow:
		return "low"
	case SpeedFull:
		return "full"
	case SpeedHigh:
		return "high"
	case SpeedSuper:
		return "super"
	case SpeedSuperPlus:
		return "super+"
	default:
		return "unknown"
	}
}

// DeviceInfo is what a stack knows of a device without opening it.
type DeviceInfo struct {
	// Bus and Address are what lsusb prints as Bus and Device.
	Bus, Address int
	// Port is the device's place, stable over a re-plug: "1-2.3" is port 3 of
	// the hub on port 2 of bus 1. Over USB/IP it is the busid.
	Port       string
	Speed      Speed
	Descriptor DeviceDescriptor
}

func (i DeviceInfo) String() string {
	return fmt.Sprintf("bus %d device %d (%04x:%04x)", i.Bus, i.Address,
		i.Descriptor.VendorID, i.Descriptor.ProductID)
}

// An Event reports one device that came or went.
type Event struct {
	Present bool // true: the device is there; false: it has gone
	Device  DeviceInfo
}

// A Stack is one bus manager: what QNX's io-usb is to its drivers. All methods
// may be called at any time, by several goroutines.
type Stack interface {
	// Devices lists the devices now present, ordered by bus and address.
	Devices(ctx context.Context) ([]DeviceInfo, error)

	// Watch calls f for each device now present and then for each change, in
	// order and never two at a time, until ctx ends (it returns ctx's error) or
	// the bus is lost (any other error). A device that was pulled and plugged
	// between two looks is reported as gone and then as present: Address tells
	// the two apart.
	Watch(ctx context.Context, f func(Event)) error

	// Open opens the device that info describes; if another one has taken its
	// place meanwhile it fails with ErrGone. Opening claims and disturbs nothing.
	Open(ctx context.Context, info DeviceInfo) (Device, error)

	// Close closes the stack. Devices opened through it must be closed first.
	Close() error
}

// A Device is an open device. All methods may be called by several goroutines;
// requests on the default pipe are made one at a time. Once the device has been
// pulled, every method but Close fails with ErrGone.
type Device interface {
	Info() DeviceInfo

	// Control makes a control transfer on the default pipe (USB 2.0, 5.5). data
	// is sent when s is host-to-device, else filled; its length is wLength, and
	// may be 0. It returns the bytes moved. A device that refuses the request
	// gives ErrStall; one that does not answer by ctx's deadline, or within
	// ControlTimeout when there is none, gives ErrTimeout.
	//
	// Requests that change the device's state below the driver
	// (SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE ENDPOINT_HALT,
	// SET_ADDRESS) have methods of their own and are refused here with
	// ErrInvalid, as is more data than MaxControl.
	Control(ctx context.Context, s Setup, data []byte) (int, error)

	// SetConfiguration selects the configuration with this bConfigurationValue.
	// If that is the current one nothing is sent. It fails with ErrBusy while an
	// interface is claimed.
	SetConfiguration(ctx context.Context, value uint8) error

	// Claim takes an interface of the current configuration for this Device;
	// a kernel driver bound to it is detached, and gets it back on Release or
	// Close. It fails with ErrBusy when another program holds it; the error
	// names the holder where it is known.
	Claim(iface uint8) error

	// Release closes the interface's queue and gives the interface back, in its
	// alternate setting 0.
	Release(iface uint8) error

	// SetInterface selects an alternate setting of a claimed interface (USB
	// 2.0, 9.4.10). It resets the data toggles of its endpoints. No transfer
	// may be in flight on them.
	SetInterface(ctx context.Context, iface, alt uint8) error

	// OpenQueue gives a queue for transfers on the bulk and interrupt endpoints
	// of a claimed interface, whatever its alternate setting. One interface has
	// at most one queue at a time (ErrBusy).
	OpenQueue(iface uint8) (Queue, error)

	// Gone is closed when the device has been pulled, or the bus lost.
	Gone() <-chan struct{}

	// Close closes the queues, gives back every claimed interface and closes
	// the device. It may be called more than once.
	Close() error
}

// A Queue carries asynchronous transfers and is where their completions arrive.
// It is made for one goroutine that polls several descriptors: nothing here
// blocks but ClearHalt, which another goroutine may make meanwhile. Of the other
// methods but Close no two may be called at once.
type Queue interface {
	// Alloc makes a transfer for an endpoint, with a buffer of size bytes that
	// lives until the queue is closed and is best reused. size is at most
	// MaxTransfer.
	Alloc(endpoint uint8, size int) (*Transfer, error)

	// Submit starts transfers; their Length, and ZeroPacket, say what is asked.
	// From then on a transfer and its buffer belong to the queue until Reap
	// hands it back. A transfer that cannot be started is handed back by Reap
	// with Err set like any other; Submit itself fails only when the queue
	// is closed, and then takes nothing. Transfers to one endpoint are carried
	// out in order.
	Submit(ts ...*Transfer) error

	// Reap hands back transfers that have ended, at most len(done), without
	// waiting, and says how many. Those of one endpoint come in the order
	// they were submitted; only one that was canceled, or could not be
	// started, may overtake others. It fails with ErrClosed when the queue is
	// closed.
	Reap(done []*Transfer) (int, error)

	// Cancel asks for transfers to end early. Each still comes back through
	// Reap, with ErrCanceled unless it had ended before; a transfer that is
	// not in flight is left alone.
	Cancel(ts ...*Transfer)

	// ClearHalt ends an endpoint's halt after ErrStall (USB 2.0, 9.4.5) and
	// resets its data toggle. No transfer may be in flight on it.
	ClearHalt(ctx context.Context, endpoint uint8) error

	// PollFD gives a descriptor for poll(2) and the events that mean that Reap
	// has something to hand back. The descriptor belongs to the queue; it stays
	// readable while something waits.
	PollFD() (fd int, events int16)

	// Close cancels what is in flight, waits until no transfer touches a buffer
	// any more and frees the buffers. It may be called more than once, and
	// while another goroutine is in any other method but must not touch a
	// transfer's buffer afterwards.
	Close() error
}

// Limits that every implementation keeps.
const (
	// MaxTransfer is the largest transfer buffer, in bytes.
	MaxTransfer = 256 << 10
	// MaxControl is the largest data stage: wLength has 16 bits.
	MaxControl = 65535
)

// A Transfer is one bulk or interrupt transfer (USB 2.0, 5.7 and 5.8). The
// queue that made it owns it while it is in flight, its user otherwise.
type Transfer struct {
	// Endpoint is the bEndpointAddress it was made for.
	Endpoint uint8
	// Buf is the whole buffer.
	Buf []byte
	// Length is how many bytes of Buf to send, or how many may be received;
	// set before Submit, at most len(Buf). An IN transfer ends when Length
	// bytes have come or at the first packet shorter than wMaxPacketSize.
	Length int
	// ZeroPacket ends an OUT transfer whose Length is a multiple of
	// wMaxPacketSize (and not 0) with a zero-length packet.
	ZeroPacket bool
	// Actual is how many bytes were moved; set by Reap.
	Actual int
	// Err is nil, ErrStall, ErrCanceled, ErrGone, ErrOverflow, ErrProtocol or
	// another error; set by Reap. IN bytes that came before an error are in
	// Buf[:Actual].
	Err error
	// Context is the implementation's.
	Context any
}
