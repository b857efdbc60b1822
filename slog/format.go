package slog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Formats are the formats for the numbers of events with certain codes.
type Formats map[Code]Format

// A Format is a format as for C's printf.
type Format string

// Limits of a file of formats.
const (
	maxFormats    = 10000
	maxFormatLine = 4096 // bytes
	maxWidth      = 255  // of a field, and of its precision
)

// Read adds the formats of a file, as there are in /etc/slog: lines of a major
// code, a minor code and a format, which goes on to the end of the line. Empty
// lines and lines that begin with # do not count. It goes on after a bad line;
// the error tells of all of them.
func (f Formats) Read(r io.Reader) error {
	var errs []error
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFormatLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		code, format, err := parseFormat(line)
		if err == nil && len(f) >= maxFormats {
			return errors.Join(append(errs, fmt.Errorf("line %d: more than %d formats", n, maxFormats))...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		f[code] = format
	}
	return errors.Join(append(errs, lines.Err())...)
}

func parseFormat(line string) (Code, Format, error) {
	var code [2]uint32
	limit := [2]uint64{maxMajor, maxMinor}
	for i := range code {
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			return 0, "", errors.New("want a major code, a minor code and a format")
		}
		n, err := strconv.ParseUint(line[:end], 0, 32)
		if err != nil || n > limit[i] {
			return 0, "", fmt.Errorf("bad code %q", line[:end])
		}
		code[i], line = uint32(n), strings.TrimLeft(line[end:], " \t")
	}
	return NewCode(code[0], code[1]), Format(line), nil
}

// Text prints numbers by the format. It knows the conversions d i u x X o c p
// and s, which takes the numbers that are left as the bytes of a text, flags,
// width, precision, ll for numbers of two words, and the escapes \n \t \\ and
// \". Numbers that are missing count as 0; what it does not know stands as it is.
func (f Format) Text(words []uint32) string {
	var b strings.Builder
	for rest := string(f); rest != ""; {
		switch {
		case rest[0] == '%':
			d, n := parseDirective(rest)
			if n == 0 {
				b.WriteByte('%')
				n = 1
			} else {
				words = d.print(&b, words)
			}
			rest = rest[n:]
		case rest[0] == '\\' && len(rest) > 1 && unescape(rest[1]) != 0:
			b.WriteByte(unescape(rest[1]))
			rest = rest[2:]
		default:
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return b.String()
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case '\\', '"':
		return c
	}
	return 0
}
