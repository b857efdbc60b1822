package stack

import (
	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
)

// showHardware adds what nicinfo shows beside what ifconfig does.
func (i *iface) showHardware(shown *ctl.Interface, status nic.Status) {
	shown.PermanentMAC = i.spec.PermanentMAC.String()
	shown.MaxMTU = i.spec.MaxMTU
	shown.Media.BitRate = status.BitRateIn
}
