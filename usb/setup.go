package usb

import (
	"encoding/binary"
	"fmt"
	"time"
)

// ControlTimeout bounds a control request whose context has no deadline. A
// device must answer a standard request within 5 s (USB 2.0, 9.2.6.1).
const ControlTimeout = 5 * time.Second

// bmRequestType (USB 2.0, table 9-2).
const (
	DirOut = 0x00
	DirIn  = 0x80

	TypeStandard = 0x00
	TypeClass    = 0x20
	TypeVendor   = 0x40

	RecipientDevice    = 0x00
	RecipientInterface = 0x01
	RecipientEndpoint  = 0x02
)

// bRequest of the standard requests (USB 2.0, table 9-4).
const (
	ReqGetStatus        = 0
	ReqClearFeature     = 1
	ReqSetFeature       = 3
	ReqSetAddress       = 5
	ReqGetDescriptor    = 6
	ReqSetDescriptor    = 7
	ReqGetConfiguration = 8
	ReqSetConfiguration = 9
	ReqGetInterface     = 10
	ReqSetInterface     = 11
)

// FeatureEndpointHalt is the feature selector of a halted endpoint (USB 2.0,
// table 9-6).
const FeatureEndpointHalt = 0

// SetupSize is the length of a SETUP packet in bytes.
const SetupSize = 8

// Setup is a SETUP packet without its wLength, which is the length of the data
// that goes with it (USB 2.0, 9.3).
type Setup struct {
	RequestType uint8  // bmRequestType
	Request     uint8  // bRequest
	Value       uint16 // wValue
	Index       uint16 // wIndex
}

// In reports whether the data stage, if any, is device-to-host.
func (s Setup) In() bool { return s.RequestType&DirIn != 0 }

// Bytes gives the packet as it is on the wire.
func (s Setup) Bytes(length int) [SetupSize]byte {
	var b [SetupSize]byte
	b[0], b[1] = s.RequestType, s.Request
	binary.LittleEndian.PutUint16(b[2:], s.Value)
	binary.LittleEndian.PutUint16(b[4:], s.Index)
	binary.LittleEndian.PutUint16(b[6:], uint16(length))
	return b
}

// ParseSetup reads a SETUP packet and its wLength.
func ParseSetup(b [SetupSize]byte) (s Setup, length int) {
	return Setup{
		RequestType: b[0], Request: b[1],
		Value: binary.LittleEndian.Uint16(b[2:]),
		Index: binary.LittleEndian.Uint16(b[4:]),
	}, int(binary.LittleEndian.Uint16(b[6:]))
}

func (s Setup) String() string {
	return fmt.Sprintf("request %02x %02x value %04x index %04x", s.RequestType, s.Request, s.Value, s.Index)
}
