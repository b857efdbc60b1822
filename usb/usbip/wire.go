package usbip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"io-pkt/usb"
)

// This file has the messages before a device is imported, urb.go those after.
// All numbers are big-endian (usbip_protocol.rst).

// protocolVersion is USBIP_VERSION, 1.1.1 in binary-coded decimal.
const protocolVersion = 0x0111

// Operation codes (usbip_protocol.rst, OP_REQ_DEVLIST to OP_REP_IMPORT).
const (
	opReqDevlist = 0x8005
	opRepDevlist = 0x0005
	opReqImport  = 0x8003
	opRepImport  = 0x0003
)

// Status of a reply. The document knows only 0 and 1; the rest is what Linux's
// tools say (tools/usb/usbip/libsrc/usbip_common.h).
const (
	statusOK     = 0
	statusNA     = 1 // refused, for any reason
	statusBusy   = 2 // ST_DEV_BUSY
	statusDevice = 3 // ST_DEV_ERR
	statusNoDev  = 4 // ST_NODEV
	statusError  = 5
)

// Sizes in bytes.
const (
	opSize        = 8
	pathSize      = 256
	busIDSize     = 32
	recordSize    = pathSize + busIDSize + 24 // the device without its interfaces
	interfaceSize = 4
)

// maxDevices caps a device list: eight buses with 127 devices each.
const maxDevices = 8 * 127

// errProtocol is at the root of everything a peer says that it must not say.
var errProtocol = errors.New("not USB/IP 1.1.1")

// appendOp encodes the head of a request or reply.
func appendOp(b []byte, code uint16, status uint32) []byte {
	b = binary.BigEndian.AppendUint16(b, protocolVersion)
	b = binary.BigEndian.AppendUint16(b, code)
	return binary.BigEndian.AppendUint32(b, status)
}

// parseOp decodes the head of a request or reply.
func parseOp(b [opSize]byte) (code uint16, status uint32, err error) {
	if v := binary.BigEndian.Uint16(b[:]); v != protocolVersion {
		return 0, 0, fmt.Errorf("%w: version %#04x", errProtocol, v)
	}
	return binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), nil
}

// A record is a device as OP_REP_DEVLIST and OP_REP_IMPORT describe it.
type record struct {
	path                       string // in the exporter's sysfs, for people to read
	busID                      string // "1-2.3"
	bus, device, speed         uint32
	vendor, product, release   uint16
	class, subClass, protocol  uint8
	configuration              uint8 // bConfigurationValue of the current one, 0 for none
	configurations, interfaces uint8
}

// append encodes the record. Strings that do not fit are cut.
func (r *record) append(b []byte) []byte {
	be := binary.BigEndian
	b = appendString(b, r.path, pathSize)
	b = appendString(b, r.busID, busIDSize)
	b = be.AppendUint32(b, r.bus)
	b = be.AppendUint32(b, r.device)
	b = be.AppendUint32(b, r.speed)
	b = be.AppendUint16(b, r.vendor)
	b = be.AppendUint16(b, r.product)
	b = be.AppendUint16(b, r.release)
	return append(b, r.class, r.subClass, r.protocol, r.configuration, r.configurations, r.interfaces)
}

// parseRecord decodes a record. A path or busid that is not printable, or a
// busid that is empty, is an error: both end up in front of people.
func parseRecord(b [recordSize]byte) (r record, err error) {
	if r.path, err = parseString(b[:pathSize]); err != nil {
		return record{}, fmt.Errorf("path of a device: %w", err)
	}
	if r.busID, err = parseString(b[pathSize:][:busIDSize]); err != nil {
		return record{}, fmt.Errorf("busid of a device: %w", err)
	}
	if r.busID == "" {
		return record{}, fmt.Errorf("%w: a device without busid", errProtocol)
	}
	be, f := binary.BigEndian, b[pathSize+busIDSize:]
	r.bus, r.device, r.speed = be.Uint32(f), be.Uint32(f[4:]), be.Uint32(f[8:])
	if r.bus > 0xffff || r.device > 0xffff { // devid has 16 bits for each
		return record{}, fmt.Errorf("%w: bus %d device %d", errProtocol, r.bus, r.device)
	}
	r.vendor, r.product, r.release = be.Uint16(f[12:]), be.Uint16(f[14:]), be.Uint16(f[16:])
	r.class, r.subClass, r.protocol = f[18], f[19], f[20]
	r.configuration, r.configurations, r.interfaces = f[21], f[22], f[23]
	return r, nil
}

// info gives what the record says in the words of package usb.
func (r *record) info() usb.DeviceInfo {
	info := usb.DeviceInfo{
		Bus: int(r.bus), Address: int(r.device), Port: r.busID,
		Descriptor: usb.DeviceDescriptor{
			VendorID: r.vendor, ProductID: r.product, Release: r.release,
			Class: r.class, SubClass: r.subClass, Protocol: r.protocol,
			NumConfigurations: r.configurations,
		},
	}
	switch s := usb.Speed(min(r.speed, 0xff)); s {
	case usb.SpeedLow, usb.SpeedFull, usb.SpeedHigh, usb.SpeedSuper, usb.SpeedSuperPlus:
		info.Speed = s
	}
	return info
}

// devID is how messages name an imported device (usbip_protocol.rst,
// usbip_header_basic).
func (r *record) devID() uint32 { return r.bus<<16 | r.device }

// appendString encodes s as a NUL-terminated string in a field of size bytes.
func appendString(b []byte, s string, size int) []byte {
	n := min(len(s), size-1)
	b = append(b, s[:n]...)
	return append(b, make([]byte, size-n)...)
}

// parseString decodes a NUL-terminated string of printable ASCII.
func parseString(b []byte) (string, error) {
	text, _, ended := bytes.Cut(b, []byte{0})
	if !ended {
		return "", fmt.Errorf("%w: a string without end", errProtocol)
	}
	for _, c := range text {
		if c < 0x20 || c > 0x7e {
			return "", fmt.Errorf("%w: a string with byte %#02x", errProtocol, c)
		}
	}
	return string(text), nil
}

// readList decodes what follows the head of an OP_REP_DEVLIST. The interfaces
// of the devices are skipped: they do not say what their descriptors do.
func readList(r io.Reader) ([]record, error) {
	var count [4]byte
	if _, err := io.ReadFull(r, count[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(count[:])
	if n > maxDevices {
		return nil, fmt.Errorf("%w: a list of %d devices", errProtocol, n)
	}
	var records []record
	for range n {
		var b [recordSize]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, err
		}
		rec, err := parseRecord(b)
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, int64(rec.interfaces)*interfaceSize); err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}
