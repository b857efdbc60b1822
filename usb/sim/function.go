package sim

import (
	"encoding/binary"

	"io-pkt/usb"
)

// defaultSegment is wMaxSegmentSize of Ethernet, in bytes without the FCS.
const defaultSegment = 1514

// A function is the ECM function of one configuration: where its interfaces
// are and what its Ethernet functional descriptor promises.
type function struct {
	control, data uint8  // bInterfaceNumber
	mac           uint8  // iMACAddress
	statistics    uint32 // bmEthernetStatistics
	segment       int    // wMaxSegmentSize, in bytes
	multicast     int    // how many addresses SetEthernetMulticastFilters may carry
}

// findFunction looks for the first Ethernet functional descriptor. It stands
// behind the control interface; some devices put it behind the configuration
// descriptor, or behind the notification endpoint.
func findFunction(c *usb.Config) (function, bool) {
	if f, ok := readFunction(c.Extra, 0, c); ok {
		return f, true
	}
	for _, s := range c.Settings {
		extra := s.Extra
		for _, e := range s.Endpoints {
			extra = append(extra[:len(extra):len(extra)], e.Extra...)
		}
		if f, ok := readFunction(extra, s.Interface, c); ok {
			return f, true
		}
	}
	return function{}, false
}

// readFunction reads functional descriptors. control is the interface they
// belong to unless the union descriptor names another one.
func readFunction(extra []byte, control uint8, c *usb.Config) (f function, ok bool) {
	f.control, f.data = control, control+1
	for d, rest := usb.Next(extra); d != nil; d, rest = usb.Next(rest) {
		if len(d) < 3 || d[1] != usb.DescCSInterface {
			continue
		}
		switch {
		case d[2] == subtypeUnion && len(d) >= unionSize:
			f.control, f.data = d[3], d[4]
		case d[2] == subtypeEthernet && len(d) >= ethernetSize && !ok:
			ok = true
			f.mac = d[3]
			f.statistics = binary.LittleEndian.Uint32(d[4:])
			f.segment = int(binary.LittleEndian.Uint16(d[8:]))
			f.multicast = int(binary.LittleEndian.Uint16(d[10:]) & 0x7fff)
		}
	}
	if f.segment < headerSize {
		f.segment = defaultSegment // as real devices work that say 0
	}
	if c.Setting(f.data, 0) == nil && c.Setting(f.data, 1) == nil {
		f.data = f.control // both in one interface
	}
	return f, ok
}
