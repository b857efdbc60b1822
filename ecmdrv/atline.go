package ecmdrv

import (
	"errors"
	"slices"
	"strings"
)

// What ends a command that is being typed (V.250, 5.2.1; 3GPP TS 27.005, 3.3.1).
const (
	keyReturn  = '\r'
	keyNewline = '\n' // what echo(1) and most programs end a line with
	keyCtrlZ   = 0x1a // the end of a message's text
	keyEscape  = 0x1b // a message is not sent after all
)

// errCommandLong says that a command was longer than the buffer for it.
var errCommandLong = errors.New("too long")

// A commandReader cuts what is typed into commands. A command ends with CR, LF
// or CR LF, of which CR is what the device gets; or with Ctrl-Z or Esc, as the
// text of a message does, which the device gets as they are. All else passes.
type commandReader struct {
	limit    int // of a command with its end, in bytes
	line     []byte
	over     bool // it is too long: lost up to its end
	returned bool // the last byte was a CR
}

// take takes bytes up to the end of a command and gives that, which is good until
// the next call, and the rest. Without an end the command is nil. The error is
// errCommandLong at the end of a command that was.
func (r *commandReader) take(b []byte) (command, rest []byte, err error) {
	for i, c := range b {
		after := r.returned
		r.returned = c == keyReturn
		switch c {
		case keyNewline:
			if after {
				continue // the rest of CR LF
			}
			c = keyReturn
			fallthrough
		case keyReturn, keyCtrlZ, keyEscape:
			r.put(c)
			command, over := r.line, r.over
			r.line, r.over = r.line[:0], false
			if over {
				return nil, b[i+1:], errCommandLong
			}
			return command, b[i+1:], nil
		default:
			r.put(c)
		}
	}
	return nil, nil, nil
}

func (r *commandReader) put(c byte) {
	if len(r.line) == r.limit {
		r.over = true
		return
	}
	r.line = append(r.line, c)
}

// A resultReader looks for the end of a command's response in what the device
// says.
type resultReader struct {
	line []byte // the begin of the current line
}

// maxResult is how much of a line counts: more than the longest of the results.
const maxResult = 32

// results end a response (V.250, 5.7.1, in words and numbers); resultPrefixes do
// with something behind them (V.250; 3GPP TS 27.007, 9.1; TS 27.005, 3.2.5).
var (
	results        = []string{"OK", "ERROR", "NO CARRIER", "NO DIALTONE", "BUSY", "NO ANSWER", "0", "1", "3", "4", "6", "7", "8"}
	resultPrefixes = []string{"CONNECT", "+CME ERROR:", "+CMS ERROR:"}
)

// prompt asks for the text of a message (3GPP TS 27.005, 3.3.1).
const prompt = "> "

// feed takes what the device says and reports whether a response has ended in
// it.
func (r *resultReader) feed(b []byte) (ended bool) {
	for _, c := range b {
		switch {
		case c == '\r' || c == '\n':
			ended = ended || isResult(string(r.line))
			r.line = r.line[:0]
		case len(r.line) < maxResult:
			r.line = append(r.line, c)
			ended = ended || string(r.line) == prompt
		}
	}
	return ended
}

func isResult(line string) bool {
	return slices.Contains(results, line) ||
		slices.ContainsFunc(resultPrefixes, func(p string) bool { return strings.HasPrefix(line, p) })
}
