package sim

import (
	"fmt"
	"net"
	"slices"

	"io-pkt/usb"
	"io-pkt/usb/sim/modem"
)

// Config says what a device is. The zero value is a high speed device with
// nothing behind it.
type Config struct {
	Speed                         usb.Speed // full, high (the default) or super
	VendorID, ProductID           uint16    // 1209:0001 by default, which pid.codes gives out for tests
	Manufacturer, Product, Serial string

	// MAC is the address the device gives the host, 02:69:6f:70:6b:00 by default.
	MAC net.HardwareAddr
	// SegmentSize is wMaxSegmentSize in bytes, 64 to 65535; 1514 by default.
	SegmentSize int
	// NotifyPacket is wMaxPacketSize of the notification endpoint, 8 to 64; 16
	// by default, and -1 for a device without notifications.
	NotifyPacket int
	// BitRate is what CONNECTION_SPEED_CHANGE tells, in bits per second; 0 for
	// what the bus can carry.
	BitRate uint32

	// Descriptors take the place of all of the above but MAC, which then
	// replaces the string they hold, and BitRate. Speed must match their
	// endpoints; by default it is taken from them.
	Descriptors *Descriptors

	// Network is what is behind the device, which owns it from now on; nil for
	// nothing.
	Network Network

	// Modem answers encapsulated commands, and opens and closes the link. The
	// device owns it from now on. Without one they are refused.
	Modem *modem.Modem
	// MaxCommand is how much of a command the device takes in one request, in
	// bytes; 0 for any number.
	MaxCommand int
}

// complete puts in the defaults and checks the rest.
func (c *Config) complete() error {
	if c.Speed == usb.SpeedUnknown {
		c.Speed = usb.SpeedHigh
		if c.Descriptors != nil {
			c.Speed = c.Descriptors.speed()
		}
	}
	t, ok := traits[c.Speed]
	if !ok {
		return fmt.Errorf("speed %v: %w", c.Speed, usb.ErrInvalid)
	}
	if c.BitRate == 0 {
		c.BitRate = t.bitRate
	}
	if c.Descriptors != nil {
		if c.MAC != nil && len(c.MAC) != 6 {
			return fmt.Errorf("MAC %v: %w", c.MAC, usb.ErrInvalid)
		}
		return nil
	}
	c.MAC = slices.Clone(c.MAC)
	if c.MAC == nil {
		c.MAC = net.HardwareAddr{0x02, 'i', 'o', 'p', 'k', 0}
	}
	if c.VendorID == 0 && c.ProductID == 0 {
		c.VendorID, c.ProductID = 0x1209, 0x0001
	}
	if c.Manufacturer == "" {
		c.Manufacturer = "io-usb"
	}
	if c.Product == "" {
		c.Product = "Simulated CDC-ECM adapter"
	}
	if c.Serial == "" {
		c.Serial = fmt.Sprintf("%X", []byte(c.MAC))
	}
	if c.SegmentSize == 0 {
		c.SegmentSize = defaultSegment
	}
	if c.NotifyPacket == 0 {
		c.NotifyPacket = 16
	}
	switch {
	case len(c.MAC) != 6:
		return fmt.Errorf("MAC %v: %w", c.MAC, usb.ErrInvalid)
	case c.SegmentSize < 64 || c.SegmentSize > 65535:
		return fmt.Errorf("segment size %d: %w", c.SegmentSize, usb.ErrInvalid)
	case c.NotifyPacket != -1 && (c.NotifyPacket < 8 || c.NotifyPacket > 64):
		return fmt.Errorf("packet size %d of notifications: %w", c.NotifyPacket, usb.ErrInvalid)
	}
	return nil
}
