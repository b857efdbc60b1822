package usbip

import (
	"encoding/binary"
	"fmt"

	"io-pkt/usb"
)

// Commands and replies about an imported device (usbip_protocol.rst,
// usbip_header_basic).
const (
	cmdSubmit = 1
	cmdUnlink = 2
	retSubmit = 3
	retUnlink = 4
)

// Directions.
const (
	dirOut = 0
	dirIn  = 1
)

// Transfer flags that matter here (usbip_protocol.rst, USBIP_CMD_SUBMIT).
const (
	flagShortNotOK = 0x0001 // URB_SHORT_NOT_OK: fewer bytes than asked is an error
	flagZeroPacket = 0x0040 // URB_ZERO_PACKET
	flagDirIn      = 0x0200 // URB_DIR_IN, which Linux's client sets as well
)

// headerSize is the length in bytes of every message without its data.
const headerSize = 48

// noPackets is what the document wants in number_of_packets of a transfer that
// is not isochronous. Linux puts 0 there on both sides, and some of its versions
// mind anything else: so do we, and take either.
const noPackets = 0xffffffff

// A header is any of the four messages; the first five fields are in all.
type header struct {
	command   uint32
	seq       uint32
	devID     uint32 // 0 in replies
	direction uint32 // 0 in replies of Linux
	endpoint  uint32 // number, without direction; 0 in replies of Linux

	flags    uint32              // cmdSubmit
	length   int                 // cmdSubmit: bytes to send, or to receive at most
	interval uint32              // cmdSubmit: of an interrupt endpoint, in (micro)frames
	setup    [usb.SetupSize]byte // cmdSubmit, on endpoint 0
	target   uint32              // cmdUnlink: seq of the command to unlink
	status   int32               // retSubmit, retUnlink: 0 or -errno
	actual   int                 // retSubmit: bytes moved
}

// append encodes the message.
func (h *header) append(b []byte) []byte {
	be := binary.BigEndian
	b = append(b, make([]byte, headerSize)...)
	f := b[len(b)-headerSize:]
	be.PutUint32(f, h.command)
	be.PutUint32(f[4:], h.seq)
	be.PutUint32(f[8:], h.devID)
	be.PutUint32(f[12:], h.direction)
	be.PutUint32(f[16:], h.endpoint)
	switch h.command {
	case cmdSubmit:
		be.PutUint32(f[20:], h.flags)
		be.PutUint32(f[24:], uint32(h.length))
		be.PutUint32(f[36:], h.interval)
		copy(f[40:], h.setup[:])
	case cmdUnlink:
		be.PutUint32(f[20:], h.target)
	case retSubmit:
		be.PutUint32(f[20:], uint32(h.status))
		be.PutUint32(f[24:], uint32(h.actual))
	case retUnlink:
		be.PutUint32(f[20:], uint32(h.status))
	}
	return b
}

// parse decodes a message. It refuses whatever cannot be carried: the caller
// then has no way to find the next message.
func (h *header) parse(b []byte) error {
	if len(b) < headerSize {
		return fmt.Errorf("%w: %d bytes of a message", errProtocol, len(b))
	}
	be := binary.BigEndian
	*h = header{
		command: be.Uint32(b), seq: be.Uint32(b[4:]), devID: be.Uint32(b[8:]),
		direction: be.Uint32(b[12:]), endpoint: be.Uint32(b[16:]),
	}
	if h.direction > dirIn || h.endpoint > 15 {
		return fmt.Errorf("%w: direction %d, endpoint %d", errProtocol, h.direction, h.endpoint)
	}
	switch h.command {
	case cmdSubmit:
		h.flags, h.interval = be.Uint32(b[20:]), be.Uint32(b[36:])
		h.setup = [usb.SetupSize]byte(b[40:])
		return h.parseLength(b, &h.length)
	case cmdUnlink:
		h.target = be.Uint32(b[20:])
	case retSubmit:
		h.status = int32(be.Uint32(b[20:]))
		return h.parseLength(b, &h.actual)
	case retUnlink:
		h.status = int32(be.Uint32(b[20:]))
	default:
		return fmt.Errorf("%w: command %d", errProtocol, h.command)
	}
	return nil
}

// parseLength takes the length out of a cmdSubmit or retSubmit, and makes sure
// that no descriptors of isochronous packets follow.
func (h *header) parseLength(b []byte, length *int) error {
	be := binary.BigEndian
	n := int64(int32(be.Uint32(b[24:])))
	if n < 0 || n > usb.MaxTransfer {
		return fmt.Errorf("%w: %d bytes of data", errProtocol, n)
	}
	if p := be.Uint32(b[32:]); p != 0 && p != noPackets {
		return fmt.Errorf("%w: isochronous transfer", errProtocol)
	}
	*length = int(n)
	return nil
}
