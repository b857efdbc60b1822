package usb

import (
	"context"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// LangEnglishUS is the LANGID strings are asked for in when the device does not
// list its languages (USB Language Identifiers 1.0).
const LangEnglishUS = 0x0409

// ReadDevice reads the device descriptor. It has what DeviceInfo may lack: over
// USB/IP a device is listed without its string indexes.
func ReadDevice(ctx context.Context, d Device) (DeviceDescriptor, error) {
	b := make([]byte, DeviceDescriptorSize)
	n, err := getDescriptor(ctx, d, DescDevice, 0, 0, b)
	if err != nil {
		return DeviceDescriptor{}, err
	}
	return ParseDevice(b[:n])
}

// ReadConfig reads the raw configuration descriptor with this index, which
// counts from 0 and is not bConfigurationValue (USB 2.0, 9.4.3).
func ReadConfig(ctx context.Context, d Device, index uint8) ([]byte, error) {
	head := make([]byte, ConfigDescriptorSize)
	n, err := getDescriptor(ctx, d, DescConfiguration, index, 0, head)
	if err != nil {
		return nil, err
	}
	if n < ConfigDescriptorSize {
		return nil, fmt.Errorf("configuration descriptor %d: %d bytes of %d", index, n, ConfigDescriptorSize)
	}
	all := make([]byte, max(int(binary.LittleEndian.Uint16(head[2:])), ConfigDescriptorSize))
	n, err = getDescriptor(ctx, d, DescConfiguration, index, 0, all)
	return all[:n], err
}

// ReadString reads a string descriptor, in the first language the device lists
// (USB 2.0, 9.6.7). Index 0 means that there is no string: it gives ErrNotFound.
func ReadString(ctx context.Context, d Device, index uint8) (string, error) {
	if index == 0 {
		return "", ErrNotFound
	}
	lang := uint16(LangEnglishUS)
	b := make([]byte, 255)
	if n, err := getDescriptor(ctx, d, DescString, 0, 0, b); err == nil && n >= 4 && b[1] == DescString {
		lang = binary.LittleEndian.Uint16(b[2:])
	}
	n, err := getDescriptor(ctx, d, DescString, index, lang, b)
	if err != nil {
		return "", err
	}
	return ParseString(b[:n])
}

// ParseString decodes a string descriptor.
func ParseString(b []byte) (string, error) {
	if len(b) < 2 || b[1] != DescString || b[0] < 2 || int(b[0]) > len(b) || b[0]%2 != 0 {
		return "", fmt.Errorf("not a string descriptor: % x", b[:min(len(b), 8)])
	}
	u := make([]uint16, 0, 126)
	for i := 2; i < int(b[0]); i += 2 {
		u = append(u, binary.LittleEndian.Uint16(b[i:]))
	}
	return string(utf16.Decode(u)), nil
}

// A Cache is a Device whose stack has read these descriptors already. They are not asked
// for again, so that a device that has gone silent keeps nobody waiting who only wants to
// know what it is.
type Cache interface {
	// Descriptor gives a device or configuration descriptor, nil if it is not there.
	Descriptor(typ, index uint8) []byte
}

func getDescriptor(ctx context.Context, d Device, typ, index uint8, lang uint16, b []byte) (int, error) {
	if c, ok := d.(Cache); ok {
		if known := c.Descriptor(typ, index); known != nil {
			return copy(b, known), nil
		}
	}
	s := Setup{RequestType: DirIn, Request: ReqGetDescriptor, Value: uint16(typ)<<8 | uint16(index), Index: lang}
	n, err := d.Control(ctx, s, b)
	if err != nil {
		return 0, &OpError{Op: "read", Object: fmt.Sprintf("descriptor %d index %d of %v", typ, index, d.Info()), Err: err}
	}
	return n, nil
}
