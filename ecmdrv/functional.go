package ecmdrv

import (
	"encoding/binary"

	"io-pkt/usb"
)

// bDescriptorSubtype of the functional descriptors (CDC 1.2, table 13).
const (
	cdcUnion    = 0x06
	cdcEthernet = 0x0f
)

// maxSlaves caps the subordinate interfaces that are looked at.
const maxSlaves = 16

// A functional holds what the functional descriptors of one interface say. The
// first descriptor of a kind counts.
type functional struct {
	hasUnion bool
	master   uint8
	slaves   []uint8 // at least one when hasUnion

	hasEthernet bool
	macString   uint8  // iMACAddress
	statistics  uint32 // bmEthernetStatistics
	segment     uint16 // wMaxSegmentSize
}

// add reads class-specific descriptors. Each must hold at least its own fixed
// part; others are passed over.
func (f *functional) add(extra []byte) {
	for d, rest := usb.Next(extra); d != nil; d, rest = usb.Next(rest) {
		if d[1] != usb.DescCSInterface || len(d) < 3 {
			continue
		}
		switch {
		case d[2] == cdcUnion && len(d) >= 5 && !f.hasUnion: // CDC 1.2, table 16
			f.hasUnion, f.master, f.slaves = true, d[3], d[4:min(len(d), 4+maxSlaves)]
		case d[2] == cdcEthernet && len(d) >= 13 && !f.hasEthernet: // ECM 1.2, table 3
			f.hasEthernet = true
			f.macString = d[3]
			f.statistics = binary.LittleEndian.Uint32(d[4:])
			f.segment = binary.LittleEndian.Uint16(d[8:])
		}
	}
}

func (f *functional) complete() bool { return f.hasUnion && f.hasEthernet }

// functionalOf collects the functional descriptors of a control interface. They
// belong behind the interface descriptor; Motorola's cable modems have them
// behind the configuration descriptor, 2Wire's behind the endpoint.
func functionalOf(c *usb.Config, control *usb.Setting) functional {
	var f functional
	f.add(control.Extra)
	if !f.complete() {
		f.add(c.Extra)
	}
	for _, e := range control.Endpoints {
		if !f.complete() {
			f.add(e.Extra)
		}
	}
	return f
}
