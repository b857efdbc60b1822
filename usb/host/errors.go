package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/gousb"
	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// reason turns what usbfs and libusb say into the errors of package usb. What
// has no counterpart there comes back as it is.
func reason(err error) error {
	var errno unix.Errno
	var lib gousb.Error
	switch {
	case errors.As(err, &errno):
		return errnoReason(errno)
	case errors.As(err, &lib):
		return libusbReason(lib)
	}
	return err
}

// errnoReason: Linux, Documentation/driver-api/usb/error-codes.rst.
func errnoReason(e unix.Errno) error {
	switch e {
	case unix.ENODEV, unix.ESHUTDOWN, unix.ENXIO:
		return usb.ErrGone
	case unix.EPIPE:
		return usb.ErrStall
	case unix.ECONNRESET:
		return usb.ErrCanceled
	case unix.EOVERFLOW:
		return usb.ErrOverflow
	case unix.EPROTO, unix.EILSEQ, unix.ETIME, unix.ECOMM, unix.ENOSR:
		return usb.ErrProtocol
	case unix.ETIMEDOUT:
		return usb.ErrTimeout
	case unix.EBUSY:
		return usb.ErrBusy
	case unix.EACCES, unix.EPERM:
		return usb.ErrAccess
	case unix.ENOENT:
		return usb.ErrNotFound
	case unix.EINVAL:
		return usb.ErrInvalid
	}
	return e
}

func libusbReason(e gousb.Error) error {
	switch e {
	case gousb.ErrorNoDevice:
		return usb.ErrGone
	case gousb.ErrorPipe:
		return usb.ErrStall
	case gousb.ErrorOverflow:
		return usb.ErrOverflow
	case gousb.ErrorIO:
		return usb.ErrProtocol
	case gousb.ErrorTimeout:
		return usb.ErrTimeout
	case gousb.ErrorBusy:
		return usb.ErrBusy
	case gousb.ErrorAccess:
		return usb.ErrAccess
	case gousb.ErrorNotFound:
		return usb.ErrNotFound
	case gousb.ErrorInvalidParam:
		return usb.ErrInvalid
	}
	return e
}

// ended says why a context ended a request: a deadline is what usb calls a
// time-out.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return usb.ErrTimeout
	}
	return ctx.Err()
}

// guard runs a call into gousb. gousb panics when libusb does not start, and
// when a device's descriptors say the same interface twice in places apart; this
// is the one place where such a panic becomes an error.
func guard(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if cause, ok := p.(error); ok {
				err = fmt.Errorf("libusb: %w", cause)
			} else {
				err = fmt.Errorf("libusb: %v", p)
			}
		}
	}()
	return call()
}
