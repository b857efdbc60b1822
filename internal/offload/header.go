package offload

import "encoding/binary"

// HeaderLen is the length of a Header in bytes.
const HeaderLen = 10

// Flags of a Header (VIRTIO 1.2, 5.1.6).
const (
	NeedsCsum = 1 // the checksum is yet to be made, and its field has the pseudo header's
)

// Types of a Header's frame (VIRTIO 1.2, 5.1.6).
const (
	GSONone  = 0
	GSOTCPv4 = 1
	GSOTCPv6 = 4
	GSOUDPL4 = 5 // datagrams, each with its own UDP header
	// GSOECN is set besides when the frame's TCP header has CWR, which only the
	// first segment is to have (RFC 3168, 6.1.2).
	GSOECN = 0x80
)

// A Header says what is still to be done with a frame.
type Header struct {
	Flags      uint8
	GSOType    uint8
	HdrLen     uint16 // of all headers; a hint only
	GSOSize    uint16 // payload of each segment
	CsumStart  uint16 // where what is summed begins, and goes on to the end
	CsumOffset uint16 // where the checksum is, from CsumStart
}

// Decode reads a header; b has HeaderLen bytes. The numbers are in the machine's
// own order.
func (h *Header) Decode(b []byte) {
	_ = b[HeaderLen-1]
	*h = Header{
		Flags:      b[0],
		GSOType:    b[1],
		HdrLen:     binary.NativeEndian.Uint16(b[2:]),
		GSOSize:    binary.NativeEndian.Uint16(b[4:]),
		CsumStart:  binary.NativeEndian.Uint16(b[6:]),
		CsumOffset: binary.NativeEndian.Uint16(b[8:]),
	}
}

// Encode writes a header into the first HeaderLen bytes of b.
func (h *Header) Encode(b []byte) {
	_ = b[HeaderLen-1]
	b[0], b[1] = h.Flags, h.GSOType
	binary.NativeEndian.PutUint16(b[2:], h.HdrLen)
	binary.NativeEndian.PutUint16(b[4:], h.GSOSize)
	binary.NativeEndian.PutUint16(b[6:], h.CsumStart)
	binary.NativeEndian.PutUint16(b[8:], h.CsumOffset)
}
