package usb

import (
	"encoding/binary"
	"fmt"
)

// bDescriptorType (USB 2.0, table 9-5; IAD ECN; CDC 1.2, table 12; USB 3.2,
// table 9-6).
const (
	DescDevice               = 1
	DescConfiguration        = 2
	DescString               = 3
	DescInterface            = 4
	DescEndpoint             = 5
	DescInterfaceAssociation = 11
	DescCSInterface          = 0x24
	DescCSEndpoint           = 0x25
	DescSSEndpointCompanion  = 48
)

// Sizes of the standard descriptors in bytes (USB 2.0, tables 9-8 to 9-13).
const (
	DeviceDescriptorSize    = 18
	ConfigDescriptorSize    = 9
	InterfaceDescriptorSize = 9
	EndpointDescriptorSize  = 7
	iadSize                 = 8
)

// Caps on what one configuration may hold. A device is hostile until shown
// otherwise; what is over a cap is left out.
const (
	maxSettings  = 128 // interfaces times alternate settings
	maxEndpoints = 32  // of one setting
	maxIADs      = 16
)

// DeviceDescriptor is the standard device descriptor (USB 2.0, table 9-8).
type DeviceDescriptor struct {
	USBVersion        uint16 // bcdUSB
	Class             uint8
	SubClass          uint8
	Protocol          uint8
	MaxPacketSize0    uint8
	VendorID          uint16
	ProductID         uint16
	Release           uint16 // bcdDevice
	Manufacturer      uint8  // string indexes, 0 for none
	Product           uint8
	SerialNumber      uint8
	NumConfigurations uint8
}

// ParseDevice reads a device descriptor.
func ParseDevice(b []byte) (DeviceDescriptor, error) {
	if len(b) < DeviceDescriptorSize || b[0] < DeviceDescriptorSize || b[1] != DescDevice {
		return DeviceDescriptor{}, fmt.Errorf("not a device descriptor: % x", b[:min(len(b), DeviceDescriptorSize)])
	}
	le := binary.LittleEndian
	return DeviceDescriptor{
		USBVersion: le.Uint16(b[2:]), Class: b[4], SubClass: b[5], Protocol: b[6], MaxPacketSize0: b[7],
		VendorID: le.Uint16(b[8:]), ProductID: le.Uint16(b[10:]), Release: le.Uint16(b[12:]),
		Manufacturer: b[14], Product: b[15], SerialNumber: b[16], NumConfigurations: b[17],
	}, nil
}

// Bytes gives the descriptor as it is on the wire.
func (d DeviceDescriptor) Bytes() []byte {
	le := binary.LittleEndian
	b := []byte{DeviceDescriptorSize, DescDevice}
	b = le.AppendUint16(b, d.USBVersion)
	b = append(b, d.Class, d.SubClass, d.Protocol, d.MaxPacketSize0)
	b = le.AppendUint16(b, d.VendorID)
	b = le.AppendUint16(b, d.ProductID)
	b = le.AppendUint16(b, d.Release)
	return append(b, d.Manufacturer, d.Product, d.SerialNumber, d.NumConfigurations)
}

// Config is a configuration with everything below it (USB 2.0, 9.6.3).
type Config struct {
	Value      uint8 // bConfigurationValue, what SetConfiguration takes
	Attributes uint8
	MaxPower   uint8 // in units of 2 mA (8 mA at super speed)
	// Extra holds the class-specific descriptors that stand between the
	// configuration descriptor and the first interface, where some devices
	// put what belongs to an interface.
	Extra        []byte
	Settings     []Setting // in the order of the descriptor
	Associations []Association
}

// Association is an interface association descriptor (IAD ECN, table 9-Z).
type Association struct {
	First, Count, Class, SubClass, Protocol uint8
}

// Setting is one alternate setting of one interface (USB 2.0, table 9-12).
type Setting struct {
	Interface, Alternate      uint8
	Class, SubClass, Protocol uint8
	Endpoints                 []Endpoint
	Extra                     []byte // class-specific descriptors behind the interface descriptor
}

// Endpoint is an endpoint descriptor (USB 2.0, table 9-13).
type Endpoint struct {
	Address       uint8  // bit 7: IN
	Attributes    uint8  // bits 1..0: transfer type
	MaxPacketSize uint16 // bits 10..0 of wMaxPacketSize
	Interval      uint8
	Extra         []byte // class-specific descriptors behind the endpoint descriptor
}

// Transfer types, bits 1..0 of bmAttributes.
const (
	TransferControl     = 0
	TransferIsochronous = 1
	TransferBulk        = 2
	TransferInterrupt   = 3
)

// In reports whether the endpoint is device-to-host.
func (e Endpoint) In() bool { return e.Address&DirIn != 0 }

// Type gives the transfer type.
func (e Endpoint) Type() uint8 { return e.Attributes & 3 }

// Setting gives an alternate setting, or nil.
func (c *Config) Setting(iface, alt uint8) *Setting {
	for i := range c.Settings {
		if s := &c.Settings[i]; s.Interface == iface && s.Alternate == alt {
			return s
		}
	}
	return nil
}

// ParseConfig reads a configuration descriptor with all that follows it. It
// takes what devices really send: a wTotalLength that is wrong, unknown and
// misplaced descriptors, garbage in between. Only the configuration descriptor
// itself must be whole. A second descriptor for the same alternate setting, or
// the same endpoint in it, is left out. Nothing of b is kept.
func ParseConfig(b []byte) (*Config, error) {
	if len(b) < ConfigDescriptorSize || b[0] < ConfigDescriptorSize || b[1] != DescConfiguration {
		return nil, fmt.Errorf("not a configuration descriptor: % x", b[:min(len(b), ConfigDescriptorSize)])
	}
	if total := int(binary.LittleEndian.Uint16(b[2:])); total >= ConfigDescriptorSize && total < len(b) {
		b = b[:total]
	}
	c := &Config{Value: b[5], Attributes: b[7], MaxPower: b[8]}
	p := configParser{config: c, extra: &c.Extra}
	for desc, rest := Next(b[min(int(b[0]), len(b)):]); desc != nil; desc, rest = Next(rest) {
		p.add(desc)
	}
	return c, nil
}

// Next cuts the first descriptor off b. A bLength of 0 is skipped byte by byte,
// as Linux does; one that is too small or leads past the end ends the list, and
// desc is nil.
func Next(b []byte) (desc, rest []byte) {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) < 2 || b[0] < 2 || int(b[0]) > len(b) {
		return nil, nil
	}
	return b[:b[0]:b[0]], b[b[0]:]
}

// configParser knows where the next descriptor belongs.
type configParser struct {
	config  *Config
	setting *Setting // nil before the first interface and behind one that was left out
	extra   *[]byte  // where class-specific descriptors go; nil to leave them out
}

func (p *configParser) add(d []byte) {
	c := p.config
	switch typ := d[1]; {
	case typ == DescInterface && len(d) >= InterfaceDescriptorSize:
		p.setting, p.extra = nil, nil
		if len(c.Settings) == maxSettings || c.Setting(d[2], d[3]) != nil {
			return
		}
		c.Settings = append(c.Settings, Setting{Interface: d[2], Alternate: d[3], Class: d[5], SubClass: d[6], Protocol: d[7]})
		p.setting = &c.Settings[len(c.Settings)-1]
		p.extra = &p.setting.Extra
	case typ == DescEndpoint && len(d) >= EndpointDescriptorSize:
		if p.setting == nil {
			return
		}
		p.extra = nil
		if len(p.setting.Endpoints) == maxEndpoints {
			return
		}
		for _, e := range p.setting.Endpoints {
			if e.Address == d[2] {
				return
			}
		}
		p.setting.Endpoints = append(p.setting.Endpoints, Endpoint{Address: d[2], Attributes: d[3],
			MaxPacketSize: binary.LittleEndian.Uint16(d[4:]) & 0x7ff, Interval: d[6]})
		p.extra = &p.setting.Endpoints[len(p.setting.Endpoints)-1].Extra
	case typ == DescInterfaceAssociation && len(d) >= iadSize:
		if len(c.Associations) < maxIADs {
			c.Associations = append(c.Associations, Association{d[2], d[3], d[4], d[5], d[6]})
		}
	case typ == DescCSInterface || typ == DescCSEndpoint:
		if p.extra != nil {
			*p.extra = append(*p.extra, d...)
		}
	}
}
