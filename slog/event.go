package slog

import (
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// An Event is one entry of the log. It carries a text or, when Words is not
// nil, numbers.
type Event struct {
	Severity Severity
	Code     Code
	Time     time.Time // to the millisecond
	Text     string
	Words    []uint32
}

// Sizes of an event as it is stored and sent (QNX sys/slog.h).
const (
	MaxEvent = 1028                // bytes of an event with all its data
	MaxWords = (MaxEvent - 12) / 4 // data words
	MaxText  = MaxWords*4 - 1      // bytes of text; a NUL follows it

	headerSize = 12 // bytes: flags, code, seconds since 1970
)

// The bits of an event's first word. The top byte is 0 in every event; control
// records (control.go) are told from events by it.
const (
	severityMask = 7
	textFlag     = 1 << 3
	milliShift   = 4
	milliMask    = 0x3ff
	countShift   = 16
	countMask    = 0xff
	kindShift    = 24
)

// ErrFormat is what the readers of events give for bytes that are no event.
var ErrFormat = errors.New("not an event of the system log")

// Append appends the event in QNX's binary form, in the byte order of this
// machine. What has no room is cut: a text at its first NUL or after MaxText
// bytes, there between two runes, and numbers after MaxWords. A time before
// 1970 becomes 0, a severity above Debug2 becomes that.
func (e Event) Append(b []byte) []byte {
	text, words := cutText(e.Text), e.Words[:min(len(e.Words), MaxWords)]
	flags, count := uint32(min(e.Severity, Debug2)), len(words)
	if e.Words == nil {
		flags |= textFlag
		count = len(text)/4 + 1 // one NUL at least
	}
	var ms, sec uint32
	if t := e.Time.UnixMilli(); t > 0 {
		ms, sec = uint32(t%1000), uint32(t/1000)
	}
	order := binary.NativeEndian
	b = order.AppendUint32(b, flags|ms<<milliShift|uint32(count)<<countShift)
	b = order.AppendUint32(b, uint32(e.Code))
	b = order.AppendUint32(b, sec)
	for _, w := range words {
		b = order.AppendUint32(b, w)
	}
	if e.Words == nil {
		var pad [4]byte
		b = append(b, text...)
		b = append(b, pad[:count*4-len(text)]...)
	}
	return b
}

// split gives a text in pieces that each fit into an event. A text ends at its
// first NUL.
func split(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		text, _, _ := strings.Cut(text, "\x00")
		for {
			part := cutText(text)
			text = text[len(part):]
			if !yield(part) || text == "" {
				return
			}
		}
	}
}

// cutText gives what of a text fits into an event.
func cutText(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	if len(s) <= MaxText {
		return s
	}
	end := MaxText
	for end > MaxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Parse reads the event at the start of b and gives the number of bytes it
// took. The error is io.ErrUnexpectedEOF when b ends within the event, or
// ErrFormat.
func Parse(b []byte) (Event, int, error) {
	if len(b) < headerSize {
		return Event{}, 0, io.ErrUnexpectedEOF
	}
	n, err := eventSize(b)
	if err != nil {
		return Event{}, 0, err
	}
	if len(b) < n {
		return Event{}, 0, io.ErrUnexpectedEOF
	}
	order := binary.NativeEndian
	flags := order.Uint32(b)
	// Ten bits could say more than 999 ms; that must not spill into the seconds.
	ms := min(int64(flags>>milliShift&milliMask), 999)
	e := Event{
		Severity: Severity(flags & severityMask),
		Code:     Code(order.Uint32(b[4:])),
		Time:     time.UnixMilli(int64(order.Uint32(b[8:]))*1000 + ms),
	}
	data := b[headerSize:n]
	if flags&textFlag != 0 {
		e.Text = cutText(string(data))
		return e, n, nil
	}
	e.Words = make([]uint32, len(data)/4)
	for i := range e.Words {
		e.Words[i] = order.Uint32(data[4*i:])
	}
	return e, n, nil
}

// eventSize gives the size of an event from its header.
func eventSize(header []byte) (int, error) {
	flags := binary.NativeEndian.Uint32(header)
	n := headerSize + 4*int(flags>>countShift&countMask)
	if flags>>kindShift != 0 || n > MaxEvent {
		return 0, ErrFormat
	}
	return n, nil
}

// stamp writes the time into an event in binary form.
func stamp(event []byte, t time.Time) {
	order := binary.NativeEndian
	at := max(t.UnixMilli(), 0)
	flags := order.Uint32(event) &^ (milliMask << milliShift)
	order.PutUint32(event, flags|uint32(at%1000)<<milliShift)
	order.PutUint32(event[8:], uint32(at/1000))
}
