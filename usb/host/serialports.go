package host

import (
	"path/filepath"
	"slices"
)

// SerialPorts lists the machine's terminals that Linux has made of interfaces of
// this device, "/dev/ttyUSB0": a modem's other functions. There may be more as
// soon as their drivers have taken them.
func (d *Device) SerialPorts() []string { return serialPorts(sysDevices, d.info.Port) }

// serialPorts looks below the interfaces of a device. cdc_acm puts the terminal
// into a directory tty, the drivers of usbserial beside it.
func serialPorts(sys, port string) (ports []string) {
	for _, pattern := range []string{"tty/tty*", "tty*/tty/tty*"} {
		found, _ := filepath.Glob(filepath.Join(sys, port+":*", pattern))
		for _, f := range found {
			ports = append(ports, "/dev/"+filepath.Base(f))
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}
