package sim

import (
	"encoding/binary"
	"slices"

	"io-pkt/usb"
)

// bRequest of the class-specific requests (CDC 1.2, table 19; ECM 1.2, table 6).
const (
	reqSendEncapsulatedCommand = 0x00
	reqGetEncapsulatedResponse = 0x01
	reqSetMulticastFilters     = 0x40
	reqSetPacketFilter         = 0x43
	reqGetStatistic            = 0x44
)

// Bits of the packet filter (ECM 1.2, table 8).
const (
	filterPromiscuous  = 1 << 0
	filterAllMulticast = 1 << 1
	filterDirected     = 1 << 2
	filterBroadcast    = 1 << 3
	filterMulticast    = 1 << 4
)

// Feature selectors for statistics (ECM 1.2, table 9). The bit of
// bmEthernetStatistics is one less (ECM 1.2, table 4).
const (
	statXmitOK      = 1
	statRcvOK       = 2
	statXmitError   = 3
	statRcvError    = 4
	statRcvNoBuffer = 5

	statisticsMask = 1<<statRcvNoBuffer - 1
)

// maxMulticastFilters is what a built device promises in wNumberMCFilters.
const maxMulticastFilters = 16

// ecmRequest answers a request to the control interface. The caller holds d.mu.
func (d *Device) ecmRequest(s *session, r usb.Setup, data []byte) (int, error) {
	switch {
	case r.Request == reqSetPacketFilter && !r.In():
		s.filter = r.Value
		return 0, nil
	case r.Request == reqSetMulticastFilters && !r.In():
		return s.setMulticast(int(r.Value), data)
	case r.Request == reqGetStatistic && r.In():
		return d.statistic(s, r.Value, data)
	case r.Request == reqSendEncapsulatedCommand && !r.In():
		return d.sendCommand(s, data)
	case r.Request == reqGetEncapsulatedResponse && r.In():
		return d.getResponse(data)
	}
	return 0, usb.ErrStall
}

// setMulticast sets the groups that pass filterMulticast (ECM 1.2, 6.2.1).
func (s *session) setMulticast(count int, data []byte) (int, error) {
	if count > s.ecm.multicast || len(data) != count*6 {
		return 0, usb.ErrStall
	}
	s.multicast = make([][6]byte, count)
	for i := range s.multicast {
		copy(s.multicast[i][:], data[i*6:])
	}
	return len(data), nil
}

// statistic gives a counter as 32 bits (ECM 1.2, 6.2.5), from the network's
// point of view: the device transmits what the host sends.
func (d *Device) statistic(s *session, selector uint16, data []byte) (int, error) {
	if selector == 0 || selector > 32 || s.ecm.statistics&(1<<(selector-1)) == 0 {
		return 0, usb.ErrStall
	}
	var v uint64
	switch selector {
	case statXmitOK:
		v = d.stats.FromHost
	case statRcvOK:
		v = d.stats.ToHost
	case statXmitError:
		v = d.stats.Bad
	case statRcvError:
		v = 0
	case statRcvNoBuffer:
		v = d.stats.NoBuffer
	}
	return copy(data, binary.LittleEndian.AppendUint32(nil, uint32(v))), nil
}

// wants reports whether the packet filter lets a frame to the host pass (ECM
// 1.2, 6.2.4). Nothing passes before the host has set it.
func (s *session) wants(frame []byte) bool {
	f := s.filter
	dst := [6]byte(frame)
	switch {
	case f&filterPromiscuous != 0:
		return true
	case dst == broadcast:
		return f&filterBroadcast != 0
	case dst[0]&1 == 0:
		return f&filterDirected != 0 && (s.mac == nil || dst == [6]byte(s.mac))
	case f&filterAllMulticast != 0:
		return true
	case f&filterMulticast != 0:
		return slices.Contains(s.multicast, dst)
	}
	return false
}

var broadcast = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
