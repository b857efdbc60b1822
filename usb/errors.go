package usb

import "errors"

// What can go wrong on a bus. Implementations wrap these; test with errors.Is.
var (
	ErrStall    = errors.New("endpoint stalled")                // the device refused: STALL handshake
	ErrGone     = errors.New("device is gone")                  // pulled, or its bus was lost
	ErrCanceled = errors.New("transfer canceled")               // by Cancel or Close
	ErrTimeout  = errors.New("device did not answer in time")   // control requests only
	ErrOverflow = errors.New("device sent more than was asked") // babble (USB 2.0, 8.7.4)
	ErrProtocol = errors.New("transmission error")              // CRC, bit stuffing, no handshake
	ErrBusy     = errors.New("in use")                          // claimed by another program or by us
	ErrNotFound = errors.New("not found")                       // no such interface, setting or endpoint
	ErrAccess   = errors.New("permission denied")               // the operating system says no
	ErrClosed   = errors.New("closed")                          // used after Close
	ErrInvalid  = errors.New("invalid argument")                // a number out of its range
)

// An OpError says what was tried, on what, and why it failed.
type OpError struct {
	Op     string // "claim", "control request", "open" ...
	Object string // "interface 1 of bus 1 device 3 (0525:a4a2)"
	Err    error
}

func (e *OpError) Error() string { return e.Op + " " + e.Object + ": " + e.Err.Error() }
func (e *OpError) Unwrap() error { return e.Err }
