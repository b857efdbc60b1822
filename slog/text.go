package slog

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// A Layout is how sloginfo shows events. The zero value is valid. It remembers
// what it has shown last, so each output needs its own.
type Layout struct {
	Millis   bool           // times with milliseconds
	Hex      bool           // numbers in hexadecimal
	Location *time.Location // of the times; nil: time.Local
	Formats  Formats        // for numbers under certain codes
	// Escape shows control characters as \x1b, for terminals: whoever can write
	// to the log could take them over.
	Escape bool

	inConsole bool // console text was last, and may not have ended its line
}

// Header gives the line above the events.
func (l *Layout) Header() string {
	if l.Millis {
		return "Time                 Sev Major Minor Args\n"
	}
	return "Time             Sev Major Minor Args\n"
}

// Append appends an event's line, or lines if its text has more. Console text
// (major code 0) stands as it is, with nothing before or after it.
func (l *Layout) Append(b []byte, e Event) []byte {
	if e.Code.Major() == Console && e.Words == nil {
		l.inConsole = true
		return l.appendText(b, e.Text)
	}
	if l.inConsole {
		l.inConsole = false
		b = append(b, '\n')
	}
	b = l.appendPrefix(b, e)
	format, ok := l.Formats[e.Code]
	switch {
	case e.Words == nil:
		b = l.appendText(b, e.Text)
	case ok:
		b = l.appendText(b, format.Text(e.Words))
	default:
		b = l.appendWords(b, e.Words)
	}
	return append(b, '\n')
}

// appendPrefix appends time, severity and code, in columns.
func (l *Layout) appendPrefix(b []byte, e Event) []byte {
	where := l.Location
	if where == nil {
		where = time.Local
	}
	layout := "Jan 02 15:04:05"
	if l.Millis {
		layout += ".000"
	}
	b = e.Time.In(where).AppendFormat(b, layout)
	b = append(b, "    "...)
	b = strconv.AppendUint(b, uint64(e.Severity), 10)
	b = append(b, ' ')
	b = appendRight(b, e.Code.Major(), 5)
	b = append(b, "   "...)
	b = appendRight(b, e.Code.Minor(), 3)
	return append(b, ' ')
}

// appendRight appends a number at the right of a column.
func appendRight(b []byte, n uint32, width int) []byte {
	digits := strconv.FormatUint(uint64(n), 10)
	for range width - len(digits) {
		b = append(b, ' ')
	}
	return append(b, digits...)
}

// appendWords appends numbers, each with a space after it.
func (l *Layout) appendWords(b []byte, words []uint32) []byte {
	for _, w := range words {
		if l.Hex {
			b = strconv.AppendUint(b, uint64(w), 16)
		} else {
			b = strconv.AppendInt(b, int64(int32(w)), 10)
		}
		b = append(b, ' ')
	}
	return b
}

// appendText appends a text, with its control characters made harmless if that
// is asked for.
func (l *Layout) appendText(b []byte, text string) []byte {
	if !l.Escape {
		return append(b, text...)
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case harmless(r) && (r != utf8.RuneError || n > 1):
			b = append(b, text[:n]...)
		default:
			for _, c := range []byte(text[:n]) {
				b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		text = text[n:]
	}
	return b
}

const hexDigits = "0123456789abcdef"

// harmless says that a terminal does nothing but show the character, or ends
// the line: it is no control character of ASCII (C0, DEL) or Latin-1 (C1).
func harmless(r rune) bool {
	return r == '\n' || r == '\t' || r == '\r' || r >= ' ' && r < 0x7f || r > 0x9f
}
