package ecmdrv

import "strings"

// A serialPorter is a device that can tell which of the machine's terminals are
// other functions of it. Those of the machine's own bus can.
type serialPorter interface {
	SerialPorts() []string
}

// otherPorts names the serial ports of a modem that takes its AT commands there,
// for the end of a line in the log.
func (d *device) otherPorts() string {
	p, ok := d.usb.Device.(serialPorter)
	if !ok {
		return ""
	}
	ports := p.SerialPorts()
	if len(ports) == 0 {
		return ""
	}
	return "; the device has serial ports: " + strings.Join(ports, ", ")
}
