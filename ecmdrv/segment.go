package ecmdrv

// Sizes in bytes (IEEE 802.3, 3.2.7 and 3.5; RFC 894; RFC 791, 3.2).
const (
	headerSize = 14 // destination, source, type
	vlanSize   = 4
	defaultMTU = 1500
	minMTU     = 68
)

// A segment is wMaxSegmentSize: the longest frame a device handles, without its
// checksum (ECM 1.2, table 3).
type segment int

// saneSegment gives a device's wMaxSegmentSize a floor. With less no interface
// could carry IP; such devices mean something else by it, or nothing.
func saneSegment(w uint16) segment {
	if w < headerSize+minMTU {
		return headerSize + defaultMTU
	}
	return segment(w)
}

// maxMTU is the largest MTU the device can carry. 1518 is what devices say that
// have room for a VLAN tag: it does not mean 1504.
func (s segment) maxMTU() int {
	if s > headerSize+defaultMTU && s <= headerSize+defaultMTU+vlanSize {
		return defaultMTU
	}
	return int(s) - headerSize
}

// mtu is what an interface starts with.
func (s segment) mtu() int { return min(defaultMTU, s.maxMTU()) }

// maxFrame is the longest frame that is believed to be one. Every device may
// send a full frame with a VLAN tag, whatever it says.
func (s segment) maxFrame() int { return max(int(s), headerSize+vlanSize+defaultMTU) }

// transmitSize is the length of a buffer for outgoing frames, as Port.Fetch
// wants it.
func (s segment) transmitSize() int { return s.maxMTU() + headerSize + vlanSize }

// maxReceive caps the buffers of devices that claim huge frames but send
// ordinary ones: a frame may lie in several transfers.
const maxReceive = 16 << 10

// receiveSize is the length of a receive transfer: whole packets, and one more
// than the longest frame has, so that the zero-length packet behind a frame of
// full packets ends the same transfer.
func (s segment) receiveSize(packet int) int {
	size := min(s.maxFrame(), maxReceive)
	return (size+packet-1)/packet*packet + packet
}
