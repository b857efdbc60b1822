package ecmdrv

import (
	"fmt"
	"slices"

	"io-pkt/usb"
)

// Interface classes (CDC 1.2, tables 2 and 4; USB-IF base class list).
const (
	classCommunications = 0x02
	subClassEthernet    = 0x06 // Ethernet Networking Control Model
	classHub            = 0x09
	classData           = 0x0a
	classVendor         = 0xff
)

// A match says which interfaces a driver takes for an Ethernet control
// interface.
type match struct {
	class, subClass uint8
	first           uint8 // the lowest bInterfaceNumber
}

// ethernetControl is what the standard has. The protocol is left open: it is 0 by
// the book and 0xff on Huawei's modems.
var ethernetControl = match{class: classCommunications, subClass: subClassEthernet}

func (m match) takes(s *usb.Setting) bool {
	return s.Class == m.class && s.SubClass == m.subClass && s.Interface >= m.first
}

// String describes a match that is not ethernetControl, else it is "".
func (m match) String() string {
	s := ""
	if m.class != classCommunications || m.subClass != subClassEthernet {
		s = fmt.Sprintf(" of class %02x/%02x", m.class, m.subClass)
	}
	if m.first > 0 {
		s += fmt.Sprintf(" from interface %d on", m.first)
	}
	return s
}

// A function is the CDC-ECM function that was found in a device. It is not
// changed after that.
type function struct {
	config    uint8 // bConfigurationValue
	control   uint8 // bInterfaceNumber of the communications interface
	data      uint8 // and of the data interface; the same one on old devices
	alternate uint8 // bAlternateSetting of the data interface that has the endpoints
	in, out   usb.Endpoint
	notify    *usb.Endpoint // nil when there is none that could be used
	macString uint8         // iMACAddress, 0 for none
	segment   segment
	// statistics are the counters that the device keeps (ECM 1.2, table 4).
	statistics uint32
}

func (f function) String() string {
	notify := "no notifications"
	if f.notify != nil {
		notify = fmt.Sprintf("notifications %02x (%d bytes)", f.notify.Address, f.notify.MaxPacketSize)
	}
	return fmt.Sprintf("configuration %d, control interface %d, data interface %d setting %d, "+
		"in %02x, out %02x (%d bytes), %s, segment %d",
		f.config, f.control, f.data, f.alternate, f.in.Address, f.out.Address, f.in.MaxPacketSize, notify, int(f.segment))
}

// maxFunctions caps the interfaces that one device may have.
const maxFunctions = 8

// findFunctions looks for CDC-ECM functions in all configurations of a device. It
// gives those of the first configuration with one that can work, for only one
// configuration can be selected. The interface classes and the union descriptors
// tell; an association descriptor does not, for real devices put the wrong class
// there. The notes say, one line each, why others were passed over.
func findFunctions(d usb.DeviceDescriptor, configs []*usb.Config, m match) (found []function, notes []string) {
	for _, c := range configs {
		for i := range c.Settings {
			s := &c.Settings[i]
			if s.Alternate != 0 {
				continue
			}
			f, reason := functionAt(d, c, s, m)
			if f != nil {
				reason = f.conflict(found)
			}
			switch {
			case reason != "":
				notes = append(notes, fmt.Sprintf("configuration %d interface %d: %s", c.Value, s.Interface, reason))
			case f != nil:
				found = append(found, *f)
			}
		}
	}
	return found, notes
}

// conflict says why a function cannot be used beside those that were found
// before it, or "".
func (f *function) conflict(before []function) string {
	if len(before) == maxFunctions {
		return "one CDC-ECM function too many, not used"
	}
	for _, g := range before {
		switch {
		case f.config != g.config:
			return fmt.Sprintf("a CDC-ECM function, but that of configuration %d is used", g.config)
		case f.data == g.data, f.data == g.control, f.control == g.data:
			return fmt.Sprintf("shares an interface with the CDC-ECM function of interface %d", g.control)
		case slices.ContainsFunc(f.endpoints(), func(a uint8) bool { return slices.Contains(g.endpoints(), a) }):
			return fmt.Sprintf("shares an endpoint with the CDC-ECM function of interface %d", g.control)
		}
	}
	return ""
}

// interfaces lists the numbers of its interfaces.
func (f *function) interfaces() []uint8 {
	if f.data == f.control {
		return []uint8{f.control}
	}
	return []uint8{f.control, f.data}
}

// endpoints lists the addresses of its endpoints.
func (f *function) endpoints() []uint8 {
	list := []uint8{f.in.Address, f.out.Address}
	if f.notify != nil {
		list = append(list, f.notify.Address)
	}
	return list
}

// functionAt looks at one interface: it gives the function it controls, or the
// reason why it controls none, or neither when it has nothing to do with CDC-ECM.
func functionAt(d usb.DeviceDescriptor, c *usb.Config, control *usb.Setting, m match) (*function, string) {
	if !m.takes(control) {
		var own functional
		own.add(control.Extra)
		switch {
		case control.Class == classVendor && own.hasUnion && own.hasEthernet:
			return nil, fmt.Sprintf("has CDC-ECM descriptors, but class %02x/%02x/%02x, and so do QMI modems; "+
				"to try it: -d ecmplus classid=%02x,subclassid=%02x",
				control.Class, control.SubClass, control.Protocol, control.Class, control.SubClass)
		case ethernetControl.takes(control):
			return nil, "a CDC-ECM function, but not one" + m.String()
		}
		return nil, ""
	}
	if reason := refusal(d, control.Interface); reason != "" {
		return nil, reason
	}
	fd := functionalOf(c, control)
	if m.class != classCommunications && !fd.hasEthernet {
		return nil, "" // a vendor's class alone says nothing
	}
	for _, iface := range dataCandidates(c, control.Interface, fd) {
		s, in, out := dataSetting(c, iface)
		if s == nil {
			continue
		}
		f := &function{
			config: c.Value, control: control.Interface, data: iface, alternate: s.Alternate,
			in: in, out: out, macString: fd.macString, segment: saneSegment(fd.segment), statistics: fd.statistics,
		}
		if f.data != f.control {
			f.notify = notifyEndpoint(control, in)
		}
		return f, ""
	}
	return nil, "no data interface with a bulk IN and a bulk OUT endpoint"
}

// dataCandidates lists the interfaces that may carry the frames of a control
// interface, the likeliest first. A union descriptor that names existing
// interfaces is believed, also with master and slave exchanged. Without one it
// is the next data interface that no other union owns, or the control interface
// itself.
func dataCandidates(c *usb.Config, control uint8, f functional) []uint8 {
	var named []uint8
	switch {
	case !f.hasUnion:
	case f.master == control:
		named = f.slaves
	case slices.Contains(f.slaves, control):
		named = []uint8{f.master}
	}
	var list []uint8
	for _, n := range named {
		if c.Setting(n, 0) != nil {
			list = append(list, n)
		}
	}
	if list != nil {
		return list
	}
	owned := ownedByUnions(c, control)
	behind := false
	for _, s := range c.Settings {
		behind = behind || s.Interface == control
		if behind && s.Class == classData && !owned[s.Interface] && !slices.Contains(list, s.Interface) {
			list = append(list, s.Interface)
		}
	}
	return append(list, control)
}

// ownedByUnions tells which interfaces the unions of other control interfaces
// name.
func ownedByUnions(c *usb.Config, control uint8) (owned [256]bool) {
	for _, s := range c.Settings {
		var f functional
		if f.add(s.Extra); f.hasUnion && s.Interface != control && f.master == s.Interface {
			for _, n := range f.slaves {
				owned[n] = true
			}
		}
	}
	return owned
}

// dataSetting gives the first alternate setting of an interface with a bulk
// endpoint for each direction. Its class does not matter: TamaGo says 0.
func dataSetting(c *usb.Config, iface uint8) (s *usb.Setting, in, out usb.Endpoint) {
	for i := range c.Settings {
		s := &c.Settings[i]
		if s.Interface != iface {
			continue
		}
		in, hasIn := findEndpoint(s, usb.TransferBulk, usb.DirIn)
		out, hasOut := findEndpoint(s, usb.TransferBulk, usb.DirOut)
		if hasIn && hasOut {
			return s, in, out
		}
	}
	return nil, in, out
}

// notifyEndpoint gives the notification endpoint. One that nobody polls, or that
// the frames use as well, is none.
func notifyEndpoint(control *usb.Setting, in usb.Endpoint) *usb.Endpoint {
	e, ok := findEndpoint(control, usb.TransferInterrupt, usb.DirIn)
	if !ok || e.Interval == 0 || e.Address == in.Address {
		return nil
	}
	return &e
}

// findEndpoint finds the first endpoint of a kind that can work: endpoint 0 is
// the default pipe, and packets are 8 to 1024 bytes (USB 2.0, 5.7.3 and 5.8.3;
// USB 3.2, 8.12).
func findEndpoint(s *usb.Setting, typ, direction uint8) (usb.Endpoint, bool) {
	for _, e := range s.Endpoints {
		if e.Type() == typ && e.Address&usb.DirIn == direction && e.Address&0x0f != 0 &&
			8 <= e.MaxPacketSize && e.MaxPacketSize <= 1024 {
			return e, true
		}
	}
	return usb.Endpoint{}, false
}
