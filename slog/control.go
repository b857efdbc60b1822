package slog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// On the log's socket, events share the stream with control records: three
// words like the header of an event, the kind in the top byte of the first,
// where an event has 0, and 0 in the rest of it; a number in the other two.
type control struct {
	kind  byte
	value uint64
}

// The kinds of control records.
const (
	// From a reader.
	kindDump   = 'D' // send what is there: events, kindMissed where some were dropped meanwhile, kindEnd
	kindFollow = 'F' // send the events from sequence number value on, or from the oldest for 0, for ever
	kindClear  = 'C' // drop the events up to sequence number value; kindEnd follows

	// From the server.
	kindEnd    = 'e' // the request is done; value is the newest sequence number it covered
	kindMissed = 'm' // value events were dropped here before they could be sent
	kindError  = 'x' // the request failed; value is the errno
)

func (c control) append(b []byte) []byte {
	order := binary.NativeEndian
	b = order.AppendUint32(b, uint32(c.kind)<<kindShift)
	b = order.AppendUint32(b, uint32(c.value))
	return order.AppendUint32(b, uint32(c.value>>32))
}

// parseControl gives the control record in b; ok is false when b is an event.
func parseControl(b []byte) (c control, ok bool) {
	order := binary.NativeEndian
	first := order.Uint32(b)
	kind := byte(first >> kindShift)
	value := uint64(order.Uint32(b[8:]))<<32 | uint64(order.Uint32(b[4:]))
	return control{kind, value}, kind != 0 && first == uint32(kind)<<kindShift
}

// peekRecord gives the next record, event or control, without taking it. It
// stays valid until the next call on r, whose buffer must hold MaxEvent bytes.
// The error is io.EOF between records, io.ErrUnexpectedEOF within one.
func peekRecord(r *bufio.Reader) ([]byte, error) {
	header, err := r.Peek(headerSize)
	if err != nil {
		return nil, endWithin(err, len(header))
	}
	if _, ok := parseControl(header); ok {
		return header, nil
	}
	n, err := eventSize(header)
	if err != nil {
		return nil, err
	}
	record, err := r.Peek(n)
	if err != nil {
		return nil, endWithin(err, len(record))
	}
	return record, nil
}

// endWithin makes the end of a stream after the first n bytes of a record an
// unexpected one.
func endWithin(err error, n int) error {
	if n > 0 && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
