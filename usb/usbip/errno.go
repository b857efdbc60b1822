package usbip

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// The status of a transfer is an errno of Linux, as in its
// Documentation/driver-api/usb/error-codes.rst.

// transferError says what a status means. No allocation for the common ones.
func transferError(status int32) error {
	switch unix.Errno(-status) {
	case 0, unix.EREMOTEIO: // EREMOTEIO: short, and flagShortNotOK was set
		return nil
	case unix.EPIPE:
		return usb.ErrStall
	case unix.ECONNRESET, unix.ENOENT:
		return usb.ErrCanceled
	case unix.ENODEV, unix.ESHUTDOWN:
		return usb.ErrGone
	case unix.EOVERFLOW:
		return usb.ErrOverflow
	case unix.EPROTO, unix.EILSEQ, unix.ETIME, unix.ECOMM, unix.ENOSR, unix.EXDEV:
		return usb.ErrProtocol
	case unix.ETIMEDOUT:
		return usb.ErrTimeout
	case unix.EBUSY:
		return usb.ErrBusy
	case unix.EINVAL:
		return usb.ErrInvalid
	default:
		if status > 0 {
			return usb.ErrProtocol
		}
		return unix.Errno(-status)
	}
}

// transferStatus gives the status that says err. ErrClosed is ESHUTDOWN: the
// endpoint went away below the transfer, by a change of configuration.
func transferStatus(err error) int32 {
	if err == nil {
		return 0
	}
	for _, p := range statuses {
		if errors.Is(err, p.err) {
			return -int32(p.errno)
		}
	}
	return -int32(unix.EPROTO)
}

var statuses = [...]struct {
	err   error
	errno unix.Errno
}{
	{usb.ErrStall, unix.EPIPE},
	{usb.ErrCanceled, unix.ECONNRESET},
	{usb.ErrGone, unix.ENODEV},
	{usb.ErrOverflow, unix.EOVERFLOW},
	{usb.ErrProtocol, unix.EPROTO},
	{usb.ErrTimeout, unix.ETIMEDOUT},
	{usb.ErrBusy, unix.EBUSY},
	{usb.ErrInvalid, unix.EINVAL},
	{usb.ErrNotFound, unix.EINVAL},
	{usb.ErrClosed, unix.ESHUTDOWN},
	{usb.ErrAccess, unix.EPERM},
	{context.Canceled, unix.ECONNRESET},
	{context.DeadlineExceeded, unix.ETIMEDOUT},
	{unix.ENOMEM, unix.ENOMEM},
}

// importError says why a server refused to export a device.
func importError(status uint32) error {
	switch status {
	case statusNA, statusBusy: // older servers say statusNA for busy as well
		return usb.ErrBusy
	case statusNoDev:
		return usb.ErrGone
	case statusDevice:
		return usb.ErrProtocol
	default:
		return errProtocol
	}
}

// importStatus gives the status that says err.
func importStatus(err error) uint32 {
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, usb.ErrBusy):
		return statusBusy
	case errors.Is(err, usb.ErrGone):
		return statusNoDev
	default:
		return statusDevice
	}
}
