package ecmdrv

import (
	"sync/atomic"

	"io-pkt/usb"
)

// A shared is an open USB device that several functions use: it is closed when
// the last user drops it. A USB/IP server gives a device to one client only, so
// that it cannot be opened once for each.
type shared struct {
	usb.Device
	users atomic.Int32
}

// newShared makes one with one user.
func newShared(d usb.Device) *shared {
	s := &shared{Device: d}
	s.users.Store(1)
	return s
}

// use adds a user, while there is one.
func (s *shared) use() { s.users.Add(1) }

// drop is each user's last call.
func (s *shared) drop() error {
	if s.users.Add(-1) > 0 {
		return nil
	}
	return s.Close()
}
