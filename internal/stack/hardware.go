package stack

import (
	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

// showHardware adds what nicinfo shows beside what ifconfig does, and the counts
// that the kernel does not keep. A broadcast is a multicast to BSD.
func (i *iface) showHardware(shown *ctl.Interface, status nic.Status) {
	shown.PermanentMAC = i.spec.PermanentMAC.String()
	shown.MaxMTU = i.spec.MaxMTU
	shown.Media.BitRate = status.BitRateIn
	g, s := i.tap.Groups(), &shown.Stats
	s.InBroadcasts, s.OutBroadcasts = g.InBroadcasts, g.OutBroadcasts
	s.InMulticasts, s.OutMulticasts = g.InMulticasts+g.InBroadcasts, g.OutMulticasts+g.OutBroadcasts
}
