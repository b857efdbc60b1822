package stack

import (
	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

// showHardware adds what nicinfo shows beside what ifconfig does, and has the frames
// counted as the hardware sees them: the kernel counts one that we cut, or have joined,
// once. A broadcast is a multicast to BSD.
func (i *iface) showHardware(shown *ctl.Interface, status nic.Status) {
	shown.PermanentMAC = i.spec.PermanentMAC.String()
	shown.MaxMTU = i.spec.MaxMTU
	shown.Media.BitRate = status.BitRateIn
	p, s := i.tap.Passed(), &shown.Stats
	s.InPackets, s.OutPackets = p.InPackets, p.OutPackets
	s.InBytes, s.OutBytes = p.InBytes, p.OutBytes
	s.InBroadcasts, s.OutBroadcasts = p.InBroadcasts, p.OutBroadcasts
	s.InMulticasts, s.OutMulticasts = p.InMulticasts+p.InBroadcasts, p.OutMulticasts+p.OutBroadcasts
}
