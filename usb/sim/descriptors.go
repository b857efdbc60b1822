package sim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"unicode/utf16"

	"io-pkt/usb"
)

// Descriptors are what a device answers to GET_DESCRIPTOR with.
type Descriptors struct {
	Device  usb.DeviceDescriptor
	Configs [][]byte         // raw, by index
	Strings map[uint8]string // by index, in any language
}

// Functional descriptors (CDC 1.2, tables 13 and 15; ECM 1.2, table 3).
const (
	subtypeHeader   = 0x00
	subtypeUnion    = 0x06
	subtypeEthernet = 0x0f

	unionSize    = 5
	ethernetSize = 13
)

// Class codes of an ECM function (CDC 1.2, tables 2, 4 and 6).
const (
	classComm   = 0x02
	subclassECM = 0x06
	classData   = 0x0a
)

// Indexes of the strings of a built device.
const (
	iManufacturer = iota + 1
	iProduct
	iSerial
	iMAC
	iControl
	iData
)

// Endpoints and interfaces of a built device.
const (
	epIn     = 0x81
	epOut    = 0x02
	epNotify = 0x83

	ifControl = 0
	ifData    = 1
)

// speedTraits is what depends on the speed.
type speedTraits struct {
	version    uint16 // bcdUSB
	packet0    uint8  // bMaxPacketSize0; an exponent at super speed (USB 3.2, table 9-11)
	bulkPacket uint16
	interval   uint8 // of the notifications, for 32 ms (USB 2.0, table 9-13)
	super      bool
	bitRate    uint32 // what bulk transfers reach in bits per second (USB 2.0, tables 5-9 and 5-10)
}

var traits = map[usb.Speed]speedTraits{
	usb.SpeedFull:  {version: 0x0200, packet0: 64, bulkPacket: 64, interval: 32, bitRate: 19 * 64 * 8 * 1000},
	usb.SpeedHigh:  {version: 0x0200, packet0: 64, bulkPacket: 512, interval: 9, bitRate: 13 * 512 * 8 * 8000},
	usb.SpeedSuper: {version: 0x0300, packet0: 9, bulkPacket: 1024, interval: 9, bitRate: 3_750_000_000, super: true},
}

// build makes the descriptors of an ECM device with one configuration.
func build(c Config) Descriptors {
	t := traits[c.Speed]
	d := Descriptors{
		Device: usb.DeviceDescriptor{
			USBVersion: t.version, Class: classComm, MaxPacketSize0: t.packet0,
			VendorID: c.VendorID, ProductID: c.ProductID, Release: 0x0100,
			Manufacturer: iManufacturer, Product: iProduct, SerialNumber: iSerial, NumConfigurations: 1,
		},
		Strings: map[uint8]string{
			iManufacturer: c.Manufacturer, iProduct: c.Product, iSerial: c.Serial,
			iMAC:     strings.ToUpper(fmt.Sprintf("%x", []byte(c.MAC))),
			iControl: "CDC Ethernet Control Model (ECM)", iData: "CDC Ethernet Data",
		},
	}
	le := binary.LittleEndian

	b := []byte{usb.ConfigDescriptorSize, usb.DescConfiguration, 0, 0, 2, 1, 0, 0xc0, 0}
	notify := c.NotifyPacket > 0
	b = appendInterface(b, ifControl, 0, notify, classComm, subclassECM, iControl)
	b = append(b, 5, usb.DescCSInterface, subtypeHeader, 0x20, 0x01) // bcdCDC 1.2
	b = append(b, unionSize, usb.DescCSInterface, subtypeUnion, ifControl, ifData)
	b = append(b, ethernetSize, usb.DescCSInterface, subtypeEthernet, iMAC)
	b = le.AppendUint32(b, statisticsMask)
	b = le.AppendUint16(b, uint16(c.SegmentSize))
	b = le.AppendUint16(b, maxMulticastFilters) // bit 15 clear: perfect filtering
	b = append(b, 0)                            // no power filters
	if notify {
		b = t.appendEndpoint(b, epNotify, usb.TransferInterrupt, uint16(c.NotifyPacket), t.interval)
	}
	b = appendInterface(b, ifData, 0, false, classData, 0, iData)
	b = append(b, usb.InterfaceDescriptorSize, usb.DescInterface, ifData, 1, 2, classData, 0, 0, iData)
	b = t.appendEndpoint(b, epIn, usb.TransferBulk, t.bulkPacket, 0)
	b = t.appendEndpoint(b, epOut, usb.TransferBulk, t.bulkPacket, 0)
	le.PutUint16(b[2:], uint16(len(b)))

	d.Configs = [][]byte{b}
	return d
}

func appendInterface(b []byte, number, alt uint8, endpoint bool, class, subclass, str uint8) []byte {
	n := uint8(0)
	if endpoint {
		n = 1
	}
	return append(b, usb.InterfaceDescriptorSize, usb.DescInterface, number, alt, n, class, subclass, 0, str)
}

func (t speedTraits) appendEndpoint(b []byte, address, typ uint8, packet uint16, interval uint8) []byte {
	b = append(b, usb.EndpointDescriptorSize, usb.DescEndpoint, address, typ, byte(packet), byte(packet>>8), interval)
	if t.super {
		bytes := uint16(0) // wBytesPerInterval counts for periodic endpoints only
		if typ == usb.TransferInterrupt {
			bytes = packet
		}
		b = append(b, 6, usb.DescSSEndpointCompanion, 0, 0, byte(bytes), byte(bytes>>8))
	}
	return b
}

// descBOS is the binary device object store (USB 3.2, 9.6.2).
const descBOS = 15

// bos is what a super speed device must have: the USB 2.0 extension and the
// SuperSpeed capability (USB 3.2, 9.6.2.1 and 9.6.2.2).
var bos = []byte{
	5, descBOS, 22, 0, 2,
	7, 16, 2, 2, 0, 0, 0, // LPM
	10, 16, 3, 0, 0x0e, 0, 1, 10, 0xff, 0x07, // full, high and super speed
}

// bytes gives the answer to GET_DESCRIPTOR, or nil when the device has no such
// descriptor.
func (d *Descriptors) bytes(typ, index uint8) []byte {
	switch typ {
	case usb.DescDevice:
		return d.Device.Bytes()
	case usb.DescConfiguration:
		if int(index) < len(d.Configs) {
			return d.Configs[index]
		}
	case usb.DescString:
		if index == 0 {
			return []byte{4, usb.DescString, usb.LangEnglishUS & 0xff, usb.LangEnglishUS >> 8}
		}
		if s, ok := d.Strings[index]; ok {
			return stringDescriptor(s)
		}
	case descBOS:
		if d.Device.USBVersion >= 0x0300 {
			return bos
		}
	}
	return nil
}

// stringDescriptor encodes a string (USB 2.0, table 9-16), cut at the 126 code
// units that fit.
func stringDescriptor(s string) []byte {
	u := utf16.Encode([]rune(s))
	u = u[:min(len(u), 126)]
	b := []byte{byte(2 + 2*len(u)), usb.DescString}
	for _, c := range u {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// withString gives the descriptors with one string replaced.
func (d Descriptors) withString(index uint8, s string) Descriptors {
	d.Strings = maps.Clone(d.Strings)
	if d.Strings == nil {
		d.Strings = map[uint8]string{}
	}
	d.Strings[index] = s
	return d
}

// SegmentSize gives wMaxSegmentSize of the ECM function, the largest when several
// configurations have one; 0 when none has.
func (d *Descriptors) SegmentSize() int {
	size := 0
	for _, raw := range d.Configs {
		if c, err := usb.ParseConfig(raw); err == nil {
			if f, ok := findFunction(c); ok {
				size = max(size, f.segment)
			}
		}
	}
	return size
}

// speed guesses the speed from the largest bulk packet (USB 2.0, 5.8.3; USB 3.2,
// 8.12.1).
func (d *Descriptors) speed() usb.Speed {
	packet := uint16(0)
	for _, raw := range d.Configs {
		c, err := usb.ParseConfig(raw)
		if err != nil {
			continue
		}
		for _, s := range c.Settings {
			for _, e := range s.Endpoints {
				if e.Type() == usb.TransferBulk {
					packet = max(packet, e.MaxPacketSize)
				}
			}
		}
	}
	switch {
	case packet >= 1024:
		return usb.SpeedSuper
	case packet > 64:
		return usb.SpeedHigh
	}
	return usb.SpeedFull
}
