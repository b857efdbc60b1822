package ecmdrv

import "encoding/binary"

// bNotificationCode (ECM 1.2, table 11).
const (
	notifyNetworkConnection = 0x00
	notifyResponseAvailable = 0x01
	notifyConnectionSpeed   = 0x2a
	notifyHeaderSize        = 8    // CDC 1.2, table 19
	notifySpeedSize         = 8    // ECM 1.2, 6.3.3: two 32-bit rates
	notifyRequestType       = 0xa1 // class, interface, device-to-host
	notifyMaxData           = 1024 // more than any known notification has
	connected, disconnected = 1, 0 // wValue of NETWORK_CONNECTION
)

// A notification is one message of the notification endpoint.
type notification struct {
	code      uint8
	connected bool   // NETWORK_CONNECTION
	down, up  uint32 // CONNECTION_SPEED_CHANGE: bits per second to and from the host
}

// A notifyDecoder puts notifications together. Devices whose endpoint takes
// eight bytes at a time send a speed change in two transfers; others put several
// notifications into one. Nothing that comes in makes it keep more than one header
// and one pair of rates.
type notifyDecoder struct {
	header [notifyHeaderSize]byte
	data   [notifySpeedSize]byte
	have   int // bytes of header and data seen so far
}

// feed takes the bytes of one transfer and calls f for each notification that
// they complete. What cannot be a notification is skipped to the end of the
// transfer.
func (d *notifyDecoder) feed(b []byte, f func(notification)) {
	if d.have > 0 && startsNotification(b) {
		d.have = 0 // the device never sent the rest
	}
	for len(b) > 0 {
		if d.have < notifyHeaderSize {
			n := copy(d.header[d.have:], b)
			d.have += n
			b = b[n:]
			if d.have < notifyHeaderSize {
				return
			}
		}
		length := int(binary.LittleEndian.Uint16(d.header[6:]))
		if d.header[0] != notifyRequestType || length > notifyMaxData {
			d.have = 0
			return
		}
		if seen := d.have - notifyHeaderSize; seen < length {
			n := min(length-seen, len(b))
			if seen < len(d.data) {
				copy(d.data[seen:], b[:n])
			}
			d.have += n
			b = b[n:]
		}
		if d.have == notifyHeaderSize+length {
			d.complete(length, f)
			d.have = 0
		}
	}
}

// startsNotification reports whether a transfer begins with a whole header of a
// known kind.
func startsNotification(b []byte) bool {
	if len(b) < notifyHeaderSize || b[0] != notifyRequestType {
		return false
	}
	length := binary.LittleEndian.Uint16(b[6:])
	switch b[1] {
	case notifyNetworkConnection, notifyResponseAvailable:
		return length == 0
	case notifyConnectionSpeed:
		return length == notifySpeedSize
	}
	return false
}

func (d *notifyDecoder) complete(length int, f func(notification)) {
	n := notification{code: d.header[1]}
	switch n.code {
	case notifyNetworkConnection:
		value := binary.LittleEndian.Uint16(d.header[2:])
		if value != connected && value != disconnected {
			return
		}
		n.connected = value == connected
	case notifyResponseAvailable:
	case notifyConnectionSpeed:
		if length < notifySpeedSize {
			return
		}
		n.down = binary.LittleEndian.Uint32(d.data[0:])
		n.up = binary.LittleEndian.Uint32(d.data[4:])
	default:
		return
	}
	f(n)
}
